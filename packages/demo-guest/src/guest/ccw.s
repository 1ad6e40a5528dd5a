# virtio over channel I/O (virtio 1.4, section 4.3). What a PCI device has registers for, a channel-attached one has commands for.
# The classic indicator is used here: the device sets a bit of a doubleword and makes its subchannel status pending.

.equ CCW_SET_VQ,        0x13
.equ CCW_VDEV_RESET,    0x33
.equ CCW_SET_IND,       0x43
.equ CCW_READ_STATUS,   0x72
.equ CCW_WRITE_FEAT,    0x11
.equ CCW_READ_CONF,     0x22
.equ CCW_WRITE_STATUS,  0x31
.equ CCW_READ_VQ_CONF,  0x32
.equ CCW_SET_VIRTIO_REV, 0x83
.equ HYPERCALL_CCW_NOTIFY, 3

ccw_open:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lg      %r2,DEV_AT(%r6)                 # From nothing to FEATURES_OK in one channel program.
        larl    %r3,ccw_negotiate
        brasl   %r14,channel_run
        ltgr    %r2,%r2
        jnz     2f
        larl    %r1,ccw_status
        tm      0(%r1),FEATURES_OK              # Did it take what we accepted?
        jz      2f

        l       %r1,DEV_QUEUE(%r6)              # The largest size of the queue that it allows.
        larl    %r7,ccw_queue_config
        sth     %r1,0(%r7)
        lg      %r2,DEV_AT(%r6)
        larl    %r3,ccw_ask_queue
        brasl   %r14,channel_run
        ltgr    %r2,%r2
        jnz     2f
        llgh    %r3,2(%r7)
        lgr     %r2,%r6
        brasl   %r14,ring_make
        ltgr    %r2,%r2
        jnz     1f

        larl    %r7,ccw_queue                   # The queue, the indicator, and DRIVER_OK.
        mvc     0(8,%r7),DEV_DESCRIPTORS(%r6)
        mvc     12(2,%r7),DEV_QUEUE+2(%r6)
        mvc     14(2,%r7),DEV_SIZE+2(%r6)
        mvc     16(16,%r7),DEV_AVAILABLE(%r6)   # and DEV_USED
        la      %r1,DEV_INDICATOR(%r6)
        stg     %r1,32(%r7)
        lg      %r2,DEV_AT(%r6)
        larl    %r3,ccw_start
        brasl   %r14,channel_run
        ltgr    %r2,%r2
        jnz     2f
1:      lmg     %r6,%r15,208(%r15)
        br      %r14
2:      lghi    %r2,STATE_REFUSED
        j       1b

# The host gives a cookie back, which helps it to find the device faster when it gets it again.
ccw_notify:
        lgr     %r5,%r2
        lghi    %r1,HYPERCALL_CCW_NOTIFY
        lg      %r2,DEV_AT(%r5)
        llgf    %r3,DEV_QUEUE(%r5)
        lg      %r4,DEV_COOKIE(%r5)
        diag    %r2,%r4,0x500
        ltgr    %r2,%r2
        jl      1f
        stg     %r2,DEV_COOKIE(%r5)
1:      br      %r14

ccw_config:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lg      %r2,DEV_AT(%r2)
        larl    %r3,ccw_read_config
        brasl   %r14,channel_run
        lgrl    %r2,ccw_config_data
        lmg     %r6,%r15,208(%r15)
        br      %r14

ccw_close:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lg      %r2,DEV_AT(%r2)
        larl    %r3,ccw_reset
        brasl   %r14,channel_run
        lmg     %r6,%r15,208(%r15)
        br      %r14

# "0.0.0001"
ccw_print_where:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        larl    %r2,1f
        brasl   %r14,text
        lg      %r2,DEV_WHERE(%r6)
        brasl   %r14,hexadecimal
        lmg     %r6,%r15,208(%r15)
        br      %r14
        .balign 2
1:      .asciz  "0.0."

        .balign 8
ccw_negotiate:
        .byte   CCW_SET_VIRTIO_REV,CHAIN
        .short  4
        .long   1f
        .byte   CCW_VDEV_RESET,CHAIN+SUPPRESS
        .short  0
        .long   0
        .byte   CCW_WRITE_STATUS,CHAIN
        .short  1
        .long   2f
        .byte   CCW_WRITE_STATUS,CHAIN
        .short  1
        .long   3f
        .byte   CCW_WRITE_FEAT,CHAIN
        .short  5
        .long   4f
        .byte   CCW_WRITE_FEAT,CHAIN
        .short  5
        .long   5f
        .byte   CCW_WRITE_STATUS,CHAIN
        .short  1
        .long   6f
        .byte   CCW_READ_STATUS,0
        .short  1
        .long   ccw_status
ccw_ask_queue:
        .byte   CCW_READ_VQ_CONF,0
        .short  4
        .long   ccw_queue_config
ccw_start:
        .byte   CCW_SET_VQ,CHAIN
        .short  32
        .long   ccw_queue
        .byte   CCW_SET_IND,CHAIN
        .short  8
        .long   ccw_queue+32
        .byte   CCW_WRITE_STATUS,0
        .short  1
        .long   7f
ccw_read_config:
        .byte   CCW_READ_CONF,SUPPRESS
        .short  8
        .long   ccw_config_data
ccw_reset:
        .byte   CCW_VDEV_RESET,SUPPRESS
        .short  0
        .long   0

1:      .short  2,0                             # revision 2, no further data
4:      .long   0                               # features 0 to 31: none. Feature words are little-endian, then comes their index.
        .byte   0
5:      .byte   1,0,0,0                         # features 32 to 63: VERSION_1, which is bit 32
        .byte   1
2:      .byte   ACKNOWLEDGE
3:      .byte   ACKNOWLEDGE+DRIVER
6:      .byte   ACKNOWLEDGE+DRIVER+FEATURES_OK
7:      .byte   ACKNOWLEDGE+DRIVER+FEATURES_OK+DRIVER_OK
        .balign 2
ccw_status:
        .byte   0
        .balign 8
ccw_queue:                                      # descriptors (8), reserved (4), index (2), size (2), available (8), used (8)
        .space  32
        .quad   0                               # and for SET_IND: the address of the indicator
ccw_config_data:
        .quad   0
ccw_queue_config:                               # index, then the answer
        .short  0,0

        .balign 8
ccw_bus:
        .quad   ccw_open,ccw_notify,ccw_config,ccw_close,ccw_print_where,ccw_name,ccw_interruption,ccw_greeting
        .balign 2
ccw_name:
        .asciz  "ccw"
        .balign 2
ccw_interruption:
        .asciz  "I/O"
        .balign 2
ccw_greeting:
        .asciz  "Hello over channel I/O: a subchannel, channel programs, and an I/O interruption back.\n"
        .balign 2
