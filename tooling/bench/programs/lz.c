// A compressor that replaces what was seen before (after Lempel and Ziv, 1977), its decompressor, and a comparison with the original.
//
// The compressed form: bytes below 128 stand for 1 to 128 literal bytes that follow; others for a copy of 4 to 131 bytes, whose distance
// follows in two bytes.
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "words.h"

enum { SIZE = 65536, WORST_SIZE = SIZE + SIZE / 128 + 1, HASH_SIZE = 8192, LEAST_COPY = 4, LONGEST_COPY = 131, LONGEST_RUN = 128, TRIES = 16 };

static uint8_t input[SIZE], compressed[WORST_SIZE], output[SIZE];
/** Places with the same hash, plus one; 0 ends the list. Each place leads to the one before. */
static uint32_t latest[HASH_SIZE], previous[SIZE];

static uint32_t hash(const uint8_t *at) {
  uint32_t bytes = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
  return bytes * 2654435761u >> 19;
}

static void remember(uint32_t place) {
  if (place + LEAST_COPY > SIZE) return;
  uint32_t *list = &latest[hash(input + place)];
  previous[place] = *list;
  *list = place + 1;
}

/** The longest copy for a place; its length is 0 when there is none that is worth it. */
static uint32_t find_copy(uint32_t place, uint32_t *distance) {
  uint32_t best = LEAST_COPY - 1, limit = SIZE - place < LONGEST_COPY ? SIZE - place : LONGEST_COPY;
  if (limit < LEAST_COPY) return 0;
  uint32_t candidate = latest[hash(input + place)];
  for (int tries = TRIES; candidate && tries > 0; candidate = previous[candidate - 1], tries--) {
    const uint8_t *there = input + candidate - 1, *here = input + place;
    if (there[best] != here[best]) continue;
    uint32_t length = 0;
    while (length < limit && there[length] == here[length]) length++;
    if (length <= best) continue;
    best = length;
    *distance = place - (candidate - 1);
    if (length == limit) break;
  }
  return best >= LEAST_COPY ? best : 0;
}

static uint8_t *put_literals(uint8_t *to, const uint8_t *from, uint32_t count) {
  while (count > 0) {
    uint32_t run = count < LONGEST_RUN ? count : LONGEST_RUN;
    *to++ = run - 1;
    memcpy(to, from, run);
    to += run, from += run, count -= run;
  }
  return to;
}

static uint32_t compress(void) {
  uint8_t *to = compressed;
  uint32_t literals = 0, place = 0;
  memset(latest, 0, sizeof latest);
  while (place < SIZE) {
    uint32_t distance = 0, length = find_copy(place, &distance);
    if (length == 0) {
      remember(place++);
      literals++;
      continue;
    }
    to = put_literals(to, input + place - literals, literals);
    literals = 0;
    *to++ = 128 + length - LEAST_COPY;
    *to++ = distance >> 8;
    *to++ = distance;
    while (length-- > 0) remember(place++);
  }
  to = put_literals(to, input + place - literals, literals);
  return to - compressed;
}

static uint32_t decompress(uint32_t size) {
  const uint8_t *from = compressed, *end = compressed + size;
  uint8_t *to = output;
  while (from < end) {
    uint32_t token = *from++;
    if (token < 128) {
      memcpy(to, from, token + 1);
      to += token + 1, from += token + 1;
    } else {
      const uint8_t *source = to - (from[0] << 8 | from[1]);
      from += 2;
      // Byte by byte, as a copy may reach into itself.
      for (uint32_t left = token - 128 + LEAST_COPY; left > 0; left--) *to++ = *source++;
    }
  }
  return to - output;
}

uint64_t work(uint64_t amount) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < amount; round++) {
    write_words((char *)input, SIZE, round + 1);
    uint32_t size = compress();
    if (decompress(size) != SIZE || memcmp(input, output, SIZE) != 0) abort();
    sum = mix(sum, size);
    for (uint32_t i = 0; i < size; i += 11) sum = mix(sum, compressed[i]);
  }
  return sum;
}
