/* Processes: fork, exec, wait, pipes, sockets, poll, environment, exit status. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int sum(int from, int to) {
  int ends[2], status;
  if (to - from <= 8) {
    int total = 0;
    for (int i = from; i < to; i++) total += i;
    return total;
  }
  /* Each half in a process of its own. */
  int total = 0, middle = (from + to) / 2, bounds[3] = {from, middle, to};
  if (pipe(ends)) exit(1);
  for (int half = 0; half < 2; half++) {
    if (fork() == 0) {
      int part = sum(bounds[half], bounds[half + 1]);
      _exit(write(ends[1], &part, sizeof part) != sizeof part);
    }
  }
  for (int half = 0; half < 2; half++) {
    int part;
    if (read(ends[0], &part, sizeof part) != sizeof part) exit(1);
    total += part;
    wait(&status);
    if (status) exit(1);
  }
  close(ends[0]);
  close(ends[1]);
  return total;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "child") == 0) {
    for (int i = 2; i < argc; i++) printf("[%s]", argv[i]);
    printf(" %s\n", getenv("PASSED") ? getenv("PASSED") : "unset");
    return 33;
  }
  setvbuf(stdout, 0, _IONBF, 0);
  printf("tree %d\n", sum(0, 200));

  int status;
  pid_t child = fork();
  if (child == 0) {
    char *arguments[] = {argv[0], "child", "a b", "", "new\nline", 0};
    char *environment[] = {"PASSED=on", 0};
    /* Under user-mode emulation without support by the kernel, the emulator must be named. */
    char *emulator = getenv("ZARCH_EMULATOR");
    char *emulated[] = {emulator, argv[0], "child", "a b", "", "new\nline", 0};
    if (emulator) execve(emulator, emulated, environment);
    else execve("/proc/self/exe", arguments, environment);
    _exit(1);
  }
  waitpid(child, &status, 0);
  printf("exec %d\n", WEXITSTATUS(status));
  child = fork();
  if (child == 0) {
    execl("/nonexistent/program", "x", (char *)0);
    _exit(errno == ENOENT ? 44 : 1);
  }
  waitpid(child, &status, 0);
  printf("missing %d\n", WEXITSTATUS(status));

  /* A filter of three stages with a megabyte through it. */
  int first[2], second[2];
  if (pipe(first) || pipe(second)) return 1;
  if (fork() == 0) {
    close(first[0]);
    for (int i = 0; i < 256; i++) {
      char block[4096];
      memset(block, i, sizeof block);
      for (size_t done = 0; done < sizeof block;) done += (size_t)write(first[1], block + done, sizeof block - done);
    }
    _exit(0);
  }
  close(first[1]);
  if (fork() == 0) {
    unsigned char block[1000];
    ssize_t got;
    close(second[0]);
    while ((got = read(first[0], block, sizeof block)) > 0) {
      for (ssize_t i = 0; i < got; i++) block[i] ^= 0x55;
      for (ssize_t done = 0; done < got;) done += write(second[1], block + done, got - done);
    }
    _exit(0);
  }
  close(first[0]);
  close(second[1]);
  uint32_t digest = 0, length = 0;
  unsigned char block[3000];
  ssize_t got;
  while ((got = read(second[0], block, sizeof block)) > 0) {
    for (ssize_t i = 0; i < got; i++) digest = digest * 31 + block[i];
    length += (uint32_t)got;
  }
  while (wait(&status) > 0) {
  }
  printf("filter %u %08x\n", length, digest);

  int sockets[2];
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets);
  if (fork() == 0) {
    char message[64];
    ssize_t size = recv(sockets[1], message, sizeof message, 0);
    for (ssize_t i = 0; i < size / 2; i++) {
      char swap = message[i];
      message[i] = message[size - 1 - i];
      message[size - 1 - i] = swap;
    }
    send(sockets[1], message, (size_t)size, 0);
    _exit(0);
  }
  send(sockets[0], "reversed", 8, 0);
  struct pollfd waiting = {.fd = sockets[0], .events = POLLIN};
  int ready = poll(&waiting, 1, 5000);
  char reply[16] = {0};
  recv(sockets[0], reply, 15, 0);
  printf("poll %d %s\n", ready, reply);
  wait(&status);

  char name[] = "/tmp/zarch-processes-XXXXXX";
  int file = mkstemp(name);
  if (dprintf(file, "hello %d\n", 5) < 0) return 1;
  lseek(file, 6, SEEK_SET);
  char digit;
  got = read(file, &digit, 1);
  struct stat about;
  fstat(file, &about);
  printf("file %zd %c %ld %o\n", got, digit, (long)about.st_size, (unsigned)about.st_mode & 0777);
  unlink(name);
  printf("gone %d\n", open(name, O_RDONLY) < 0 && errno == ENOENT);

  /* Copies of memory stay apart. */
  static int shared = 1;
  child = fork();
  if (child == 0) {
    shared = 99;
    _exit(shared);
  }
  waitpid(child, &status, 0);
  printf("apart %d %d\n", shared, WEXITSTATUS(status));
  return 17;
}
