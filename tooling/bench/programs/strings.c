// The C library's string and memory functions over many lengths and alignments.
//
// The library chooses its functions by the facilities of the CPU, so that machines that differ in them run different code.
#include <string.h>

#include "program.h"

enum { LONGEST = 4096, ROOM = LONGEST + 64 };

static char first[ROOM], second[ROOM];

/** All functions once, on a string of `length` characters that begins at `shift`. What is looked for is at the end, or not there. */
static uint64_t exercise(uint64_t sum, size_t length, size_t shift) {
  char *text = first + shift, *copy = second + (shift * 7) % 16;
  memset(text, 'a' + length % 20, length);
  text[length] = 0;
  sum += strlen(text);
  memcpy(copy, text, length + 1);
  sum += strcmp(text, copy) == 0;
  sum += memcmp(text, copy, length) == 0;
  if (length > 0) {
    copy[length - 1] = 'z';
    sum += strcmp(text, copy) < 0;
    sum += strchr(copy, 'z') - copy;
    sum += (char *)memchr(copy, 'z', length) - copy;
    sum += strrchr(copy, 'z') - copy;
    sum += strncmp(text, copy, length - 1) == 0;
    sum += strspn(copy, "abcdefghijklmnopqrst") * (length < 64);
  }
  sum += strchr(text, 'z') != 0;
  memmove(text + 1, text, length);
  strcpy(copy, text + (length > 0));
  sum += strlen(copy);
  strcat(copy, "yz");
  sum += strstr(copy, "yz") - copy;
  return mix(sum, length);
}

uint64_t work(uint64_t amount) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < amount; round++) {
    for (size_t length = 0; length < 64; length++) {
      for (size_t shift = 0; shift < 16; shift += 3) sum = exercise(sum, length, shift);
    }
    for (size_t length = 64; length < LONGEST; length += length / 4 + round % 16) sum = exercise(sum, length, round % 16);
  }
  return sum;
}
