# A loop with two entries: its middle can be reached without its beginning.
# jit entry start
        lghi  %r1,7
        lghi  %r2,0
start:  tmll  %r1,1
        jo    middle
head:   aghi  %r2,3
middle: aghi  %r2,5
        brctg %r1,head
        svc   255
