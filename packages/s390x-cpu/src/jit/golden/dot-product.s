# The dot product of two vectors of doubles.
# jit entry again
# jit bfp settled
        larl  %r2,a
        larl  %r3,b
        lghi  %r1,0
        lghi  %r4,3
        lzdr  %f0
again:  ld    %f2,0(%r1,%r2)
        mdb   %f2,0(%r1,%r3)
        adbr  %f0,%f2
        aghi  %r1,8
        brctg %r4,again
        svc   255
        .align 8
a:      .quad 0x3ff8000000000000,0x4000000000000000,0xbff0000000000000
b:      .quad 0x4010000000000000,0x3fe0000000000000,0x4008000000000000
