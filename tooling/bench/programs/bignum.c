// Big numbers of 64-bit limbs: powers modulo an odd number of 1024 bits (after Montgomery), and decimal digits by division.
#include "program.h"

enum { LIMBS = 16, DIGITS_LIMBS = 2 * LIMBS };

typedef unsigned __int128 wide;

/** -1 divided by an odd number, modulo 2^64: each step of Newton's doubles the right bits. */
static uint64_t negative_inverse(uint64_t odd) {
  uint64_t inverse = odd;
  for (int bits = 3; bits < 64; bits *= 2) inverse *= 2 - odd * inverse;
  return -inverse;
}

/** Takes the modulus off once if the value, with `carry` above it, is not less. Limbs go from the lowest to the highest. */
static void reduce(uint64_t *value, uint64_t carry, const uint64_t *modulus) {
  uint64_t difference[LIMBS], borrow = 0;
  for (int i = 0; i < LIMBS; i++) {
    wide step = (wide)value[i] - modulus[i] - borrow;
    difference[i] = step;
    borrow = step >> 64 & 1;
  }
  if (carry < borrow) return;
  for (int i = 0; i < LIMBS; i++) value[i] = difference[i];
}

/** a * b / 2^1024 modulo `modulus`. */
static void multiply(uint64_t *result, const uint64_t *a, const uint64_t *b, const uint64_t *modulus, uint64_t inverse) {
  uint64_t sum[LIMBS + 2] = {0};
  for (int i = 0; i < LIMBS; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < LIMBS; j++) {
      wide step = (wide)a[j] * b[i] + sum[j] + carry;
      sum[j] = step;
      carry = step >> 64;
    }
    wide top = (wide)sum[LIMBS] + carry;
    sum[LIMBS] = top;
    sum[LIMBS + 1] = top >> 64;
    uint64_t factor = sum[0] * inverse;
    wide step = (wide)factor * modulus[0] + sum[0];
    carry = step >> 64;
    for (int j = 1; j < LIMBS; j++) {
      step = (wide)factor * modulus[j] + sum[j] + carry;
      sum[j - 1] = step;
      carry = step >> 64;
    }
    top = (wide)sum[LIMBS] + carry;
    sum[LIMBS - 1] = top;
    sum[LIMBS] = sum[LIMBS + 1] + (uint64_t)(top >> 64);
  }
  for (int i = 0; i < LIMBS; i++) result[i] = sum[i];
  reduce(result, sum[LIMBS], modulus);
}

/** Sum of the decimal digits, nineteen at a time. */
static uint64_t digit_sum(const uint64_t *value) {
  uint64_t left[DIGITS_LIMBS] = {0}, total = 0;
  for (int i = 0; i < LIMBS; i++) left[i] = value[i], left[i + LIMBS] = ~value[i];
  for (int length = DIGITS_LIMBS; length > 0;) {
    uint64_t remainder = 0;
    for (int i = length - 1; i >= 0; i--) {
      wide dividend = (wide)remainder << 64 | left[i];
      left[i] = dividend / 10000000000000000000u;
      remainder = dividend % 10000000000000000000u;
    }
    for (; remainder; remainder /= 10) total += remainder % 10;
    while (length > 0 && left[length - 1] == 0) length--;
  }
  return total;
}

uint64_t work(uint64_t amount) {
  uint64_t random = 7, sum = 0;
  for (uint64_t round = 0; round < amount; round++) {
    uint64_t modulus[LIMBS], base[LIMBS], power[LIMBS];
    for (int i = 0; i < LIMBS; i++) {
      modulus[i] = (uint64_t)next_random(&random) << 32 | next_random(&random);
      base[i] = (uint64_t)next_random(&random) << 32 | next_random(&random);
    }
    modulus[0] |= 1;
    modulus[LIMBS - 1] |= 1ull << 63;
    reduce(base, 0, modulus);
    uint64_t inverse = negative_inverse(modulus[0]), exponent = (uint64_t)next_random(&random) << 32 | next_random(&random) | 1ull << 63;
    for (int i = 0; i < LIMBS; i++) power[i] = base[i];
    for (int bit = 62; bit >= 0; bit--) {
      multiply(power, power, power, modulus, inverse);
      if (exponent >> bit & 1) multiply(power, power, base, modulus, inverse);
    }
    for (int i = 0; i < LIMBS; i++) sum = mix(sum, power[i]);
    sum = mix(sum, digit_sum(power));
  }
  return sum;
}
