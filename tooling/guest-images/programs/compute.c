/* Longer computations, each with a known kind of code: tight loops, tables, recursion, indirect calls, big switches. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t rotate(uint32_t value, int n) { return value >> n | value << (32 - n); }

/* SHA-256 (FIPS 180-4), with its constants computed: fractions of roots of primes. */
static uint32_t constants[64], initial[8];
static void findConstants(void) {
  int found = 0;
  for (int n = 2; found < 64; n++) {
    int prime = 1;
    for (int d = 2; d * d <= n; d++) prime &= n % d != 0;
    if (!prime) continue;
    unsigned __int128 low = 0, high = (unsigned __int128)1 << 40, target = (unsigned __int128)n << 96;
    while (high - low > 1) {
      unsigned __int128 middle = (low + high) / 2;
      if (middle * middle * middle <= target) low = middle;
      else high = middle;
    }
    constants[found] = (uint32_t)low;
    if (found < 8) {
      low = 0;
      high = (unsigned __int128)1 << 40;
      target = (unsigned __int128)n << 64;
      while (high - low > 1) {
        unsigned __int128 middle = (low + high) / 2;
        if (middle * middle <= target) low = middle;
        else high = middle;
      }
      initial[found] = (uint32_t)low;
    }
    found++;
  }
}

static void sha256(const uint8_t *data, size_t length, uint32_t state[8]) {
  memcpy(state, initial, 32);
  size_t blocks = (length + 8) / 64 + 1;
  for (size_t block = 0; block < blocks; block++) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++) {
      w[i] = 0;
      for (int k = 0; k < 4; k++) {
        size_t at = block * 64 + (size_t)(i * 4 + k);
        uint8_t byte = at < length ? data[at] : at == length ? 0x80 : 0;
        if (at >= blocks * 64 - 8) byte = (uint8_t)((uint64_t)length * 8 >> (blocks * 64 - 1 - at) * 8);
        w[i] = w[i] << 8 | byte;
      }
    }
    for (int i = 16; i < 64; i++) {
      uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
      uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, state, 32);
    for (int i = 0; i < 64; i++) {
      uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];
      uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
      memmove(v + 1, v, 28);
      v[4] += t1;
      v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
  }
}

static int queens(int n, unsigned columns, unsigned left, unsigned right) {
  if (columns == (1u << n) - 1) return 1;
  int count = 0;
  for (unsigned free = ~(columns | left | right) & ((1u << n) - 1); free; free &= free - 1) {
    unsigned bit = free & -free;
    count += queens(n, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

static int ackermann(int m, int n) { return m == 0 ? n + 1 : ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1)); }

/* A machine of bytes: a big switch in a loop. */
static long interpret(const char *program) {
  static uint8_t tape[300];
  long steps = 0;
  int at = 0, digest = 0;
  for (const char *pc = program; *pc; pc++, steps++) {
    int depth = 1;
    switch (*pc) {
      case '>': at++; break;
      case '<': at--; break;
      case '+': tape[at]++; break;
      case '-': tape[at]--; break;
      case '.': digest = digest * 31 + tape[at]; break;
      case '[':
        if (!tape[at])
          while (depth) pc++, depth += (*pc == '[') - (*pc == ']');
        break;
      case ']':
        if (tape[at])
          while (depth) pc--, depth += (*pc == ']') - (*pc == '[');
        break;
    }
  }
  return steps * 1000 + digest % 1000;
}

static int add(int a) { return a + 3; }
static int twice(int a) { return a * 2; }
static int flip(int a) { return a ^ 0x55; }
static int down(int a) { return a - a / 7; }
static int (*const table[])(int) = {add, twice, flip, down};

int main(void) {
  uint32_t state[8];
  findConstants();
  sha256((const uint8_t *)"abc", 3, state);
  for (int i = 0; i < 8; i++) printf("%08x", state[i]);
  size_t size = 300000;
  uint8_t *data = malloc(size);
  for (size_t i = 0; i < size; i++) data[i] = (uint8_t)(i * i >> 3);
  sha256(data, size, state);
  printf(" %08x\n", state[0]);

  printf("queens %d ackermann %d\n", queens(8, 0, 0, 0), ackermann(2, 300));
  printf("interpreter %ld\n", interpret("++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+.>++."));

  int value = 1;
  for (int i = 0; i < 300000; i++) value = table[(value ^ i) & 3](value) & 0xfffff;
  printf("calls %d\n", value);

  static uint8_t sieve[500000];
  int primes = 0;
  for (int i = 2; i < 500000; i++) {
    if (sieve[i]) continue;
    primes++;
    for (int k = i * 2; k < 500000; k += i) sieve[k] = 1;
  }
  printf("primes %d\n", primes);

  enum { N = 60 };
  static double a[N][N], b[N][N], c[N][N];
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++) a[i][k] = 1.0 / (i + k + 1), b[i][k] = (i * 7 + k) % 11 - 5;
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++)
      for (int j = 0; j < N; j++) c[i][k] += a[i][j] * b[j][k];
  double trace = 0;
  for (int i = 0; i < N; i++) trace += c[i][i];
  printf("matrix %.12g\n", trace);

  int inside = 0;
  for (int y = 0; y < 60; y++)
    for (int x = 0; x < 80; x++) {
      double cr = x / 30.0 - 2, ci = y / 30.0 - 1, r = 0, i = 0;
      int n = 0;
      for (; n < 100 && r * r + i * i < 4; n++) {
        double t = r * r - i * i + cr;
        i = 2 * r * i + ci;
        r = t;
      }
      inside += n;
    }
  printf("mandelbrot %d\n", inside);

  /* Longest common subsequence of two long texts: a table of short integers. */
  static short lcs[801][801];
  for (int i = 1; i <= 800; i++)
    for (int k = 1; k <= 800; k++) {
      int same = (i * i + 3 * i) % 17 == (k * k * 5 + k) % 17;
      lcs[i][k] = same ? (short)(lcs[i - 1][k - 1] + 1) : lcs[i - 1][k] > lcs[i][k - 1] ? lcs[i - 1][k] : lcs[i][k - 1];
    }
  printf("lcs %d\n", lcs[800][800]);

  /* Digits of pi with integers alone. */
  static int digits[2801];
  int carry = 0;
  for (int i = 0; i < 2800; i++) digits[i] = 2000;
  for (int k = 2800; k > 0; k -= 14) {
    int d = 0;
    for (int i = k;; d *= i) {
      d += digits[i] * 10000;
      digits[i] = d % (2 * i - 1);
      d /= 2 * i - 1;
      if (--i == 0) break;
    }
    printf("%04d", carry + d / 10000);
    carry = d % 10000;
  }
  printf("\n");
  return 0;
}
