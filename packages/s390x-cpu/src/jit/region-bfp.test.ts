import { assemble } from "@zarch/s390x-isa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cpu, createCpu } from "../runtime/cpu.ts";

const clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };
const memorySize = 1 << 20;
const CODE = 0x1_0000;
const DATA = 0x2_0000;
const WAIT = 0x0002_0001_8000_0000n;

function prepare(
  cpu: Cpu,
  text: Uint8Array,
  fpc: number,
  floats: readonly bigint[],
  general: readonly bigint[],
  storage: Uint8Array,
): void {
  cpu.reset("clear");
  cpu.memory.storeBigUint64(0x1c0, WAIT, "big");
  cpu.memory.write(CODE, text);
  cpu.memory.write(DATA, storage);
  for (const [number, value] of floats.entries()) cpu.setFloatingPoint(number, value);
  for (const [number, value] of general.entries()) cpu.setGeneral(number, value);
  cpu.setGeneral(11, 6n);
  cpu.setGeneral(12, BigInt(DATA));
  cpu.setFpc(fpc);
  cpu.setControl(0, 0x4_0000n);
  cpu.setPsw(0x0000_0001_8000_0000n, BigInt(CODE));
}

/** A program several times over, so that it is compiled. */
const loop = (body: string): Uint8Array => assemble(`again:\n${body}\nbrctg %r11,again\nsvc 0`, { origin: CODE }).bytes;

function finish(cpu: Cpu): unknown {
  let result = cpu.run({ budget: 1000 });
  for (let more = 0; result.reason === "budget" && more < 10; more++) result = cpu.run({ budget: 1000 });
  const storage = new Uint8Array(64);
  cpu.memory.read(DATA, storage);
  return { result, state: cpu.state, storage };
}

const lines = [
  "ld %f1,8(%r12)",
  "ldy %f2,0(%r12)",
  "le %f3,16(%r12)",
  "std %f4,24(%r12)",
  "ste %f5,33(%r12)",
  "ldr %f6,%f1",
  "ler %f7,%f2",
  "lxr %f0,%f5",
  "lzdr %f3",
  "ldgr %f4,%r1",
  "lgdr %r2,%f5",
  "cpsdr %f1,%f2,%f3",
  "lpdfr %f2,%f3",
  "efpc %r3",
  "srnm 0",
  "srnm 1",
  "lhi %r7,0\nsfpc %r7",
  "iilf %r7,0x80000\nsfpc %r7",
  "adbr %f1,%f2",
  "sdb %f2,8(%r12)",
  "mdbr %f3,%f4",
  "ddbr %f4,%f1",
  "sqdbr %f5,%f2",
  "aebr %f6,%f7",
  "seb %f7,16(%r12)",
  "meebr %f0,%f6",
  "mdebr %f1,%f7",
  "debr %f2,%f6",
  "sqebr %f3,%f7",
  "madbr %f1,%f2,%f3",
  "msdb %f4,%f5,8(%r12)",
  "maebr %f5,%f6,%f7",
  "mseb %f6,%f7,16(%r12)",
  "cdbr %f1,%f2",
  "keb %f3,16(%r12)",
  "ltdbr %f4,%f5",
  "lcebr %f5,%f6",
  "lnxbr %f0,%f1",
  "tcdb %f2,1365",
  "tceb %f6,819",
  "ldebr %f1,%f6",
  "ledbr %f6,%f1",
  "fidbra %f2,7,%f3,4",
  "fidbra %f3,3,%f4,0",
  "fiebr %f7,0,%f6",
  "cdgbr %f4,%r4",
  "cefbr %f6,%r5",
  "celgbr %f7,0,%r4,0",
  "cgdbr %r4,5,%f1",
  "cfebr %r5,1,%f6",
  "clgdbr %r6,4,%f2,0",
];

const long = fc.oneof(
  fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map((x) => new BigUint64Array(Float64Array.of(x).buffer)[0]!),
  fc.integer({ min: -100, max: 100 }).map((x) => new BigUint64Array(Float64Array.of(x).buffer)[0]!),
  fc.float({ noNaN: true, min: -1000, max: 1000 }).map((x) => BigInt(new Uint32Array(Float32Array.of(x).buffer)[0]!) << 32n),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
);

describe.each([false, true])("compiled regions of floating-point instructions (lockstep: %s)", (lockstep) => {
  const compiled = createCpu({ memorySize, clock, jit: { interval: 1, threshold: 1, lockstep } });
  const interpreted = createCpu({ memorySize, clock, jit: false });

  it("leave the same registers, FPC, condition code and storage as the interpreter", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...lines), { minLength: 1, maxLength: 12 }),
        fc.constantFrom(0, 0x0008_0000, 0x0008_0003),
        fc.array(long, { minLength: 8, maxLength: 8 }),
        fc.array(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), { minLength: 8, maxLength: 8 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (program, fpc, floats, general, storage) => {
          const text = loop(program.join("\n"));
          for (const cpu of [compiled, interpreted]) prepare(cpu, text, fpc, floats, general, storage);
          expect(finish(compiled)).toEqual(finish(interpreted));
        },
      ),
      { numRuns: 150 },
    );
  });

  it("keep native arithmetic inside: no instruction is handed back", () => {
    const text = loop("adbr %f1,%f2\nmdbr %f1,%f2\nmadbr %f1,%f2,%f3\ncdbr %f1,%f2\ncgdbr %r2,5,%f1\nldr %f9,%f1");
    const floats = [1.1, 2.2, 3.3, 4.4].map((x) => new BigUint64Array(Float64Array.of(x).buffer)[0]!);
    prepare(compiled, text, 0x0008_0000, floats, [], new Uint8Array(64));
    const before = { ...compiled.regionStatistics! };
    finish(compiled);
    const { entered, handedBack } = compiled.regionStatistics!;
    expect(entered).toBeGreaterThan(before.entered);
    expect(handedBack).toBe(before.handedBack);
  });

  it("go on natively when the state of the FPC for which they were compiled changes", () => {
    const halves = [1, 0.5, 3].map((x) => new BigUint64Array(Float64Array.of(x).buffer)[0]!);
    // Register 3 becomes the FPC halfway: with the inexact flag on, then off.
    const text = loop(
      "lghi %r10,20000\nmore: mdbr %f0,%f1\nadbr %f0,%f2\nbrctg %r10,more\nsfpc %r3\nlghi %r10,20000\nagain2: mdbr %f0,%f1\nsdbr %f0,%f0\nbrctg %r10,again2\nsfpc %r4",
    );
    for (const cpu of [compiled, interpreted]) prepare(cpu, text, 0x0008_0000, halves, [0n, 0n, 0n, 0n, 0x8_0000n], new Uint8Array(64));
    const before = { ...compiled.regionStatistics! };
    const end = (cpu: Cpu): unknown => {
      let result = cpu.run({ budget: 1000 });
      while (result.reason === "budget") result = cpu.run({ budget: 1000 });
      return { result, state: cpu.state };
    };
    expect(end(compiled)).toEqual(end(interpreted));
    const { entered, handedBack } = compiled.regionStatistics!;
    expect(entered).toBeGreaterThan(before.entered + 100);
    expect(handedBack - before.handedBack).toBeLessThan(200);
  });
});
