/* Atomic operations of 1, 2, 4, 8 and 16 bytes, alone and against other threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

typedef unsigned __int128 u128;

#define OPERATIONS(type, format, name)                                                                  \
  static void name(void) {                                                                              \
    static struct {                                                                                     \
      type before, value, after;                                                                        \
    } box = {(type)0x5a, (type)0x1122334455667788u, (type)0xa5};                                        \
    printf(#type " " format, __atomic_fetch_add(&box.value, (type)3, __ATOMIC_SEQ_CST));                \
    printf(" " format, __atomic_fetch_sub(&box.value, (type)0x99, __ATOMIC_SEQ_CST));                   \
    printf(" " format, __atomic_fetch_and(&box.value, (type)0xf0f0f0f0f0f0f0f0u, __ATOMIC_SEQ_CST));    \
    printf(" " format, __atomic_fetch_or(&box.value, (type)0x0a0b0c0d0e0f0a0bu, __ATOMIC_SEQ_CST));     \
    printf(" " format, __atomic_fetch_xor(&box.value, (type)0xffffu, __ATOMIC_SEQ_CST));                \
    printf(" " format, __atomic_fetch_nand(&box.value, (type)0x7777u, __ATOMIC_SEQ_CST));               \
    printf(" " format, __atomic_exchange_n(&box.value, (type)42, __ATOMIC_SEQ_CST));                    \
    type expected = 41;                                                                                 \
    int failed = __atomic_compare_exchange_n(&box.value, &expected, (type)1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
    int passed = __atomic_compare_exchange_n(&box.value, &expected, (type)1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
    printf(" %d %d " format " " format " " format "\n", failed, passed, box.before, box.value, box.after); \
  }

OPERATIONS(uint8_t, "%02x", bytes)
OPERATIONS(uint16_t, "%04x", halfwords)
OPERATIONS(uint32_t, "%08x", words)
OPERATIONS(uint64_t, "%016lx", doublewords)

static _Alignas(16) u128 pair;
static uint8_t neighbours[8];
static uint16_t halves[4];
static atomic_flag spin = ATOMIC_FLAG_INIT;
static long guarded;

static void *work(void *argument) {
  long id = (long)argument;
  for (int i = 0; i < 30000; i++) {
    u128 old = __atomic_load_n(&pair, __ATOMIC_SEQ_CST), next;
    do next = ((old >> 64) + 1) << 64 | (uint64_t)((uint64_t)old + (uint64_t)id);
    while (!__atomic_compare_exchange_n(&pair, &old, next, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    /* Bytes of one word, changed by different threads at the same time. */
    __atomic_fetch_add(&neighbours[id], 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&halves[id & 3], 1, __ATOMIC_SEQ_CST);
    while (atomic_flag_test_and_set(&spin)) sched_yield();
    guarded++;
    atomic_flag_clear(&spin);
  }
  return 0;
}

int main(void) {
  bytes();
  halfwords();
  words();
  doublewords();
  pthread_t threads[4];
  for (long i = 0; i < 4; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
  printf("pair %lu %lu\n", (uint64_t)(pair >> 64), (uint64_t)pair);
  printf("bytes %u %u %u %u %u\n", neighbours[0], neighbours[1], neighbours[2], neighbours[3], neighbours[4]);
  printf("halves %u %u %u %u guarded %ld\n", halves[0], halves[1], halves[2], halves[3], guarded);
  return 0;
}
