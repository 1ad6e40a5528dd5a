// The sieve of Eratosthenes over the odd numbers up to a million, a byte each, and then a bit each.
#include <string.h>

#include "program.h"

enum { LIMIT = 1000000, COUNT = LIMIT / 2 };

/** Number and sum of the primes, whose places in the sieve are still 0. Place i stands for 2i + 1. */
static uint64_t sieve_bytes(void) {
  static uint8_t composite[COUNT];
  memset(composite, 0, sizeof composite);
  for (uint32_t i = 1; (2 * i + 1) * (2 * i + 1) < LIMIT; i++) {
    if (composite[i]) continue;
    for (uint32_t multiple = 2 * i * (i + 1); multiple < COUNT; multiple += 2 * i + 1) composite[multiple] = 1;
  }
  uint64_t primes = 1, total = 2;
  for (uint32_t i = 1; i < COUNT; i++) {
    if (!composite[i]) primes++, total += 2 * i + 1;
  }
  return mix(primes, total);
}

static uint64_t sieve_bits(void) {
  static uint64_t composite[COUNT / 64 + 1];
  memset(composite, 0, sizeof composite);
  for (uint32_t i = 1; (2 * i + 1) * (2 * i + 1) < LIMIT; i++) {
    if (composite[i / 64] >> i % 64 & 1) continue;
    for (uint32_t multiple = 2 * i * (i + 1); multiple < COUNT; multiple += 2 * i + 1) composite[multiple / 64] |= 1ull << multiple % 64;
  }
  uint64_t primes = 1, total = 2;
  for (uint32_t word = 0; word <= COUNT / 64; word++) {
    uint64_t left = ~composite[word];
    if (word == 0) left &= ~1ull;
    for (; left; left &= left - 1) {
      uint32_t i = word * 64 + __builtin_ctzll(left);
      if (i < COUNT) primes++, total += 2 * i + 1;
    }
  }
  return mix(primes, total);
}

uint64_t work(uint64_t amount) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < amount; round++) sum = mix(mix(sum, sieve_bytes()), sieve_bits());
  return sum;
}
