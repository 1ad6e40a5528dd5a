// What the programs have in common. Each defines `work`; main.c calls it and takes the time.
//
// The checksum must be the same on every machine: values are mixed as numbers, never as bytes of memory, nothing depends on the
// order in which a C library's sort leaves equal elements, and floating-point results are rounded before they are mixed.
#pragma once

#include <math.h>
#include <stdint.h>

/** Does `amount` rounds of the program's work, in a time that grows in proportion, and gives the checksum of all results. */
uint64_t work(uint64_t amount);

/** A checksum that has taken in one more value. */
static inline uint64_t mix(uint64_t sum, uint64_t value) {
  sum = (sum ^ value) * 0x9e3779b97f4a7c15;
  return sum ^ sum >> 29;
}

/** Takes in a floating-point result by its first six decimals, which fused multiplication and the order of additions do not change. */
static inline uint64_t mix_rounded(uint64_t sum, double value) { return mix(sum, (uint64_t)llround(value * 1e6)); }

/** The next number of a linear congruential sequence: its upper, better half. */
static inline uint32_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005 + 1442695040888963407;
  return *state >> 32;
}
