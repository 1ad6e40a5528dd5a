// PROGRAM AMOUNT: does that amount of work and prints "checksum SUM nanoseconds TIME". The time is that of the work alone.
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "program.h"

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s AMOUNT\n", argv[0]);
    return 2;
  }
  uint64_t amount = strtoull(argv[1], 0, 10);
  uint64_t start = nanoseconds();
  uint64_t sum = work(amount);
  uint64_t time = nanoseconds() - start;
  printf("checksum %016llx nanoseconds %llu\n", (unsigned long long)sum, (unsigned long long)time);
  return 0;
}
