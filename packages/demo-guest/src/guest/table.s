# The table of what was found and measured.

.equ COLUMN_DEVICE,     5
.equ COLUMN_WHERE,      13
.equ COLUMN_RING,       26
.equ COLUMN_INTERRUPTIONS, 33
.equ COLUMN_NOTIFY,     46
.equ COLUMN_RESULT,     54

# The table goes to the first console that works, channel I/O first; if there is none, to that of the SCLP.
choose_console:
        larl    %r1,devices+3*DEV_BLOCK
        l       %r2,DEV_STATE(%r1)
        chi     %r2,STATE_OK
        je      1f
        larl    %r1,devices+6*DEV_BLOCK
        l       %r2,DEV_STATE(%r1)
        chi     %r2,STATE_OK
        je      1f
        larl    %r1,devices
        l       %r2,DEV_STATE(%r1)
        chi     %r2,STATE_OK
        je      1f
        lghi    %r1,0
1:      stgrl   %r1,chosen_console
        br      %r14

print_table:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        brasl   %r14,choose_console
        brasl   %r14,now                        # what follows costs more than the work that it tells of
        lgrl    %r1,started_at
        sgr     %r2,%r1
        lgr     %r8,%r2
        brasl   %r14,line_end
        larl    %r2,heading
        brasl   %r14,text
        brasl   %r14,line_end
        larl    %r6,devices
        lghi    %r7,DEVICES
1:      lgr     %r2,%r6
        brasl   %r14,print_device
        aghi    %r6,DEV_BLOCK
        brctg   %r7,1b

        brasl   %r14,line_end
        lgrl    %r2,storage_size
        srlg    %r2,%r2,20
        brasl   %r14,decimal
        larl    %r2,text_storage
        brasl   %r14,text
        lgr     %r3,%r8
        srlg    %r3,%r3,12
        lghi    %r2,0
        lghi    %r1,1000
        dlgr    %r2,%r1
        lgr     %r2,%r3
        brasl   %r14,decimal
        larl    %r2,text_milliseconds
        brasl   %r14,text
        brasl   %r14,line_end
        lmg     %r6,%r15,208(%r15)
        br      %r14

# The line of device block r2.
print_device:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r6,%r2
        lg      %r7,DEV_BUS(%r6)
        lg      %r2,BUS_NAME(%r7)
        brasl   %r14,text
        lghi    %r2,COLUMN_DEVICE
        brasl   %r14,column
        l       %r1,DEV_TYPE(%r6)
        larl    %r2,text_block
        chi     %r1,TYPE_BLOCK
        je      1f
        larl    %r2,text_console
        chi     %r1,TYPE_CONSOLE
        je      1f
        larl    %r2,text_entropy
1:      brasl   %r14,text
        lghi    %r2,COLUMN_WHERE
        brasl   %r14,column
        llgf    %r8,DEV_STATE(%r6)
        chi     %r8,STATE_MISSING
        jne     2f
        larl    %r2,text_missing
        brasl   %r14,text
        j       8f

2:      lgr     %r2,%r6
        lg      %r1,BUS_PRINT_WHERE(%r7)
        basr    %r14,%r1
        lghi    %r2,COLUMN_RING
        brasl   %r14,column
        llgf    %r2,DEV_SIZE(%r6)
        ltgr    %r2,%r2
        jz      4f                              # it did not come so far
        brasl   %r14,decimal
        larl    %r2,text_big
        cli     DEV_LITTLE(%r6),0
        je      3f
        larl    %r2,text_little
3:      brasl   %r14,text
        lghi    %r2,COLUMN_INTERRUPTIONS
        brasl   %r14,column
        lg      %r2,DEV_INTERRUPTIONS(%r6)
        brasl   %r14,decimal
        larl    %r2,text_blank
        brasl   %r14,text
        lg      %r2,BUS_INTERRUPTION(%r7)
        brasl   %r14,text
4:      chi     %r8,STATE_OK
        jne     5f
        lghi    %r2,COLUMN_NOTIFY
        brasl   %r14,column
        lg      %r2,DEV_NOTIFY_TIME(%r6)
        lghi    %r3,NOTIFICATIONS
        brasl   %r14,microseconds
5:      lghi    %r2,COLUMN_RESULT
        brasl   %r14,column
        sllg    %r2,%r8,3                       # the state in words
        larl    %r1,state_texts
        lg      %r2,0(%r2,%r1)
        brasl   %r14,text
        chi     %r8,STATE_OK
        jne     8f

        l       %r1,DEV_TYPE(%r6)
        chi     %r1,TYPE_CONSOLE
        jne     6f
        lg      %r2,DEV_BYTES(%r6)              # "87 bytes, 31.4 us"
        brasl   %r14,decimal
        larl    %r2,text_bytes
        brasl   %r14,text
        lg      %r2,DEV_TIME(%r6)
        lghi    %r3,1
        brasl   %r14,microseconds
        j       8f
6:      lg      %r2,DEV_BYTES(%r6)              # "812 MB/s, "
        lg      %r3,DEV_TIME(%r6)
        brasl   %r14,megabytes_per_second
        l       %r1,DEV_TYPE(%r6)
        chi     %r1,TYPE_BLOCK
        jne     7f
        lg      %r2,DEV_LATENCY(%r6)            # "31.4 us/4K"
        lghi    %r3,1
        brasl   %r14,microseconds
        larl    %r2,text_per_block
        brasl   %r14,text
        j       8f
7:      lg      %r2,DEV_ONES(%r6)               # "50.0 % ones"
        brasl   %r14,tenths
        larl    %r2,text_ones
        brasl   %r14,text
8:      brasl   %r14,line_end
        lmg     %r6,%r15,208(%r15)
        br      %r14

# Append the time r2 (in units of the clock) divided by r3, in microseconds.
microseconds:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r1,%r3
        mghi    %r2,10
        lgr     %r3,%r2
        lghi    %r2,0
        dlgr    %r2,%r1
        srlg    %r2,%r3,12                      # 4096 units are a microsecond
        brasl   %r14,tenths
        larl    %r2,text_microseconds
        brasl   %r14,text
        lmg     %r6,%r15,208(%r15)
        br      %r14

# Append r2 bytes in the time r3 as MB/s, which is bytes per microsecond.
megabytes_per_second:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r1,%r3
        lgr     %r3,%r2
        ltgr    %r1,%r1
        jnz     1f
        lghi    %r1,1                           # a clock that stands still
1:      sllg    %r3,%r3,12
        lghi    %r2,0
        dlgr    %r2,%r1
        lgr     %r2,%r3
        brasl   %r14,decimal
        larl    %r2,text_megabytes
        brasl   %r14,text
        lmg     %r6,%r15,208(%r15)
        br      %r14

        .balign 8
state_texts:
        .quad   0,text_ok,text_refused,text_no_answer,text_io_error,text_wrong_data
        .balign 2
heading:
        .asciz  "bus  device  where        ring   interrupts   notify  result"
        .balign 2
text_console:
        .asciz  "console"
        .balign 2
text_entropy:
        .asciz  "entropy"
        .balign 2
text_block:
        .asciz  "block"
        .balign 2
text_missing:
        .asciz  "-"
        .balign 2
text_blank:
        .asciz  " "
        .balign 2
text_big:
        .asciz  " BE"
        .balign 2
text_little:
        .asciz  " LE"
        .balign 2
text_ok:
        .asciz  "ok "
        .balign 2
text_refused:
        .asciz  "refused"
        .balign 2
text_no_answer:
        .asciz  "no answer"
        .balign 2
text_io_error:
        .asciz  "I/O error"
        .balign 2
text_wrong_data:
        .asciz  "wrong data"
        .balign 2
text_bytes:
        .asciz  " bytes, "
        .balign 2
text_microseconds:
        .asciz  " us"
        .balign 2
text_megabytes:
        .asciz  " MB/s, "
        .balign 2
text_per_block:
        .asciz  "/4K"
        .balign 2
text_ones:
        .asciz  " % ones"
        .balign 2
text_storage:
        .asciz  " MiB of storage. The devices took "
        .balign 2
text_milliseconds:
        .asciz  " ms."
        .balign 2
