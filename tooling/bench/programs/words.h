// Text that compresses about as well as a language does: words of an invented vocabulary, the first ones much more often.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "program.h"

enum { VOCABULARY = 2048, LONGEST_WORD = 12 };

/** Fills `text` with `size` characters of words between blanks and line ends; the same seed gives the same text. */
static void write_words(char *text, size_t size, uint64_t seed) {
  static char words[VOCABULARY][LONGEST_WORD + 1];
  static const char vowels[] = "eaiou", consonants[] = "tnshrdlcmwfgypbvk";
  uint64_t state = 42;
  for (int word = 0; word < VOCABULARY; word++) {
    int length = 2 + next_random(&state) % (LONGEST_WORD - 1);
    for (int i = 0; i < length; i++) words[word][i] = i % 2 ? vowels[next_random(&state) % 5] : consonants[next_random(&state) % 17];
    words[word][length] = 0;
  }
  state = seed;
  for (size_t at = 0, column = 0; at < size;) {
    // The product of two even distributions favours small numbers.
    uint64_t word = ((uint64_t)(next_random(&state) >> 16) * (next_random(&state) >> 16) * VOCABULARY) >> 32;
    for (const char *letter = words[word]; *letter && at < size; letter++, column++) text[at++] = *letter;
    if (at < size) text[at++] = column > 70 ? '\n' : ' ';
    if (column > 70) column = 0;
  }
}
