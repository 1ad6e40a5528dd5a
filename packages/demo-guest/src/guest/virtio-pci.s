# virtio over PCI (virtio 1.4, section 4.1). Capabilities in configuration space say in which base address register, and where in
# it, the device has its common configuration, its notification addresses, and its own configuration. Numbers in registers
# are little-endian; pci_load and pci_store see to that.

.equ PCI_COMMAND,       0x04
.equ PCI_CAPABILITIES,  0x34
.equ CAPABILITY_VENDOR, 0x09
.equ CAPABILITY_MSIX,   0x11

# The common configuration.
.equ FEATURE_SELECT,    8               # of what the driver accepts
.equ FEATURES,          12
.equ STATUS,            20
.equ QUEUE_SELECT,      22
.equ QUEUE_SIZE,        24
.equ QUEUE_VECTOR,      26
.equ QUEUE_ENABLE,      28
.equ QUEUE_NOTIFY,      30
.equ QUEUE_AREAS,       32              # three addresses

pci_open:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lghi    %r3,0
        brasl   %r14,pci_set
        ltgr    %r2,%r2
        jnz     8f
        brasl   %r14,pci_capabilities
        lghi    %r3,PCI_COMMAND                 # It may answer (memory space) and access storage (bus master).
        lgr     %r2,%r7
        lghi    %r4,6
        brasl   %r14,pci_store16
        lgr     %r2,%r6
        brasl   %r14,pci_register_interruptions
        ltgr    %r2,%r2
        jnz     8f

        lhi     %r4,0                           # Reset. Nothing is in flight, so it is over at once: the status is zero.
        brasl   %r14,virtio_pci_status
        jnz     8f
        lhi     %r4,ACKNOWLEDGE
        brasl   %r14,virtio_pci_status
        lhi     %r4,ACKNOWLEDGE+DRIVER
        brasl   %r14,virtio_pci_status
        lmg     %r2,%r3,DEV_COMMON(%r6)         # Features 32 to 63: VERSION_1. Features 0 to 31: none.
        aghi    %r3,FEATURE_SELECT
        lhi     %r4,1
        brasl   %r14,pci_store32
        lmg     %r2,%r3,DEV_COMMON(%r6)
        aghi    %r3,FEATURES
        lhi     %r4,1
        brasl   %r14,pci_store32
        lhi     %r4,ACKNOWLEDGE+DRIVER+FEATURES_OK
        brasl   %r14,virtio_pci_status
        jnz     8f                              # it did not take them

        lmg     %r2,%r3,DEV_COMMON(%r6)
        aghi    %r3,QUEUE_SELECT
        l       %r4,DEV_QUEUE(%r6)
        brasl   %r14,pci_store16
        lmg     %r2,%r3,DEV_COMMON(%r6)
        aghi    %r3,QUEUE_SIZE
        brasl   %r14,pci_load16
        lgr     %r3,%r2
        lgr     %r2,%r6
        brasl   %r14,ring_make
        ltgr    %r2,%r2
        jnz     9f
        lmg     %r2,%r3,DEV_COMMON(%r6)
        aghi    %r3,QUEUE_SIZE
        l       %r4,DEV_SIZE(%r6)
        brasl   %r14,pci_store16
        lmg     %r2,%r3,DEV_COMMON(%r6)
        aghi    %r3,QUEUE_VECTOR
        lhi     %r4,0
        brasl   %r14,pci_store16
        lghi    %r8,0                           # descriptors, available ring, used ring: quads here and there
1:      lmg     %r2,%r3,DEV_COMMON(%r6)
        la      %r3,QUEUE_AREAS(%r8,%r3)
        lg      %r4,DEV_DESCRIPTORS(%r8,%r6)
        brasl   %r14,pci_store64
        aghi    %r8,8
        chi     %r8,24
        jl      1b
        lmg     %r2,%r3,DEV_COMMON(%r6)         # Where this queue is notified: the offset is counted in multipliers.
        aghi    %r3,QUEUE_NOTIFY
        brasl   %r14,pci_load16
        ms      %r2,DEV_MULTIPLIER(%r6)
        llgfr   %r2,%r2
        ag      %r2,DEV_NOTIFY+8(%r6)
        stg     %r2,DEV_NOTIFY+8(%r6)
        lmg     %r2,%r3,DEV_COMMON(%r6)
        aghi    %r3,QUEUE_ENABLE
        lhi     %r4,1
        brasl   %r14,pci_store16
        lhi     %r4,ACKNOWLEDGE+DRIVER+FEATURES_OK+DRIVER_OK
        brasl   %r14,virtio_pci_status
        jnz     8f
        lghi    %r2,0
        j       9f
8:      lghi    %r2,STATE_REFUSED
9:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Set the status of device block r6 to r4 and read it back. The condition code says whether it is the same.
virtio_pci_status:
        stg     %r14,112(%r15)                  # the register save area of our caller's frame has a place for it
        stg     %r4,16(%r15)
        lmg     %r2,%r3,DEV_COMMON(%r6)
        aghi    %r3,STATUS
        brasl   %r14,pci_store8
        lmg     %r2,%r3,DEV_COMMON(%r6)
        aghi    %r3,STATUS
        brasl   %r14,pci_load8
        lg      %r14,112(%r15)
        cl      %r2,20(%r15)
        br      %r14

# Walk the capabilities of device block r6: note where the structures are, and send messages to vector 0. Leaves the request
# for configuration space in r7.
pci_capabilities:
        stg     %r14,112(%r15)
        aghi    %r15,-160
        lg      %r7,DEV_AT(%r6)
        sllg    %r7,%r7,32
        lgr     %r11,%r7
        oilh    %r7,CONFIG_SPACE>>16
        lghi    %r8,PCI_CAPABILITIES
        lghi    %r9,48                          # no more than these fit, so a list without an end has one here
1:      lgr     %r2,%r7
        lgr     %r3,%r8
        brasl   %r14,pci_load8                  # the next capability, after its first byte
        nill    %r2,0x00fc
        jz      9f
        lgr     %r8,%r2
        lgr     %r2,%r7
        lgr     %r3,%r8
        brasl   %r14,pci_load8
        chi     %r2,CAPABILITY_VENDOR
        je      2f
        chi     %r2,CAPABILITY_MSIX
        je      6f
        j       8f

2:      lgr     %r2,%r7                         # A structure of virtio: its kind at 3,
        la      %r3,3(%r8)
        brasl   %r14,pci_load8
        lghi    %r10,DEV_COMMON
        chi     %r2,1
        je      3f
        lghi    %r10,DEV_NOTIFY
        chi     %r2,2
        je      3f
        lghi    %r10,DEV_CONFIG
        chi     %r2,4
        jne     8f
3:      la      %r10,0(%r10,%r6)
        ltg     %r1,0(%r10)                     # The first of a kind is the one that the device likes best.
        jnz     8f
        lgr     %r2,%r7                         # the register at 4,
        la      %r3,4(%r8)
        brasl   %r14,pci_load8
        sllg    %r2,%r2,16
        ogr     %r2,%r11
        stg     %r2,0(%r10)
        lgr     %r2,%r7                         # the offset in it at 8,
        la      %r3,8(%r8)
        brasl   %r14,pci_load32
        stg     %r2,8(%r10)
        la      %r1,DEV_NOTIFY(%r6)
        cgrjne  %r1,%r10,8f
        lgr     %r2,%r7                         # and for notifications the multiplier at 16.
        la      %r3,16(%r8)
        brasl   %r14,pci_load32
        st      %r2,DEV_MULTIPLIER(%r6)
        j       8f

6:      lgr     %r2,%r7                         # MSI-X: the table is in the register that the low three bits name.
        la      %r3,4(%r8)
        brasl   %r14,pci_load32
        lgr     %r3,%r2
        nill    %r3,0xfff8
        nilf    %r2,7
        sllg    %r2,%r2,16
        ogr     %r2,%r11
        stmg    %r2,%r3,DEV_MSIX_TABLE(%r6)
        lghi    %r2,CLP_QUERY_GROUP             # Messages go to the address of the function's group; there is one group only.
        lghi    %r3,0xff
        sllg    %r3,%r3,32
        lghi    %r4,64
        brasl   %r14,clp_command
        lg      %r4,CLP_RESPONSE+40(%r5)
        lmg     %r2,%r3,DEV_MSIX_TABLE(%r6)
        brasl   %r14,pci_store64
        lmg     %r2,%r3,DEV_MSIX_TABLE(%r6)
        aghi    %r3,8
        lghi    %r4,0                           # the message is the number of the vector, 0; not masked
        brasl   %r14,pci_store64
        lgr     %r2,%r7
        la      %r3,2(%r8)
        llill   %r4,0x8000                      # on
        brasl   %r14,pci_store16
8:      aghi    %r8,1
        brctg   %r9,1b
9:      aghi    %r15,160
        lg      %r14,112(%r15)
        br      %r14

pci_notify:
        lgr     %r5,%r2
        lmg     %r2,%r3,DEV_NOTIFY(%r5)
        l       %r4,DEV_QUEUE(%r5)
        j       pci_store16

pci_config:
        lgr     %r5,%r2
        lmg     %r2,%r3,DEV_CONFIG(%r5)
        oill    %r2,8
        pcilg   %r4,%r2
        lgr     %r2,%r4
        br      %r14

pci_close:
        lghi    %r3,1
        j       pci_set

# "0001:00:00.0"
pci_print_where:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lg      %r2,DEV_WHERE(%r2)
        brasl   %r14,hexadecimal
        larl    %r2,1f
        brasl   %r14,text
        lmg     %r6,%r15,208(%r15)
        br      %r14
        .balign 2
1:      .asciz  ":00:00.0"

        .balign 8
pci_bus:
        .quad   pci_open,pci_notify,pci_config,pci_close,pci_print_where,pci_name,pci_interruption,pci_greeting
        .balign 2
pci_name:
        .asciz  "pci"
        .balign 2
pci_interruption:
        .asciz  "adapter"
        .balign 2
pci_greeting:
        .asciz  "Hello over PCI: registers by PCI LOAD and PCI STORE, messages as adapter interruptions.\n"
        .balign 2
