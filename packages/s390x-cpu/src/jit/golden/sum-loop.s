# The sum of an array.
# jit entry again
        larl  %r1,numbers
        lghi  %r2,0
        lghi  %r4,4
again:  lg    %r3,0(%r1)
        agr   %r2,%r3
        la    %r1,8(%r1)
        brctg %r4,again
        svc   255
        .align 8
numbers: .quad 1,20,300,4000
