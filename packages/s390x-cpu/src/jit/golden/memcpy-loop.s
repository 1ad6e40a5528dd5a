# A copy, byte by byte, and then by doublewords with an index.
# jit entry bytes
        larl  %r2,to
        larl  %r3,from
        lghi  %r4,5
bytes:  llgc  %r0,0(%r3)
        stc   %r0,0(%r2)
        la    %r3,1(%r3)
        la    %r2,1(%r2)
        brctg %r4,bytes
        larl  %r2,to
        larl  %r3,from
        lghi  %r1,0
        lghi  %r4,8
        lghi  %r5,23
words:  lg    %r0,0(%r1,%r3)
        stg   %r0,0(%r1,%r2)
        brxlg %r1,%r4,words
        svc   255
from:   .ascii "twenty-four characters.\0"
        .space 256
to:     .space 24
