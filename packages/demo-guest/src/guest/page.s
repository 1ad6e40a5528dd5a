# The descriptor page: the virtio of 2008 to 2015. Right above the storage that the guest is told of lies a page that lists the
# devices; behind it, ready-made, their rings. The host is called by DIAGNOSE 0x500 and answers by external interruption 0x2603.
# Everything is big-endian, as this machine is.
#
# An entry: type, number of queues n, feature length f, configuration length c, status (a byte each); for each queue a token of
# ours (8), the address of its ring (8), its number of entries (2), padding (6); f bytes of features offered, f accepted; c bytes
# of configuration. The next entry follows at once, so nothing is aligned. Type 0 ends the list.

.equ PAGE_QUEUES,       5
.equ QUEUE_BLOCK,       24
.equ HYPERCALL_NOTIFY,  0
.equ HYPERCALL_RESET,   1
.equ HYPERCALL_STATUS,  2

# Find the devices of the page, if there is one: beyond the end of storage there is otherwise nothing, and looking there is an
# addressing exception.
page_find:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgrl    %r6,storage_size
        larl    %r1,3f
        stgrl   %r1,recovery
        llgc    %r0,0(%r6)
        lghi    %r1,0
        stgrl   %r1,recovery
        lghi    %r7,0                           # number of the entry
        la      %r8,4000(%r6)                   # no entry begins so near to the end of the page
1:      llgc    %r2,0(%r6)
        ltgr    %r2,%r2
        jz      3f
        larl    %r3,page_bus
        brasl   %r14,device_of
        ltgr    %r2,%r2
        jz      2f
        stg     %r6,DEV_AT(%r2)
        stg     %r7,DEV_WHERE(%r2)
        mvhi    DEV_STATE(%r2),STATE_FOUND
2:      lgr     %r2,%r6
        brasl   %r14,page_features
        llgc    %r1,2(%r6)
        la      %r2,0(%r1,%r2)
        la      %r2,0(%r1,%r2)
        llgc    %r1,3(%r6)
        la      %r6,0(%r1,%r2)
        aghi    %r7,1
        clgrjl  %r6,%r8,1b
3:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Entry r2: where its features begin.
page_features:
        llgc    %r1,1(%r2)
        mghi    %r1,QUEUE_BLOCK
        la      %r2,PAGE_QUEUES(%r1,%r2)
        br      %r14

page_open:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lg      %r7,DEV_AT(%r6)
        lghi    %r1,HYPERCALL_RESET
        lgr     %r2,%r7
        diag    %r2,%r4,0x500
        mvi     4(%r7),ACKNOWLEDGE
        brasl   %r14,page_status
        mvi     4(%r7),ACKNOWLEDGE+DRIVER
        brasl   %r14,page_status
        # No feature is accepted: after the reset those bytes are zero.
        llgf    %r1,DEV_QUEUE(%r6)
        llgc    %r2,1(%r7)
        cgrjhe   %r1,%r2,2f
        mghi    %r1,QUEUE_BLOCK
        la      %r1,PAGE_QUEUES(%r1,%r7)
        stg     %r6,0(%r1)                      # the token: it comes with each interruption, and must not be zero
        llgh    %r2,16(%r1)
        st      %r2,DEV_SIZE(%r6)
        lg      %r1,8(%r1)                      # The legacy ring: descriptors, available ring,
        stg     %r1,DEV_DESCRIPTORS(%r6)
        sllg    %r3,%r2,4
        agr     %r1,%r3
        stg     %r1,DEV_AVAILABLE(%r6)
        sllg    %r3,%r2,1
        aghi    %r1,4+2+4095                    # flags, index, entries, and two bytes for the used event,
        agr     %r1,%r3
        nill    %r1,0xf000                      # and from the next page boundary on the used ring
        stg     %r1,DEV_USED(%r6)
        mvhi    DEV_OFFERED(%r6),0
        mvi     DEV_LITTLE(%r6),0
        mvi     4(%r7),ACKNOWLEDGE+DRIVER+DRIVER_OK
        brasl   %r14,page_status
        lghi    %r2,0
1:      lmg     %r6,%r15,208(%r15)
        br      %r14
2:      lghi    %r2,STATE_REFUSED
        j       1b

# Tell the host that the status byte of entry r7 has changed.
page_status:
        lghi    %r1,HYPERCALL_STATUS
        lgr     %r2,%r7
        diag    %r2,%r4,0x500
        br      %r14

page_notify:
        lghi    %r1,HYPERCALL_NOTIFY
        lg      %r2,DEV_DESCRIPTORS(%r2)        # a ring's address is its name
        diag    %r2,%r4,0x500
        br      %r14

page_config:
        lgr     %r5,%r14
        lg      %r2,DEV_AT(%r2)
        llgc    %r3,2(%r2)
        brasl   %r14,page_features
        la      %r2,0(%r3,%r2)
        la      %r2,0(%r3,%r2)
        lg      %r2,0(%r2)
        br      %r5

page_close:
        lg      %r2,DEV_AT(%r2)
        lghi    %r1,HYPERCALL_RESET
        diag    %r2,%r4,0x500
        br      %r14

# "entry 2"
page_print_where:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        larl    %r2,1f
        brasl   %r14,text
        lg      %r2,DEV_WHERE(%r6)
        brasl   %r14,decimal
        lmg     %r6,%r15,208(%r15)
        br      %r14
        .balign 2
1:      .asciz  "entry "

        .balign 8
page_bus:
        .quad   page_open,page_notify,page_config,page_close,page_print_where,page_name,page_interruption,page_greeting
        .balign 2
page_name:
        .asciz  "page"
        .balign 2
page_interruption:
        .asciz  "external"
        .balign 2
page_greeting:
        .asciz  "Hello over the descriptor page: a hypercall to you, external interruption 0x2603 back.\n"
        .balign 2
