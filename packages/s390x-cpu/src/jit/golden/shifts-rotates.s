# A hash: shifts, rotation, and bits inserted from a rotated register.
# jit entry again
        larl  %r2,text
        lghi  %r3,8
        llilf %r1,0x811c9dc5
again:  llgc  %r4,0(%r2)
        rll   %r1,%r1,5
        xr    %r1,%r4
        risbg %r5,%r1,48,63,20
        risbgz %r6,%r1,56,63,0
        sllg  %r7,%r5,0(%r6)
        srak  %r0,%r1,3
        sla   %r0,1
        rosbg %r1,%r7,32,63,7
        la    %r2,1(%r2)
        brctg %r3,again
        svc   255
text:   .ascii "hash me!"
