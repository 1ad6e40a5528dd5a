import { describe, expect, it } from "vitest";
import { PROGRAM_ORIGIN, runProgram, sharedCpu } from "../testing/program.ts";

/** LGHI %r7,N: a 4-byte instruction whose last byte is N. */
const LOAD_7 = "lghi %r7,1";

describe("PoP chapter 5, sequence of storage references: an instruction stored by the CPU is the one that executes", () => {
  it.each([
    ["MVI", "mvi patch+3-base(%r5),9"],
    ["STC", "lghi %r1,9\nstc %r1,patch+3-base(%r5)"],
    ["STG over it", "lg %r1,new-base(%r5)\nstg %r1,patch-base(%r5)"],
    ["MVC", "mvc patch+3-base(1,%r5),nine-base(%r5)"],
    ["XC", "xc patch+3-base(1,%r5),eight-base(%r5)"],
    ["OI", "oi patch+3-base(%r5),9"],
    ["MVCL", "la %r0,patch+3-base(%r5)\nlghi %r1,1\nlgr %r2,%r0\nlghi %r3,1\nla %r8,nine-base(%r5)\nlghi %r9,1\nmvcl %r2,%r8"],
    ["STM", "lgf %r1,new-base(%r5)\nstm %r1,%r1,patch-base(%r5)"],
    ["CS", "l %r1,patch-base(%r5)\nl %r2,new-base(%r5)\ncs %r1,%r2,patch-base(%r5)"],
  ])("%s changes an instruction that has run before", (_name, store) => {
    // Two passes: the first runs the old instruction and stores, the second must run the new one.
    const end = runProgram(
      `        larl %r5,base
               lghi %r6,2
       base:   .align 8
       patch:  ${LOAD_7}
               lgr %r11,%r7
               agr %r10,%r7
               ${store}
               brctg %r6,patch
               j done
               .align 8
       new:    lghi %r7,9
               lgr %r11,%r7
               .align 8
       nine:   .byte 9
       eight:  .byte 8
               .align 2
       done:   lgr %r12,%r12`,
    );
    expect(end.interruption).toBeUndefined();
    expect(end.general[11]).toBe(9n);
    expect(end.general[10]).toBe(10n);
  });

  it("the very next instruction, and one in the same line of storage", () => {
    const end = runProgram(`larl %r5,patch\nmvi 3(%r5),77\npatch: ${LOAD_7}`);
    expect(end.general[7]).toBe(77n);
  });

  it("an instruction that stores over itself goes on behind itself", () => {
    // The stored bytes are those of two BCTR 0,0 with other registers: they must not be executed in this pass.
    const end = runProgram("larl %r5,patch\nlghi %r1,0x0707\nlghi %r2,5\npatch: sth %r1,0(%r5)\naghi %r2,1\nlgr %r3,%r2");
    expect(end.general[3]).toBe(6n);
    expect(end.memory(end.address("patch"), 2)).toBe("0707");
  });

  it("the runtime's half of an instruction that stores over itself goes on behind itself", () => {
    const end = runProgram(
      "larl %r5,patch\nlghi %r2,5\npatch: stctg %c0,%c0,0(%r5)\naghi %r2,1\n.align 8\nlgr %r3,%r2".replace("patch:", ".align 8\npatch:"),
    );
    // Eight bytes: the instruction itself and the first halfword of the next; control register 0 holds zeros there.
    expect(end.interruption?.code ?? 0).toBe(1);
  });

  it("an instruction that lies in two pages, changed in the second", () => {
    const end = runProgram(
      `lghi %r6,2\nlarl %r5,data\nj patch\n.org ${PROGRAM_ORIGIN + 0xffe}\npatch: ${LOAD_7}\nagr %r10,%r7\nmvi 1(%r5),9\nbrctg %r6,patch\n.equ data,patch+2`,
    );
    expect(end.general[10]).toBe(10n);
  });

  it("the target of EXECUTE is fetched each time", () => {
    const end = runProgram(
      `larl %r5,target\nexrl %r0,target\nlgr %r1,%r7\nmvi 3(%r5),9\nexrl %r0,target\nj over\ntarget: ${LOAD_7}\nover: lgr %r2,%r7`,
    );
    expect(end.general.slice(1, 3)).toEqual([1n, 9n]);
  });

  it("a store by the host or by a channel program is seen as well", () => {
    const source = `${LOAD_7}\nlgr %r1,%r7`;
    runProgram(source);
    const cpu = sharedCpu();
    cpu.memory.write(PROGRAM_ORIGIN, Uint8Array.from([0xa7, 0x79, 0x00, 0x2a]));
    cpu.setPsw(0x0000_0001_8000_0000n, BigInt(PROGRAM_ORIGIN));
    cpu.run({ budget: 1000 });
    expect(cpu.state.general[1]).toBe(42n);
  });

  it("data beside code in one page, stored to many times, leaves both right", () => {
    const end = runProgram(
      "larl %r5,data\nlgfi %r2,5000\nloop: stg %r2,0(%r5)\nlg %r3,0(%r5)\nagr %r4,%r3\nbrctg %r2,loop\nj over\n.align 256\ndata: .quad 0\n.align 8\nover: lgr %r1,%r4",
    );
    expect(end.general[1]).toBe(12_502_500n);
  });
});
