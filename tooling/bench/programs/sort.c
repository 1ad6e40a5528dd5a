// Sorting with comparison functions: a quicksort of our own and the C library's qsort, of numbers, records and strings.
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { COUNT = 8192, NAME_SIZE = 12 };

struct record {
  uint32_t group;
  uint32_t number;
  char name[NAME_SIZE];
};

typedef int comparison(const void *, const void *);

static int by_value(const void *a, const void *b) {
  uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
  return (first > second) - (first < second);
}

/** Numbers differ, so that no two records are equal. */
static int by_group(const void *a, const void *b) {
  const struct record *first = a, *second = b;
  if (first->group != second->group) return first->group < second->group ? -1 : 1;
  return (first->number > second->number) - (first->number < second->number);
}

static int by_name(const void *a, const void *b) {
  const struct record *first = a, *second = b;
  int order = strcmp(first->name, second->name);
  return order ? order : by_group(a, b);
}

static void swap(char *a, char *b, size_t size) {
  for (; size >= 4; size -= 4, a += 4, b += 4) {
    uint32_t first, second;
    memcpy(&first, a, 4), memcpy(&second, b, 4);
    memcpy(a, &second, 4), memcpy(b, &first, 4);
  }
}

/** Sorts elements whose size is a multiple of 4: a quicksort with the median of three, by insertion where few are left. */
static void quicksort(char *base, size_t count, size_t size, comparison *compare) {
  while (count > 8) {
    char *middle = base + count / 2 * size, *last = base + (count - 1) * size;
    if (compare(middle, base) < 0) swap(middle, base, size);
    if (compare(last, base) < 0) swap(last, base, size);
    if (compare(last, middle) < 0) swap(last, middle, size);
    swap(base, middle, size);
    char *low = base, *high = base + count * size;
    for (;;) {
      do low += size;
      while (low <= last && compare(low, base) < 0);
      do high -= size;
      while (compare(base, high) < 0);
      if (low >= high) break;
      swap(low, high, size);
    }
    swap(base, high, size);
    size_t left = (high - base) / size, right = count - left - 1;
    if (left < right) {
      quicksort(base, left, size, compare);
      base = high + size, count = right;
    } else {
      quicksort(high + size, right, size, compare);
      count = left;
    }
  }
  for (size_t i = 1; i < count; i++) {
    for (char *at = base + i * size; at > base && compare(at, at - size) < 0; at -= size) swap(at, at - size, size);
  }
}

static uint64_t sum_of_records(uint64_t sum, const struct record *records) {
  for (int i = 0; i < COUNT; i += 7) sum = mix(sum, (uint64_t)records[i].number << 8 | (uint8_t)records[i].name[0]);
  return sum;
}

uint64_t work(uint64_t amount) {
  static uint32_t numbers[COUNT];
  static struct record records[COUNT];
  uint64_t random = 3, sum = 0;
  for (uint64_t round = 0; round < amount; round++) {
    for (int i = 0; i < COUNT; i++) {
      numbers[i] = next_random(&random);
      records[i].group = next_random(&random) % 100;
      records[i].number = i;
      for (int letter = 0; letter < NAME_SIZE - 1; letter++) records[i].name[letter] = 'a' + next_random(&random) % 4;
    }
    quicksort((char *)numbers, COUNT, sizeof *numbers, by_value);
    for (int i = 0; i < COUNT; i += 7) sum = mix(sum, numbers[i]);
    quicksort((char *)records, COUNT, sizeof *records, by_group);
    sum = sum_of_records(sum, records);
    qsort(records, COUNT, sizeof *records, by_name);
    sum = sum_of_records(sum, records);
    for (int i = 0; i < COUNT; i++) {
      uint32_t wanted = next_random(&random);
      uint32_t *found = bsearch(i & 1 ? &wanted : &numbers[wanted % COUNT], numbers, COUNT, sizeof *numbers, by_value);
      sum += found ? found - numbers : 0;
    }
  }
  return sum;
}
