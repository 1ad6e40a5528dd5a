# Where the machine starts the program: 64-bit mode, all interruptions disabled, nothing else set up.

start:
        llilf   %r2,WORK_AREA                   # Storage may hold anything: clear what we take for granted.
        llilf   %r3,WORK_AREA_END-WORK_AREA
        lghi    %r5,0                           # MOVE LONG from a source of length zero fills with bits 32-39 of register 5:
        mvcl    %r2,%r4                         # zeroes
        llilf   %r15,STACK-160

        larl    %r1,new_psws                    # What the CPU is to load at each class of interruption.
        mvc     LC_NEW_PSWS(96),0(%r1)
        larl    %r1,control_registers           # Which interruptions there may be, once the PSW allows any.
        lctlg   %c0,%c0,0(%r1)
        lctlg   %c6,%c6,8(%r1)
        brasl   %r14,now
        stgrl   %r2,started_at

        brasl   %r14,sclp_set_up
        brasl   %r14,page_find
        brasl   %r14,channel_find
        brasl   %r14,pci_find
        brasl   %r14,drive_all
        brasl   %r14,print_table
        brasl   %r14,close_all
        j       power_off

        .balign 8
control_registers:
        .quad   0x0000000000000a00              # CR 0: clock comparator (0x800); service signal and 0x2603 (0x200)
        .quad   0x00000000ff000000              # CR 6: all eight I/O-interruption subclasses
started_at:
        .quad   0

# The TOD clock, bit 51 of which ticks once in a microsecond. The "fast" form need not give a different value each time.
now:    stckf   16(%r15)
        lg      %r2,16(%r15)
        br      %r14
