# A function that is called from two places.
# jit entry again
        lghi  %r2,1
        lghi  %r3,5
again:  brasl %r14,double
        aghi  %r2,1
        brasl %r14,double
        brctg %r3,again
        svc   255
double: agr   %r2,%r2
        br    %r14
