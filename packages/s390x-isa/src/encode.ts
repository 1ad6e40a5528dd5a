import { AssemblerError } from "./assembler-error.ts";
import type { SymbolLookup } from "./expression.ts";
import { withField } from "./fields.ts";
import type { FieldSpec, Operand } from "./formats.ts";
import type { Form } from "./forms.ts";
import { layouts } from "./layouts.ts";
import type { ExpressionOperand, ParsedOperand, RegisterOperand } from "./operands.ts";

/** What encoding an instruction depends on. */
export interface EncodeContext {
  /** Address of the instruction; relative operands are given as target addresses. */
  readonly location: bigint;
  readonly lookup: SymbolLookup;
  /** Refuse odd registers where the architecture wants a pair. */
  readonly checkPairs: boolean;
}

const registerKinds: ReadonlySet<string> = new Set(["gr", "ar", "fr", "cr", "vr", "base", "index"]);

function relativeValue(field: FieldSpec, target: bigint, location: bigint): bigint {
  // Branches wrap at 2^64, so that a program at the top of the address space can reach the bottom.
  const distance = BigInt.asIntN(64, target - location);
  if (distance % 2n !== 0n) throw new AssemblerError("ERR_ASM_ALIGNMENT", `${field.name} is at an odd address`);
  return distance / 2n;
}

function range(field: FieldSpec): [bigint, bigint] {
  const span = 2n ** BigInt(field.width);
  if (field.kind === "length") return [1n, span];
  return field.signed ? [-span / 2n, span / 2n - 1n] : [0n, span - 1n];
}

function fieldNumber(field: FieldSpec, operand: RegisterOperand | ExpressionOperand, context: EncodeContext): number {
  if (operand.type === "register") {
    const wanted = field.kind === "base" || field.kind === "index" ? "gr" : field.kind;
    if (operand.file !== wanted) throw new AssemblerError("ERR_ASM_OPERAND_KIND", `${field.name} does not take this kind of register`);
  }
  const given = operand.type === "register" ? BigInt(operand.number) : operand.value(context.lookup);
  const value = field.kind === "relative" ? relativeValue(field, given, context.location) : given;
  const [low, high] = range(field);
  if (value < low || value > high) {
    const text = field.kind === "relative" ? `the target is ${value * 2n} bytes away, outside` : `${field.name} is ${value}, not within`;
    const scale = field.kind === "relative" ? 2n : 1n;
    throw new AssemblerError("ERR_ASM_RANGE", `${text} ${low * scale}..${high * scale}`);
  }
  const number = Number(value);
  if (context.checkPairs && field.pair && (field.kind === "fr" ? number & 2 : number & 1)) {
    const text = field.kind === "fr" ? `floating-point register ${number} does not start a pair` : `general register ${number} is not even`;
    throw new AssemblerError("ERR_ASM_REGISTER_PAIR", `${field.name}: ${text}`);
  }
  return field.kind === "length" ? number - 1 : number;
}

/** The parts of a storage operand in the order of its fields: displacement, index or length, base. */
function storageParts(operand: Operand, given: ParsedOperand): (RegisterOperand | ExpressionOperand | undefined)[] {
  if (given.type === "register") throw new AssemblerError("ERR_ASM_OPERAND_KIND", "a storage operand is wanted, not a register");
  if (given.type === "expression") return [given];
  const displacement: ExpressionOperand = { type: "expression", value: given.displacement };
  const middle = operand.fields.length === 3 ? operand.fields[1]! : undefined;
  const [first, second] = given.inner;
  const places = middle ? 2 : 1;
  if (given.inner.length > places) throw new AssemblerError("ERR_ASM_OPERAND_COUNT", `${places} operands at most within parentheses`);
  if (!middle) return [displacement, first];
  if (given.inner.length === 2) return [displacement, first, second];
  // A single register is the base, unless the other place has to be filled.
  return middle.kind === "index" || middle.kind === "vr" ? [displacement, undefined, first] : [displacement, first, undefined];
}

function place(word: number, field: FieldSpec, value: number, form: Form): number {
  let result = withField(field, word, value | field.forced);
  if (field.twin !== undefined) {
    const parts = layouts.get(form.format.name)!.fields.get(field.twin)!;
    result = withField({ ...field, parts }, result, value);
  }
  return result;
}

/** How many operands a form takes. */
export function operandCounts(form: Form): { minimum: number; maximum: number } {
  const { operands } = form.format;
  const firstOptional = operands.findIndex((operand) => operand.fields[0]!.optional);
  return { minimum: firstOptional < 0 ? operands.length : firstOptional, maximum: operands.length };
}

/** Encode an instruction as a left-justified 48-bit number. Its length is `form.format.length` bytes. */
export function encodeForm(form: Form, operands: readonly (ParsedOperand | undefined)[], context: EncodeContext): number {
  const [h0, h1, h2] = form.value;
  let word = (h0 * 65536 + h1) * 65536 + h2;
  for (const [i, operand] of form.format.operands.entries()) {
    const given = operands[i];
    // Bits that the digits of an extended mnemonic already show must not be added twice.
    for (const field of operand.fields) word -= withField(field, 0, field.forced);
    if (!given) {
      for (const field of operand.fields) word = place(word, field, 0, form);
      continue;
    }
    if (given.type === "storage" && !operand.storage) {
      throw new AssemblerError("ERR_ASM_OPERAND_KIND", `${operand.fields[0]!.name} is not a storage operand`);
    }
    const parts = operand.storage ? storageParts(operand, given) : [given as RegisterOperand | ExpressionOperand];
    for (const [j, field] of operand.fields.entries()) {
      const part = parts[j];
      if (!part && !registerKinds.has(field.kind)) {
        throw new AssemblerError("ERR_ASM_OPERAND_COUNT", `${field.name} is missing`);
      }
      if (part) word = place(word, field, fieldNumber(field, part, context), form);
    }
  }
  return word;
}
