/*
 * Runs single storage-operand instructions as an s390x host, or qemu-s390x, does: the reference of the corpus.
 *
 * Standard input is a sequence of records, standard output the same records with the results filled in:
 * 8 bytes instruction (left-aligned; its base register is 4), condition code (4), 4 bytes padding, r2 (8), 96 bytes of
 * storage to which register 4 points. A record whose instruction raises a signal comes back with condition code 4.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

struct record {
  uint8_t instruction[8];
  uint32_t cc;
  uint32_t padding;
  uint64_t r2;
  uint8_t storage[96];
};

static sigjmp_buf back;

static void on_signal(int number) {
  (void)number;
  siglongjmp(back, 1);
}

static void run(struct record *r) {
  register uint64_t r2 __asm__("r2") = r->r2;
  register uint8_t *base __asm__("r4") = r->storage;
  uint32_t cc;
  __asm__ volatile("ex %%r0,0(%[i])\n ipm %[cc]\n"
                   : "+d"(r2), [cc] "=&d"(cc)
                   : "a"(base), [i] "a"(r->instruction)
                   : "cc", "memory");
  r->r2 = r2;
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
