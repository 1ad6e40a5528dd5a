# 31-bit addressing mode: addresses wrap, branches leave their top bit.
# jit mode 31
# jit entry again
        larl  %r1,numbers
        lhi   %r2,0
        lhi   %r3,3
again:  a     %r2,0(%r1)
        la    %r1,4(%r1)
        bras  %r14,halve
        brct  %r3,again
        svc   255
halve:  sra   %r2,1
        br    %r14
        .align 4
numbers: .long 100,-7,33
