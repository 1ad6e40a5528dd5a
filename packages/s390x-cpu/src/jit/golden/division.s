# The digits of a number, and a quotient of 128 bits by 64.
# jit entry digit
        llilf %r5,1234567890
        lghi  %r3,10
        larl  %r2,end
digit:  lghi  %r4,0
        dlgr  %r4,%r3
        ahi   %r4,48
        aghi  %r2,-1
        stc   %r4,0(%r2)
        ltgr  %r5,%r5
        jne   digit
        lghi  %r0,3
        lgr   %r1,%r3
        dlgr  %r0,%r3
        lgr   %r7,%r1
        lgrl  %r8,divisor
        dsgr  %r6,%r8
        svc   255
        .space 10
end:    .align 8
divisor: .quad -7
