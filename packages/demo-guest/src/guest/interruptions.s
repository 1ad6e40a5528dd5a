# Interruptions.
#
# The program opens itself to interruptions in one place only, the wait PSW of `wait`. So a handler has no state to save: it is as
# if `wait` had been a call of the handler, which returns to where `wait` was called from. In a kernel this is different, but
# what a handler does with the hardware is the same:
#   - external 0x2603: a device of the descriptor page has used buffers;
#   - external 0x2401: the service-call logical processor has done a command;
#   - external 0x1004: the clock comparator, our alarm;
#   - I/O from a subchannel: a channel program has ended, or a virtio-ccw device has set an indicator;
#   - I/O from an adapter: a PCI function has set a bit in its vector.

# Wait for one interruption. Another one than that which the caller hopes for may come, so the caller looks, and waits again.
wait:   larl    %r1,wait_psw
        lpswe   0(%r1)

external_interruption:
        llgh    %r2,LC_EXTERNAL_CODE
        chi     %r2,0x2603
        je      count_interruption              # which device it is does not matter: one is in use at a time
        chi     %r2,0x2401
        je      1f
        chi     %r2,0x1004
        jne     2f
        larl    %r1,never                       # The comparator asks as long as the clock is past it: set it to the end of time.
        sckc    0(%r1)
        larl    %r1,timed_out
        mvi     0(%r1),1
        br      %r14
1:      larl    %r1,sclp_done
        mvi     0(%r1),1
2:      br      %r14

io_interruption:
        tm      LC_IO_WORD,0x80
        jo      adapter_interruption
        llgf    %r1,LC_SUBCHANNEL               # TEST SUBCHANNEL takes the subchannel's number in register 1. It fetches the
        larl    %r2,irb                         # status and clears it; until then the subchannel has no further interruption.
        tsch    0(%r2)
        tm      3(%r2),0x06                     # Primary or secondary status: it is about a channel program.
        jz      count_interruption              # Else a device wants to be looked at: used buffers.
        larl    %r1,channel_status
        oc      0(2,%r1),8(%r2)                 # device status and subchannel status
        tm      3(%r2),0x02                     # Secondary status: the device, too, is at the end.
        bzr     %r14
        larl    %r1,channel_done
        mvi     0(%r1),1
        br      %r14

# An adapter has no number. It has set a bit of its vector, then the summary bit, and asks for an interruption only if the
# summary bit was off. So that is taken back first: whatever is set after it leads to another interruption.
adapter_interruption:
        larl    %r1,adapter_summary
        lghi    %r2,0
        lang    %r2,%r2,0(%r1)                  # AND with zero in one interlocked access
        larl    %r1,adapter_vector
        lghi    %r2,0
        lang    %r2,%r2,0(%r1)

count_interruption:
        larl    %r1,interruptions
        agsi    0(%r1),1
        br      %r14

# A program interruption is our own fault, unless we were probing: then `recovery` says where to go on.
program_interruption:
        lgrl    %r1,recovery
        ltgr    %r1,%r1
        jz      1f
        lghi    %r2,0
        stgrl   %r2,recovery
        br      %r1
1:      llgh    %r2,LC_PROGRAM_CODE
        oilh    %r2,0xdead
        j       stop

# Let the clock comparator interrupt a wait five seconds from now. Nothing that the program waits for takes so long.
set_alarm:
        stckf   16(%r15)
        lg      %r1,16(%r15)
        larl    %r2,five_seconds
        alg     %r1,0(%r2)
        stg     %r1,16(%r15)
        sckc    16(%r15)
        larl    %r1,timed_out
        mvi     0(%r1),0
        br      %r14

        .balign 8
# A PSW is a mask and an address. Mask 0x00000001_80000000: 64-bit mode. To it the wait PSW adds I/O interruptions (0x02...),
# external interruptions (0x01...), and the wait (0x0002...).
new_psws:
        .quad   0x0002000180000000,0xdead0001   # restart: nobody should; a disabled wait
        .quad   0x0000000180000000,external_interruption
        .quad   0x0002000180000000,0xdead0002   # supervisor call
        .quad   0x0000000180000000,program_interruption
        .quad   0x0002000180000000,0xdead0003   # machine check
        .quad   0x0000000180000000,io_interruption
wait_psw:
        .quad   0x0302000180000000,0
recovery:
        .quad   0
interruptions:                                  # device interruptions so far
        .quad   0
never:  .quad   -1
five_seconds:
        .quad   5000000*4096
adapter_summary:                                # its leftmost bit is in use
        .quad   0
adapter_vector:                                 # likewise: one function with one vector at a time
        .quad   0
irb:    .space  96                              # interruption-response block: what TEST SUBCHANNEL stores
channel_status:
        .short  0                               # device status and subchannel status of the last channel program
channel_done:                                   # these three are bytes; the second one keeps what LARL names at even addresses
        .byte   0,0
sclp_done:
        .byte   0,0
timed_out:
        .byte   0,0
        .balign 8
