# A counter that is changed with interruptions off, as Linux does it.
# jit entry again
        larl  %r2,counter
        larl  %r3,flags
        lghi  %r4,3
again:  stnsm 0(%r3),0xfc
        lg    %r1,0(%r2)
        aghi  %r1,1
        stg   %r1,0(%r2)
        tm    0(%r3),3
        je    off
        stosm 0(%r3),3
off:    brctg %r4,again
        svc   255
        .space 256
        .align 8
counter: .quad 0
flags:  .byte 0
