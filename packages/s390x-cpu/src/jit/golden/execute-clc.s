# EXECUTE, as the C library has it: a comparison with a length from a register, at an address from another.
# jit entry again
# jit executes execute: compare
        larl  %r2,one
        larl  %r3,other
        larl  %r5,compare
        lghi  %r4,11
        lghi  %r1,0
again:  aghi  %r1,1
execute: ex   %r4,0(%r5)
        je    equal
        brctg %r4,again
equal:  svc   255
compare: clc  0(1,%r2),0(%r3)
one:    .ascii "twelve bytes"
other:  .ascii "twelve lines"
