// JSON: builds a document, prints it, parses the text, and prints that again. Allocation, characters, strings, numbers.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum kind { NUL, FALSE, TRUE, INTEGER, REAL, STRING, ARRAY, OBJECT };

/** A value; of an object's members each has a name. */
struct value {
  enum kind kind;
  int64_t integer;
  double real;
  char *text;
  char *name;
  struct value *children, *next;
};

struct output {
  char *text;
  size_t length, capacity;
};

static void *allocate(size_t size) {
  void *memory = malloc(size);
  if (!memory) abort();
  return memory;
}

static struct value *new_value(enum kind kind) {
  struct value *value = allocate(sizeof *value);
  *value = (struct value){.kind = kind};
  return value;
}

static void free_value(struct value *value) {
  while (value) {
    struct value *next = value->next;
    free_value(value->children);
    free(value->text);
    free(value->name);
    free(value);
    value = next;
  }
}

static void put(struct output *output, const char *text, size_t length) {
  if (output->length + length > output->capacity) {
    output->capacity = 2 * (output->length + length);
    output->text = realloc(output->text, output->capacity);
    if (!output->text) abort();
  }
  memcpy(output->text + output->length, text, length);
  output->length += length;
}

static void put_string(struct output *output, const char *text) {
  put(output, "\"", 1);
  for (; *text; text++) {
    uint8_t character = *text;
    char escaped[8];
    if (character == '"' || character == '\\') {
      put(output, (char[]){'\\', character}, 2);
    } else if (character < ' ') {
      put(output, escaped, snprintf(escaped, sizeof escaped, "\\u%04x", character));
    } else {
      put(output, text, 1);
    }
  }
  put(output, "\"", 1);
}

static void put_integer(struct output *output, int64_t integer) {
  char digits[24], *at = digits + sizeof digits;
  uint64_t left = integer < 0 ? -(uint64_t)integer : (uint64_t)integer;
  do *--at = '0' + left % 10;
  while (left /= 10);
  if (integer < 0) *--at = '-';
  put(output, at, digits + sizeof digits - at);
}

static void print(struct output *output, const struct value *value) {
  static const char *const words[] = {"null", "false", "true"};
  char number[40];
  switch (value->kind) {
  case NUL:
  case FALSE:
  case TRUE: put(output, words[value->kind], strlen(words[value->kind])); break;
  case INTEGER: put_integer(output, value->integer); break;
  case REAL: put(output, number, snprintf(number, sizeof number, "%.10e", value->real)); break;
  case STRING: put_string(output, value->text); break;
  case ARRAY:
  case OBJECT:
    put(output, value->kind == ARRAY ? "[" : "{", 1);
    for (const struct value *child = value->children; child; child = child->next) {
      if (value->kind == OBJECT) {
        put_string(output, child->name);
        put(output, ":", 1);
      }
      print(output, child);
      if (child->next) put(output, ",", 1);
    }
    put(output, value->kind == ARRAY ? "]" : "}", 1);
  }
}

static char *parse_string(const char **at) {
  const char *from = ++*at;
  size_t length = 0;
  for (const char *end = from; *end != '"'; end++, length++) {
    if (*end == '\\') end += end[1] == 'u' ? 5 : 1;
  }
  char *text = allocate(length + 1), *to = text;
  for (; *from != '"'; from++) {
    if (*from != '\\') {
      *to++ = *from;
    } else if (*++from != 'u') {
      *to++ = *from;
    } else {
      int code = 0;
      for (int i = 0; i < 4; i++) {
        from++;
        code = code * 16 + (isdigit((unsigned char)*from) ? *from - '0' : *from - 'a' + 10);
      }
      *to++ = code;
    }
  }
  *to = 0;
  *at = from + 1;
  return text;
}

static struct value *parse_number(const char **at) {
  const char *end = *at + (**at == '-');
  int64_t integer = 0;
  while (isdigit((unsigned char)*end)) integer = integer * 10 + (*end++ - '0');
  struct value *value = new_value(*end == '.' ? REAL : INTEGER);
  if (*end == '.') {
    char *behind;
    value->real = strtod(*at, &behind);
    end = behind;
  } else {
    value->integer = **at == '-' ? -integer : integer;
  }
  *at = end;
  return value;
}

static struct value *parse(const char **at) {
  switch (**at) {
  case 'n': *at += 4; return new_value(NUL);
  case 'f': *at += 5; return new_value(FALSE);
  case 't': *at += 4; return new_value(TRUE);
  case '"': {
    struct value *value = new_value(STRING);
    value->text = parse_string(at);
    return value;
  }
  case '[':
  case '{': {
    struct value *value = new_value(**at == '[' ? ARRAY : OBJECT), **place = &value->children;
    char end = **at == '[' ? ']' : '}';
    ++*at;
    while (**at != end) {
      char *name = 0;
      if (value->kind == OBJECT) {
        name = parse_string(at);
        ++*at;
      }
      *place = parse(at);
      (*place)->name = name;
      place = &(*place)->next;
      if (**at == ',') ++*at;
    }
    ++*at;
    return value;
  }
  default: return parse_number(at);
  }
}

static char *random_text(uint64_t *random) {
  static const char characters[] = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJ0123456789.,;-_\"\\\n\t";
  int length = 1 + next_random(random) % 20;
  char *text = allocate(length + 1);
  for (int i = 0; i < length; i++) text[i] = characters[next_random(random) % (sizeof characters - 1)];
  text[length] = 0;
  return text;
}

/** A tree that is not deeper than `depth`. */
static struct value *random_value(uint64_t *random, int depth) {
  uint32_t choice = next_random(random) % 16;
  struct value *value;
  if (depth > 0 && (choice < 12 || depth > 3)) {
    value = new_value(choice & 1 ? ARRAY : OBJECT);
    for (int i = 2 + next_random(random) % 8; i > 0; i--) {
      struct value *child = random_value(random, depth - 1);
      if (value->kind == OBJECT) child->name = random_text(random);
      child->next = value->children;
      value->children = child;
    }
  } else if (choice < 3) {
    value = new_value((enum kind)choice);
  } else if (choice < 8) {
    value = new_value(STRING);
    value->text = random_text(random);
  } else if (choice < 15) {
    value = new_value(INTEGER);
    value->integer = (int64_t)next_random(random) * (choice & 1 ? 1 : -1000);
  } else {
    value = new_value(REAL);
    value->real = next_random(random) / 1024.0;
  }
  return value;
}

uint64_t work(uint64_t amount) {
  uint64_t random = 4, sum = 0;
  for (uint64_t round = 0; round < amount; round++) {
    struct output first = {0}, second = {0};
    struct value *original = random_value(&random, 5);
    print(&first, original);
    put(&first, "", 1);
    const char *at = first.text;
    struct value *copy = parse(&at);
    print(&second, copy);
    put(&second, "", 1);
    if (strcmp(first.text, second.text) != 0) abort();
    for (size_t i = 0; i < second.length; i += 13) sum = mix(sum, (uint8_t)second.text[i]);
    sum = mix(sum, second.length);
    free_value(original);
    free_value(copy);
    free(first.text);
    free(second.text);
  }
  return sum;
}
