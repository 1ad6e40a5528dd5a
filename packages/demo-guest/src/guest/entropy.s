# An entropy device (virtio 1.4, section 5.4): it fills the buffers of its one queue with random bytes, each at least with one.

.equ ENTROPY_BYTES,     65536           # so many we want,
.equ ENTROPY_REQUEST,   4096            # so many at a time

entropy_drive:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        llilf   %r7,BUFFERS
        lgr     %r4,%r7                         # Zeroes: a device that says that it wrote and did not will be noticed.
        llilf   %r5,ENTROPY_BYTES
        lghi    %r1,0
        mvcl    %r4,%r0
        llilf   %r8,ENTROPY_BYTES               # bytes still to come
        brasl   %r14,now
        lgr     %r9,%r2
1:      lgr     %r2,%r6
        lghi    %r3,0
        lgr     %r4,%r7
        lghi    %r5,ENTROPY_REQUEST
        cgrjhe  %r8,%r5,2f
        lgr     %r5,%r8
2:      lgr     %r10,%r5
        lghi    %r0,WRITE
        brasl   %r14,ring_describe
        lghi    %r3,0
        brasl   %r14,ring_offer
        lgr     %r2,%r6
        brasl   %r14,ring_run
        ltgr    %r2,%r2
        jnz     6f
        lgr     %r2,%r6
        brasl   %r14,ring_written
        lghi    %r3,STATE_IO_ERROR              # nothing, or more than there is room for
        clgrjh  %r2,%r10,5f
        ltgr    %r2,%r2
        jz      5f
        agr     %r7,%r2
        sgr     %r8,%r2
        jh      1b
        brasl   %r14,now
        sgr     %r2,%r9
        stg     %r2,DEV_TIME(%r6)
        llilf   %r1,ENTROPY_BYTES
        stg     %r1,DEV_BYTES(%r6)

        # Are they random? Half of the bits should be one, or nearly: among 524,288, one in a hundred more or less is 14 standard
        # deviations.
        llilf   %r7,BUFFERS
        llilf   %r8,ENTROPY_BYTES/8
        lghi    %r3,0
        larl    %r5,3f
        lg      %r5,0(%r5)
4:      lg      %r4,0(%r7)
        popcnt  %r1,%r4                         # the one bits of each byte,
        msgr    %r1,%r5                         # added up in the leftmost byte
        srlg    %r1,%r1,56
        agr     %r3,%r1
        aghi    %r7,8
        brctg   %r8,4b
        mghi    %r3,1000
        srlg    %r3,%r3,19                      # in a thousand: divide by the number of bits
        stg     %r3,DEV_ONES(%r6)
        lgr     %r1,%r3
        lghi    %r3,STATE_WRONG_DATA
        chi     %r1,490
        jl      5f
        chi     %r1,510
        jh      5f
        lghi    %r3,0
5:      lgr     %r2,%r3
6:      lmg     %r6,%r15,208(%r15)
        br      %r14

        .balign 8
3:      .quad   0x0101010101010101
