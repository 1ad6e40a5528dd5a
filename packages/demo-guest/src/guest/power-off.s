# The end. All is well if no device that is there failed; one that is missing did not fail.

# Power off: a CPU that stops itself, being the only one, leaves a machine that is off. If a device failed, a disabled wait, which
# nothing can end, with an address that names the devices: 0xbad000 and a bit for each, the leftmost of nine for the first.
power_off:
        lghi    %r2,0
        larl    %r3,devices
        lghi    %r4,DEVICES
1:      sllg    %r2,%r2,1
        l       %r1,DEV_STATE(%r3)
        chi     %r1,STATE_OK
        jnh     2f                              # missing or in order
        oill    %r2,1
2:      aghi    %r3,DEV_BLOCK
        brctg   %r4,1b
        ltgr    %r2,%r2
        jz      3f
        algfi   %r2,0xbad000
        j       stop

3:      lghi    %r4,0                           # SIGNAL PROCESSOR: CPU address 0, which is this one,
        lghi    %r3,0
        sigp    %r2,%r4,5                       # order 5: stop
        j       3b

# Stop for good, with the code in register 2.
stop:   larl    %r1,stop_psw
        stg     %r2,8(%r1)
        lpswe   0(%r1)

        .balign 8
stop_psw:
        .quad   0x0002000180000000,0
