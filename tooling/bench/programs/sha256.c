// SHA-256 of messages of 64 KiB: 32-bit rotations and logic in long straight code.
#include "program.h"

enum { MESSAGE_SIZE = 65536, BLOCK_SIZE = 64 };

typedef unsigned __int128 wide;

static uint32_t constants[64], initial[8];

/** The largest number whose power (2 or 3) does not exceed `limit`. */
static uint64_t root(wide limit, int power) {
  uint64_t result = 0;
  for (int bit = 36; bit >= 0; bit--) {
    uint64_t candidate = result | 1ull << bit;
    wide value = (wide)candidate * candidate * (power == 3 ? candidate : 1);
    if (value <= limit) result = candidate;
  }
  return result;
}

/** The algorithm's constants are the first 32 fractional bits of the roots of the first primes. */
static void make_constants(void) {
  int count = 0;
  for (uint32_t number = 2; count < 64; number++) {
    uint32_t divisor = 2;
    while (divisor * divisor <= number && number % divisor != 0) divisor++;
    if (divisor * divisor <= number) continue;
    if (count < 8) initial[count] = (uint32_t)root((wide)number << 64, 2);
    constants[count++] = (uint32_t)root((wide)number << 96, 3);
  }
}

static inline uint32_t rotate(uint32_t value, int count) { return value >> count | value << (32 - count); }

static void compress(uint32_t state[8], const uint8_t *block) {
  uint32_t schedule[64];
  for (int i = 0; i < 16; i++, block += 4) {
    schedule[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
  }
  for (int i = 16; i < 64; i++) {
    uint32_t early = schedule[i - 15], late = schedule[i - 2];
    uint32_t sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
    uint32_t sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
    schedule[i] = schedule[i - 16] + sigma0 + schedule[i - 7] + sigma1;
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 64; i++) {
    uint32_t choice = (e & f) ^ (~e & g), majority = (a & b) ^ (a & c) ^ (b & c);
    uint32_t first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + constants[i] + schedule[i];
    uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
    h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

/** The hash of a message that fills whole blocks. */
static void sha256(uint32_t state[8], const uint8_t *message, uint64_t size) {
  uint8_t padding[BLOCK_SIZE] = {0x80};
  for (int i = 0; i < 8; i++) padding[BLOCK_SIZE - 1 - i] = (size * 8) >> (8 * i);
  for (int i = 0; i < 8; i++) state[i] = initial[i];
  for (uint64_t at = 0; at < size; at += BLOCK_SIZE) compress(state, message + at);
  compress(state, padding);
}

uint64_t work(uint64_t amount) {
  static uint8_t message[MESSAGE_SIZE];
  uint64_t random = 1, sum = 0;
  make_constants();
  for (int i = 0; i < MESSAGE_SIZE; i++) message[i] = next_random(&random);
  for (uint64_t round = 0; round < amount; round++) {
    uint32_t state[8];
    sha256(state, message, MESSAGE_SIZE);
    for (int i = 0; i < 8; i++) {
      sum = mix(sum, state[i]);
      message[(round + i * 4099) % MESSAGE_SIZE] ^= state[i];
    }
  }
  return sum;
}
