# A loop in a loop; the inner one is left early.
# jit entry outer
        lghi  %r1,1
        lghi  %r5,0
outer:  lghi  %r2,1
inner:  lgr   %r3,%r1
        msgr  %r3,%r2
        agr   %r5,%r3
        cgijh %r3,20,next
        aghi  %r2,1
        cgijl %r2,10,inner
next:   aghi  %r1,1
        cgijnh %r1,6,outer
        svc   255
