/* Virtual memory: mappings, protection, sharing, copy on write, growth, deep stacks. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf environment;
static volatile char *volatile nullPage = (volatile char *)0x10;
static void fault(int number) { siglongjmp(environment, number); }

static int deep(int n) {
  char space[512];
  memset(space, n, sizeof space);
  return n == 0 ? space[100] : deep(n - 1) + (space[n & 511] != 0);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  signal(SIGSEGV, fault);
  size_t size = 24 << 20;
  unsigned char *volatile mapping = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char *area = mapping;
  uint64_t sum = 0;
  for (size_t i = 0; i < size; i += 4096) area[i + i / 4096 % 4096] = (unsigned char)(i >> 12);
  for (size_t i = 0; i < size; i++) sum += area[i];
  printf("touched %lu\n", sum);

  int status;
  pid_t child = fork();
  if (child == 0) {
    for (size_t i = 0; i < size; i += 4096) area[i + i / 4096 % 4096] ^= 0xff;
    sum = 0;
    for (size_t i = 0; i < size; i += 512) sum += area[i];
    _exit((int)(sum & 0x7f));
  }
  waitpid(child, &status, 0);
  sum = 0;
  for (size_t i = 0; i < size; i++) sum += area[i];
  printf("copied %d parent %lu\n", WEXITSTATUS(status), sum);

  area = mapping = mremap(area, size, size * 2, MREMAP_MAYMOVE);
  printf("moved %d %d\n", area[4096 + 1], area[size + 5]);
  madvise(area, 8192, MADV_DONTNEED);
  printf("dropped %d\n", area[4096 + 1]);
  mprotect(area, 4096, PROT_READ);
  int caught = sigsetjmp(environment, 1);
  if (!caught) mapping[0] = 1;
  printf("protected %d\n", caught);
  munmap(mapping, 4096);
  caught = sigsetjmp(environment, 1);
  if (!caught) caught = mapping[1];
  printf("unmapped %d\n", caught);
  caught = sigsetjmp(environment, 1);
  if (!caught) caught = *nullPage;
  printf("null page %d\n", caught);

  volatile int *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if ((child = fork()) == 0) {
    for (int i = 0; i < 1000; i++) __atomic_fetch_add(&shared[5], 3, __ATOMIC_SEQ_CST);
    _exit(0);
  }
  for (int i = 0; i < 1000; i++) __atomic_fetch_add(&shared[5], 2, __ATOMIC_SEQ_CST);
  waitpid(child, &status, 0);
  printf("shared %d\n", shared[5]);

  char name[] = "/tmp/zarch-memory-XXXXXX";
  int file = mkstemp(name);
  unlink(name);
  if (ftruncate(file, 10000)) return 1;
  char *mapped = mmap(0, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  strcpy(mapped + 9000, "through the mapping");
  char text[20] = {0};
  ssize_t got = pread(file, text, 19, 9000);
  got += pwrite(file, "THROUGH", 7, 9000);
  printf("file %zd %s %s %d\n", got, text, mapped + 9000, mapped[10001]);

  char *fixed = mmap((void *)0x20000000000, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  strcpy(fixed + (1 << 19), "high");
  printf("fixed %d %s\n", fixed == (char *)0x20000000000, fixed + (1 << 19));
  char *before = sbrk(0);
  sbrk(1 << 20);
  before[(1 << 20) - 1] = 7;
  printf("brk %ld %d\n", (long)((char *)sbrk(0) - before), before[(1 << 20) - 1]);
  printf("deep %d\n", deep(9000));
  void *pieces[500];
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 500; i++) memset(pieces[i] = malloc((size_t)(i * 97 + round) % 9000 + 1), i, (size_t)(i * 97 + round) % 9000 + 1);
    for (int i = 0; i < 500; i++) {
      sum += *(unsigned char *)pieces[i];
      free(pieces[(i * 7) % 500]);
      pieces[(i * 7) % 500] = malloc(64);
      memset(pieces[(i * 7) % 500], 1, 64);
    }
    for (int i = 0; i < 500; i++) free(pieces[i]);
  }
  printf("heap %d\n", sum > 0);
  return 0;
}
