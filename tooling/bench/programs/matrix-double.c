// Products of matrices of doubles, 96 by 96. All entries are small integers, so that every sum is exact, with or without fused operations.
#include "program.h"

enum { N = 96 };

static double a[N][N], b[N][N], product[N][N];

static void multiply(void) {
  for (int row = 0; row < N; row++) {
    for (int column = 0; column < N; column++) {
      double sum = 0;
      for (int k = 0; k < N; k++) sum += a[row][k] * b[k][column];
      product[row][column] = sum;
    }
  }
}

uint64_t work(uint64_t amount) {
  uint64_t random = 8, sum = 0;
  for (int row = 0; row < N; row++) {
    for (int column = 0; column < N; column++) {
      a[row][column] = (int)(next_random(&random) % 2001) - 1000;
      b[row][column] = (int)(next_random(&random) % 2001) - 1000;
    }
  }
  for (uint64_t round = 0; round < amount; round++) {
    multiply();
    for (int row = 0; row < N; row++) {
      int column = (row + round) % N;
      sum = mix(sum, (uint64_t)(int64_t)product[row][column]);
      a[row][column] = (int)((int64_t)product[column][row] % 1000);
    }
  }
  return sum;
}
