/* Integer arithmetic of 32, 64 and 128 bits, bit operations and overflow. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

typedef unsigned __int128 u128;
typedef __int128 i128;

static uint64_t state = 88172645463325252u;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static u128 wide(void) { return (u128)next() << 64 | next(); }
static void show(u128 value) { printf(" %016" PRIx64 "%016" PRIx64, (uint64_t)(value >> 64), (uint64_t)value); }

__attribute__((noinline)) static int64_t divide(int64_t a, int64_t b) { return a / b; }
__attribute__((noinline)) static int64_t modulo(int64_t a, int64_t b) { return a % b; }
__attribute__((noinline)) static uint32_t rotate(uint32_t a, unsigned n) { return a << (n & 31) | a >> (-n & 31); }

int main(void) {
  uint64_t digest = 0;
  for (int i = 0; i < 24; i++) {
    uint64_t a = next() >> (i & 31), b = next() >> (i * 5 & 63) | 1;
    int64_t c = (int64_t)next() >> (i & 15), d = (int64_t)next() >> (i * 3 & 31) | 1;
    printf("%" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64, a / b, a % b, divide(c, d), modulo(c, d));
    printf(" %d %u %d %u\n", (int)c / (int)(d | 1), (unsigned)a / (unsigned)b, (int)c % (int)(d | 1), rotate((uint32_t)a, i));
    u128 x = wide() >> (i * 4), y = wide() >> (i * 5) | 1;
    show(x * y);
    show(x / y);
    show(x % y);
    show((u128)((i128)x >> i));
    show(x << i);
    show((u128)((i128)(x - y) / (i128)(y >> 64 | 3)));
    printf("\n");
    printf("%d %d %d", __builtin_popcountll(a), __builtin_clzll(a | 1), __builtin_ctzll(b << (i & 7)));
    printf(" %016" PRIx64 " %08x %04x", __builtin_bswap64(a), __builtin_bswap32((uint32_t)b), __builtin_bswap16((uint16_t)c));
    int64_t sum, product;
    int32_t small;
    int overflow = __builtin_add_overflow(c, d, &sum);
    overflow = overflow << 1 | __builtin_mul_overflow(c, d, &product);
    overflow = overflow << 1 | __builtin_sub_overflow((int32_t)c, (int32_t)d, &small);
    printf(" %d %" PRId64 " %" PRId64 " %d\n", overflow, sum, product, small);
    digest = digest * 31 + a / b + (uint64_t)sum;
  }
  for (int i = 0; i < 2000000; i++) {
    uint64_t a = next(), b = next() >> (i & 63) | 1;
    digest += (a / b) ^ (a % b) ^ (uint64_t)((u128)a * b >> 64);
    digest ^= (uint64_t)((int64_t)a / (int64_t)(b | 1)) + (uint64_t)__builtin_clzll(b);
    digest = digest << 7 | digest >> 57;
    if ((int32_t)digest < (int32_t)a) digest += (uint8_t)a * (int16_t)b;
  }
  printf("%016" PRIx64 "\n", digest);
  return 0;
}
