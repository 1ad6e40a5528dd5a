# A switch: a branch to an address from a table.
# jit entry again
# jit targets switch: zero one two three
        larl  %r5,table
        lghi  %r1,9
        lghi  %r2,0
again:  lgr   %r3,%r1
        nill  %r3,3
        sllg  %r3,%r3,3
        lg    %r4,0(%r3,%r5)
switch: br    %r4
zero:   aghi  %r2,1
        j     next
one:    aghi  %r2,10
        j     next
two:    aghi  %r2,100
        j     next
three:  aghi  %r2,1000
next:   brctg %r1,again
        svc   255
        .align 8
table:  .quad zero,one,two,three
