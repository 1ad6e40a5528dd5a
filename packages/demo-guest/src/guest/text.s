# Lines of text, made field by field: `column` moves on, `text`, `decimal`, `tenths` and `hexadecimal` append, `line_end` prints.

.equ LINE,              128             # longest line

# Move to column r2; what is skipped is blank.
column: larl    %r1,line
        agr     %r2,%r1
        stgrl   %r2,line_position
        br      %r14

# Append the text at r2, which ends with a zero byte.
text:   lgrl    %r1,line_position
1:      cli     0(%r2),0
        je      2f
        mvc     0(1,%r1),0(%r2)
        aghi    %r1,1
        aghi    %r2,1
        j       1b
2:      stgrl   %r1,line_position
        br      %r14

# Result: the length of the text at r2.
text_length:
        lgr     %r1,%r2
        lghi    %r0,0                           # SEARCH STRING looks for this byte, up to the address in its first register
        lghi    %r3,-1
1:      srst    %r3,%r2
        jo      1b                              # condition code 3: it has done a part
        sgr     %r3,%r1
        lgr     %r2,%r3
        br      %r14

# Append the number r2 in decimal. CONVERT TO DECIMAL gives 31 packed digits and a sign, UNPACK ASCII makes characters of them.
decimal:
        cvdg    %r2,16(%r15)
        unpka   32(32,%r15),16(%r15)            # 32 characters, the first always "0"
        lgrl    %r1,line_position
        la      %r2,32(%r15)
        lghi    %r3,31                          # at least one digit
1:      cli     0(%r2),0x30
        jne     2f
        aghi    %r2,1
        brctg   %r3,1b
2:      la      %r4,1(%r3,%r1)
        stgrl   %r4,line_position
        exrl    %r3,move
        br      %r14

# Append the number r2 of tenths, with one decimal.
tenths: stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        lgr     %r3,%r2
        lghi    %r2,0
        lghi    %r1,10
        dlgr    %r2,%r1                         # quotient in r3, remainder in r2
        aghi    %r2,0x30
        larl    %r1,2f
        stc     %r2,1(%r1)
        lgr     %r2,%r3
        brasl   %r14,decimal
        larl    %r2,2f
        brasl   %r14,text
        lmg     %r6,%r15,208(%r15)
        br      %r14
        .balign 2
2:      .asciz  ".0"
        .balign 2

# Append the rightmost four hexadecimal digits of r2. UNPACK moves each into a byte of its own, with 0xf to its left; TRANSLATE
# makes characters of 0xf0 to 0xff.
hexadecimal:
        sllg    %r2,%r2,8                       # The rightmost byte of the source is taken for a digit and a sign: give it another.
        st      %r2,16(%r15)
        unpk    24(5,%r15),17(3,%r15)
        larl    %r1,hex_digits-0xf0
        tr      24(4,%r15),0(%r1)
        lgrl    %r1,line_position
        mvc     0(4,%r1),24(%r15)
        aghi    %r1,4
        stgrl   %r1,line_position
        br      %r14

# Copy r4 bytes, at most 256, from r3 to r2.
copy:   lgr     %r1,%r2
        lgr     %r2,%r3
        aghi    %r4,-1
        blr     %r14
        exrl    %r4,move
        br      %r14
move:   mvc     0(1,%r1),0(%r2)                 # EXECUTE puts the real length into it: one less than bytes

# Print the line on the console chosen by choose_console, and begin a new one.
line_end:
        stmg    %r6,%r15,48(%r15)
        aghi    %r15,-160
        larl    %r6,line
        lgrl    %r7,line_position
        mvi     0(%r7),0x0a
        aghi    %r7,1
        sgr     %r7,%r6
        lgrl    %r2,chosen_console
        ltgr    %r2,%r2
        jz      1f
        lgr     %r3,%r6
        lgr     %r4,%r7
        brasl   %r14,console_write
        j       2f
1:      lgr     %r2,%r6
        lgr     %r3,%r7
        brasl   %r14,sclp_write
2:      mvi     0(%r6),0x20                     # Blanks: each byte is copied from the one before it.
        mvc     1(LINE-1,%r6),0(%r6)
        stgrl   %r6,line_position
        lmg     %r6,%r15,208(%r15)
        br      %r14

        .balign 8
line_position:
        .quad   line
chosen_console:                                 # a device block; 0: the console of the SCLP
        .quad   0
line:   .fill   LINE,1,0x20
hex_digits:
        .ascii  "0123456789abcdef"
        .balign 2
