// The Mandelbrot set: few values in registers, a chain of double-precision operations, and a comparison that ends it.
//
// How often a point at the border is iterated depends on the last bit of every operation: compiled without fused multiplication.
#include "program.h"

enum { WIDTH = 128, ROWS = 96, MOST_ITERATIONS = 256 };

static int iterations(double a, double b) {
  double x = 0, y = 0, xx = 0, yy = 0;
  int count = 0;
  while (xx + yy <= 4 && count < MOST_ITERATIONS) {
    y = 2 * x * y + b;
    x = xx - yy + a;
    xx = x * x;
    yy = y * y;
    count++;
  }
  return count;
}

uint64_t work(uint64_t amount) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < amount; round++) {
    int row = round * 37 % ROWS;
    for (int column = 0; column < WIDTH; column++) {
      double a = -2 + 2.6 * column / WIDTH, b = -1.2 + 2.4 * (row + 0.001 * (round / ROWS)) / ROWS;
      sum = mix(sum, iterations(a, b));
    }
  }
  return sum;
}
