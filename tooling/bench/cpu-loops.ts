/** A loop of one kind of instruction. Register 11 counts down, register 12 holds the address of 1 MiB of data. */
export interface Loop {
  readonly kind: string;
  /** Instructions, one a line. They are repeated; `@` is the number of the repetition. No branch may skip any of them. */
  readonly body: string;
  /** How often the body stands in the loop; 8 when absent. */
  readonly round?: number;
  /** What is executed once, before the loop. */
  readonly before?: string;
  /** What follows behind the loop: its instructions are not counted. */
  readonly after?: string;
  readonly general?: Readonly<Record<number, bigint>>;
  readonly floatingPoint?: Readonly<Record<number, bigint>>;
}

const one = 0x3ff0_0000_0000_0000n;
const nearlyOne = 0x3fef_ffff_ffff_0000n;

/** Makes the data known to the translation banks, for loops that have no other access to it. */
const touch = "stg %r0,0(%r12)";

/** The first is what all others are compared with. */
export const loops: readonly Loop[] = [
  {
    kind: "register arithmetic",
    body: `
      agr %r1,%r2
      xgr %r3,%r1
      sgr %r4,%r3
      lgr %r5,%r4
      aghi %r2,7`,
    general: { 1: 1n, 2: 2n, 3: 3n, 4: 4n },
  },
  {
    kind: "shifts and bit fields",
    body: `
      sllg %r1,%r2,3
      risbg %r3,%r1,8,47,5
      srlg %r4,%r3,7
      rllg %r2,%r4,13`,
    general: { 2: 0x1234_5678_9abc_def0n },
  },
  { kind: "load", body: "lg %r1,@(%r12)\nl %r2,16@(%r12)\nllgc %r3,32@(%r12)\nlh %r4,48@(%r12)" },
  { kind: "store", body: "stg %r1,@(%r12)\nst %r2,16@(%r12)\nstc %r3,32@(%r12)\nsth %r4,48@(%r12)" },
  { kind: "load and store multiple of 10", body: "stmg %r0,%r9,0(%r12)\nlmg %r0,%r9,0(%r12)" },
  {
    kind: "compare and branch, taken",
    body: `
      cgij %r1,5,4,n@
      n@:`,
    general: { 1: 1n },
    round: 8,
  },
  {
    kind: "compare and branch, not taken",
    body: "clgrj %r1,%r2,2,again\ncgr %r1,%r2\njh again",
    general: { 1: 1n, 2: 2n },
  },
  {
    kind: "call and return",
    body: "brasl %r14,sub",
    after: "sub: br %r14",
    round: 4,
  },
  { kind: "multiply", body: "msgr %r1,%r2\nmsgr %r3,%r1\nmsr %r4,%r3", general: { 1: 3n, 2: 5n, 3: 7n, 4: 9n } },
  { kind: "divide", body: "dsgr %r2,%r4", general: { 2: 0n, 3: 0x1234_5678_9abcn, 4: 1n } },
  { kind: "MVC of 8 bytes", before: touch, body: "mvc 0(8,%r12),64(%r12)" },
  { kind: "MVC of 256 bytes", before: touch, body: "mvc 0(256,%r12),512(%r12)" },
  { kind: "MVC of 256 bytes, in pages that nothing else accesses", body: "mvc 0(256,%r12),0(%r13)", general: { 13: 0x10_2000n } },
  { kind: "CLC of 32 bytes", before: touch, body: "clc 0(32,%r12),512(%r12)" },
  { kind: "XC of 64 bytes with itself", before: touch, body: "xc 0(64,%r12),0(%r12)" },
  { kind: "EXRL of MVC", before: touch, body: "exrl %r3,target", after: "target: mvc 0(1,%r12),64(%r12)", general: { 3: 31n } },
  { kind: "compare and swap", body: "csg %r1,%r2,0(%r12)", general: { 1: 0n, 2: 0n } },
  {
    kind: "BFP long add and multiply",
    body: "adbr %f0,%f2\nmdbr %f4,%f6",
    floatingPoint: { 0: one, 2: one, 4: one, 6: nearlyOne },
  },
  {
    kind: "loads from many pages",
    body: "lg %r1,0(%r2,%r12)\naghi %r2,4104\nnilf %r2,0xffff8",
    general: { 2: 0n },
  },
  { kind: "a helper in JavaScript: STFLE", body: "lghi %r0,0\nstfle 0(%r12)", round: 2 },
];
