# The largest of some numbers, by loads and stores on condition.
# jit entry again
        larl  %r2,numbers
        lghi  %r3,5
        lghi  %r1,0
again:  lg    %r4,0(%r2)
        cgr   %r4,%r1
        locgrh %r1,%r4
        ltgr  %r4,%r4
        stocgm %r3,0(%r2)
        locge %r1,8(%r2)
        la    %r2,8(%r2)
        brctg %r3,again
        svc   255
        .align 8
numbers: .quad 5,-3,70,0,9,11
