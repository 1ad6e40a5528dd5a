# A block device (virtio 1.4, section 5.2). A request is a header for the device to read: type (4), reserved (4), sector (8); the
# data; and a byte for the device to write: the status. Sectors have 512 bytes, whatever the device's blocks are.
#
# Two ways of reading are timed: 4 KiB at a time, each request when the last one is answered; several requests of 64 KiB at once.
# All that was read is compared with what the disk should hold (pattern.ts): the quad at byte 8n is "zarch" and n in three bytes.

.equ SLOTS,             8               # requests at once: each has three descriptors, a header, and 64 KiB of BUFFERS
.equ SLOT_SECTORS,      128
.equ SINGLE_SECTORS,    8               # 4 KiB
.equ SINGLES,           64
.equ MOST_SECTORS,      8192            # 4 MiB of the disk are enough

block_drive:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lg      %r1,DEV_BUS(%r6)
        lg      %r1,BUS_CONFIG(%r1)
        basr    %r14,%r1                        # the first field of the configuration: the capacity in sectors
        cli     DEV_LITTLE(%r6),0
        je      1f
        lrvgr   %r2,%r2
1:      lgr     %r7,%r2
        lghi    %r1,MOST_SECTORS
        clgrjnh %r7,%r1,2f
        lgr     %r7,%r1
2:      sllg    %r1,%r7,9
        stg     %r1,DEV_BYTES(%r6)
        lgr     %r2,%r6
        lgr     %r3,%r7
        brasl   %r14,block_read_singly
        ltgr    %r2,%r2
        jnz     3f
        lgr     %r2,%r6
        lgr     %r3,%r7
        brasl   %r14,block_read_together
3:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Read the first SINGLES times 4 KiB of device block r2, which has r3 sectors, one at a time. Result: 0, or another state.
block_read_singly:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lgr     %r7,%r3
        lghi    %r8,0                           # sector
        lghi    %r10,0                          # time
1:      lgr     %r2,%r8
        aghi    %r2,SINGLE_SECTORS
        clgrjh  %r2,%r7,2f
        chi     %r8,SINGLES*SINGLE_SECTORS
        jhe     2f
        brasl   %r14,now
        lgr     %r9,%r2
        lgr     %r2,%r6
        lghi    %r3,0                           # slot
        lgr     %r4,%r8
        lghi    %r5,SINGLE_SECTORS
        brasl   %r14,block_request
        lgr     %r2,%r6
        brasl   %r14,ring_run
        ltgr    %r2,%r2
        jnz     4f
        brasl   %r14,now
        sgr     %r2,%r9
        agr     %r10,%r2
        lgr     %r2,%r8
        lghi    %r3,0
        lghi    %r4,SINGLE_SECTORS
        brasl   %r14,block_check
        ltgr    %r2,%r2
        jnz     4f
        aghi    %r8,SINGLE_SECTORS
        j       1b
2:      srlg    %r5,%r8,3                       # requests done; none if the disk is smaller than one
        ltgr    %r5,%r5
        jz      3f
        lgr     %r3,%r10
        lghi    %r2,0
        dlgr    %r2,%r5
        stg     %r3,DEV_LATENCY(%r6)
3:      lghi    %r2,0
4:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Read the first r3 sectors of device block r2, several requests at once: as many as there are slots, and descriptors for them.
# Result: 0, or another state.
block_read_together:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lgr     %r7,%r3
        lghi    %r2,0
        stg     %r2,DEV_TIME(%r6)
        llgf    %r3,DEV_SIZE(%r6)
        lghi    %r1,3
        dlgr    %r2,%r1
        lgr     %r13,%r3                        # requests at once
        chi     %r13,SLOTS
        jnh     1f
        lghi    %r13,SLOTS
1:      lghi    %r8,0                           # sector of the next request
2:      clgrjhe %r8,%r7,8f
        lgr     %r9,%r8                         # sector of the first one of this round
        lghi    %r10,0                          # slot
        brasl   %r14,now
        lgr     %r11,%r2
3:      lgr     %r2,%r7
        sgr     %r2,%r8
        jz      5f
        lghi    %r5,SLOT_SECTORS
        clgrjhe %r2,%r5,4f
        lgr     %r5,%r2                         # the last request may be a smaller one
4:      lgr     %r2,%r6
        lgr     %r3,%r10
        lgr     %r4,%r8
        agr     %r8,%r5
        brasl   %r14,block_request
        aghi    %r10,1
        clgrjl  %r10,%r13,3b
5:      lgr     %r2,%r6
        brasl   %r14,ring_run
        ltgr    %r2,%r2
        jnz     9f
        brasl   %r14,now
        sgr     %r2,%r11
        ag      %r2,DEV_TIME(%r6)
        stg     %r2,DEV_TIME(%r6)
        lghi    %r10,0
6:      lgr     %r4,%r8                         # Check slot by slot; the sectors follow each other.
        sgr     %r4,%r9
        jz      2b
        lghi    %r1,SLOT_SECTORS
        clgrjnh %r4,%r1,7f
        lgr     %r4,%r1
7:      lgr     %r2,%r9
        lgr     %r3,%r10
        agr     %r9,%r4
        brasl   %r14,block_check
        ltgr    %r2,%r2
        jnz     9f
        aghi    %r10,1
        j       6b
8:      lghi    %r2,0
9:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Offer a request to read to device block r2: slot r3, from sector r4 on, r5 sectors.
block_request:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        sllg    %r7,%r3,5                       # headers and status bytes: 32 bytes for each slot
        larl    %r1,block_headers
        agr     %r7,%r1
        sllg    %r8,%r3,16
        algfi   %r8,BUFFERS
        sllg    %r9,%r5,9
        lgr     %r10,%r3
        mhi     %r10,3
        llgfr   %r10,%r10

        mvi     16(%r7),0xff                    # no status yet
        lghi    %r1,0                           # type 0: read. The same in both orders.
        stg     %r1,0(%r7)
        stg     %r4,8(%r7)
        cli     DEV_LITTLE(%r2),0
        je      1f
        strvg   %r4,8(%r7)
1:      lgr     %r3,%r10
        lgr     %r4,%r7
        lghi    %r5,16
        lghi    %r0,NEXT
        brasl   %r14,ring_describe
        lgr     %r4,%r8
        lgr     %r5,%r9
        lghi    %r0,NEXT+WRITE
        brasl   %r14,ring_describe
        la      %r4,16(%r7)
        lghi    %r5,1
        lghi    %r0,WRITE
        brasl   %r14,ring_describe
        lgr     %r3,%r10
        brasl   %r14,ring_offer
        lmg     %r6,%r15,208(%r15)
        br      %r14

# Check slot r3, into which r4 sectors from sector r2 on were read. Result: 0, STATE_IO_ERROR, or STATE_WRONG_DATA.
block_check:
        sllg    %r1,%r3,5
        larl    %r5,block_headers
        la      %r1,16(%r1,%r5)
        sllg    %r5,%r2,6                       # 64 quads in a sector
        lghi    %r2,STATE_IO_ERROR
        cli     0(%r1),0                        # status 0: done
        bner    %r14
        sllg    %r3,%r3,16
        algfi   %r3,BUFFERS
        sllg    %r4,%r4,6
        larl    %r1,block_pattern
        ag      %r5,0(%r1)
        lghi    %r2,STATE_WRONG_DATA
1:      cg      %r5,0(%r3)
        bner    %r14
        aghi    %r3,8
        aghi    %r5,1
        brctg   %r4,1b
        lghi    %r2,0
        br      %r14

        .balign 8
block_pattern:
        .ascii  "zarch"
        .byte   0,0,0
block_headers:
        .space  SLOTS*32
