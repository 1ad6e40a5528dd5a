import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assembled, CODE, DATA, EnginePair, edgeValues, finish, prepare, type Start } from "../testing/engine-pair.ts";

const registerValue = fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.constantFrom(...edgeValues));

// Straight-line instructions of many kinds: %r12 points to the start of a page of data, %r13 near its end.
const lines = [
  "agr %r1,%r2",
  "ar %r3,%r4",
  "sgr %r5,%r1",
  "slr %r2,%r3",
  "algr %r1,%r3",
  "alr %r4,%r2",
  "slgr %r5,%r1",
  "alcgr %r4,%r5",
  "alcr %r3,%r1",
  "slbr %r1,%r6",
  "slbgr %r2,%r2",
  "lghi %r4,5\ndlgr %r4,%r1",
  "dsgr %r6,%r3",
  "ahi %r3,-7",
  "aghik %r7,%r1,99",
  "lgr %r8,%r1",
  "lgfr %r9,%r8",
  "llgcr %r1,%r9",
  "lhi %r2,-1",
  "iilf %r3,305419896",
  "oihh %r4,4660",
  "nill %r5,65280",
  "xilf %r6,1",
  "lg %r1,8(%r12)",
  "l %r2,12(%r12)",
  "lgh %r3,3(%r12)",
  "llc %r4,5(%r12)",
  "stg %r5,16(%r12)",
  "sth %r6,33(%r12)",
  "stc %r7,40(%r12)",
  "lg %r8,12(%r13)",
  "stg %r9,13(%r13)",
  "lmg %r1,%r3,48(%r12)",
  "stmg %r4,%r7,64(%r12)",
  "stm %r1,%r2,10(%r13)",
  "lm %r5,%r6,9(%r13)",
  "agsi 72(%r12),-3",
  "ni 80(%r12),240",
  "laag %r1,%r2,88(%r12)",
  "csg %r3,%r4,96(%r12)",
  "cgr %r1,%r2",
  "clr %r3,%r4",
  "ltgr %r5,%r5",
  "locgre %r1,%r2",
  "sllg %r3,%r4,13",
  "srag %r5,%r6,7",
  "sla %r1,5",
  "rll %r2,%r3,9",
  "risbg %r4,%r5,16,175,24",
  "rxsbg %r6,%r7,40,20,3",
  "msgr %r1,%r2",
  "mlgr %r4,%r1",
  "flogr %r6,%r3",
  "popcnt %r5,%r6",
  "icm %r1,5,104(%r12)",
  "stcm %r2,10,108(%r12)",
  "mvc 112(8,%r12),0(%r12)",
  "xc 120(5,%r12),3(%r12)",
  "clc 0(16,%r12),8(%r12)",
  "la %r1,100(%r2,%r3)",
  "larl %r4,.+256",
  "ahhlr %r1,%r2,%r3",
  "lrvgr %r6,%r7",
  "tm 2(%r12),129",
  "slag %r1,3",
  "lcgr %r2,%r3",
  "lpr %r4,%r5",
  "ipm %r8",
  "tmll %r3,4112",
  "brc 1,.+100",
  "cgij %r1,1,8,.+50",
].map((line) => line.replace("slag %r1,3", "slag %r1,%r1,3"));

describe.each(["jit", "lockstep"] as const)("compiled regions: the same definitions, in step with the interpreter (%s)", (engine) => {
  const pair = new EnginePair(engine);
  const { compiled } = pair;
  const expectSame = (start: Start): void => {
    const { compiled, interpreted } = pair.run(start);
    expect(compiled).toEqual(interpreted);
  };

  /** Those that do not branch past lines behind them: that could lead anywhere. */
  const linesWithin = lines.filter((line) => !line.includes(".+"));

  const starts = {
    registers: fc.array(registerValue, { minLength: 16, maxLength: 16 }),
    storage: fc.uint8Array({ minLength: 256, maxLength: 256 }),
  };

  it("a loop of random instructions leaves the same registers, condition code, storage and PSW", () => {
    const before = compiled.regionStatistics!.compiled;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...lines), { minLength: 1, maxLength: 30 }),
        starts.registers,
        starts.storage,
        (body, registers, storage) => {
          expectSame({ text: assembled(`again:\n${body.join("\n")}\nbrctg %r11,again\nsvc 0`), registers, storage });
        },
      ),
      { numRuns: 150 },
    );
    expect(compiled.regionStatistics!.compiled).toBeGreaterThan(before + 100);
  }, 120_000);

  it("random branches, calls and loops in loops end at the same place", () => {
    const branches = fc.constantFrom(
      "brc 8,@",
      "brc 4,@",
      "brc 2,@",
      "brc 7,@",
      "brc 12,@",
      "brc 5,@",
      "brcl 10,@",
      "brc 1,@",
      "brc 3,@",
      "cgrj %r1,%r2,4,@",
      "clrj %r3,%r4,2,@",
      "cij %r5,7,8,@",
      "clgij %r6,3,10,@",
      "brasl %r14,@",
      "bras %r14,@",
      "br %r14",
      "bcr 8,%r14",
    );
    const line = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...linesWithin) }, { weight: 2, arbitrary: branches });
    const bodies = fc.array(fc.tuple(line, fc.nat()), { minLength: 3, maxLength: 25 });
    fc.assert(
      fc.property(bodies, starts.registers, starts.storage, (body, registers, storage) => {
        // Every branch costs one of the rounds that register 11 counts, so that the program ends.
        const source = body.map(([each, to], index) => {
          const target = `n${to % body.length}`;
          return `n${index}:\n${each.includes("@") || each.startsWith("b") ? "brctg %r11,.+6\nsvc 1\n" : ""}${each.replace("@", target)}`;
        });
        const text = assembled(`larl %r14,n1\nlghi %r11,40\n${source.join("\n")}\nbrctg %r11,n0\nsvc 0`);
        expectSame({ text, registers, storage });
      }),
      { numRuns: 200 },
    );
  }, 120_000);

  it("random computed branches and calls by pointer, to places that become known, end at the same place", () => {
    const computed = fc.constantFrom("br %r9", "b 0(%r9)", "bcr 8,%r9", "basr %r14,%r9", "bas %r14,0(%r9)", "br %r14", "brctg %r5,@");
    const line = fc.oneof(fc.constantFrom(...linesWithin), computed);
    const bodies = fc.array(fc.tuple(line, fc.nat(), fc.nat(), fc.constantFrom(1, 2, 4)), { minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(bodies, starts.registers, starts.storage, (body, registers, storage) => {
        const target = (to: number): string => `n${to % body.length}`;
        const source = body.map(([each, to, other, bit], index) => {
          const choice = `larl %r9,${target(to)}\nlarl %r10,${target(other)}\ntmll %r11,${bit}\nlocgr %r9,%r10,8\n`;
          const isBranch = each.startsWith("b");
          return `n${index}:\n${isBranch ? `brctg %r11,.+6\nsvc 1\n${choice}` : ""}${each.replace("@", target(to))}`;
        });
        const text = assembled(`larl %r14,n1\nlghi %r11,400\n${source.join("\n")}\nbrctg %r11,n0\nsvc 0`);
        expectSame({ text, registers, storage });
      }),
      { numRuns: 150 },
    );
  }, 120_000);

  it("a switch and calls by pointer stay in the region once it is known where they go", () => {
    const cases = Array.from({ length: 7 }, (_, i) => `case${i}: aghi %r1,${3 ** i}\n${i % 2 ? "basr %r14,%r6" : "nopr"}\nj next`);
    const text = assembled(`
      lgfi %r11,90000
      larl %r4,case0
      larl %r6,callee
      again:
      lghi %r2,0
      lgr %r3,%r11
      dsgfr %r2,%r10
      mghi %r2,${4 + 2 + 4}
      b 0(%r2,%r4)
      ${cases.join("\n")}
      callee: aghi %r5,1
      br %r14
      next: brctg %r11,again
      svc 0`);
    const registers = new Array<bigint>(16).fill(0n);
    registers[10] = 7n;
    const before = compiled.regionStatistics!.entered;
    expectSame({ text, registers, storage: new Uint8Array(0) });
    expect(compiled.state.general[5]).toBe(38572n);
    // Without what is learned there are 128,571 visits; how soon it is learned is left to chance.
    expect(compiled.regionStatistics!.entered - before).toBeLessThan(90_000);
  });

  it("an instruction that faults in the middle of a region leaves everything before it done, and nothing of it", () => {
    const registers = new Array<bigint>(16).fill(0n);
    // Each round reads nearer to the end of storage.
    const text = assembled(`
      llilh %r3,63
      again:
      aghi %r1,1
      stg %r1,0(%r12)
      algfi %r3,0x4000
      lg %r2,0(%r3)
      aghi %r1,1
      brctg %r11,again
      svc 0`);
    expectSame({ text, registers, storage: new Uint8Array(256) });
    expect(compiled.state.psw.address).toBe(0x222n);
  });

  it("a load of several registers that is handed back in the middle of storage has changed none, its base register neither", () => {
    const registers = new Array<bigint>(16).fill(0n);
    // The second doubleword lies in two pages.
    const text = assembled(`
      again:
      llilf %r13,${DATA + 0xff0}
      lg %r1,0(%r13)
      lg %r1,16(%r13)
      lmg %r13,%r15,4(%r13)
      agr %r10,%r14
      llilf %r12,${DATA + 0xff0}
      lm %r12,%r14,9(%r12)
      agr %r10,%r14
      brctg %r11,again
      svc 0`);
    expectSame({ text, registers, storage: Uint8Array.from({ length: 0x1100 }, (_, i) => i * 7) });
  });

  it("code that changes an instruction of its own loop runs the changed one at once", () => {
    const registers = new Array<bigint>(16).fill(0n);
    // The immediate operand of AGHI grows with each round.
    const text = assembled(`
      larl %r4,change
      again:
      lh %r5,2(%r4)
      ahi %r5,1
      sth %r5,2(%r4)
      change:
      aghi %r1,0
      brctg %r11,again
      svc 0`);
    expectSame({ text, registers, storage: new Uint8Array(256) });
    expect(compiled.state.general[1]).toBe(21n);
  });

  it("stores beside code, as on a stack with a trampoline on it, leave the region no more once they are known", () => {
    const registers = new Array<bigint>(16).fill(0n);
    const text = assembled(`
      lgfi %r11,20000
      larl %r4,stack
      larl %r5,trampoline
      basr %r14,%r5
      again:
      stg %r11,0(%r4)
      st %r11,128(%r4)
      mvi 256(%r4),7
      ag %r1,0(%r4)
      brctg %r11,again
      basr %r14,%r5
      svc 0
      .balign 256
      trampoline: aghi %r2,1
      br %r14
      .balign 256
      stack: .quad 0`);
    const before = compiled.regionStatistics!.handedBack;
    expectSame({ text, registers, storage: new Uint8Array(0) });
    expect(compiled.state.general.slice(1, 3)).toEqual([200_010_000n, 2n]);
    // Three of each round would be 60,000.
    expect(compiled.regionStatistics!.handedBack - before).toBeLessThan(40_000);
  });

  it("a relative branch leads out of a region as far as it reaches", () => {
    const registers = new Array<bigint>(16).fill(0n);
    for (const distance of [2 ** 31 - 0x1_0000, 2 ** 31, 4_000_000_000, -(2 ** 31) - 2, -4_000_000_000]) {
      const fresh = new EnginePair(engine);
      const text = assembled(`again:\naghi %r1,1\ncghi %r1,5\nbrcl 8,.${distance < 0 ? "" : "+"}${distance}\nbrctg %r11,again`);
      const outcome = fresh.run({ text, registers, storage: new Uint8Array(0) });
      expect(outcome.compiled).toEqual(outcome.interpreted);
      expect(fresh.compiled.regionStatistics!.compiled).toBeGreaterThan(0);
      // Nothing is there: the program-old PSW has the address, beyond an instruction that is taken to have two bytes.
      const address = fresh.compiled.memory.loadBigUint64(0x158, "big");
      expect(address).toBe(BigInt.asUintN(64, BigInt(CODE + 8 + distance + 2)));
    }
  });

  it("operands with one base register, in one page or in two, on ways on which it changes or not", () => {
    const near = fc.constantFrom(0, 1, 8, 12, 2040, 2047, 2048, 4072, 4079, 4080, 4081, 4088, 4095, 6000);
    const access = fc
      .tuple(fc.constantFrom("lg", "stg", "ly", "sty", "llgc", "stcy", "lgh", "sthy", "lgb"), fc.integer({ min: 1, max: 5 }), near)
      .map(([mnemonic, register, displacement]) => `${mnemonic} %r${register},${displacement}(%r12)`);
    const change = fc.constantFrom("lgr %r12,%r9", "lgr %r12,%r10", "agsi 4080(%r12),3", "mvi 8(%r12),77", "locgrl %r12,%r10");
    const skip = fc.integer({ min: 1, max: 5 }).map((count) => ({ count }));
    const line = fc.oneof({ weight: 8, arbitrary: access }, { weight: 1, arbitrary: change }, { weight: 2, arbitrary: skip });
    const program = (body: readonly (string | { count: number })[]): string => {
      const labels = body.map((): string[] => []);
      const text = body.map((each, index) => {
        if (typeof each === "string") return each;
        labels[Math.min(index + each.count, body.length - 1)]!.push(`skip${index}:`);
        return `clgrjl %r1,%r2,skip${index}`;
      });
      return text.flatMap((each, index) => [each, ...labels[index]!]).join("\n");
    };
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 2, maxLength: 40 }),
        starts.registers,
        fc.uint8Array({ minLength: 8192, maxLength: 8192 }),
        fc.boolean(),
        (body, registers, storage, isTranslated) => {
          const start = registers.with(9, BigInt(DATA + 16)).with(10, BigInt(DATA + 0x800));
          expectSame({ text: assembled(`again:\n${program(body)}\nbrctg %r11,again\nsvc 0`), registers: start, storage, isTranslated });
        },
      ),
      { numRuns: 150 },
    );
  });

  it("regions make room for others, and those that are used stay", () => {
    // A subroutine that every round calls, and twenty loops that run in ten rounds each.
    const loops = Array.from({ length: 20 }, (_, index) => {
      const [loop, round] = [`loop${index}`, `round${index}`];
      return `lghi %r10,10\n${round}:\nbrasl %r14,used\nlghi %r11,5\n${loop}:\naghi %r${1 + (index % 7)},${index}\nbrctg %r11,${loop}\nbrctg %r10,${round}`;
    });
    const text = assembled(`${loops.join("\n")}\nsvc 0\nused: lghi %r9,3\nusedloop: aghi %r8,1\nbrctg %r9,usedloop\nbr %r14`);
    const crowded = new EnginePair(engine, { maximumMemory: 100 * 2 ** 10 });
    const outcome = crowded.run({ text, registers: new Array<bigint>(16).fill(0n), storage: new Uint8Array(0) });
    expect(outcome.compiled).toEqual(outcome.interpreted);
    const { present, compiled: all, entered } = crowded.compiled.regionStatistics!;
    expect(all).toBeGreaterThan(20);
    // Some 430; 200 if a visit did not end a region's rest.
    expect(entered).toBeGreaterThan(300);
    // Each takes more than 16 KiB.
    expect(present).toBeLessThanOrEqual(7);
  });

  it("EXECUTE of an instruction at which a region is entered performs that instruction", () => {
    const registers = new Array<bigint>(16).fill(0n);
    const text = assembled(`
      lghi %r11,30
      first: aghi %r2,1
      brctg %r11,first
      lghi %r5,50
      larl %r4,again
      outer:
      lghi %r11,30
      again: aghi %r1,1
      brctg %r11,again
      ex %r0,0(%r4)
      brctg %r5,outer
      svc 0`);
    expectSame({ text, registers, storage: new Uint8Array(0) });
    expect(compiled.state.general.slice(1, 3)).toEqual([1550n, 30n]);
  });

  it("EXECUTE RELATIVE LONG takes its length from the register", () => {
    const registers = new Array<bigint>(16).fill(0n);
    const text = assembled(`
      j start
      move: mvc 64(1,%r12),0(%r12)
      start:
      again:
      lgr %r1,%r11
      exrl %r1,move
      xc 80(3,%r12),64(%r12)
      brctg %r11,again
      svc 0`);
    expectSame({ text, registers, storage: Uint8Array.from({ length: 256 }, (_, i) => i + 1) });
  });

  it("insn: STNSM, STOSM, SSM: a loop that turns interruptions off and on stays in its region, until one is pending", () => {
    const text = assembled(`
      lghi %r11,2000
      again:
      stnsm 0(%r12),0xfc
      aghi %r1,1
      stosm 1(%r12),3
      agr %r2,%r1
      stnsm 2(%r12),0xfd
      ssm 1(%r12)
      ssm 0(%r12)
      brctg %r11,again
      lhi %r0,7
      svc 0`);
    const before = compiled.regionStatistics!.entered;
    const start = { text, registers: new Array<bigint>(16).fill(0n), storage: Uint8Array.of(3), psw: 0x0300_0001_8000_0000n };
    expectSame(start);
    expect(compiled.regionStatistics!.entered - before).toBeLessThan(1500);
    const external = 0x1b0;
    for (const cpu of [compiled, pair.interpreted]) {
      prepare(cpu, { ...start, psw: 0x0000_0001_8000_0000n });
      cpu.memory.storeBigUint64(external, 0x0002_0001_8000_0000n, "big");
      cpu.memory.storeBigUint64(external + 8, 0x333n, "big");
      cpu.setControl(0, 0x200n);
      cpu.run({ budget: 700 });
      cpu.queueExternal({ code: 0x2401, cpuAddress: 0, parameter: 0 });
    }
    expect(finish(compiled).state.psw.address).toBe(0x333n);
    expect(finish(pair.interpreted).state.psw.address).toBe(0x333n);
  });

  it("a step in the exact engine between runs, in pages that the other never saw, disturbs nothing", () => {
    const start = {
      text: assembled("again: aghi %r1,1\nbrctg %r11,again\nsvc 0"),
      registers: new Array<bigint>(16).fill(0n),
      storage: new Uint8Array(0),
    };
    prepare(compiled, start);
    compiled.run({ budget: 3 });
    const { psw } = compiled.state;
    compiled.memory.write(0x8000, assembled("lghi %r2,7"));
    compiled.setPsw(psw.mask, 0x8000n);
    compiled.step();
    compiled.setPsw(psw.mask, psw.address);
    finish(compiled);
    expect(compiled.state.general.slice(1, 3)).toEqual([6n, 7n]);
  });
});
