// timed PROGRAM ARGUMENT...: runs a program and then prints "status STATUS nanoseconds TIME", from before fork to after wait.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s PROGRAM ARGUMENT...\n", argv[0]);
    return 2;
  }
  uint64_t start = nanoseconds();
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    _exit(127);
  }
  int status;
  if (child < 0 || waitpid(child, &status, 0) < 0) {
    perror(argv[0]);
    return 1;
  }
  uint64_t time = nanoseconds() - start;
  printf("status %d nanoseconds %llu\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), (unsigned long long)time);
  return 0;
}
