import { assemble } from "@zarch/s390x-isa";

/**
 * A guest of a few hundred bytes, for tests of the command without a Linux kernel. It prints "ready> " on the ASCII console
 * and then echoes what is typed, but for: q powers off, c crashes into a disabled wait (code 0xbad), Ctrl-D prints "eof" and
 * powers off, r reads nothing more but waits for ever.
 */
const source = `
  start:    larl  %r5,extpsw
            mvc   0x1b0(16),0(%r5)
            larl  %r5,control0
            lctlg %c0,%c0,0(%r5)
            lghi  %r8,0x4000            # SCCB for reading
            lghi  %r9,0x5000            # SCCB for writing

            larl  %r4,mask              # receive and send ASCII console data
            llilf %r1,0x00780005
            brasl %r13,call

            larl  %r6,prompt
            lghi  %r7,7
            brasl %r11,print

  read:     xc    0(16,%r8),0(%r8)
            mvhhi 0(%r8),4096
            mvi   5(%r8),0x80
            lgr   %r4,%r8
            llilf %r1,0x00770005
            brasl %r13,call
            clhhsi 6(%r8),0x0020
            je    typed
            larl  %r14,read             # nothing there: wait for a signal
            j     wait

  typed:    llgh  %r7,8(%r8)            # length of the event buffer: header 6, type of data 1
            aghi  %r7,-7
            la    %r6,15(%r8)
            cli   0(%r6),'q'
            je    poweroff
            cli   0(%r6),'c'
            je    crash
            cli   0(%r6),'r'
            je    forever
            cli   0(%r6),4
            je    eof
            brasl %r11,print
            j     read

  eof:      larl  %r6,eoftext
            lghi  %r7,4
            brasl %r11,print
  poweroff: lghi  %r0,0
            lghi  %r1,0
            lghi  %r3,0
            sigp  %r0,%r3,5             # stop
            j     poweroff
  crash:    larl  %r5,crashpsw
            lpswe 0(%r5)
  forever:  larl  %r14,forever
            j     wait

  # Prints %r7 bytes at %r6.
  print:    xc    0(16,%r9),0(%r9)
            la    %r2,14(%r7)
            sth   %r2,0(%r9)
            la    %r2,6(%r7)
            sth   %r2,8(%r9)
            mvi   10(%r9),0x1a
            aghi  %r7,-1
            larl  %r2,move
            ex    %r7,0(%r2)
            lgr   %r4,%r9
            llilf %r1,0x00760005
            lgr   %r13,%r11
            j     call
  move:     mvc   14(1,%r9),0(%r6)

  # Service call %r1 with the SCCB at %r4, and the wait for its completion.
  call:     servc %r1,%r4
            jnz   call
            lgr   %r14,%r13
  wait:     larl  %r5,waitpsw
            lpswe 0(%r5)
  signal:   br    %r14

            .balign 8
  extpsw:   .quad 0x0000000180000000,signal
  waitpsw:  .quad 0x0102000180000000,0
  crashpsw: .quad 0x0002000180000000,0xbad
  control0: .quad 0x200
  mask:     .short 28,0,0,0,0,4
            .long 0x40,0x40,0,0
  prompt:   .ascii "ready> "
            .balign 2
  eoftext:  .ascii "eof\\n"
`;

const origin = 0x2_0000;

/** The guest as an ELF program. */
export function consoleGuest(): Uint8Array {
  const { bytes } = assemble(source, { origin });
  const dataOffset = 0x1000;
  const elf = new Uint8Array(dataOffset + bytes.length);
  const view = new DataView(elf.buffer);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1]);
  view.setUint16(16, 2);
  view.setUint16(18, 22);
  view.setUint32(20, 1);
  view.setBigUint64(24, BigInt(origin));
  view.setBigUint64(32, 64n);
  view.setUint16(52, 64);
  view.setUint16(54, 56);
  view.setUint16(56, 1);
  view.setUint32(64, 1);
  view.setUint32(68, 7);
  for (const [offset, value] of [
    [72, dataOffset],
    [80, origin],
    [88, origin],
    [96, bytes.length],
    [104, bytes.length],
  ] as const)
    view.setBigUint64(offset, BigInt(value));
  elf.set(bytes, dataOffset);
  return elf;
}

/** The guest's labels, as a System.map has them. */
export function consoleGuestMap(): string {
  const { symbols } = assemble(source, { origin });
  return [...symbols].map(([name, address]) => `${address.toString(16).padStart(16, "0")} T ${name}\n`).join("");
}
