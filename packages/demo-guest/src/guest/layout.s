# Where things are: fixed storage locations, our own areas, and the layout of a device block.
#
# Conventions of this program, those of the s390x ELF ABI as far as it needs any:
#   - arguments in general registers 2 to 5, the result in 2, the return address in 14, the stack pointer in 15;
#   - a function may change 0 to 5 and 14; one that uses 6 to 13 saves them (stmg ... 48(%r15)) in the 160 bytes that its
#     caller left above the stack pointer, and makes room for those that it calls itself (aghi %r15,-160);
#   - the program runs in 64-bit mode without address translation: every address is an absolute address.

# ---- The prefix area, "low core": real locations that the CPU itself reads and writes at an interruption.
.equ LC_EXTERNAL_CODE,  0x86            # halfword: external-interruption code
.equ LC_PROGRAM_CODE,   0x8e            # halfword: program-interruption code
.equ LC_SUBCHANNEL,     0xb8            # word: subsystem-identification word of an I/O interruption
.equ LC_IO_WORD,        0xc0            # word: I/O-interruption-identification word; bit 0: an adapter interruption
.equ LC_NEW_PSWS,       0x1a0           # six new PSWs of 16 bytes: restart, external, supervisor call, program,
                                        # machine check, I/O

# ---- Our storage: all below 1 MiB, so that the smallest machine will do.
.equ WORK_AREA,         0x20000         # cleared at the start; from here on nothing is part of the image
.equ STACK,             0x28000         # grows down from here
.equ SCCB,              0x28000         # service-call control block: 4 KiB
.equ CLP_BLOCK,         0x29000         # request and response of CALL LOGICAL PROCESSOR: 4 KiB
.equ RINGS,             0x30000         # 4 KiB for the ring of each device
.equ BUFFERS,           0x40000         # SLOTS times 64 KiB
.equ WORK_AREA_END,     0xc0000

# ---- A device block: what the program knows of one device. There is one for each type of device on each bus (devices.s).
#      The host reads them, too, when the program has ended: results.ts has the same offsets.
.equ DEV_BUS,           0               # quad: its bus, a table of operations (below)
.equ DEV_TYPE,          8               # word: virtio device ID
.equ DEV_STATE,         12              # word: STATE_...
.equ DEV_AT,            16              # quad: by what its bus knows it: entry address, subsystem identification, handle
.equ DEV_WHERE,         24              # quad: its address for people: entry number, device number, UID
.equ DEV_QUEUE,         32              # word: number of the one queue in use
.equ DEV_SIZE,          36              # word: entries of the queue
.equ DEV_DESCRIPTORS,   40              # quad: address of the descriptor table
.equ DEV_AVAILABLE,     48              # quad: address of the available ring
.equ DEV_USED,          56              # quad: address of the used ring
.equ DEV_OFFERED,       64              # word: buffers offered so far, the next value of the available index
.equ DEV_LITTLE,        68              # byte: 1 if the device is little-endian (virtio 1.0 and later), 0 if big-endian (before)
.equ DEV_INTERRUPTIONS, 72              # quad: device interruptions taken while it was driven
.equ DEV_BYTES,         80              # quad: bytes moved in DEV_TIME
.equ DEV_TIME,          88              # quad: in units of the TOD clock, 4096 per microsecond
.equ DEV_LATENCY,       96              # quad: the same, for one request alone (block device)
.equ DEV_NOTIFY_TIME,   104             # quad: the same, for NOTIFICATIONS notifications without a buffer
.equ DEV_ONES,          112             # quad: one bits in a thousand (entropy device)
.equ DEV_COOKIE,        120             # quad: what the host gave back at the last notification (ccw)
.equ DEV_INDICATOR,     128             # quad: bit n from the right is set when queue n has used buffers (ccw)
.equ DEV_COMMON,        136             # two quads: common configuration (PCI): the request for PCILG and PCISTG, the offset
.equ DEV_NOTIFY,        152             # two quads: the same for notifications
.equ DEV_CONFIG,        168             # two quads: the same for the device configuration
.equ DEV_MSIX_TABLE,    184             # two quads: the same for the table of message vectors
.equ DEV_MULTIPLIER,    200             # word: bytes from the notification address of one queue to that of the next
.equ DEV_BLOCK,         256             # bytes of a device block

# ---- States of a device.
.equ STATE_MISSING,     0
.equ STATE_OK,          1
.equ STATE_REFUSED,     2               # the device could not be put into service
.equ STATE_NO_ANSWER,   3               # a request was not answered in time
.equ STATE_IO_ERROR,    4               # a request was answered with an error
.equ STATE_WRONG_DATA,  5               # what was read is not what should be there
.equ STATE_FOUND,       6               # not yet in use

# ---- A bus: what a driver can do without knowing which bus it is. Each operation takes the device block in register 2.
.equ BUS_OPEN,          0               # put the device into service, with queue DEV_QUEUE; result: 0, or another state
.equ BUS_NOTIFY,        8               # tell the device that its queue has new buffers
.equ BUS_CONFIG,        16              # result: the first eight bytes of its configuration, as they are in storage
.equ BUS_CLOSE,         24              # reset the device
.equ BUS_PRINT_WHERE,   32              # append DEV_WHERE to the line
.equ BUS_NAME,          40              # address of its name
.equ BUS_INTERRUPTION,  48              # address of the name of its kind of interruption
.equ BUS_GREETING,      56              # address of the line that its console prints first

# ---- virtio (section 2.1 and 5 of its specification).
.equ TYPE_BLOCK,        2
.equ TYPE_CONSOLE,      3
.equ TYPE_ENTROPY,      4
.equ ACKNOWLEDGE,       1
.equ DRIVER,            2
.equ DRIVER_OK,         4
.equ FEATURES_OK,       8
