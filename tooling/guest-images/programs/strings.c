/* String and memory functions over all alignments, lengths and page ends, and sorting. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <wchar.h>

static uint32_t digest = 2166136261u;
static void mix(uint32_t value) { digest = (digest ^ value) * 16777619u; }

static int compare(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }
static int compareInts(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

int main(void) {
  /* Buffers that end where access ends. */
  unsigned char *pages = mmap(0, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(pages + 3 * 4096, 4096, PROT_NONE);
  unsigned char *volatile limit = pages + 3 * 4096;
  unsigned char *end = limit;
  for (int i = 0; i < 3 * 4096; i++) pages[i] = (unsigned char)(i * 7 + (i >> 8)) | 1;

  for (int length = 0; length < 600; length += length < 40 ? 1 : 37) {
    for (int shift = 0; shift < 9; shift++) {
      unsigned char *at = end - length;
      memmove(at - shift, at, length);
      memmove(at, at - shift, length);
      mix(length ? at[length - 1] : 0);
      mix(memcmp(at, at - 256 - shift, length) > 0);
      memcpy(pages + shift, at, length);
      mix(memchr(at, at[length / 2 * (length > 0) - (length == 0)], length) ? 1 : 0);
      memset(pages + 600 + shift, shift, length);
      mix(pages[600 + shift + length / 2]);
    }
    unsigned char *text = end - length - 1;
    memset(text, 'a' + length % 26, length);
    text[length] = 0;
    mix((uint32_t)strlen((char *)text));
    strcpy((char *)pages, (char *)text);
    mix(strcmp((char *)pages, (char *)text) == 0);
    if (length) pages[length - 1]++;
    mix(strcmp((char *)pages, (char *)text) > 0);
    mix(strchr((char *)text, 'z') != 0);
    mix(strrchr((char *)text, 'b') != 0);
    mix((uint32_t)strspn((char *)text, "abcdefg"));
    mix((uint32_t)strnlen((char *)text, length / 2));
    mix(stpncpy((char *)pages, (char *)text, length + 5) - (char *)pages);
  }
  printf("spans %08x\n", digest);

  char line[] = "the quick brown fox jumps over the lazy dog, the end";
  printf("%s|%s|%zu|%zu\n", strstr(line, "fox"), strpbrk(line, "zyx"), strcspn(line, ","), strlen(line));
  char *words[32];
  int count = 0;
  for (char *word = strtok(line, " ,"); word; word = strtok(0, " ,")) words[count++] = word;
  qsort(words, count, sizeof *words, compare);
  for (int i = 0; i < count; i++) printf("%s%c", words[i], i + 1 < count ? ' ' : '\n');

  static int numbers[50000];
  uint32_t seed = 12345;
  for (int i = 0; i < 50000; i++) numbers[i] = (int)(seed = seed * 1664525 + 1013904223);
  qsort(numbers, 50000, sizeof *numbers, compareInts);
  for (int i = 1; i < 50000; i++) mix(numbers[i - 1] <= numbers[i]);
  int *found = bsearch(&numbers[31415], numbers, 50000, sizeof *numbers, compareInts);
  printf("sorted %08x %d %ld\n", digest, numbers[25000], (long)(found - numbers));

  char out[200];
  int n = snprintf(out, sizeof out, "%5d|%-6x|%#o|%+ld|%c|%.3s|%08.3f|%p|%%|%*d|%lld", -42, 0xbeef, 8, 123456789012L, 'Z', "abcdef", 3.14159, (void *)0x1234, 7, 99,
                   -9223372036854775807LL - 1);
  printf("%d %s\n", n, out);
  int a, b;
  unsigned hex;
  char name[16];
  double d;
  printf("%d", sscanf("12 -34 ff word 2.5e3", "%d %d %x %15s %lf", &a, &b, &hex, name, &d));
  printf(" %d %d %u %s %g\n", a, b, hex, name, d);
  for (char *c = out; *c; c++) *c = (char)(isdigit((unsigned char)*c) ? '#' : toupper((unsigned char)*c));
  printf("%s\n", out);
  printf("%ld %lu %lld %ld\n", strtol("-0x7fz", 0, 0), strtoul("4294967296", 0, 10), strtoll("777", 0, 8), strtol("99999999999999999999", 0, 10));
  wchar_t wide[8];
  printf("%zu %d\n", mbstowcs(wide, "wide", 8), wcscmp(wide, L"wide"));
  char *grown = 0;
  for (size_t size = 1; size < 3000000; size = size * 3 + 1) {
    grown = realloc(grown, size);
    grown[size - 1] = (char)size;
    mix((uint32_t)grown[size / 4]);
  }
  free(grown);
  printf("%s\n", strerror(2));
  return 0;
}
