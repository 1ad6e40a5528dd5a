# Names are looked up in a list, as strcmp does it: CLST until it is done.
# jit entry next
        larl  %r2,list
        larl  %r3,name
        lghi  %r0,0
        lghi  %r4,3
next:   lgr   %r5,%r2
        lgr   %r6,%r3
again:  clst  %r5,%r6
        jo    again
        je    found
        la    %r2,8(%r2)
        brctg %r4,next
found:  svc   255
list:   .asciz "mvst   "
        .asciz "srst   "
        .asciz "clst   "
name:   .asciz "clst   "
