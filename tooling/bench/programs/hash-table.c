// A hash table of strings with chains, whose entries are also in the order of their last use: malloc, free and pointers.
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { BUCKETS = 4096, MOST_ENTRIES = 6000, OPERATIONS = 10000, KEYS = 12000 };

struct entry {
  struct entry *chain;
  struct entry *newer, *older;
  uint64_t value;
  char key[];
};

static struct entry *buckets[BUCKETS];
/** The ring of all entries: newest behind it, oldest before it. */
static struct entry ring = {.newer = &ring, .older = &ring};
static int entries;

static struct entry **bucket(const char *key) {
  uint32_t hash = 2166136261;
  for (; *key; key++) hash = (hash ^ (uint8_t)*key) * 16777619;
  return &buckets[hash % BUCKETS];
}

static void leave_ring(struct entry *entry) {
  entry->newer->older = entry->older;
  entry->older->newer = entry->newer;
}

static void make_newest(struct entry *entry) {
  entry->older = ring.older;
  entry->newer = &ring;
  ring.older->newer = entry;
  ring.older = entry;
}

/** The link to the entry with this key, or to the end of the chain. */
static struct entry **find(const char *key) {
  struct entry **link = bucket(key);
  while (*link && strcmp((*link)->key, key) != 0) link = &(*link)->chain;
  return link;
}

static void delete(struct entry **link) {
  struct entry *entry = *link;
  *link = entry->chain;
  leave_ring(entry);
  free(entry);
  entries--;
}

static struct entry *insert(struct entry **link, const char *key) {
  if (entries == MOST_ENTRIES) {
    struct entry **oldest = find(ring.newer->key);
    delete(oldest);
    link = find(key);
  }
  struct entry *entry = malloc(sizeof *entry + strlen(key) + 1);
  if (!entry) abort();
  strcpy(entry->key, key);
  entry->value = 0;
  entry->chain = *link;
  *link = entry;
  make_newest(entry);
  entries++;
  return entry;
}

static void make_key(char *key, uint32_t number) {
  static const char *const prefixes[] = {"user", "session/long-name", "k", "object.attribute"};
  const char *prefix = prefixes[number % 4];
  while (*prefix) *key++ = *prefix++;
  *key++ = ':';
  do *key++ = '0' + number % 10;
  while (number /= 10);
  *key = 0;
}

uint64_t work(uint64_t amount) {
  uint64_t random = 6, sum = 0;
  for (uint64_t round = 0; round < amount; round++) {
    for (int i = 0; i < OPERATIONS; i++) {
      char key[32];
      uint32_t choice = next_random(&random);
      make_key(key, next_random(&random) % KEYS);
      struct entry **link = find(key);
      if (choice % 8 == 0) {
        if (*link) delete(link);
      } else if (*link) {
        (*link)->value += choice;
        sum += (*link)->value;
        leave_ring(*link);
        make_newest(*link);
      } else {
        insert(link, key)->value = choice;
      }
    }
    for (struct entry *entry = ring.newer; entry != &ring; entry = entry->newer) sum = mix(sum, entry->value);
    sum = mix(sum, entries);
  }
  return sum;
}
