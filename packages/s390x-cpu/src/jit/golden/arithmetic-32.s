# 32-bit arithmetic, and condition codes that somebody looks at.
# jit entry again
        lghi  %r1,6
        llilf %r2,0x7ffffff0
        lghi  %r3,5
        lghi  %r4,0
        lghi  %r5,0
again:  ar    %r2,%r3
        jo    over
        alr   %r4,%r2
        brc   3,carry
count:  brct  %r1,again
        ipm   %r6
        svc   255
over:   ahi   %r5,1
        j     count
carry:  ahi   %r5,100
        j     count
