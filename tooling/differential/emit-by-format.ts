import type { FieldSpec, Instruction, Operand } from "../../packages/s390x-isa/src/index.ts";
import { formsOf } from "../../packages/s390x-isa/src/index.ts";
import { type Body, FLOATING_PAIRS } from "./body.ts";
import type { Fields } from "./emitter.ts";

/** Instructions that use base + displacement as a value: nothing there is accessed. */
const ADDRESS_IS_VALUE = new Set(
  "la lay lae laey sll srl sra sla sllk srlk srak slak sllg srlg srag slag sldl srdl srda slda rll rllg tceb tcdb tcxb srnm pfd".split(" "),
);

/** Boundaries, in bytes, without which an instruction is refused. */
const ALIGNMENT: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    "cs csy lam lamy stam stamy laa laal lan lao lax lpd lrl lgfrl llgfrl strl crl cgfrl clrl clgfrl".split(" ").map((m) => [m, 4]),
  ),
  ...Object.fromEntries("cds cdsy csg laag laalg lang laog laxg lpdg lgrl stgrl cgrl clgrl".split(" ").map((m) => [m, 8])),
  ...Object.fromEntries("cdsg lpq stpq".split(" ").map((m) => [m, 16])),
};

/** Loads of several registers, which may not touch those that hold addresses. */
const LOAD_MULTIPLE = new Set(["lm", "lmy", "lmg", "lmh", "lmd"]);

/** Chooses all fields by what they designate. */
export function emitByFormat(body: Body, instruction: Instruction): void {
  const fields: Fields = {};
  for (const operand of instruction.format.operands) {
    if (operand.storage) chooseStorage(body, instruction, operand, fields);
    else chooseField(body, instruction, operand.fields[0]!, fields);
  }
  if (LOAD_MULTIPLE.has(instruction.mnemonic)) {
    fields.r1 = body.random.below(10);
    fields.r3 = fields.r1 + body.random.below(10 - fields.r1);
  }
  body.asm.a(spelling(instruction.mnemonic, fields), fields);
}

/** Conversions with M3 and M4 have an assembler mnemonic of their own: LEDBRA for LEDBR. */
function spelling(mnemonic: string, fields: Fields): string {
  const takesAll = formsOf(mnemonic).some(({ format }) =>
    Object.keys(fields).every((name) => format.fields.some((field) => field.name === name)),
  );
  return takesAll ? mnemonic : `${mnemonic}a`;
}

function chooseStorage(body: Body, { mnemonic, format }: Instruction, operand: Operand, fields: Fields): void {
  const { random } = body;
  const [displacement] = operand.fields;
  const base = operand.fields.find((field) => field.kind === "base")!;
  const isLong = displacement!.width === 20;
  const index = operand.fields.find((field) => field.kind === "index");
  const length = operand.fields.find((field) => field.kind === "length");
  if (length) fields[length.name] = 1 + random.below(random.oneIn(2) ? 2 ** length.width : 16);
  const other = operand.fields.find((field) => field.kind === "gr");
  if (other) throw new RangeError(`${mnemonic} needs an emitter of its own (${format.shape})`);
  if (ADDRESS_IS_VALUE.has(mnemonic)) {
    fields[base.name] = random.oneIn(2) ? 0 : random.below(16);
    if (index) fields[index.name] = random.oneIn(2) ? 0 : random.below(16);
    const value = random.edge32();
    fields[displacement!.name] = isLong ? (value << 12) >> 12 : value & (random.oneIn(2) ? 63 : 4095);
    return;
  }
  const place = body.place(body.target(length ? 256 : 16, isRefused(body) ? 1 : (ALIGNMENT[mnemonic] ?? 1)), isLong, index !== undefined);
  fields[displacement!.name] = place.d;
  fields[base.name] = place.b;
  if (index) fields[index.name] = place.x;
}

function chooseField(body: Body, { mnemonic, format }: Instruction, field: FieldSpec, fields: Fields): void {
  const { random } = body;
  const { name, width } = field;
  switch (field.kind) {
    case "gr":
      fields[name] = chooseGeneral(body, field);
      return;
    case "fr": {
      const register = field.pair ? (isRefused(body) && !MAY_BE_ANY.has(mnemonic) ? 2 : random.pick(FLOATING_PAIRS)) : random.below(16);
      if (random.oneIn(2)) {
        for (const each of field.pair ? [register, register + 2] : [register]) {
          body.load(body.scratch, random.edgeFloat());
          body.asm.a("ldgr", each, body.scratch);
        }
      }
      fields[name] = register;
      return;
    }
    case "relative":
      fields[name] = body.slot + body.target(8, Math.max(2, ALIGNMENT[mnemonic] ?? 2));
      return;
    case "mask":
      // A rounding method (2 is none), and in M4 of the same formats the control that suppresses the inexact exception.
      if (format.shape.includes("m4"))
        fields[name] = name === "m3" || format.name === "RRF-b" ? random.pick([0, 1, 3, 4, 5, 6, 7]) : random.pick([0, 4]);
      else fields[name] = random.below(2 ** width);
      return;
    case "immediate":
      fields[name] = chooseImmediate(body, field);
      // QEMU 7.2 computes the condition code of the test-only forms from garbage.
      if (name === "i3" && /^r[nox]sbg$/.test(mnemonic)) fields[name] = Number(fields[name]) & 0x7f;
      return;
    default:
      fields[name] = random.below(2 ** width);
  }
}

/** QEMU 7.2 lets the first operand be any register, the manual (and the GNU assembler) one that starts a pair. */
const MAY_BE_ANY = new Set(["ldxbr", "lexbr"]);

/** Now and then an operand is one that is refused: an odd register for a pair, or a wrong boundary. */
function isRefused(body: Body): boolean {
  return body.random.oneIn(40);
}

function chooseGeneral(body: Body, field: FieldSpec): number {
  const { random } = body;
  // The first register is the one that changes, as a rule.
  const register = field.pair
    ? body.even() + (isRefused(body) ? 1 : 0)
    : field.name === "r1" || random.oneIn(2)
      ? body.free()
      : random.below(16);
  if (register < body.scratch && random.oneIn(2)) {
    body.load(register, random.edge64());
    if (field.pair) body.load(register + 1, random.edge64());
  }
  return register;
}

function chooseImmediate(body: Body, { width, signed }: FieldSpec): number {
  const { random } = body;
  const bits = random.oneIn(2) ? random.edge32() : random.edge32() & 0xff;
  if (width === 32) return signed ? bits | 0 : bits;
  const value = bits & (2 ** width - 1);
  return signed && value >= 2 ** (width - 1) ? value - 2 ** width : value;
}
