import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assembled, EnginePair, edgeValues, type Start } from "../testing/engine-pair.ts";

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
