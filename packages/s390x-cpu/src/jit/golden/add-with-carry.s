# The sum of two numbers of 256 bits: a chain of carries.
# jit entry again
        larl  %r2,a
        larl  %r3,b
        lghi  %r1,24
        lghi  %r4,4
        lghi  %r5,0
        algr  %r5,%r5          # condition code 0: no carry
again:  lg    %r0,0(%r1,%r2)
        alcg  %r0,0(%r1,%r3)
        stg   %r0,0(%r1,%r2)
        lay   %r1,-8(%r1)
        brctg %r4,again
        lghi  %r5,0
        alcgr %r5,%r5
        svc   255
        .align 8
a:      .quad 0xffffffffffffffff,1,0xffffffffffffffff,0xffffffffffffffff
b:      .quad 0,2,0,1
