# A function that is called by a pointer: sort and its like.
# jit entry again
# jit targets call: less
        larl  %r6,less
        larl  %r7,numbers
        lghi  %r8,3
        lghi  %r9,0
again:  lgf   %r2,0(%r7)
        lgf   %r3,4(%r7)
call:   basr  %r14,%r6
        agr   %r9,%r2
        la    %r7,4(%r7)
        brctg %r8,again
        svc   255
less:   cgrjl %r2,%r3,yes
        lghi  %r2,0
        br    %r14
yes:    lghi  %r2,1
        br    %r14
        .align 4
numbers: .long 7,8,3,9
