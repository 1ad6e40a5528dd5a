/* Clocks go forward and agree, sleeping takes its time, and the calendar is right. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

static int64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

int main(void) {
  static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
  for (int i = 0; i < 5; i++) {
    int64_t last = now(clocks[i]), start = last;
    int backwards = 0, moved = 0;
    for (int k = 0; k < 20000; k++) {
      int64_t next = now(clocks[i]);
      backwards += next < last;
      moved += next > last;
      last = next;
    }
    printf("clock %d backwards %d moves %d\n", i, backwards, moved > 0 && last > start);
  }
  int64_t start = now(CLOCK_MONOTONIC);
  usleep(30000);
  int64_t slept = now(CLOCK_MONOTONIC) - start;
  printf("slept enough %d not for ever %d\n", slept >= 30000000, slept < 20000000000ll);
  int64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  usleep(200000);
  printf("sleeping costs nothing %d\n", now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 150000000);
  struct timeval day;
  gettimeofday(&day, 0);
  printf("same second %d\n", llabs((long long)day.tv_sec - time(0)) <= 1);
  printf("later than 2024 %d\n", time(0) > 1704067200);
  struct tms usage;
  times(&usage);
  printf("some time used %d\n", usage.tms_utime + usage.tms_stime >= 0);

  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  tzset();
  static const time_t moments[] = {0, 951782400, 1711846799, 1711846800, 4102444800, -1};
  for (int i = 0; i < 6; i++) {
    char text[80];
    struct tm utc, local;
    gmtime_r(&moments[i], &utc);
    localtime_r(&moments[i], &local);
    strftime(text, sizeof text, "%a %d %b %Y %H:%M:%S week %V day %j", &utc);
    printf("%s", text);
    strftime(text, sizeof text, " | %H:%M %Z %z", &local);
    printf("%s %d\n", text, mktime(&local) == moments[i]);
  }
  return 0;
}
