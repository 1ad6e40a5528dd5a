# PCI as this machine has it: no bus, no memory-mapped registers, but functions with handles, which instructions name.
#   - CALL LOGICAL PROCESSOR (CLP) lists the functions, describes them, and puts them into and out of use;
#   - PCI LOAD and PCI STORE (PCILG, PCISTG) access their address spaces: 0 to 5 are the base address registers, 15 is
#     configuration space. The even register has the handle (4 bytes), the space (2), the length (2), the odd one the offset.
#     What is accessed is in the order of PCI, least significant byte first, and so appears byte-reversed in a register;
#   - MODIFY PCI FUNCTION CONTROLS (MPCIFC) registers where the function's messages go: bits in storage, and an adapter
#     interruption.

.equ CLP_LIST,          2
.equ CLP_QUERY,         3
.equ CLP_QUERY_GROUP,   4
.equ CLP_SET,           5
.equ CLP_RESPONSE,      32              # our requests are all of 32 bytes, the response follows: length (2), code (2), ...
.equ CLP_OK,            0x0010
.equ CONFIG_SPACE,      15<<16
.equ VIRTIO_VENDOR,     0x1af4
.equ VIRTIO_DEVICES,    0x1040          # PCI device ID of virtio device type 0

# Command r2 of CLP with 64 bits of operands r3, and r4 bytes for the response. Result: 0 if it was carried out.
clp_command:
        llilf   %r5,CLP_BLOCK
        xc      0(64,%r5),0(%r5)
        mvhhi   0(%r5),CLP_RESPONSE
        sth     %r2,2(%r5)
        stg     %r3,16(%r5)
        sth     %r4,CLP_RESPONSE(%r5)
        clp     2,%r5                           # 2: the logical processor for PCI
        lghi    %r2,STATE_REFUSED
        bnzr    %r14
        llgh    %r2,CLP_RESPONSE+2(%r5)
        xilf    %r2,CLP_OK
        br      %r14

# Find the virtio functions.
pci_find:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lghi    %r0,1                           # STORE FACILITY LIST EXTENDED: two doublewords of bits
        stfle   160-16(%r15)
        tm      160-16+8(%r15),0x04             # bit 69: there is PCI
        jz      4f
        lghi    %r2,CLP_LIST
        lghi    %r3,0                           # from the beginning
        lghi    %r4,4096-CLP_RESPONSE
        brasl   %r14,clp_command
        ltgr    %r2,%r2
        jnz     4f
        # Copy the list, for further calls use the block. Sixteen functions of what may be more are enough.
        llilf   %r6,CLP_BLOCK+CLP_RESPONSE
        llgh    %r7,0(%r6)                      # length of the response: 32 bytes, then 16 for each function
        aghi    %r7,-32
        srlg    %r7,%r7,4
        chi     %r7,16
        jnh     1f
        lghi    %r7,16
1:      larl    %r8,functions
        mvc     0(256,%r8),32(%r6)
        ltgr    %r7,%r7
        jz      4f
2:      clhhsi  2(%r8),VIRTIO_VENDOR
        jne     3f
        tm      4(%r8),0x80                     # configured: ours to use
        jz      3f
        llgh    %r2,0(%r8)
        aghi    %r2,-VIRTIO_DEVICES
        larl    %r3,pci_bus
        brasl   %r14,device_of
        ltgr    %r2,%r2
        jz      3f
        lgr     %r9,%r2
        llgf    %r1,12(%r8)                     # its handle
        stg     %r1,DEV_AT(%r9)
        mvhi    DEV_STATE(%r9),STATE_FOUND
        lghi    %r2,CLP_QUERY
        sllg    %r3,%r1,32
        lghi    %r4,256
        brasl   %r14,clp_command
        llilf   %r6,CLP_BLOCK+CLP_RESPONSE
        llgf    %r1,124(%r6)                    # its user-defined ID
        stg     %r1,DEV_WHERE(%r9)
3:      aghi    %r8,16
        brctg   %r7,2b
4:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Put the function of device block r2 into use (r3 = 0) or out of use (r3 = 1). Its handle changes by that. Result: 0 if done.
pci_set:
        lgr     %r1,%r14
        lgr     %r0,%r2
        lg      %r4,DEV_AT(%r2)
        sllg    %r4,%r4,32                      # handle (4), reserved (2), operation, number of address spaces
        sllg    %r3,%r3,8
        ogr     %r3,%r4
        oill    %r3,1
        lghi    %r2,CLP_SET
        lghi    %r4,32
        brasl   %r14,clp_command
        ltgr    %r2,%r2
        bnzr    %r1
        lgr     %r3,%r0
        llgf    %r4,CLP_RESPONSE+16(%r5)
        stg     %r4,DEV_AT(%r3)
        br      %r1

# Load 1, 2 or 4 bytes from r2 (handle and space) at offset r3. Result: the value; all ones if the function does not answer, as
# on any PCI bus.
pci_load8:
        oill    %r2,1
        pcilg   %r4,%r2
        jnz     pci_gone
        llgcr   %r2,%r4
        br      %r14
pci_load16:
        oill    %r2,2
        pcilg   %r4,%r2
        jnz     pci_gone
        lrvr    %r2,%r4
        srl     %r2,16
        llgfr   %r2,%r2
        br      %r14
pci_load32:
        oill    %r2,4
        pcilg   %r4,%r2
        jnz     pci_gone
        lrvr    %r2,%r4
        llgfr   %r2,%r2
        br      %r14
pci_gone:
        lghi    %r2,-1
        br      %r14

# Store value r4 in 1, 2, 4 or 8 bytes. If the function does not answer, later loads will tell.
pci_store8:
        oill    %r2,1
        pcistg  %r4,%r2
        br      %r14
pci_store16:
        oill    %r2,2
        lrvr    %r4,%r4
        srl     %r4,16
        pcistg  %r4,%r2
        br      %r14
pci_store32:
        oill    %r2,4
        lrvr    %r4,%r4
        pcistg  %r4,%r2
        br      %r14
pci_store64:
        oill    %r2,8
        lrvgr   %r4,%r4
        pcistg  %r4,%r2
        br      %r14

# Register the interruptions of device block r2: one message vector, bit 0 of adapter_vector, and bit 0 of adapter_summary,
# interruption subclass 3. Result: 0 if done.
pci_register_interruptions:
        larl    %r5,fib
        larl    %r1,adapter_vector
        stg     %r1,48(%r5)
        larl    %r1,adapter_summary
        stg     %r1,56(%r5)
        lg      %r1,DEV_AT(%r2)
        sllg    %r1,%r1,32
        oill    %r1,2                           # operation: register interruptions
        lghi    %r2,0
        mpcifc  %r1,0(%r5)
        bzr     %r14
        lghi    %r2,STATE_REFUSED
        br      %r14

        .balign 8
fib:                                            # function-information block
        .space  40
        .long   3<<28 | 1<<16 | 0x80            # subclass; number of vectors; first bit 0; summary bit wanted: bit 0
        .space  36
functions:                                      # as CLP lists them: device ID (2), vendor ID (2), state (4), function ID (4),
        .space  256                             # handle (4)
