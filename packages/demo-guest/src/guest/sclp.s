# The service-call logical processor (SCLP): the machine's own firmware, asked by SERVICE CALL with a command word and the address
# of a service-call control block (SCCB). It answers in the block and says so by an external interruption.
#
# The program asks it how much storage there is, and uses its console when there is no other.

.equ SCLP_READ_SCP_INFO,    0x00020001
.equ SCLP_WRITE_EVENT_MASK, 0x00780005
.equ SCLP_WRITE_EVENT_DATA, 0x00760005

# An SCCB: length (2), function, control mask (3), response code (2) at 6; what follows at 8 is the command's.

# Do command r2 with the block at SCCB. Result: the response code; its rightmost byte is 0x10 or 0x20 if all went well.
sclp_command:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        llilf   %r7,SCCB
        brasl   %r14,set_alarm
        larl    %r8,sclp_done
        mvi     0(%r8),0
1:      servc   %r6,%r7
        brc     2,1b                            # condition code 2: busy
        lghi    %r2,0
        brc     1,3f                            # condition code 3: there is none
2:      cli     0(%r8),0
        llgh    %r2,6(%r7)
        jne     3f
        larl    %r1,timed_out
        cli     0(%r1),0
        lghi    %r2,0
        jne     3f
        brasl   %r14,wait
        j       2b
3:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Read how much storage there is, and say that we are going to write to the ASCII console.
sclp_set_up:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        llilf   %r6,SCCB
        mvhhi   0(%r6),4096
        llilf   %r2,SCLP_READ_SCP_INFO
        brasl   %r14,sclp_command
        llgh    %r2,8(%r6)                      # number of increments
        llgc    %r3,10(%r6)                     # size of one in MiB,
        ltgr    %r3,%r3
        jnz     1f
        llgf    %r3,100(%r6)                    # or here, if it has no room there
1:      msgr    %r2,%r3
        sllg    %r2,%r2,20
        stgrl   %r2,storage_size

        xc      0(28,%r6),0(%r6)
        mvhhi   0(%r6),28
        mvhhi   10(%r6),4                       # bytes of each mask; then: we receive no events,
        mvhi    16(%r6),0x0040                  # we send type 0x1a (0x80000000 shifted right by 25), ...
        llilf   %r2,SCLP_WRITE_EVENT_MASK
        brasl   %r14,sclp_command
        lmg     %r6,%r15,208(%r15)
        br      %r14

# Print r3 bytes at r2, at most 256, on the ASCII console: an event buffer of type 0x1a in the block.
sclp_write:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        llilf   %r6,SCCB
        xc      0(14,%r6),0(%r6)
        lgr     %r4,%r3
        aghi    %r3,6                           # length of the buffer with its header
        sth     %r3,8(%r6)
        mvi     10(%r6),0x1a
        aghi    %r3,8
        sth     %r3,0(%r6)
        lgr     %r3,%r2
        la      %r2,14(%r6)
        brasl   %r14,copy
        llilf   %r2,SCLP_WRITE_EVENT_DATA
        brasl   %r14,sclp_command
        lmg     %r6,%r15,208(%r15)
        br      %r14

        .balign 8
storage_size:
        .quad   0
