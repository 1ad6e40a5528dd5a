/** The native halves against the algorithms that know all cases, for operands as programs have them. */
import { assemble } from "@zarch/s390x-isa";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as algorithms from "../bfp/index.ts";
import { BfpContext } from "../bfp/index.ts";
import { hostFusesMultiplyAdd } from "../engine/fused-multiply-add.ts";
import { bfp as slowHalf } from "../runtime/helpers/bfp-operands.ts";
import { PROGRAM_ORIGIN, resetSharedCpu, sharedCpu } from "../testing/program.ts";

const INEXACT_FLAG = 0x0008_0000;
const MODE_64 = 0x0000_0001_8000_0000n;
/** What the slow half never leaves in the FPC. */
const UNTOUCHED = 0x0303_0088;

type Words = readonly number[];

interface Operation {
  /** Operands are in floating-point registers 0, 4 and 8, or in general register 2. */
  readonly source: string;
  /** Which of these, and their formats: s short, l long, f and g 32 and 64 bits. A blank for one that is not read. */
  readonly operands: string;
  readonly result: "s" | "l" | "f" | "g" | "";
  readonly hasCc: boolean;
  readonly run: (ctx: BfpContext, ...words: number[]) => void;
}

const operations: readonly Operation[] = [
  { source: "adbr %f0,%f4", operands: "ll", result: "l", hasCc: true, run: algorithms.addLong },
  { source: "sdbr %f0,%f4", operands: "ll", result: "l", hasCc: true, run: algorithms.subtractLong },
  { source: "mdbr %f0,%f4", operands: "ll", result: "l", hasCc: false, run: algorithms.multiplyLong },
  { source: "ddbr %f0,%f4", operands: "ll", result: "l", hasCc: false, run: algorithms.divideLong },
  { source: "sqdbr %f0,%f4", operands: " l", result: "l", hasCc: false, run: algorithms.squareRootLong },
  { source: "aebr %f0,%f4", operands: "ss", result: "s", hasCc: true, run: algorithms.addShort },
  { source: "sebr %f0,%f4", operands: "ss", result: "s", hasCc: true, run: algorithms.subtractShort },
  { source: "meebr %f0,%f4", operands: "ss", result: "s", hasCc: false, run: algorithms.multiplyShort },
  { source: "mdebr %f0,%f4", operands: "ss", result: "l", hasCc: false, run: algorithms.multiplyShortToLong },
  { source: "debr %f0,%f4", operands: "ss", result: "s", hasCc: false, run: algorithms.divideShort },
  { source: "sqebr %f0,%f4", operands: " s", result: "s", hasCc: false, run: algorithms.squareRootShort },
  {
    source: "madbr %f0,%f8,%f4",
    operands: "lll",
    result: "l",
    hasCc: false,
    run: (ctx, ch, cl, bh, bl, ah, al) => algorithms.multiplyAddLong(ctx, ah!, al!, bh!, bl!, ch!, cl!, false),
  },
  {
    source: "msdbr %f0,%f8,%f4",
    operands: "lll",
    result: "l",
    hasCc: false,
    run: (ctx, ch, cl, bh, bl, ah, al) => algorithms.multiplyAddLong(ctx, ah!, al!, bh!, bl!, ch!, cl!, true),
  },
  {
    source: "maebr %f0,%f8,%f4",
    operands: "sss",
    result: "s",
    hasCc: false,
    run: (ctx, c, b, a) => algorithms.multiplyAddShort(ctx, a!, b!, c!, false),
  },
  {
    source: "msebr %f0,%f8,%f4",
    operands: "sss",
    result: "s",
    hasCc: false,
    run: (ctx, c, b, a) => algorithms.multiplyAddShort(ctx, a!, b!, c!, true),
  },
  {
    source: "cdbr %f0,%f4",
    operands: "ll",
    result: "",
    hasCc: true,
    run: (ctx, a, b, c, d) => algorithms.compareLong(ctx, a!, b!, c!, d!, false),
  },
  { source: "cebr %f0,%f4", operands: "ss", result: "", hasCc: true, run: (ctx, a, b) => algorithms.compareShort(ctx, a!, b!, false) },
  { source: "ltdbr %f0,%f4", operands: " l", result: "l", hasCc: true, run: algorithms.loadAndTestLong },
  { source: "ltebr %f0,%f4", operands: " s", result: "s", hasCc: true, run: algorithms.loadAndTestShort },
  { source: "ldebr %f0,%f4", operands: " s", result: "l", hasCc: false, run: algorithms.lengthenShortToLong },
  {
    source: "ledbr %f0,%f4",
    operands: " l",
    result: "s",
    hasCc: false,
    run: (ctx, h, l) => algorithms.roundLongToShort(ctx, h!, l!, 0, false),
  },
  ...[0, 1, 4, 5, 6, 7].flatMap((m3): Operation[] => [
    {
      source: `fidbra %f0,${m3},%f4,0`,
      operands: " l",
      result: "l",
      hasCc: false,
      run: (ctx, h, l) => algorithms.loadIntegerLong(ctx, h!, l!, m3, false),
    },
    {
      source: `fidbra %f0,${m3},%f4,4`,
      operands: " l",
      result: "l",
      hasCc: false,
      run: (ctx, h, l) => algorithms.loadIntegerLong(ctx, h!, l!, m3, true),
    },
    {
      source: `fiebra %f0,${m3},%f4,0`,
      operands: " s",
      result: "s",
      hasCc: false,
      run: (ctx, a) => algorithms.loadIntegerShort(ctx, a!, m3, false),
    },
    {
      source: `cfdbr %r0,${m3},%f4`,
      operands: " l",
      result: "f",
      hasCc: true,
      run: (ctx, h, l) => algorithms.convertToFixedLong(ctx, h!, l!, 32, false, m3, false),
    },
    {
      source: `cgdbr %r0,${m3},%f4`,
      operands: " l",
      result: "g",
      hasCc: true,
      run: (ctx, h, l) => algorithms.convertToFixedLong(ctx, h!, l!, 64, false, m3, false),
    },
    {
      source: `clfdbr %r0,${m3},%f4,0`,
      operands: " l",
      result: "f",
      hasCc: true,
      run: (ctx, h, l) => algorithms.convertToFixedLong(ctx, h!, l!, 32, true, m3, false),
    },
    {
      source: `clgdbr %r0,${m3},%f4,0`,
      operands: " l",
      result: "g",
      hasCc: true,
      run: (ctx, h, l) => algorithms.convertToFixedLong(ctx, h!, l!, 64, true, m3, false),
    },
    {
      source: `cfebr %r0,${m3},%f4`,
      operands: " s",
      result: "f",
      hasCc: true,
      run: (ctx, a) => algorithms.convertToFixedShort(ctx, a!, 32, false, m3, false),
    },
    {
      source: `cgebr %r0,${m3},%f4`,
      operands: " s",
      result: "g",
      hasCc: true,
      run: (ctx, a) => algorithms.convertToFixedShort(ctx, a!, 64, false, m3, false),
    },
    {
      source: `clfebr %r0,${m3},%f4,0`,
      operands: " s",
      result: "f",
      hasCc: true,
      run: (ctx, a) => algorithms.convertToFixedShort(ctx, a!, 32, true, m3, false),
    },
    {
      source: `clgebr %r0,${m3},%f4,0`,
      operands: " s",
      result: "g",
      hasCc: true,
      run: (ctx, a) => algorithms.convertToFixedShort(ctx, a!, 64, true, m3, false),
    },
  ]),
  ...([false, true] as const).flatMap((logical): Operation[] => {
    const form = logical ? "l" : "";
    const tail = logical ? ",0" : "";
    const field = logical ? "0," : "";
    return [
      {
        source: `cd${form}fbr %f0,${field}%r2${tail}`,
        operands: " f",
        result: "l",
        hasCc: false,
        run: (ctx, l) => algorithms.convertFromFixedLong(ctx, 0, l!, 32, logical, 0, false),
      },
      {
        source: `ce${form}fbr %f0,${field}%r2${tail}`,
        operands: " f",
        result: "s",
        hasCc: false,
        run: (ctx, l) => algorithms.convertFromFixedShort(ctx, 0, l!, 32, logical, 0, false),
      },
      {
        source: `cd${form}gbr %f0,${field}%r2${tail}`,
        operands: " g",
        result: "l",
        hasCc: false,
        run: (ctx, h, l) => algorithms.convertFromFixedLong(ctx, h!, l!, 64, logical, 0, false),
      },
      {
        source: `ce${form}gbr %f0,${field}%r2${tail}`,
        operands: " g",
        result: "s",
        hasCc: false,
        run: (ctx, h, l) => algorithms.convertFromFixedShort(ctx, h!, l!, 64, logical, 0, false),
      },
    ];
  }),
];

const view = new DataView(new ArrayBuffer(8));
const ofLong = (x: number): Words => {
  view.setFloat64(0, x);
  return [view.getInt32(0), view.getInt32(4)];
};
const ofShort = (x: number): Words => {
  view.setFloat32(0, x);
  return [view.getInt32(0)];
};

/** Numbers that programs compute with: small integers and fractions, and any bits at moderate exponents. */
const number = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.integer({ min: -16, max: 16 }).map((n) => n / 4),
  fc.integer(),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.double({ min: 1e-30, max: 1e30, noNaN: true }),
  fc.double({ min: -2, max: 2, noNaN: true }).map(Math.fround),
);
const integer64 = fc.oneof(fc.bigInt({ min: -1000n, max: 1000n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const operandOf: Readonly<Record<string, fc.Arbitrary<Words>>> = {
  l: number.map(ofLong),
  s: number.map(ofShort),
  f: fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.integer()).map((n) => [n]),
  g: integer64.map((n) => [Number(BigInt.asIntN(32, n >> 32n)), Number(BigInt.asIntN(32, n))]),
  " ": fc.constant([]),
};

const cpu = sharedCpu();

function unsigned(word: number | undefined): bigint {
  return BigInt((word ?? 0) >>> 0);
}

interface Outcome {
  readonly result: string;
  readonly fpc: string;
  readonly cc: number | undefined;
}

function hex(words: Words): string {
  return words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join(" ");
}

function expected(operation: Operation, operands: readonly Words[], fpc: number): Outcome {
  const ctx = new BfpContext();
  ctx.fpc = fpc;
  operation.run(ctx, ...operands.flat());
  const words = [ctx.r0, ctx.r1].slice(0, { s: 1, f: 1, l: 2, g: 2, "": 0 }[operation.result]);
  return { result: hex(words), fpc: ctx.fpc.toString(16), cc: operation.hasCc ? ctx.cc : undefined };
}

function executed(operation: Operation, operands: readonly Words[], fpc: number): Outcome {
  const registers = [0, 4, 8];
  for (const [index, words] of operands.entries()) {
    const value = (unsigned(words[0]) << 32n) | unsigned(words[1]);
    cpu.setFloatingPoint(registers[index]!, value);
    if (operation.operands[index] === "g") cpu.setGeneral(2, value);
    if (operation.operands[index] === "f") cpu.setGeneral(2, value >> 32n);
  }
  cpu.setFpc(fpc);
  cpu.setPsw(MODE_64, BigInt(PROGRAM_ORIGIN));
  slowHalf.fpc = UNTOUCHED;
  expect(cpu.run({ budget: 1000 })).toMatchObject({ reason: "disabled-wait", address: 0x1c0n });
  const { registers: file } = cpu.core;
  const general = operation.result === "f" || operation.result === "g";
  const wide = general ? [file.high(0), file.low(0)] : [file.floatHigh(0), file.floatLow(0)];
  const words = { f: wide.slice(1), g: wide, s: wide.slice(0, 1), l: wide, "": [] }[operation.result];
  const cc = (cpu.memory.loadUint8(0x142) >> 4) & 3;
  return { result: hex(words), fpc: file.fpc.toString(16), cc: operation.hasCc ? cc : undefined };
}

/** Also below twice the smallest normal number, where a result may have been tiny before it was rounded. */
function isSpecial(outcome: Outcome, result: Operation["result"]): boolean {
  const word = Number.parseInt(outcome.result.slice(0, 8), 16) & 0x7fff_ffff;
  if (result === "l") return word >= 0x7ff0_0000 || (word < 0x0020_0000 && !/^[08]0000000 00000000$/.test(outcome.result));
  if (result === "s") return word >= 0x7f80_0000 || (word < 0x0100_0000 && word !== 0);
  return outcome.cc === 3;
}

describe("native halves of BFP instructions (PoP chapter 19)", () => {
  beforeAll(() => void resetSharedCpu());

  for (const operation of operations) {
    const mnemonic = operation.source.split(" ")[0]!.toUpperCase();
    it(`insn: ${mnemonic}: \`${operation.source}\` gives what the algorithm gives, natively where it can`, () => {
      cpu.memory.write(PROGRAM_ORIGIN, assemble(`${operation.source}\n svc 255`, { origin: PROGRAM_ORIGIN }).bytes);
      // Error-free transformations do for operands in the middle of the range.
      const mayBeNative = hostFusesMultiplyAdd() || !/^m[as]db/.test(operation.source);
      const operands = fc.tuple(...Array.from(operation.operands, (kind) => operandOf[kind]!));
      fc.assert(
        fc.property(operands, fc.constantFrom(0, INEXACT_FLAG), (words, fpc) => {
          const outcome = expected(operation, words, fpc);
          expect(executed(operation, words, fpc)).toEqual(outcome);
          // Once the inexact flag is on, all that is neither special nor at the edges of the format is native.
          if (mayBeNative && fpc === INEXACT_FLAG && !isSpecial(outcome, operation.result) && outcome.fpc === fpc.toString(16))
            expect(slowHalf.fpc, "native").toBe(UNTOUCHED);
        }),
        { numRuns: 60 },
      );
    });
  }

  it("PoP 9: exact results are native while the inexact flag is off", () => {
    const exact: readonly (readonly [source: string, ...operands: readonly number[]])[] = [
      ["adbr %f0,%f4", 1.5, 2],
      ["sdbr %f0,%f4", 1.5, 1.5],
      ["mdbr %f0,%f4", 12345, -6789],
      ["mdbr %f0,%f4", 0, 0.1],
      ["ddbr %f0,%f4", 6, 3],
      ["ddbr %f0,%f4", 0, 0.1],
      ["sqdbr %f0,%f4", 0, 2.25],
      ["madbr %f0,%f8,%f4", 1, 3, 5],
      ["madbr %f0,%f8,%f4", 0, 0, 5],
      ["msdbr %f0,%f8,%f4", 15, 3, 5],
      ["fidbra %f0,5,%f4,0", 0, 7],
      ["fidbra %f0,5,%f4,4", 0, 7.5],
      ["cgdbr %r0,5,%f4", 0, -7],
    ];
    for (const [source, ...operands] of exact) {
      cpu.memory.write(PROGRAM_ORIGIN, assemble(`${source}\n svc 255`, { origin: PROGRAM_ORIGIN }).bytes);
      const operation = operations.find((each) => each.source === source)!;
      executed(operation, operands.map(ofLong), 0);
      expect(slowHalf.fpc, source).toBe(UNTOUCHED);
      expect(cpu.state.fpc, source).toBe(0);
    }
  });
});
