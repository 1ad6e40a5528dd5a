// The device side of split and packed virtqueues (virtio 2.7, 2.8) as a small native program, for comparison with @zarch/vring:
// the same rings, the same requests, the same checks of what a driver may do wrong, the same account of what the device holds.
//
//   ring split|packed BATCHES
//
// prints the nanoseconds a chain in the device and in the driver, medians over the batches, and the checksum of all headers.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the rings are little-endian, and this program does not swap bytes"
#endif

enum { QUEUE_SIZE = 256, BATCH = 32, PARTS = 3, CHAINS = 64, MEMORY_SIZE = 0x100000, MAX_SEGMENTS = 1024 };
enum { DESCRIPTORS = 0x1000, DRIVER_AREA = 0x2000, DEVICE_AREA = 0x3000, HEADERS = 0x10000, DATA = 0x20000 };
enum { F_NEXT = 1, F_WRITE = 2, F_INDIRECT = 4, F_AVAIL = 0x80, F_USED = 0x8000 };
enum { EVENT_DISABLE = 1, EVENT_DESC = 2, EVENT_WRAP = 0x8000 };

static uint8_t *memory;
/** Read at run time, as a device has it from its driver. */
static volatile uint32_t configured_size = QUEUE_SIZE;

#define ACCESS(bits)                                                                                                       \
  static inline uint##bits##_t load##bits(uint64_t at) {                                                                   \
    uint##bits##_t value;                                                                                                  \
    memcpy(&value, memory + at, sizeof value);                                                                             \
    return value;                                                                                                          \
  }                                                                                                                        \
  static inline void store##bits(uint64_t at, uint##bits##_t value) { memcpy(memory + at, &value, sizeof value); }
ACCESS(8)
ACCESS(16)
ACCESS(32)
ACCESS(64)

static inline bool contains(uint64_t address, uint64_t length) { return length <= MEMORY_SIZE && address <= MEMORY_SIZE - length; }

static void fail(const char *reason) {
  fprintf(stderr, "ring: %s\n", reason);
  exit(1);
}

// A position in the buffers of a chain. A value may lie across buffers.

struct segment {
  uint64_t address;
  uint32_t length;
};

struct cursor {
  const struct segment *segment;
  uint32_t offset;
  uint64_t left;
};

/** The address of the next `length` bytes, or of a copy of them. */
static bool next_piece(struct cursor *cursor, uint32_t length, uint64_t *at) {
  if (length > cursor->left) fail("message too short");
  while (cursor->offset >= cursor->segment->length) {
    cursor->segment++;
    cursor->offset = 0;
  }
  if (cursor->segment->length - cursor->offset < length) return false;
  *at = cursor->segment->address + cursor->offset;
  cursor->offset += length;
  cursor->left -= length;
  return true;
}

static uint64_t gather(struct cursor *cursor, uint32_t length) {
  uint64_t value = 0, at = 0;
  for (uint32_t i = 0; i < length; i++) {
    next_piece(cursor, 1, &at);
    value |= (uint64_t)load8(at) << (8 * i);
  }
  return value;
}

static inline uint32_t read32(struct cursor *cursor) {
  uint64_t at;
  return next_piece(cursor, 4, &at) ? load32(at) : (uint32_t)gather(cursor, 4);
}

static inline uint64_t read64(struct cursor *cursor) {
  uint64_t at;
  return next_piece(cursor, 8, &at) ? load64(at) : gather(cursor, 8);
}

static inline void write8(struct cursor *cursor, uint8_t value) {
  uint64_t at;
  if (next_piece(cursor, 1, &at)) store8(at, value);
}

// A chain, and what both formats do with the descriptors of one.

struct chain {
  uint32_t id;
  uint32_t slots;
  struct cursor readable, writable;
  uint64_t room;
  uint32_t count;
  uint32_t first_writable;
  uint64_t readable_bytes, writable_bytes;
  struct segment segments[MAX_SEGMENTS];
};

static inline void add(struct chain *chain, uint64_t address, uint32_t length, bool writable) {
  if (chain->count >= MAX_SEGMENTS) fail("chain too long");
  if (writable) {
    if (chain->first_writable == UINT32_MAX) chain->first_writable = chain->count;
    chain->writable_bytes += length;
  } else {
    if (chain->first_writable != UINT32_MAX) fail("wrong order");
    chain->readable_bytes += length;
  }
  if (!contains(address, length)) fail("buffer outside memory");
  if (chain->readable_bytes + chain->writable_bytes > UINT64_C(0x100000000)) fail("chain too large");
  chain->segments[chain->count++] = (struct segment){address, length};
}

static inline void start(struct chain *chain) {
  chain->count = 0;
  chain->first_writable = UINT32_MAX;
  chain->readable_bytes = chain->writable_bytes = 0;
}

static inline void finish(struct chain *chain, uint32_t id, uint32_t slots) {
  uint32_t first = chain->first_writable == UINT32_MAX ? chain->count : chain->first_writable;
  chain->id = id;
  chain->slots = slots;
  chain->readable = (struct cursor){chain->segments, 0, chain->readable_bytes};
  chain->writable = (struct cursor){chain->segments + first, 0, chain->writable_bytes};
  chain->room = chain->writable_bytes;
}

static struct chain pool[QUEUE_SIZE];
/** Those of the pool that no request has. */
static struct chain *unused[QUEUE_SIZE];
static uint32_t unused_count;

static void fill_pool(void) {
  for (unused_count = 0; unused_count < QUEUE_SIZE; unused_count++) unused[unused_count] = &pool[unused_count];
}

// The split queue.

static struct {
  uint32_t size;
  uint16_t available, next_available, armed_at, used;
  uint32_t staged, in_flight;
  uint8_t heads[QUEUE_SIZE];
  uint16_t staged_heads[QUEUE_SIZE];
} split;

static bool split_refresh(void) {
  split.available = load16(DRIVER_AREA + 2);
  uint16_t added = split.available - split.next_available;
  if (added > split.size) fail("wrong available index");
  return added != 0;
}

static bool split_arm(void) {
  if (split.armed_at == split.next_available) return false;
  split.armed_at = split.next_available;
  store16(DEVICE_AREA + 4 + 8 * split.size, split.armed_at);
  return split_refresh();
}

static struct chain *split_pop(void) {
  if (split.next_available == split.available && !split_refresh() && !split_arm()) return NULL;
  uint16_t head = load16(DRIVER_AREA + 4 + 2 * (split.next_available & (split.size - 1)));
  if (head >= split.size) fail("wrong head");
  if (split.heads[head] != 0) fail("head in use");
  if (unused_count == 0) fail("too many chains");
  struct chain *chain = unused[--unused_count];
  start(chain);
  uint32_t index = head;
  for (uint32_t visited = 1;; visited++) {
    if (visited > split.size) fail("endless chain");
    uint64_t at = DESCRIPTORS + 16 * index;
    uint64_t address = load64(at);
    uint32_t length = load32(at + 8);
    uint16_t flags = load16(at + 12);
    uint16_t next = load16(at + 14);
    if (flags & F_INDIRECT) fail("indirect");
    add(chain, address, length, flags & F_WRITE);
    if (!(flags & F_NEXT)) break;
    if (next >= split.size) fail("wrong next");
    index = next;
  }
  finish(chain, head, 1);
  split.next_available++;
  split.heads[head] = 1;
  split.in_flight++;
  return chain;
}

static void split_push(struct chain *chain, uint32_t written) {
  if (written > chain->room) fail("written too much");
  if (split.heads[chain->id] != 1) fail("not in work");
  split.heads[chain->id] = 2;
  uint64_t entry = DEVICE_AREA + 4 + 8 * (split.used & (split.size - 1));
  store32(entry, chain->id);
  store32(entry + 4, written);
  split.used++;
  split.in_flight--;
  split.staged_heads[split.staged++] = chain->id;
  unused[unused_count++] = chain;
}

static bool split_flush(void) {
  uint32_t staged = split.staged;
  if (staged == 0) return false;
  for (uint32_t i = 0; i < staged; i++) split.heads[split.staged_heads[i]] = 0;
  split.staged = 0;
  store16(DEVICE_AREA + 2, split.used);
  uint16_t event = load16(DRIVER_AREA + 4 + 2 * split.size);
  return (uint16_t)(split.used - event - 1) < (uint16_t)staged;
}

// The packed queue. A position is a slot, plus the size of the ring in rounds with wrap counter 0.

static struct {
  uint32_t size;
  uint32_t next_available, next_used, slots, in_flight, staged;
  int64_t armed_at;
  uint8_t ids[65536];
  struct {
    uint16_t id;
    uint32_t slots, written;
  } stage[QUEUE_SIZE];
} packed;

static inline uint32_t slot_of(uint32_t position) { return position < packed.size ? position : position - packed.size; }

static inline uint32_t advance(uint32_t position, uint32_t slots) {
  uint32_t next = position + slots;
  return next < 2 * packed.size ? next : next - 2 * packed.size;
}

static inline int32_t packed_peek(void) {
  if (packed.slots >= packed.size) return -1;
  uint16_t flags = load16(DESCRIPTORS + 16 * slot_of(packed.next_available) + 14);
  uint16_t wanted = packed.next_available < packed.size ? F_AVAIL : F_USED;
  return (flags & (F_AVAIL | F_USED)) == wanted ? flags : -1;
}

static bool packed_arm(void) {
  if (packed.armed_at == packed.next_available) return false;
  packed.armed_at = packed.next_available;
  uint32_t event = slot_of(packed.next_available) | (packed.next_available < packed.size ? EVENT_WRAP : 0);
  store32(DEVICE_AREA, EVENT_DESC << 16 | event);
  return true;
}

static struct chain *packed_pop(void) {
  int32_t flags = packed_peek();
  if (flags < 0) {
    if (!packed_arm()) return NULL;
    flags = packed_peek();
    if (flags < 0) return NULL;
  }
  if (unused_count == 0) fail("too many chains");
  struct chain *chain = unused[--unused_count];
  uint32_t free = packed.size - packed.slots;
  start(chain);
  uint32_t slot = slot_of(packed.next_available);
  uint32_t slots = 1;
  uint16_t id;
  for (;; slots++) {
    uint64_t at = DESCRIPTORS + 16 * slot;
    if (slots > 1) flags = load16(at + 14);
    uint64_t address = load64(at);
    uint32_t length = load32(at + 8);
    id = load16(at + 12);
    if (flags & F_INDIRECT) fail("indirect");
    add(chain, address, length, flags & F_WRITE);
    if (!(flags & F_NEXT)) break;
    if (slots >= free) fail("endless chain");
    slot = slot + 1 == packed.size ? 0 : slot + 1;
  }
  if (packed.ids[id] != 0) fail("id in use");
  finish(chain, id, slots);
  packed.next_available = advance(packed.next_available, slots);
  packed.ids[id] = 1;
  packed.slots += slots;
  packed.in_flight++;
  return chain;
}

static void packed_push(struct chain *chain, uint32_t written) {
  if (written > chain->room) fail("written too much");
  if (packed.ids[chain->id] != 1) fail("not in work");
  packed.ids[chain->id] = 2;
  packed.in_flight--;
  packed.stage[packed.staged].id = chain->id;
  packed.stage[packed.staged].slots = chain->slots;
  packed.stage[packed.staged++].written = written;
  unused[unused_count++] = chain;
}

static bool packed_flush(void) {
  if (packed.staged == 0) return false;
  uint64_t first_at = 0;
  uint16_t first_flags = 0;
  uint32_t moved = 0;
  for (uint32_t i = 0; i < packed.staged; i++) {
    uint64_t at = DESCRIPTORS + 16 * slot_of(packed.next_used);
    uint16_t flags = (packed.next_used < packed.size ? F_AVAIL | F_USED : 0) | (packed.stage[i].written > 0 ? F_WRITE : 0);
    store32(at + 8, packed.stage[i].written);
    store16(at + 12, packed.stage[i].id);
    if (i == 0) {
      first_at = at + 14;
      first_flags = flags;
    } else {
      store16(at + 14, flags);
    }
    packed.next_used = advance(packed.next_used, packed.stage[i].slots);
    moved += packed.stage[i].slots;
    packed.ids[packed.stage[i].id] = 0;
  }
  packed.slots -= moved;
  packed.staged = 0;
  store16(first_at, first_flags);
  uint32_t word = load32(DRIVER_AREA);
  uint32_t mode = word >> 16, event = word & 0xffff;
  if (mode == EVENT_DISABLE) return false;
  if (mode != EVENT_DESC) return true;
  uint32_t wanted_slot = event & 0x7fff;
  if (wanted_slot >= packed.size) return true;
  uint32_t wanted = wanted_slot + (event & EVENT_WRAP ? 0 : packed.size);
  return (wanted - (packed.next_used - moved) + 4 * packed.size) % (2 * packed.size) < moved;
}

// The measured work: pop, read the header, write the status, push; then flush.

static uint64_t answer(struct chain *chain) {
  uint64_t sum = read32(&chain->readable);
  sum += read32(&chain->readable);
  sum += read64(&chain->readable);
  write8(&chain->writable, 0);
  return sum;
}

static volatile bool notify;

__attribute__((noinline)) static uint64_t serve_split(void) {
  uint64_t sum = 0;
  for (struct chain *chain; (chain = split_pop());) {
    sum += answer(chain);
    split_push(chain, 1);
  }
  notify = split_flush();
  return sum;
}

__attribute__((noinline)) static uint64_t serve_packed(void) {
  uint64_t sum = 0;
  for (struct chain *chain; (chain = packed_pop());) {
    sum += answer(chain);
    packed_push(chain, 1);
  }
  notify = packed_flush();
  return sum;
}

// The driver: as little as is needed.

static uint64_t offered, taken;
static uint32_t driver_available, driver_used;

static uint64_t header_at(uint32_t chain) { return HEADERS + 64 * chain; }
static uint64_t data_at(uint32_t chain) { return DATA + 512 * chain; }
static uint64_t status_at(uint32_t chain) { return header_at(chain) + 32; }

static void describe(uint32_t index, uint64_t address, uint32_t length, uint16_t low, uint16_t high) {
  uint64_t at = DESCRIPTORS + 16 * index;
  store64(at, address);
  store32(at + 8, length);
  store16(at + 12, low);
  store16(at + 14, high);
}

static void describe_split(void) {
  for (uint32_t chain = 0; chain < CHAINS; chain++) {
    uint32_t index = chain * PARTS;
    describe(index, header_at(chain), 16, F_NEXT, index + 1);
    describe(index + 1, data_at(chain), 512, F_NEXT, index + 2);
    describe(index + 2, status_at(chain), 1, F_WRITE, 0);
  }
}

static void place(uint64_t address, uint32_t length, uint16_t id, uint16_t flags) {
  describe(slot_of(driver_available), address, length, id, flags | (driver_available < packed.size ? F_AVAIL : F_USED));
  driver_available = advance(driver_available, 1);
}

__attribute__((noinline)) static void offer(bool is_packed) {
  for (uint32_t i = 0; i < BATCH; i++, offered++) {
    uint32_t chain = offered % CHAINS;
    store32(header_at(chain), 1);
    store32(header_at(chain) + 4, chain);
    store64(header_at(chain) + 8, offered);
    store8(status_at(chain), 0xff);
    if (is_packed) {
      place(header_at(chain), 16, chain, F_NEXT);
      place(data_at(chain), 512, chain, F_NEXT);
      place(status_at(chain), 1, chain, F_WRITE);
    } else {
      store16(DRIVER_AREA + 4 + 2 * (offered % QUEUE_SIZE), chain * PARTS);
    }
  }
  if (!is_packed) store16(DRIVER_AREA + 2, offered);
}

__attribute__((noinline)) static void take(bool is_packed) {
  if (!is_packed && load16(DEVICE_AREA + 2) != (uint16_t)offered) fail("not all chains came back");
  for (; taken < offered; taken++) {
    uint32_t chain = taken % CHAINS;
    uint32_t id, written;
    if (is_packed) {
      uint64_t at = DESCRIPTORS + 16 * slot_of(driver_used);
      if (load16(at + 14) != ((driver_used < packed.size ? F_AVAIL | F_USED : 0) | F_WRITE)) fail("not all chains came back");
      written = load32(at + 8);
      id = load16(at + 12) * PARTS;
      driver_used = advance(driver_used, PARTS);
    } else {
      uint64_t entry = DEVICE_AREA + 4 + 8 * (taken % QUEUE_SIZE);
      id = load32(entry);
      written = load32(entry + 4);
    }
    if (id != chain * PARTS || written != 1 || load8(status_at(chain)) != 0) fail("a chain came back wrong");
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, long count) {
  qsort(values, count, sizeof *values, compare);
  return values[count / 2];
}

int main(int argc, char **argv) {
  if (argc != 3) fail("usage: ring split|packed BATCHES");
  bool is_packed = strcmp(argv[1], "packed") == 0;
  long batches = atol(argv[2]);
  memory = calloc(1, MEMORY_SIZE);
  double *in_device = calloc(batches, sizeof *in_device);
  double *in_driver = calloc(batches, sizeof *in_driver);
  if (batches < 1 || !memory || !in_device || !in_driver) fail("no memory");
  fill_pool();
  split.size = packed.size = configured_size;
  packed.armed_at = -1;
  if (!is_packed) describe_split();
  uint64_t sum = 0;
  for (long i = 0; i < batches; i++) {
    double started = now();
    offer(is_packed);
    double before = now();
    sum += is_packed ? serve_packed() : serve_split();
    double after = now();
    take(is_packed);
    in_device[i] = after - before;
    in_driver[i] = before - started + now() - after;
  }
  printf("%f %f %llu\n", median(in_device, batches) / BATCH, median(in_driver, batches) / BATCH, (unsigned long long)sum);
  return 0;
}
