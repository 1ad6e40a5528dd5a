/*
 * Runs single floating-point instructions as an s390x host, or qemu-s390x, does: the reference of the corpus.
 *
 * Standard input is a sequence of records, standard output the same records with the results filled in:
 * 8 bytes instruction (left-aligned), fpc (4), condition code (4), f0 f2 f4 f6 f8 f10 (8 each), r2 r3 (8 each).
 * A record whose instruction raises a signal comes back with condition code 4.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

struct record {
  uint8_t instruction[8];
  uint32_t fpc;
  uint32_t cc;
  uint64_t fpr[6];
  uint64_t gpr[2];
};

static sigjmp_buf back;

static void on_signal(int number) {
  (void)number;
  siglongjmp(back, 1);
}

static void run(struct record *r) {
  register uint64_t r2 __asm__("r2") = r->gpr[0];
  register uint64_t r3 __asm__("r3") = r->gpr[1];
  uint32_t cc;
  __asm__ volatile(
      "ld %%f0,0(%[f])\n ld %%f2,8(%[f])\n ld %%f4,16(%[f])\n ld %%f6,24(%[f])\n ld %%f8,32(%[f])\n ld %%f10,40(%[f])\n"
      "lfpc 0(%[c])\n"
      "ex %%r0,0(%[i])\n"
      "ipm %[cc]\n"
      "stfpc 0(%[c])\n"
      "std %%f0,0(%[f])\n std %%f2,8(%[f])\n std %%f4,16(%[f])\n std %%f6,24(%[f])\n std %%f8,32(%[f])\n std %%f10,40(%[f])\n"
      "xr %%r0,%%r0\n sfpc %%r0\n"
      : "+d"(r2), "+d"(r3), [cc] "=&d"(cc)
      : [f] "a"(r->fpr), [c] "a"(&r->fpc), [i] "a"(r->instruction)
      : "r0", "f0", "f2", "f4", "f6", "f8", "f10", "cc", "memory");
  r->gpr[0] = r2;
  r->gpr[1] = r3;
  r->cc = cc >> 28;
}

int main(void) {
  static struct record r;
  signal(SIGFPE, on_signal);
  signal(SIGILL, on_signal);
  while (fread(&r, sizeof r, 1, stdin) == 1) {
    if (sigsetjmp(back, 1) == 0) run(&r);
    else r.cc = 4;
    fwrite(&r, sizeof r, 1, stdout);
  }
  return 0;
}
