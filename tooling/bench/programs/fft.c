// The fast Fourier transform of 4096 complex numbers and back again: double precision in memory, sines of the C library.
#include "program.h"

enum { BITS = 12, SIZE = 1 << BITS };

static const double pi = 3.14159265358979323846;

struct complex {
  double real, imaginary;
};

static struct complex values[SIZE], roots[SIZE / 2];

static void make_roots(void) {
  for (int i = 0; i < SIZE / 2; i++) roots[i] = (struct complex){cos(2 * pi * i / SIZE), sin(2 * pi * i / SIZE)};
}

/** In place. `sign` is -1 or 1, that of the exponent. */
static void transform(double sign) {
  for (uint32_t i = 0; i < SIZE; i++) {
    uint32_t reversed = 0;
    for (int bit = 0; bit < BITS; bit++) reversed |= (i >> bit & 1) << (BITS - 1 - bit);
    if (reversed <= i) continue;
    struct complex value = values[i];
    values[i] = values[reversed];
    values[reversed] = value;
  }
  for (int half = 1; half < SIZE; half *= 2) {
    for (int start = 0; start < SIZE; start += 2 * half) {
      for (int i = 0; i < half; i++) {
        struct complex root = roots[i * (SIZE / 2 / half)], *low = &values[start + i], *high = low + half;
        double imaginary = sign * root.imaginary;
        struct complex product = {
            high->real * root.real - high->imaginary * imaginary,
            high->real * imaginary + high->imaginary * root.real,
        };
        *high = (struct complex){low->real - product.real, low->imaginary - product.imaginary};
        *low = (struct complex){low->real + product.real, low->imaginary + product.imaginary};
      }
    }
  }
}

uint64_t work(uint64_t amount) {
  uint64_t random = 9, sum = 0;
  make_roots();
  for (uint64_t round = 0; round < amount; round++) {
    for (int i = 0; i < SIZE; i++) {
      values[i] = (struct complex){next_random(&random) / 4294967296.0, next_random(&random) / 4294967296.0};
    }
    transform(-1);
    for (int i = 0; i < 4; i++) {
      const struct complex *value = &values[next_random(&random) % SIZE];
      sum = mix_rounded(mix_rounded(sum, value->real), value->imaginary);
    }
    transform(1);
    sum = mix_rounded(sum, values[round % SIZE].real / SIZE);
  }
  return sum;
}
