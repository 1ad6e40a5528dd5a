# The end of a string, and a copy of it, by the instructions for that. Each may end early, with condition code 3, to be done again.
# jit entry again
        larl  %r5,text
        lghi  %r4,3
        lghi  %r0,0
again:  larl  %r2,end
        lgr   %r3,%r5
search: srst  %r2,%r3
        jo    search
        larl  %r6,copy
        lgr   %r7,%r5
move:   mvst  %r6,%r7
        jo    move
        brctg %r4,again
        svc   255
text:   .asciz "how long is this?"
end:    .space 256
copy:   .space 32
