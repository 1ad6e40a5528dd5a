// The largest singular value of a matrix that is computed as it goes: conversions, divisions and additions in double precision.
#include "program.h"

enum { SIZE = 128 };

/** The entries 1, 1/2, 1/3 ... of the infinite matrix, counted along its diagonals. */
static double entry(int row, int column) {
  int diagonal = row + column;
  return 1.0 / (diagonal * (diagonal + 1) / 2 + row + 1);
}

static void multiply(double *result, const double *vector) {
  for (int row = 0; row < SIZE; row++) {
    double sum = 0;
    for (int column = 0; column < SIZE; column++) sum += entry(row, column) * vector[column];
    result[row] = sum;
  }
}

static void multiply_transposed(double *result, const double *vector) {
  for (int column = 0; column < SIZE; column++) {
    double sum = 0;
    for (int row = 0; row < SIZE; row++) sum += entry(row, column) * vector[row];
    result[column] = sum;
  }
}

/** Each round is one step of the power method, begun anew every tenth time with another vector. */
uint64_t work(uint64_t amount) {
  double vector[SIZE], image[SIZE], next[SIZE];
  uint64_t sum = 0;
  for (uint64_t round = 0; round < amount; round++) {
    if (round % 10 == 0) {
      for (int i = 0; i < SIZE; i++) vector[i] = 1 + (i * (round / 10) % 17) / 16.0;
    }
    multiply(image, vector);
    multiply_transposed(next, image);
    double product = 0, square = 0;
    for (int i = 0; i < SIZE; i++) product += vector[i] * next[i], square += vector[i] * vector[i];
    sum = mix_rounded(sum, sqrt(product / square));
    for (int i = 0; i < SIZE; i++) vector[i] = next[i];
  }
  return sum;
}
