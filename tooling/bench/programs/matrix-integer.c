// Products of matrices of 32-bit and of 64-bit integers, 96 by 96.
#include "program.h"

enum { N = 96 };

#define MATRIX_PRODUCT(name, type)                                                                                         \
  static void name(type product[N][N], type a[N][N], type b[N][N]) {                                                       \
    for (int row = 0; row < N; row++) {                                                                                    \
      for (int column = 0; column < N; column++) {                                                                         \
        type sum = 0;                                                                                                      \
        for (int k = 0; k < N; k++) sum += a[row][k] * b[k][column];                                                       \
        product[row][column] = sum;                                                                                        \
      }                                                                                                                    \
    }                                                                                                                      \
  }
MATRIX_PRODUCT(multiply32, uint32_t)
MATRIX_PRODUCT(multiply64, uint64_t)

uint64_t work(uint64_t amount) {
  static uint32_t a32[N][N], b32[N][N], product32[N][N];
  static uint64_t a64[N][N], b64[N][N], product64[N][N];
  uint64_t random = 5, sum = 0;
  for (int row = 0; row < N; row++) {
    for (int column = 0; column < N; column++) {
      a32[row][column] = next_random(&random), b32[row][column] = next_random(&random);
      a64[row][column] = next_random(&random), b64[row][column] = (uint64_t)next_random(&random) << 32 | 1;
    }
  }
  for (uint64_t round = 0; round < amount; round++) {
    multiply32(product32, a32, b32);
    multiply64(product64, a64, b64);
    for (int row = 0; row < N; row++) {
      int column = (row + round) % N;
      sum = mix(mix(sum, product32[row][column]), product64[row][column]);
      a32[row][column] = product32[column][row] >> 7;
      a64[row][column] = product64[column][row] >> 7;
    }
  }
  return sum;
}
