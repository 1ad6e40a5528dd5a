# A console (virtio 1.4, section 5.3), in its simplest form: queue 1 takes what is to be printed, a buffer at a time.

# Print r4 bytes at r3 on device block r2. Result: 0, or STATE_NO_ANSWER.
console_write:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lgr     %r5,%r4
        lgr     %r4,%r3
        lghi    %r3,0                           # one descriptor, number 0, for the device to read
        lghi    %r0,0
        brasl   %r14,ring_describe
        lghi    %r3,0
        brasl   %r14,ring_offer
        lgr     %r2,%r6
        brasl   %r14,ring_run
        lmg     %r6,%r15,208(%r15)
        br      %r14

# Print the greeting of its bus.
console_drive:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lg      %r1,DEV_BUS(%r6)
        lg      %r7,BUS_GREETING(%r1)
        lgr     %r2,%r7
        brasl   %r14,text_length
        stg     %r2,DEV_BYTES(%r6)
        brasl   %r14,now
        lgr     %r8,%r2
        lgr     %r2,%r6
        lgr     %r3,%r7
        lg      %r4,DEV_BYTES(%r6)
        brasl   %r14,console_write
        lgr     %r9,%r2
        brasl   %r14,now
        sgr     %r2,%r8
        stg     %r2,DEV_TIME(%r6)
        lgr     %r2,%r9
        lmg     %r6,%r15,208(%r15)
        br      %r14
