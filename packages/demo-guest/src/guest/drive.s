# Put each device that was found into service, let the driver of its type do its work, and measure.
#
# What is measured is done several times, and the least time counts: the first time, a host that compiles code when it is needed
# is busy with that.

.equ ROUNDS,            4
.equ NOTIFICATIONS,     256             # so many notifications are timed together

drive_all:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        larl    %r6,devices
        lghi    %r7,DEVICES
1:      l       %r1,DEV_STATE(%r6)
        chi     %r1,STATE_FOUND
        jne     2f
        lgr     %r2,%r6
        brasl   %r14,drive_one
        st      %r2,DEV_STATE(%r6)
2:      aghi    %r6,DEV_BLOCK
        brctg   %r7,1b
        lmg     %r6,%r15,208(%r15)
        br      %r14

# Result: the new state of device block r2.
drive_one:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lg      %r1,DEV_BUS(%r6)
        lg      %r1,BUS_OPEN(%r1)
        basr    %r14,%r1
        ltgr    %r2,%r2
        jnz     3f

        l       %r1,DEV_TYPE(%r6)
        larl    %r7,block_drive
        lghi    %r8,ROUNDS
        chi     %r1,TYPE_BLOCK
        je      1f
        larl    %r7,entropy_drive
        chi     %r1,TYPE_ENTROPY
        je      1f
        larl    %r7,console_drive
        lghi    %r8,1                           # nobody wants to be greeted four times
1:      lgrl    %r9,interruptions
        lghi    %r10,-1                         # the least DEV_TIME and DEV_LATENCY so far: none, the greatest number there is
        lghi    %r11,-1
2:      lgr     %r2,%r6
        basr    %r14,%r7
        ltgr    %r2,%r2
        jnz     3f
        lg      %r1,DEV_TIME(%r6)
        clgr    %r1,%r10
        locgrl  %r10,%r1
        lg      %r1,DEV_LATENCY(%r6)
        clgr    %r1,%r11
        locgrl  %r11,%r1
        brctg   %r8,2b
        stg     %r10,DEV_TIME(%r6)
        stg     %r11,DEV_LATENCY(%r6)
        lgrl    %r1,interruptions
        sgr     %r1,%r9
        stg     %r1,DEV_INTERRUPTIONS(%r6)
        lgr     %r2,%r6
        brasl   %r14,time_notifications
        lghi    %r2,STATE_OK
3:      lmg     %r6,%r15,208(%r15)
        br      %r14

# How long device block r2 takes to be notified. All its buffers are used, so there is nothing for it to find: what is timed is the
# way to it and back.
time_notifications:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lg      %r7,DEV_BUS(%r6)
        lg      %r7,BUS_NOTIFY(%r7)
        lghi    %r8,ROUNDS
        lghi    %r9,-1
1:      lghi    %r10,NOTIFICATIONS
        brasl   %r14,now
        lgr     %r11,%r2
2:      lgr     %r2,%r6
        basr    %r14,%r7
        brctg   %r10,2b
        brasl   %r14,now
        sgr     %r2,%r11
        clgr    %r2,%r9
        locgrl  %r9,%r2
        brctg   %r8,1b
        stg     %r9,DEV_NOTIFY_TIME(%r6)
        lmg     %r6,%r15,208(%r15)
        br      %r14

# Reset all devices, so that none of them touches storage any more.
close_all:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        larl    %r6,devices
        lghi    %r7,DEVICES
1:      lt      %r1,DEV_STATE(%r6)
        jz      2f
        lg      %r1,DEV_BUS(%r6)
        lg      %r1,BUS_CLOSE(%r1)
        lgr     %r2,%r6
        basr    %r14,%r1
2:      aghi    %r6,DEV_BLOCK
        brctg   %r7,1b
        lmg     %r6,%r15,208(%r15)
        br      %r14
