# Channel I/O, as it has been since System/370-XA: a device is behind a subchannel; a program of channel-command words (CCWs) is
# started by START SUBCHANNEL, carried out by the channel subsystem beside the CPU, and ends in an I/O interruption.

# A CCW of format 1: command code, flags, count (2), data address (4). Flags:
.equ CHAIN,             0x40            # chain command: go on with the next CCW when the device is ready for it
.equ SUPPRESS,          0x20            # suppress length indication: a count that does not fit the device's data is no error
.equ CCW_SENSE_ID,      0xe4

# Run the channel program at r3 (below 2 GiB) on subchannel r2. Result: 0 if it ended with channel end and device end and
# nothing else.
channel_run:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        larl    %r7,orb
        st      %r3,8(%r7)
        larl    %r8,channel_status
        xc      0(3,%r8),0(%r8)                 # channel_status and channel_done
        brasl   %r14,set_alarm
        lgr     %r1,%r6
1:      ssch    0(%r7)
        jz      2f
        lghi    %r2,STATE_REFUSED
        jnl     4f                              # busy, or gone
        larl    %r2,irb                         # Status pending: the device wanted to be looked at. Not any more.
        tsch    0(%r2)
        j       1b
2:      cli     2(%r8),0
        jne     3f
        larl    %r1,timed_out
        cli     0(%r1),0
        lghi    %r2,STATE_NO_ANSWER
        jne     4f
        brasl   %r14,wait
        j       2b
3:      llgh    %r2,0(%r8)
        xilf    %r2,0x0c00
4:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Find the virtio devices among the subchannels. Their numbers are without gaps, so the first that is not there ends the search.
channel_find:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        llilf   %r6,0x00010000                  # subsystem identification: 0x0001, then the subchannel's number
        larl    %r7,schib
        larl    %r8,identity
1:      lgr     %r1,%r6
        stsch   0(%r7)
        jo      4f                              # condition code 3: there is none
        tm      5(%r7),0x01                     # device number valid: there is a device
        jz      3f
        ni      4(%r7),0xc7                     # Enable the subchannel, with interruption subclass 3.
        oi      4(%r7),3<<3
        oi      5(%r7),0x80
        msch    0(%r7)
        jnz     3f
        lgr     %r2,%r6
        larl    %r3,sense_id_program
        brasl   %r14,channel_run
        ltgr    %r2,%r2
        jnz     2f
        clhhsi  1(%r8),0x3832                   # control-unit type of virtio; the model is the type of the device
        jne     2f
        llgc    %r2,3(%r8)
        larl    %r3,ccw_bus
        brasl   %r14,device_of
        ltgr    %r2,%r2
        jz      2f
        stg     %r6,DEV_AT(%r2)
        llgh    %r1,6(%r7)
        stg     %r1,DEV_WHERE(%r2)
        mvhi    DEV_STATE(%r2),STATE_FOUND
        j       3f
2:      ni      5(%r7),0x7f                     # Not for us: disable it again.
        lgr     %r1,%r6
        msch    0(%r7)
3:      aghi    %r6,1
        tmll    %r6,0xffff
        jnz     1b
4:      lmg     %r6,%r15,208(%r15)
        br      %r14

        .balign 8
sense_id_program:
        .byte   CCW_SENSE_ID,SUPPRESS
        .short  8
        .long   identity
orb:                                            # operation-request block
        .long   0                               # interruption parameter
        .long   0x0080ff00                      # CCWs of format 1, all channel paths
        .long   0                               # channel-program address
        .space  20
schib:  .space  52                              # subchannel-information block: what it is (28), its status (12), ...
        .balign 8
identity:                                       # of SENSE ID: 0xff, control-unit type (2) and model, ...
        .space  8
