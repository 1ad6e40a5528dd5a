/**
 * Every instruction against a corpus of vectors computed by another implementation.
 *
 * To compare afresh, set ZARCH_BFP_ORACLE to a command that runs corpus/oracle.c on s390x, for example after
 * `s390x-linux-gnu-gcc -O1 -static -march=z196 corpus/oracle.c -o oracle`: "qemu-s390x ./oracle". ZARCH_BFP_VECTORS is the
 * number per instruction; ZARCH_BFP_WRITE=1 rewrites the corpus.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as bfp from "./index.ts";

type Words = readonly number[];

interface Operation {
  readonly name: string;
  /** RRE or RRF opcode, or "ed..xx" of an RXE instruction. */
  readonly opcode: string;
  /** Operand kinds: s, l, x are the formats, f and g 32- and 64-bit fixed-point words, m a mask of 12 bits. */
  readonly operands: string;
  readonly result: "s" | "l" | "x" | "f" | "g" | "";
  readonly cc: boolean;
  /** Whether M3 is a rounding method, and M4 has the inexact-exception control. */
  readonly m3: boolean;
  readonly run: (ctx: bfp.BfpContext, words: Words, m3: number, xxc: boolean) => void;
}

const operations: Operation[] = [];

function op(name: string, opcode: string, operands: string, result: Operation["result"], flags: string, run: Operation["run"]): void {
  operations.push({ name, opcode, operands, result, cc: flags.includes("c"), m3: flags.includes("m"), run });
}

type Spread = (ctx: bfp.BfpContext, ...words: number[]) => void;

function plain(f: (ctx: bfp.BfpContext, ...words: never[]) => void, ...rest: unknown[]): Operation["run"] {
  return (ctx, words) => (f as Spread)(ctx, ...words, ...(rest as number[]));
}

function rounded(f: (ctx: bfp.BfpContext, ...words: never[]) => void): Operation["run"] {
  return (ctx, words, m3, xxc) => (f as Spread)(ctx, ...words, m3, xxc as unknown as number);
}

/** Oracle operand order is first, second, third; the functions take third, second, first. */
function multiplyAdd(f: (ctx: bfp.BfpContext, ...words: never[]) => void, subtract: boolean): Operation["run"] {
  return (ctx, words) => {
    const size = words.length / 3;
    const part = (n: number) => words.slice(n * size, (n + 1) * size);
    (f as Spread)(ctx, ...part(2), ...part(1), ...part(0), subtract as unknown as number);
  };
}

function fromFixed(f: (ctx: bfp.BfpContext, ...words: never[]) => void, bits: 32 | 64, logical: boolean): Operation["run"] {
  return (ctx, words, m3, xxc) =>
    (f as Spread)(ctx, bits === 64 ? words[0]! : 0, words.at(-1)!, bits, ...([logical, m3, xxc] as unknown as number[]));
}

function toFixed(f: (ctx: bfp.BfpContext, ...words: never[]) => void, bits: 32 | 64, logical: boolean): Operation["run"] {
  return (ctx, words, m3, xxc) => (f as Spread)(ctx, ...words, bits, ...([logical, m3, xxc] as unknown as number[]));
}

op("aebr", "b30a", "ss", "s", "c", plain(bfp.addShort));
op("adbr", "b31a", "ll", "l", "c", plain(bfp.addLong));
op("axbr", "b34a", "xx", "x", "c", plain(bfp.addExtended));
op("sebr", "b30b", "ss", "s", "c", plain(bfp.subtractShort));
op("sdbr", "b31b", "ll", "l", "c", plain(bfp.subtractLong));
op("sxbr", "b34b", "xx", "x", "c", plain(bfp.subtractExtended));
op("meebr", "b317", "ss", "s", "", plain(bfp.multiplyShort));
op("mdebr", "b30c", "ss", "l", "", plain(bfp.multiplyShortToLong));
op("mdbr", "b31c", "ll", "l", "", plain(bfp.multiplyLong));
op("mxdbr", "b307", "ll", "x", "", plain(bfp.multiplyLongToExtended));
op("mxbr", "b34c", "xx", "x", "", plain(bfp.multiplyExtended));
op("debr", "b30d", "ss", "s", "", plain(bfp.divideShort));
op("ddbr", "b31d", "ll", "l", "", plain(bfp.divideLong));
op("dxbr", "b34d", "xx", "x", "", plain(bfp.divideExtended));
op("sqebr", "b314", "-s", "s", "", plain(bfp.squareRootShort));
op("sqdbr", "b315", "-l", "l", "", plain(bfp.squareRootLong));
op("sqxbr", "b316", "-x", "x", "", plain(bfp.squareRootExtended));
op("maebr", "b30e", "sss", "s", "", multiplyAdd(bfp.multiplyAddShort, false));
op("msebr", "b30f", "sss", "s", "", multiplyAdd(bfp.multiplyAddShort, true));
op("madbr", "b31e", "lll", "l", "", multiplyAdd(bfp.multiplyAddLong, false));
op("msdbr", "b31f", "lll", "l", "", multiplyAdd(bfp.multiplyAddLong, true));
op("cebr", "b309", "ss", "", "c", plain(bfp.compareShort, false));
op("cdbr", "b319", "ll", "", "c", plain(bfp.compareLong, false));
op("cxbr", "b349", "xx", "", "c", plain(bfp.compareExtended, false));
op("kebr", "b308", "ss", "", "c", plain(bfp.compareShort, true));
op("kdbr", "b318", "ll", "", "c", plain(bfp.compareLong, true));
op("kxbr", "b348", "xx", "", "c", plain(bfp.compareExtended, true));
op("ltebr", "b302", "-s", "s", "c", plain(bfp.loadAndTestShort));
op("ltdbr", "b312", "-l", "l", "c", plain(bfp.loadAndTestLong));
op("ltxbr", "b342", "-x", "x", "c", plain(bfp.loadAndTestExtended));
op("ldebr", "b304", "-s", "l", "", plain(bfp.lengthenShortToLong));
op("lxebr", "b306", "-s", "x", "", plain(bfp.lengthenShortToExtended));
op("lxdbr", "b305", "-l", "x", "", plain(bfp.lengthenLongToExtended));
op("ledbra", "b344", "-l", "s", "m", rounded(bfp.roundLongToShort));
op("ldxbra", "b345", "-x", "l", "m", rounded(bfp.roundExtendedToLong));
op("lexbra", "b346", "-x", "s", "m", rounded(bfp.roundExtendedToShort));
op("fiebra", "b357", "-s", "s", "m", rounded(bfp.loadIntegerShort));
op("fidbra", "b35f", "-l", "l", "m", rounded(bfp.loadIntegerLong));
op("fixbra", "b347", "-x", "x", "m", rounded(bfp.loadIntegerExtended));
for (const [row, bits, logical, letter] of [
  ["9", 32, false, "f"],
  ["a", 64, false, "g"],
] as const) {
  op(`ce${letter}bra`, `b3${row}4`, `-${letter}`, "s", "m", fromFixed(bfp.convertFromFixedShort, bits, logical));
  op(`cd${letter}bra`, `b3${row}5`, `-${letter}`, "l", "m", fromFixed(bfp.convertFromFixedLong, bits, logical));
  op(`cx${letter}bra`, `b3${row}6`, `-${letter}`, "x", "m", fromFixed(bfp.convertFromFixedExtended, bits, logical));
  op(`cel${letter}br`, `b3${row}0`, `-${letter}`, "s", "m", fromFixed(bfp.convertFromFixedShort, bits, true));
  op(`cdl${letter}br`, `b3${row}1`, `-${letter}`, "l", "m", fromFixed(bfp.convertFromFixedLong, bits, true));
  op(`cxl${letter}br`, `b3${row}2`, `-${letter}`, "x", "m", fromFixed(bfp.convertFromFixedExtended, bits, true));
  op(`c${letter}ebra`, `b3${row}8`, "-s", letter, "cm", toFixed(bfp.convertToFixedShort, bits, logical));
  op(`c${letter}dbra`, `b3${row}9`, "-l", letter, "cm", toFixed(bfp.convertToFixedLong, bits, logical));
  op(`c${letter}xbra`, `b3${row}a`, "-x", letter, "cm", toFixed(bfp.convertToFixedExtended, bits, logical));
  op(`cl${letter}ebr`, `b3${row}c`, "-s", letter, "cm", toFixed(bfp.convertToFixedShort, bits, true));
  op(`cl${letter}dbr`, `b3${row}d`, "-l", letter, "cm", toFixed(bfp.convertToFixedLong, bits, true));
  op(`cl${letter}xbr`, `b3${row}e`, "-x", letter, "cm", toFixed(bfp.convertToFixedExtended, bits, true));
}
op("tceb", "ed10", "sm", "", "c", plain(bfp.testDataClassShort));
op("tcdb", "ed11", "lm", "", "c", plain(bfp.testDataClassLong));
op("tcxb", "ed12", "xm", "", "c", plain(bfp.testDataClassExtended));

const WORDS: Record<string, number> = { s: 1, l: 2, x: 4, f: 1, g: 2, m: 1, "": 0 };

interface Vector {
  readonly m3: number;
  readonly xxc: boolean;
  readonly fpc: number;
  readonly operands: Words[];
}

function hex(words: Words): string {
  return words.map((w) => (w >>> 0).toString(16).padStart(8, "0")).join("");
}

function unhex(text: string): number[] {
  return (text.match(/.{8}/g) ?? []).map((w) => Number.parseInt(w, 16) | 0);
}

/** The answer to a vector as text: result, FPC, condition code. */
function answer(operation: Operation, vector: Vector): string {
  const ctx = new bfp.BfpContext();
  ctx.fpc = vector.fpc;
  operation.run(ctx, vector.operands.flat(), vector.m3, vector.xxc);
  const result = [ctx.r0, ctx.r1, ctx.r2, ctx.r3].slice(0, WORDS[operation.result]);
  return `${hex(result)} ${(ctx.fpc >>> 0).toString(16)} ${operation.cc ? ctx.cc : 0}`;
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const FORMATS = { s: { bits: 32, fraction: 23n }, l: { bits: 64, fraction: 52n }, x: { bits: 128, fraction: 112n } };

function toWords(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number(BigInt.asIntN(32, value >> BigInt(32 * (count - 1 - i)))));
}

/** Operands crowd around the corners of the format, and around the other operands so far. */
function operand(kind: string, next: () => number, others: Words[]): Words {
  if (kind === "m") return [next() & 0xfff & next()];
  if (kind === "f" || kind === "g") {
    const size = BigInt(32 * WORDS[kind]!);
    const value = (BigInt(next()) << 32n) | BigInt(next());
    const small = value >> BigInt(next() % 64);
    const corner = [0n, 1n, -1n, (1n << (size - 1n)) - 1n, 1n << (size - 1n), (1n << 24n) + 1n, (1n << 53n) + 1n, small, -small, value];
    return toWords(BigInt.asUintN(Number(size), corner[next() % corner.length]!), WORDS[kind]!);
  }
  const { bits, fraction } = FORMATS[kind as keyof typeof FORMATS];
  const one = 1n << fraction;
  const exponents = (1n << (BigInt(bits) - 1n - fraction)) - 1n;
  let noise = 0n;
  for (let i = 0; i < 4; i++) noise = (noise << 32n) | BigInt(next());
  const shapes = [
    noise,
    noise & ~((1n << BigInt(next() % Number(fraction))) - 1n),
    (1n << BigInt(next() % Number(fraction))) - 1n,
    1n << BigInt(next() % Number(fraction)),
    0n,
    one - 1n,
  ];
  const mantissa = shapes[next() % shapes.length]! & (one - 1n);
  const middle = exponents >> 1n;
  const near = middle + BigInt(next() % 140) - 70n;
  const partner =
    others.length === 0
      ? near
      : (BigInt.asUintN(32, BigInt(others[0]![0]!)) >> (kind === "s" ? 23n : kind === "l" ? 20n : 16n)) & exponents;
  const choices = [
    near,
    near,
    middle + BigInt(next() % 8) - 4n,
    middle + BigInt(next() % 8) - 4n,
    partner + BigInt(next() % 6) - 3n,
    (partner * 2n + middle) % exponents,
    0n,
    1n,
    exponents - 1n,
    exponents,
    middle / 2n + BigInt(next() % 60) - 30n,
    middle + middle / 2n + BigInt(next() % 60) - 30n,
    middle + middle / 2n + middle / 4n,
    kind === "s" ? near : middle - (kind === "l" ? 127n : 1023n) - BigInt(next() % 30),
    kind === "s" ? near : middle + (kind === "l" ? 128n : 1024n) - BigInt(next() % 3),
  ];
  let exponent = choices[next() % choices.length]!;
  if (exponent < 0n) exponent = 0n;
  if (exponent > exponents) exponent = exponents;
  const sign = BigInt(next() & 1);
  return toWords((sign << BigInt(bits - 1)) | (exponent << fraction) | mantissa, bits / 32);
}

const METHODS = [0, 1, 3, 4, 5, 6, 7];
const MODES = [0, 0, 1, 2, 3, 7];

function vectors(operation: Operation, count: number): Vector[] {
  const next = random(Number.parseInt(operation.opcode, 16));
  return Array.from({ length: count }, () => {
    const operands: Words[] = [];
    for (const kind of operation.operands.replace("-", "")) operands.push(operand(kind, next, operands));
    const m3 = operation.m3 ? METHODS[next() % METHODS.length]! : 0;
    return { m3, xxc: operation.m3 && next() % 4 === 0, fpc: MODES[next() % MODES.length]!, operands };
  });
}

const REGISTER = [0, 2, 4];

/** Encodes the record of an oracle run. First operand in FPR 0, second in FPR 4 (or GPR 2), third in FPR 8. */
function record(operation: Operation, vector: Vector): Uint8Array {
  const bytes = new Uint8Array(80);
  const view = new DataView(bytes.buffer);
  const m4 = vector.xxc ? 4 : 0;
  const { opcode } = operation;
  const kinds = operation.operands;
  const toGeneral = operation.result === "f" || operation.result === "g";
  if (opcode.startsWith("ed")) {
    view.setUint16(0, 0xed00);
    view.setUint16(2, vector.operands[1]![0]!);
    view.setUint16(4, Number.parseInt(opcode.slice(2), 16));
  } else {
    view.setUint16(0, Number.parseInt(opcode, 16));
    const last = kinds === "-f" || kinds === "-g" ? 2 : 4;
    if (kinds.length === 3) view.setUint16(2, 0x0084);
    else view.setUint16(2, (vector.m3 << 12) | (m4 << 8) | ((toGeneral ? 2 : 0) << 4) | last);
  }
  view.setUint32(8, vector.fpc);
  let position = kinds.startsWith("-") ? 1 : 0;
  for (const words of vector.operands) {
    const kind = kinds[position]!;
    if (kind === "f") view.setInt32(64 + 4, words[0]!);
    else if (kind === "g") words.forEach((w, i) => void view.setInt32(64 + 4 * i, w));
    else if (kind !== "m") words.forEach((w, i) => void view.setInt32(16 + 8 * REGISTER[position]! + 4 * i, w));
    position++;
  }
  return bytes;
}

function consult(command: string, operation: Operation, list: Vector[]): string[] {
  const input = new Uint8Array(80 * list.length);
  list.forEach((v, i) => void input.set(record(operation, v), 80 * i));
  const [program, ...args] = command.split(" ");
  const { stdout, status } = spawnSync(program!, args, { input, maxBuffer: 1 << 28 });
  expect(status).toBe(0);
  return list.map((_, i) => {
    const view = new DataView(stdout.buffer, stdout.byteOffset + 80 * i, 80);
    const base = operation.result === "f" ? 68 : operation.result === "g" ? 64 : 16;
    const result = Array.from({ length: WORDS[operation.result]! }, (_, w) => view.getInt32(base + 4 * w));
    return `${hex(result)} ${view.getUint32(8).toString(16)} ${operation.cc ? view.getUint32(12) : 0}`;
  });
}

function describeVector(v: Vector): string {
  return `${v.m3}${v.xxc ? "x" : "-"}${v.fpc} ${v.operands.map(hex).join(" ")}`;
}

const file = new URL("./corpus/vectors.txt", import.meta.url);
const oracle = process.env.ZARCH_BFP_ORACLE;

function isNaNOperand(kind: string, words: Words): boolean {
  const ctx = new bfp.BfpContext();
  if (kind === "s") bfp.testDataClassShort(ctx, words[0]!, 0x00f);
  else if (kind === "l") bfp.testDataClassLong(ctx, words[0]!, words[1]!, 0x00f);
  else if (kind === "x") bfp.testDataClassExtended(ctx, words[0]!, words[1]!, words[2]!, words[3]!, 0x00f);
  return ctx.cc === 1;
}

/**
 * Where QEMU 7.2 departs from the Principles of Operation, which decides: MDEBR and MXDBR do not lengthen the first operand;
 * MULTIPLY AND ADD picks among NaNs in another order; LOAD AND TEST passes a signaling NaN through; CONVERT TO FIXED and TO
 * LOGICAL of a NaN lack the inexact flag. The corpus has our answers there; the rules are tested in nan.test.ts.
 */
function oracleIsWrong(operation: Operation, vector: Vector): boolean {
  if (/^m(de|xd)br$/.test(operation.name)) return true;
  if (!/^(m[as][ed]br|lt[edx]br|cl?[fg][edx]bra?)$/.test(operation.name)) return false;
  return vector.operands.some((words) => isNaNOperand(operation.operands.at(-1)!, words));
}

describe.runIf(oracle)("BFP against the oracle", () => {
  const lines: string[] = [];
  for (const operation of operations) {
    it(operation.name, () => {
      const list = vectors(operation, Number(process.env.ZARCH_BFP_VECTORS ?? 40));
      const expected = consult(oracle!, operation, list);
      const wrong = list.flatMap((v, i) => {
        const got = answer(operation, v);
        lines.push(`${operation.name} ${describeVector(v)} = ${got}`);
        return got === expected[i] || oracleIsWrong(operation, v) ? [] : [`${describeVector(v)} = ${expected[i]}, not ${got}`];
      });
      expect(wrong.slice(0, 8), `${wrong.length} wrong`).toEqual([]);
    });
  }
  it.runIf(process.env.ZARCH_BFP_WRITE)("writes the corpus", () => {
    writeFileSync(file, `${lines.join("\n")}\n`);
  });
});

describe.skipIf(oracle)("BFP corpus", () => {
  const byName = new Map<string, string[]>();
  for (const line of (existsSync(file) ? readFileSync(file, "utf8") : "").trimEnd().split("\n")) {
    const name = line.slice(0, line.indexOf(" "));
    byName.set(name, [...(byName.get(name) ?? []), line]);
  }
  for (const operation of operations) {
    it(`PoP 19: ${operation.name.toUpperCase()} answers as the corpus says`, () => {
      const lines = byName.get(operation.name) ?? [];
      expect(lines.length).toBeGreaterThan(20);
      const wrong = lines.filter((line) => {
        const [left, right] = line.split(" = ");
        const [, modes, ...operands] = left!.split(" ");
        const vector = { m3: Number(modes![0]), xxc: modes![1] === "x", fpc: Number(modes![2]), operands: operands.map(unhex) };
        return answer(operation, vector) !== right;
      });
      expect(wrong).toEqual([]);
    });
  }
});
