# Storage to storage: a record is copied, compared and cleared.
# jit entry again
        larl  %r2,from
        larl  %r3,to
        lghi  %r4,3
again:  mvc   0(24,%r3),0(%r2)
        clc   0(24,%r3),0(%r2)
        jne   differ
        xc    0(8,%r3),0(%r3)
        mvi   8(%r3),42
        mvc   9(7,%r3),8(%r3)
        brctg %r4,again
differ: svc   255
from:   .ascii "twenty-four characters.\0"
        .space 256
to:     .space 24
