// Regular expressions by backtracking: recursion, bytes and branches. Patterns know . [a-z] [^a-z] ( ) | * + ? ^ $ and \ before others.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "words.h"

enum { TEXT_SIZE = 16384, CODE_SIZE = 256, SET_SIZE = 256 / 8 };
enum kind { CHARACTER, ANY, SET, SPLIT, JUMP, LINE_START, LINE_END, MATCH };

/** One instruction: of a split both targets are tried, the first one first. */
struct instruction {
  enum kind kind;
  int first, second;
  uint8_t character;
  uint8_t set[SET_SIZE];
};

struct expression {
  struct instruction code[CODE_SIZE];
  int length;
  const char *at;
};

static int emit(struct expression *expression, struct instruction instruction) {
  if (expression->length == CODE_SIZE) abort();
  expression->code[expression->length] = instruction;
  return expression->length++;
}

/** Makes room for an instruction before those from `place` on, whose targets move along. */
static void insert(struct expression *expression, int place, struct instruction instruction) {
  emit(expression, instruction);
  struct instruction *code = expression->code;
  memmove(code + place + 1, code + place, (expression->length - place - 1) * sizeof *code);
  code[place] = instruction;
  for (int i = place + 1; i < expression->length; i++) {
    if (code[i].kind != SPLIT && code[i].kind != JUMP) continue;
    if (code[i].first >= place) code[i].first++;
    if (code[i].second >= place) code[i].second++;
  }
}

static void parse_alternatives(struct expression *expression);

static void parse_set(struct expression *expression) {
  struct instruction set = {.kind = SET};
  bool inverted = *expression->at == '^';
  if (inverted) expression->at++;
  do {
    uint8_t from = *expression->at++, to = from;
    if (*expression->at == '-' && expression->at[1] != ']') to = expression->at[1], expression->at += 2;
    for (int character = from; character <= to; character++) set.set[character / 8] |= 1 << character % 8;
  } while (*expression->at != ']');
  expression->at++;
  for (int i = 0; inverted && i < SET_SIZE; i++) set.set[i] = ~set.set[i];
  emit(expression, set);
}

static void parse_atom(struct expression *expression) {
  char character = *expression->at++;
  switch (character) {
  case '.': emit(expression, (struct instruction){.kind = ANY}); break;
  case '[': parse_set(expression); break;
  case '^': emit(expression, (struct instruction){.kind = LINE_START}); break;
  case '$': emit(expression, (struct instruction){.kind = LINE_END}); break;
  case '(':
    parse_alternatives(expression);
    expression->at++;
    break;
  case '\\': character = *expression->at++; // fall through
  default: emit(expression, (struct instruction){.kind = CHARACTER, .character = character});
  }
}

static void parse_repeated(struct expression *expression) {
  int start = expression->length;
  parse_atom(expression);
  switch (*expression->at) {
  case '*':
    insert(expression, start, (struct instruction){.kind = SPLIT, .first = start + 1});
    emit(expression, (struct instruction){.kind = JUMP, .first = start});
    expression->code[start].second = expression->length;
    break;
  case '+': emit(expression, (struct instruction){.kind = SPLIT, .first = start, .second = expression->length + 1}); break;
  case '?':
    insert(expression, start, (struct instruction){.kind = SPLIT, .first = start + 1});
    expression->code[start].second = expression->length;
    break;
  default: return;
  }
  expression->at++;
}

static void parse_alternatives(struct expression *expression) {
  int start = expression->length;
  while (*expression->at && *expression->at != '|' && *expression->at != ')') parse_repeated(expression);
  if (*expression->at != '|') return;
  expression->at++;
  insert(expression, start, (struct instruction){.kind = SPLIT, .first = start + 1});
  int jump = emit(expression, (struct instruction){.kind = JUMP});
  expression->code[start].second = expression->length;
  parse_alternatives(expression);
  expression->code[jump].first = expression->length;
}

static void compile(struct expression *expression, const char *pattern) {
  *expression = (struct expression){.at = pattern};
  parse_alternatives(expression);
  emit(expression, (struct instruction){.kind = MATCH});
}

/** The end of the first match that begins at `at`, or null. */
static const char *match(const struct instruction *code, int counter, const char *text, const char *at) {
  for (;;) {
    const struct instruction *instruction = code + counter++;
    switch (instruction->kind) {
    case MATCH: return at;
    case CHARACTER:
      if ((uint8_t)*at != instruction->character) return 0;
      at++;
      break;
    case ANY:
      if (*at == 0 || *at == '\n') return 0;
      at++;
      break;
    case SET:
      if (*at == 0 || !(instruction->set[(uint8_t)*at / 8] >> (uint8_t)*at % 8 & 1)) return 0;
      at++;
      break;
    case JUMP: counter = instruction->first; break;
    case SPLIT: {
      const char *end = match(code, instruction->first, text, at);
      if (end) return end;
      counter = instruction->second;
      break;
    }
    case LINE_START:
      if (at != text && at[-1] != '\n') return 0;
      break;
    case LINE_END:
      if (*at != 0 && *at != '\n') return 0;
      break;
    }
  }
}

/** Looks for the expression at every place behind the match before. */
static uint64_t match_all(const struct expression *expression, const char *text, uint64_t sum) {
  for (const char *at = text; *at;) {
    const char *end = match(expression->code, 0, text, at);
    if (end) sum = mix(sum, (uint64_t)(at - text) << 32 | (end - at));
    at = end > at ? end : at + 1;
  }
  return sum;
}

static const char *const patterns[] = {
    "the|tan|ne[st]+a",        "[aeiou]+[^aeiou ]+[aeiou]+ ", "^[a-z]+ [a-z]+", "[a-m]*z|[a-m]*h ", "(t[a-z]* )+(s[a-z]*)?\n",
    "[a-z]+ (ta|se|ni)[a-z]+$", "(a|e|i|o|u|t|n|s|h|r)+\n",    ".*ka.*na",       "(ta?)*(te?)*d",    "w..a|g..e|y.*\\.",
};

uint64_t work(uint64_t amount) {
  static char text[TEXT_SIZE + 1];
  static struct expression expression;
  uint64_t sum = 0;
  for (uint64_t round = 0; round < amount; round++) {
    write_words(text, TEXT_SIZE, round + 1);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
      compile(&expression, patterns[i]);
      sum = match_all(&expression, text, sum);
    }
  }
  return sum;
}
