/* Code made and changed at run time, and instructions that compilers reach only by inline assembly. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

typedef long (*function)(long);

/* lghi %r2,n ; br %r14 */
static void returnConstant(uint8_t *at, int16_t n) {
  const uint8_t code[] = {0xa7, 0x29, (uint8_t)(n >> 8), (uint8_t)n, 0x07, 0xfe};
  memcpy(at, code, sizeof code);
}

static long checksum(const void *data, long length) {
  register const void *address __asm__("2") = data;
  register long count __asm__("3") = length;
  long sum = 0;
  __asm__ volatile("0: cksm %0,%1\n jo 0b" : "+d"(sum), "+a"(address), "+d"(count) : : "cc", "memory");
  return sum & 0xffffffff;
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  uint8_t *code = mmap(0, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  long sum = 0;
  for (int i = 0; i < 2000; i++) {
    returnConstant(code + 16, (int16_t)(i * 13));
    sum += ((function)(void *)(code + 16))(0);
  }
  printf("changed %ld\n", sum);
  /* Code and data in one line of storage: the data changes, the code stays. */
  returnConstant(code + 64, 77);
  sum = 0;
  for (int i = 0; i < 2000; i++) {
    *(volatile int *)(code + 80) = i;
    sum += ((function)(void *)(code + 64))(0) + *(volatile int *)(code + 80);
  }
  printf("beside %ld\n", sum);
  /* Across the end of a page. */
  returnConstant(code + 4094, 1234);
  printf("across %ld\n", ((function)(void *)(code + 4094))(0));
  /* lgr %r1,%r2 ; agr %r2,%r1 ; br %r14, then the second instruction becomes sgr. */
  const uint8_t doubling[] = {0xb9, 0x04, 0x00, 0x12, 0xb9, 0x08, 0x00, 0x21, 0x07, 0xfe};
  memcpy(code + 128, doubling, sizeof doubling);
  printf("made %ld", ((function)(void *)(code + 128))(21));
  code[128 + 5] = 0x09;
  printf(" patched %ld\n", ((function)(void *)(code + 128))(21));

  char from[300], to[300];
  for (int i = 0; i < 300; i++) from[i] = (char)(i * 11);
  sum = 0;
  for (long n = 0; n < 256; n++) {
    memset(to, 0, sizeof to);
    /* EXECUTE of a move, with its length from a register. */
    __asm__ volatile("larl %%r1,0f\n ex %0,0(%%r1)\n j 1f\n0: mvc 0(1,%1),0(%2)\n1:" : : "a"(n), "a"(to), "a"(from) : "r1", "memory");
    sum += checksum(to, sizeof to) % 1000003;
    __asm__ volatile("exrl %0,0f\n j 1f\n0: xc 0(1,%1),0(%2)\n1:" : : "a"(n), "a"(to), "a"(from) : "memory", "cc");
    for (int i = 0; i <= n; i++)
      if (to[i]) printf("wrong at %d\n", i);
  }
  printf("execute %ld\n", sum);

  uint8_t packed[8];
  char zoned[16];
  long number = -1234567;
  __asm__ volatile("cvd %1,%0" : "=Q"(packed) : "d"(number));
  for (int i = 0; i < 8; i++) printf("%02x", packed[i]);
  __asm__ volatile("unpk 0(16,%0),0(8,%1)" : : "a"(zoned), "a"(packed) : "memory");
  for (int i = 0; i < 16; i++) printf(" %02x", (unsigned char)zoned[i]);
  printf("\n");

  static uint8_t upper[256];
  for (int i = 0; i < 256; i++) upper[i] = (uint8_t)(i >= 'a' && i <= 'z' ? i - 32 : i);
  char text[] = "translate me, please";
  __asm__ volatile("tr 0(20,%0),0(%1)" : : "a"(text), "a"(upper) : "memory");
  printf("%s %08lx\n", text, checksum(text, 20));
  uint64_t high = 0x123456789abcdef0u, low;
  __asm__ volatile("flogr %%r4,%1\n lgr %0,%%r4" : "=d"(low) : "d"(high >> 9) : "r4", "r5", "cc");
  printf("leading %lu", low);
  __asm__ volatile("popcnt %0,%1" : "=d"(low) : "d"(high) : "cc");
  printf(" bits %016lx", low);
  __asm__ volatile("risbg %0,%1,8,23,16" : "+d"(low) : "d"(high) : "cc");
  printf(" inserted %016lx\n", low);
  return 0;
}
