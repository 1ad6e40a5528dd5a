// Calls: Fibonacci numbers, Ackermann's function, Takeuchi's function, and the placing of queens.
#include "program.h"

__attribute__((noinline)) static uint32_t fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

__attribute__((noinline)) static uint32_t ackermann(uint32_t m, uint32_t n) {
  if (m == 0) return n + 1;
  return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

__attribute__((noinline)) static int takeuchi(int x, int y, int z) {
  return y < x ? takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y)) : z;
}

/** Ways to place queens in the rows left; bits are columns and diagonals in use. */
__attribute__((noinline)) static uint32_t queens(uint32_t columns, uint32_t left, uint32_t right, uint32_t all) {
  if (columns == all) return 1;
  uint32_t ways = 0;
  for (uint32_t free = all & ~(columns | left | right); free; free &= free - 1) {
    uint32_t place = free & -free;
    ways += queens(columns | place, (left | place) << 1, (right | place) >> 1, all);
  }
  return ways;
}

uint64_t work(uint64_t amount) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < amount; round++) {
    uint32_t vary = round % 2;
    sum = mix(sum, fibonacci(21 + vary));
    sum = mix(sum, ackermann(2, 60 + vary));
    sum = mix(sum, takeuchi(12 + vary, 8, 4));
    sum = mix(sum, queens(0, 0, 0, 255));
  }
  return sum;
}
