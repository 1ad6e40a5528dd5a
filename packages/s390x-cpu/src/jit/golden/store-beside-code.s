# Stores beside the code that makes them, as far as another line of 64 bytes; and to low addresses, which no register points to.
# jit entry again
        larl  %r1,counts
        lghi  %r3,5
again:  agsi  8(%r1),7
        st    %r3,0x200
        brctg %r3,again
        lg    %r2,8(%r1)
        svc   255
        .align 64
counts: .quad 0,0
