# The length of a string, byte by byte.
# jit entry next
        larl  %r2,text
        lgr   %r1,%r2
next:   cli   0(%r1),0
        je    end
        aghi  %r1,1
        j     next
end:    sgr   %r1,%r2
        svc   255
text:   .asciz "how long is this?"
