import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assembled, EnginePair, edgeValues, type Start } from "../testing/engine-pair.ts";

const MODE_24 = 0n;
const MODE_31 = 0x8000_0000n;
const MODE_64 = 0x1_8000_0000n;

const registers = fc.array(fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.constantFrom(...edgeValues)), {
  minLength: 16,
  maxLength: 16,
});
const storage = fc.uint8Array({ minLength: 256, maxLength: 256 });

describe.each(["jit", "lockstep"] as const)("storage-to-storage instructions in compiled regions (%s)", (engine) => {
  const pair = new EnginePair(engine);
  const expectSame = (start: Start): void => {
    const { compiled, interpreted } = pair.run(start);
    expect(compiled).toEqual(interpreted);
  };

  // %r12 points to a page of data, %r13 near its end, %r10 near the end of storage.
  const place = fc.tuple(fc.nat(40), fc.nat(60)).map(([d, which]) => (which === 33 ? [0, 10] : [d, which & 1 ? 12 : 13]));
  const size = fc.oneof(fc.integer({ min: 1, max: 36 }), fc.constantFrom(48, 100, 255, 256));
  const spans = fc
    .tuple(fc.constantFrom("mvc", "clc", "xc", "nc", "oc", "tr", "trt"), size, place, place)
    .map(([mnemonic, length, [d1, b1], [d2, b2]]) => `${mnemonic} ${d1}(${length},%r${b1}),${d2}(%r${b2})`);
  const cleared = fc.tuple(size, place).map(([length, [d, b]]) => `xc ${d}(${length},%r${b}),${d}(%r${b})`);
  const executed = fc.tuple(fc.constantFrom("exrl %r1,move", "ex %r1,0(%r5)", "exrl %r1,compare", "exrl %r1,clear", "exrl %r1,test"));
  const strings = fc
    .tuple(fc.constantFrom("srst", "clst", "mvst"), fc.nat(50), place, place, fc.boolean())
    .map(([mnemonic, character, [d1, b1], [d2, b2], repeats]) => {
      const again = repeats && mnemonic !== "mvst" ? "\njo .-4" : "";
      return `lhi %r0,${character === 30 ? 300 : character & 3}\nla %r2,${d1}(%r${b1})\nla %r4,${d2}(%r${b2})\n${mnemonic} %r2,%r4${again}`;
    });
  const moves = fc
    .tuple(fc.nat(600), fc.nat(600), place, place)
    .map(
      ([length, available, [d1, b1], [d2, b2]]) =>
        `lghi %r3,${length}\nlghi %r7,${available}\nla %r2,${d1}(%r${b1})\nla %r6,${d2}(%r${b2})\nmvcle %r2,%r6,${length}\njo .-4`,
    );
  const others = fc.constantFrom("ipm %r8", "brc 4,.+8\nahi %r8,3", "brc 8,.+8\nahi %r8,5", "brc 2,.+8\nahi %r8,7", "aghi %r1,13");

  it("random ones, overlapping, over the ends of pages and of storage, leave the same as interpreted ones", () => {
    const before = pair.compiled.regionStatistics!.compiled;
    const body = fc.array(fc.oneof({ weight: 3, arbitrary: spans }, cleared, executed, strings, moves, { weight: 2, arbitrary: others }), {
      minLength: 1,
      maxLength: 12,
    });
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 400, maxLength: 400 }),
      fc.array(fc.constantFrom(0, 1, 2), { minLength: 400, maxLength: 400 }).map((few) => Uint8Array.from(few)),
    );
    fc.assert(
      fc.property(
        body,
        registers,
        bytes,
        bytes,
        fc.constantFrom(MODE_24, MODE_31, MODE_64),
        fc.boolean(),
        (lines, values, first, second, psw, isTranslated) => {
          const text = assembled(`
          j start
          move: mvc 20(1,%r12),13(%r13)
          compare: clc 0(1,%r12),3(%r13)
          clear: xc 1(1,%r13),1(%r13)
          test: trt 1(1,%r12),4(%r12)
          start:
          llilf %r10,0x3ffff8
          larl %r5,move
          again:
          ${lines.join("\n")}
          brct %r11,again
          svc 0`);
          const data = new Uint8Array(4096 + 400);
          data.set(first);
          data.set(second, 4096 - 100);
          expectSame({ text, registers: values, storage: data, psw, isTranslated });
        },
      ),
      { numRuns: 250 },
    );
    expect(pair.compiled.regionStatistics!.compiled).toBeGreaterThan(before + 100);
  }, 120_000);

  it("insn: EX: is compiled with the target that it was seen to have, and right with any other", () => {
    const targets = ["mvc 64(1,%r12),0(%r12)", "mvc 65(3,%r12),64(%r12)", "clc 0(2,%r12),1(%r12)", "xc 30(1,%r12),8(%r12)", "ar %r6,%r1"];
    const choice = fc.record({
      first: fc.constantFrom(...targets),
      second: fc.constantFrom(...targets),
      /** In which rounds the second is executed. */
      rounds: fc.nat(63),
      executor: fc.constantFrom("ex %r1,0(%r5)", "ex 0,0(%r5)", "ex %r6,2(%r4,%r5)"),
    });
    const before = pair.compiled.regionStatistics!;
    fc.assert(
      fc.property(choice, registers, storage, ({ first, second, rounds, executor }, values, bytes) => {
        const text = assembled(`
          j start
          move: ${first}
          other: ${second}
          start:
          lghi %r4,-2
          again:
          larl %r5,move
          larl %r7,other
          lghi %r8,${rounds}
          srlg %r8,%r8,0(%r11)
          tmll %r8,1
          locgr %r5,%r7,1
          lgr %r1,%r11
          ${executor}
          ipm %r9
          brctg %r11,again
          svc 0`);
        expectSame({ text, registers: values, storage: bytes });
      }),
      { numRuns: 150 },
    );
    const after = pair.compiled.regionStatistics!;
    expect(after.compiled).toBeGreaterThan(before.compiled);
  }, 120_000);

  it("insn: EX: a loop of it stays in its region", () => {
    const text = assembled(`
      j start
      move: mvc 64(1,%r12),0(%r12)
      start:
      lghi %r11,5000
      again:
      larl %r5,move
      lgr %r1,%r11
      ex %r1,0(%r5)
      brctg %r11,again
      svc 0`);
    const before = pair.compiled.regionStatistics!.entered;
    expectSame({ text, registers: new Array<bigint>(16).fill(0n), storage: Uint8Array.from({ length: 512 }, (_, i) => i) });
    // Some for samples, some for the rounds before it was compiled.
    expect(pair.compiled.regionStatistics!.entered - before).toBeLessThan(5000);
  });
});
