import { assemble } from "../../../packages/s390x-isa/src/index.ts";
import {
  FIRST_SLOT,
  FRAME_COUNT,
  FRAMES,
  FRAMES_SIZE,
  Log,
  MAXIMUM_LOG,
  OPEN_KEY,
  ORIGIN,
  PREFIXES,
  SEGMENT_TABLES,
  SLOT_SIZE,
  Slot,
  TEMPLATE,
  WINDOW,
  WINDOW_PAGE_TABLES,
} from "./layout.ts";

/** Locations that programs may store into: one in each range of low-address protection. */
export const OPEN_LOCATIONS = [0x18, 0x1008] as const;
/** Prefix areas and page tables, which programs may store into. */
const OPEN_PAGES = [0, 0x1000, 0x4000, 0x5000, 0x6000, 0x7000, 0x28000, 0x29000];
const SPACES = [0, 1, 2] as const;
const result = (offset: number): number => offset - Slot.result;
const each = <T>(values: readonly T[], text: (value: T) => string): string => values.map(text).join("\n");

/**
 * Start, program interruptions and supervisor calls. SVC 1 goes on in 64-bit supervisor state with translation off, SVC 0 ends a
 * program. Saved registers and the next PSW are at 800 and 900, out of reach of low-address protection.
 */
export function runtime(programs: number): Uint8Array {
  return assemble(
    `
    larl %r2,new_psws
    ${each(PREFIXES, (prefix) => `llilf %r1,${prefix}\n mvc 0x1c0(32,%r1),0(%r2)`)}
    llilf %r9,${FIRST_SLOT}

program:
    stgrl %r9,current
    ${each(PREFIXES, (prefix) => each(OPEN_LOCATIONS, (open) => `llilf %r1,${prefix + (open & 0xf000)}\n xc ${open & 0xfff}(8,%r1),${open & 0xfff}(%r1)`))}
    lay %r8,${Slot.tables}(%r9)
    ${each(SPACES, (n) => `llilf %r1,${WINDOW_PAGE_TABLES + n * 0x800}\n mvc 0(128,%r1),${n * 128}(%r8)`)}
    ${each(SPACES, (n) => `llilf %r1,${WINDOW_PAGE_TABLES + n * 0x800}\n llilf %r2,${segmentEntry(n)}\n stg %r1,0(%r2)`)}
    llilf %r2,${FRAMES}
    llilf %r3,${FRAMES_SIZE}
    llilf %r4,${TEMPLATE}
    lgr %r5,%r3
    mvcl %r2,%r4
    llilf %r2,${FRAMES}
    la %r3,${Slot.keys}(%r9)
    lghi %r4,${FRAME_COUNT}
1:  ic %r5,0(%r3)
    sske %r5,%r2
    aghi %r2,0x1000
    la %r3,1(%r3)
    brct %r4,1b
    lghi %r5,${OPEN_KEY}
    ${each(OPEN_PAGES, (page) => `llilf %r2,${page}\n sske %r5,%r2`)}
    mvc 0x900(16,%r0),${Slot.psw}(%r9)
    lctlg %c0,%c15,${Slot.control}(%r9)
    ptlb
    lam %a0,%a15,${Slot.access}(%r9)
    lmg %r0,%r15,${Slot.general}(%r9)
    lpswe 0x900(%r0)

program_interruption:
    stmg %r0,%r15,0x800(%r0)
    lgrl %r9,current
    lay %r8,${Slot.result}(%r9)
    lg %r2,${result(Slot.interruptions)}(%r8)
    mvc ${result(Slot.resultPsw)}(16,%r8),0x150(%r0)
    cghi %r2,${MAXIMUM_LOG}
    jhe finish
    sllg %r3,%r2,6
    lay %r3,${Slot.log}(%r3,%r9)
    mvc ${Log.identification}(8,%r3),0x8c(%r0)
    mvc ${Log.translation}(8,%r3),0xa8(%r0)
    mvc ${Log.psw}(16,%r3),0x150(%r0)
    mvc ${Log.access}(8,%r3),0xa0(%r0)
    mvc ${Log.monitorCode}(8,%r3),0xb0(%r0)
    mvc ${Log.monitorClass}(8,%r3),0x90(%r0)
    aghi %r2,1
    stg %r2,${result(Slot.interruptions)}(%r8)
    lg %r4,0x158(%r0)
    lay %r5,${Slot.resume}(%r9)
2:  lg %r6,0(%r5)
    la %r5,8(%r5)
    ltgr %r6,%r6
    jz finish
    clgr %r6,%r4
    jl 2b
    lg %r7,0x150(%r0)
    llgh %r1,0x8e(%r0)              # the PSW itself may be what is refused
    cghi %r1,6
    jne resume
    lgrl %r7,base_mask
resume:
    stg %r7,0x900(%r0)
    stg %r6,0x908(%r0)
    lmg %r0,%r15,0x800(%r0)
    lpswe 0x900(%r0)

supervisor_call:
    stmg %r0,%r15,0x800(%r0)
    lgrl %r9,current
    lay %r8,${Slot.result}(%r9)
    mvc ${result(Slot.resultPsw)}(16,%r8),0x140(%r0)
    llgh %r2,0x8a(%r0)
    lgrl %r7,base_mask
    lg %r6,0x148(%r0)
    cghi %r2,1
    je resume

finish:
    mvc 0(128,%r8),0x800(%r0)
    stctg %c0,%c15,${result(Slot.resultControl)}(%r8)
    stam %a0,%a15,${result(Slot.resultAccess)}(%r8)
    stpx ${result(Slot.resultPrefix)}(%r8)
    larl %r1,base_control
    lctlg %c0,%c15,0(%r1)
    spx 0(%r1)
    llilf %r2,${FRAMES}
    la %r3,${result(Slot.resultKeys)}(%r8)
    lghi %r4,${FRAME_COUNT}
3:  lghi %r5,0
    iske %r5,%r2
    stc %r5,0(%r3)
    aghi %r2,0x1000
    la %r3,1(%r3)
    brct %r4,3b
    llilf %r2,${FRAMES}
    la %r3,${result(Slot.resultFrames)}(%r8)
    lghi %r4,${FRAME_COUNT}
4:  lghi %r5,0
    lghi %r6,512
5:  rllg %r5,%r5,7
    xg %r5,0(%r2)
    la %r2,8(%r2)
    brct %r6,5b
    stg %r5,0(%r3)
    la %r3,8(%r3)
    brct %r4,4b
    ${each(SPACES, (n) => `llilf %r1,${WINDOW_PAGE_TABLES + n * 0x800}\n mvc ${result(Slot.resultTables) + n * 128}(128,%r8),0(%r1)`)}
    lay %r3,${Slot.resultSegments}(%r9)
    ${each(SPACES, (n) => `llilf %r1,${segmentEntry(n)}\n mvc ${n * 8}(8,%r3),0(%r1)`)}
    algfi %r9,${SLOT_SIZE}
    clgfi %r9,${FIRST_SLOT + programs * SLOT_SIZE}
    jl program
    larl %r1,end
    lpswe 0(%r1)

    .align 8
base_control: .space 128
current: .quad 0
base_mask: .quad 0x180000000
new_psws: .quad 0x180000000, supervisor_call, 0x180000000, program_interruption
end: .quad 0x0002000180000000, 0
`,
    { origin: ORIGIN },
  ).bytes;
}

/** Address of the window's entry in a space's segment table. */
export function segmentEntry(space: number): number {
  return SEGMENT_TABLES + space * 0x1000 + (WINDOW >> 20) * 8;
}
