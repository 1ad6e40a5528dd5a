# A loop and a function in the next page, which may be anywhere by the time that the region is entered again.
# jit entry again
        lghi  %r2,1
        lghi  %r3,5
again:  brasl %r14,triple
        aghi  %r2,1
        brctg %r3,again
        svc   255
        .align 4096
triple: lgr   %r1,%r2
        agr   %r2,%r1
        agr   %r2,%r1
        br    %r14
