#pragma once

#include <stdint.h>
#include <time.h>

/** Nanoseconds of a clock that only runs forward. */
static inline uint64_t nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}
