/* Signals: handlers, codes and addresses of faults, alternate stacks, masks, jumps, timers, restarted calls. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf environment;
static volatile sig_atomic_t count, depth, deepest, onAlternate;
static char *guard;
static char alternate[65536];

static void fault(int number, siginfo_t *info, void *context) {
  char here;
  (void)context;
  onAlternate = &here >= alternate && &here < alternate + sizeof alternate;
  long offset = number == SIGSEGV ? (char *)info->si_addr - guard : 0;
  printf("signal %d code %d offset %ld alternate %d\n", number, info->si_code, number == SIGSEGV ? offset & ~4095L : 0, (int)onAlternate);
  siglongjmp(environment, number);
}

static void counting(int number) {
  (void)number;
  count++;
}

static void nesting(int number) {
  depth++;
  if (depth > deepest) deepest = depth;
  if (depth < 5) raise(number);
  depth--;
}

static void install(int number, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(number, &action, 0);
}

static volatile int zero;
__attribute__((noinline)) static int overflowStack(int n) {
  volatile char space[4096];
  space[0] = (char)n;
  return overflowStack(n + 1) + space[0];
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, 0);
  guard = mmap(0, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  install(SIGSEGV, fault, 0);
  install(SIGFPE, fault, 0);
  install(SIGILL, fault, 0);
  install(SIGTRAP, fault, 0);

  if (!sigsetjmp(environment, 1)) printf("%d\n", *(volatile char *)(guard + 5000));
  if (!sigsetjmp(environment, 1)) *(volatile char *)guard = 1;
  mprotect(guard, 4096, PROT_READ);
  if (!sigsetjmp(environment, 1)) *(volatile char *)guard = 1;
  if (!sigsetjmp(environment, 1)) printf("%d\n", 5 / zero);
  if (!sigsetjmp(environment, 1)) __asm__ volatile(".long 0");
  install(SIGSEGV, fault, SA_ONSTACK);
  guard = (char *)((uintptr_t)__builtin_frame_address(0) & ~4095ul);
  pid_t child = fork();
  if (child == 0) {
    /* The address depends on the size of the stack; what counts is that the handler runs at all. */
    if (!sigsetjmp(environment, 1)) {
      freopen("/dev/null", "w", stdout);
      overflowStack(0);
    }
    _exit(onAlternate ? 42 : 1);
  }
  int status;
  waitpid(child, &status, 0);
  printf("stack overflow %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);

  signal(SIGUSR1, counting);
  sigset_t set, old, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, &old);
  raise(SIGUSR1);
  raise(SIGUSR1);
  sigpending(&pending);
  printf("blocked: count %d pending %d\n", (int)count, sigismember(&pending, SIGUSR1));
  sigsuspend(&old);
  printf("after sigsuspend: count %d\n", (int)count);
  sigprocmask(SIG_SETMASK, &old, 0);

  struct sigaction action = {.sa_handler = nesting, .sa_flags = SA_NODEFER};
  sigaction(SIGUSR2, &action, 0);
  raise(SIGUSR2);
  printf("nested %d\n", (int)deepest);

  /* A real-time signal carries a value and is queued. */
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, 0);
  for (int i = 1; i <= 3; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i * 11});
  siginfo_t info;
  for (int i = 0; i < 3; i++) {
    sigwaitinfo(&set, &info);
    printf("queued %d code %d\n", info.si_value.sival_int, info.si_code);
  }

  /* A read interrupted by a timer: restarted or not. */
  int ends[2];
  if (pipe(ends)) return 1;
  action.sa_handler = counting;
  action.sa_flags = 0;
  sigaction(SIGALRM, &action, 0);
  struct itimerval timer = {.it_value = {.tv_usec = 20000}};
  char byte;
  setitimer(ITIMER_REAL, &timer, 0);
  ssize_t got = read(ends[0], &byte, 1);
  printf("not restarted %zd %d\n", got, errno == EINTR);
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, 0);
  if ((child = fork()) == 0) {
    usleep(100000);
    if (write(ends[1], "x", 1) != 1) _exit(1);
    _exit(0);
  }
  setitimer(ITIMER_REAL, &timer, 0);
  got = read(ends[0], &byte, 1);
  printf("restarted %zd %c\n", got, byte);
  waitpid(child, &status, 0);

  /* Registers survive a handler: floating point and general. */
  count = 0;
  double value = 1.5;
  uint64_t sum = 0;
  timer.it_interval.tv_usec = timer.it_value.tv_usec = 1000;
  setitimer(ITIMER_REAL, &timer, 0);
  for (uint64_t i = 0; count < 20 || i % 1000; i++) {
    value = value * 1.0000001 - 1e-7 * value;
    sum += i & 1;
  }
  memset(&timer, 0, sizeof timer);
  setitimer(ITIMER_REAL, &timer, 0);
  printf("survived %d %d\n", value > 1.4 && value < 1.6, sum > 0);

  signal(SIGTERM, SIG_DFL);
  if ((child = fork()) == 0) {
    raise(SIGTERM);
    _exit(0);
  }
  waitpid(child, &status, 0);
  printf("ended by %d %s\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
  fflush(stdout);
  signal(SIGABRT, SIG_DFL);
  if ((child = fork()) == 0) abort();
  waitpid(child, &status, 0);
  printf("aborted %d\n", WTERMSIG(status) == SIGABRT);
  return 0;
}
