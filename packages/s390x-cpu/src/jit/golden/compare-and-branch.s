# A binary search: comparisons with a branch in them, and comparisons before a branch.
# jit entry again
        larl  %r2,numbers
        lghi  %r3,0            # low
        lghi  %r4,7            # high
        lghi  %r5,11           # wanted
again:  crjh  %r3,%r4,absent
        lr    %r1,%r3
        ar    %r1,%r4
        srl   %r1,1
        sllg  %r0,%r1,2
        lgr   %r6,%r0
        lgf   %r0,0(%r6,%r2)
        cgr   %r0,%r5
        je    found
        jh    below
        ahik  %r3,%r1,1
        j     again
below:  ahik  %r4,%r1,-1
        j     again
absent: lhi   %r1,-1
found:  svc   255
        .align 4
numbers: .long 1,2,3,5,7,11,13,17
