# memcpy as compilers write it: a length from a register.
# jit entry again
        larl  %r2,to
        larl  %r3,from
        lghi  %r4,20
again:  exrl  %r4,move
        la    %r2,21(%r2)
        aghi  %r4,-6
        jnm   again
        svc   255
move:   mvc   0(1,%r2),0(%r3)
from:   .ascii "twenty-four characters.\0"
        .space 256
to:     .space 128
