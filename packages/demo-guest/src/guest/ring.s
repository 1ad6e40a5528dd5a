# The split virtqueue (virtio 1.4, section 2.7), the driver's side. Three areas in storage:
#   - descriptors of 16 bytes: address (8), length (4), flags (2), next (2);
#   - the available ring, ours to write: flags (2), index (2), then the first descriptor (2) of each buffer offered;
#   - the used ring, the device's to write: flags (2), index (2), then descriptor (4) and bytes written (4) of each buffer used.
#
# A device since virtio 1.0 reads and writes all these little-endian, wherever it is; one from before in the order of the guest,
# here big-endian. So each access comes twice: sth for the one, strvh (store reversed) for the other.
#
# Descriptors are not managed: every driver here uses fixed ones, and has at most as many buffers on offer as it has such.

.equ NEXT,              1               # flags of a descriptor: the buffer goes on with descriptor `next`,
.equ WRITE,             2               # the device writes

# Make the ring of device block r2, which allows up to r3 entries, in our own storage. Result: 0 if there can be one.
ring_make:
        ltgr    %r3,%r3
        jz      2f                              # there is no such queue
        chi     %r3,64                          # 64 are enough, and their areas fit into 4 KiB
        jnh     1f
        lghi    %r3,64
1:      st      %r3,DEV_SIZE(%r2)
        mvhi    DEV_OFFERED(%r2),0
        mvi     DEV_LITTLE(%r2),1
        larl    %r1,devices                     # 4 KiB for each device block of 256 bytes
        lgr     %r4,%r2
        sgr     %r4,%r1
        sllg    %r4,%r4,4
        algfi   %r4,RINGS
        stg     %r4,DEV_DESCRIPTORS(%r2)        # 64 times 16 bytes
        la      %r1,1024(%r4)
        stg     %r1,DEV_AVAILABLE(%r2)          # 4 + 64 times 2 bytes
        la      %r1,2048(%r4)
        stg     %r1,DEV_USED(%r2)               # 4 + 64 times 8 bytes
        lghi    %r5,4096
        lghi    %r1,0
        mvcl    %r4,%r0                         # zeroes, as at the start
        lghi    %r2,0
        br      %r14
2:      lghi    %r2,STATE_REFUSED
        br      %r14

# Fill descriptor r3 of device block r2: r5 bytes at r4, flags r0; the next one is the one behind it. Leaves its number in r3.
ring_describe:
        sllg    %r1,%r3,4
        ag      %r1,DEV_DESCRIPTORS(%r2)
        aghi    %r3,1
        cli     DEV_LITTLE(%r2),0
        jne     1f
        stg     %r4,0(%r1)
        st      %r5,8(%r1)
        sth     %r0,12(%r1)
        sth     %r3,14(%r1)
        br      %r14
1:      strvg   %r4,0(%r1)
        strv    %r5,8(%r1)
        strvh   %r0,12(%r1)
        strvh   %r3,14(%r1)
        br      %r14

# Offer the buffer that begins with descriptor r3 to device block r2. The device sees it when it sees the index: so that is
# written last, and not before all else is in storage.
ring_offer:
        l       %r4,DEV_OFFERED(%r2)
        l       %r1,DEV_SIZE(%r2)
        ahi     %r1,-1
        nr      %r1,%r4                         # the index counts on and on; the ring has a power of two of places
        llgfr   %r1,%r1
        sllg    %r1,%r1,1
        lg      %r5,DEV_AVAILABLE(%r2)
        agr     %r1,%r5
        ahi     %r4,1
        st      %r4,DEV_OFFERED(%r2)
        cli     DEV_LITTLE(%r2),0
        jne     1f
        sth     %r3,4(%r1)
        bcr     15,%r0                          # serialize
        sth     %r4,2(%r5)
        br      %r14
1:      strvh   %r3,4(%r1)
        bcr     15,%r0
        strvh   %r4,2(%r5)
        br      %r14

# Notify device block r2 and wait until it has used all buffers. Result: 0, or STATE_NO_ANSWER.
# Each time a device has used buffers it interrupts, unless the available ring's flags ask it not to. An interruption may also be
# left from before, so it says no more than that it is time to look.
ring_run:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        brasl   %r14,set_alarm
        lg      %r1,DEV_BUS(%r6)
        lg      %r1,BUS_NOTIFY(%r1)
        lgr     %r2,%r6
        basr    %r14,%r1
1:      brasl   %r14,wait
        lg      %r1,DEV_USED(%r6)
        lhi     %r3,0
        cli     DEV_LITTLE(%r6),0
        jne     2f
        lh      %r3,2(%r1)
        j       3f
2:      lrvh    %r3,2(%r1)
3:      x       %r3,DEV_OFFERED(%r6)
        lghi    %r2,0
        tmll    %r3,0xffff                      # used index and available index the same?
        jz      4f
        larl    %r1,timed_out
        cli     0(%r1),0
        je      1b
        lghi    %r2,STATE_NO_ANSWER
4:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Result: how many bytes device block r2 wrote into the buffer that it used last.
ring_written:
        l       %r3,DEV_OFFERED(%r2)
        ahi     %r3,-1
        l       %r1,DEV_SIZE(%r2)
        ahi     %r1,-1
        nr      %r1,%r3
        llgfr   %r1,%r1
        sllg    %r1,%r1,3
        ag      %r1,DEV_USED(%r2)
        cli     DEV_LITTLE(%r2),0
        jne     1f
        llgf    %r2,8(%r1)
        br      %r14
1:      lrv     %r2,8(%r1)
        llgfr   %r2,%r2
        br      %r14
