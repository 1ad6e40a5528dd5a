import { type FieldPart, layouts } from "./layouts.ts";

/** What an instruction field designates (Principles of Operation, chapter 5, "Instruction Formats"). */
export type FieldKind = "gr" | "ar" | "fr" | "cr" | "vr" | "base" | "index" | "displacement" | "immediate" | "relative" | "mask" | "length";

/** Name of a field as the Principles of Operation writes it, in lower case (`R1` is `r1`, also when it names an FPR). */
export type FieldName =
  | `r${1 | 2 | 3}`
  | `v${1 | 2 | 3 | 4}`
  | `x${1 | 2}`
  | `b${1 | 2 | 3 | 4}`
  | `d${1 | 2 | 3 | 4}`
  | `i${1 | 2 | 3 | 4 | 5}`
  | `ri${2 | 3 | 4}`
  | `m${1 | 2 | 3 | 4 | 5 | 6}`
  | "l"
  | `l${1 | 2}`;

/** One operand field of an instruction. */
export interface FieldSpec {
  readonly name: FieldName;
  readonly kind: FieldKind;
  /** Most significant part first: DH then DL for a 20-bit displacement, the RXB bit then four bits for a vector register. */
  readonly parts: readonly FieldPart[];
  /** Sum of the lengths of all parts, in bits. */
  readonly width: number;
  /** Two's complement. True for relative fields and 20-bit displacements. Relative fields count halfwords. */
  readonly signed: boolean;
  /** A general register that must be even, or a floating-point register that must name a pair (0, 1, 4, 5, 8, 9, 12, 13). */
  readonly pair: boolean;
  /** May be left out in assembler source; then it is zero. Only trailing operands are optional. */
  readonly optional: boolean;
  /** Bits that an extended mnemonic forces to one (WCDGB forces M4 to have 8); 0 for instructions themselves. */
  readonly forced: number;
  /** Field that an extended mnemonic fills with the same value (VNOT: V3 with V2); undefined for instructions themselves. */
  readonly twin: FieldName | undefined;
}

/**
 * One assembler operand: a single field, or a storage operand D(B), D(X,B), D(L,B), D(R,B), D(V,B).
 * In a storage operand `fields` starts with the displacement and ends with the base.
 */
export interface Operand {
  readonly storage: boolean;
  readonly fields: readonly FieldSpec[];
}

/** An instruction format with its operand kinds, for example RRE with two floating-point registers. */
export interface Format {
  /** Name in the Principles of Operation, with its variant letter: `RX-a`, `RRF-e`, `VRR-c`. */
  readonly name: string;
  /** Length of the instruction in bytes. */
  readonly length: 2 | 4 | 6;
  /** All fields in assembler operand order. A storage operand gives displacement, then index / length / register, then base. */
  readonly fields: readonly FieldSpec[];
  /** The same fields, grouped into assembler operands. */
  readonly operands: readonly Operand[];
  /** Operand list in short notation; see `parseShape`. */
  readonly shape: string;
}

const registerKinds: Readonly<Record<string, FieldKind>> = { r: "gr", f: "fr", a: "ar", c: "cr" };
const plainKinds: Readonly<Record<string, FieldKind>> = {
  v: "vr",
  b: "base",
  x: "index",
  d: "displacement",
  i: "immediate",
  ri: "relative",
  m: "mask",
  l: "length",
};

function parseField(formatName: string, token: string, bitsOf: ReadonlyMap<string, readonly FieldPart[]>): FieldSpec {
  const match = /^([a-z]+)(\d?)([ps]?)(?::(\d+))?(?:\|(\d+))?(?:=([a-z]+\d))?(\??)$/.exec(token);
  if (!match) throw new TypeError(`field ${token} of ${formatName}`);
  const [, letters = "", digit = "", flag = "", narrowed, forced, twin, optional = ""] = match;
  const register = registerKinds[letters];
  const kind = register ?? plainKinds[letters];
  const name = (register ? "r" : letters) + digit;
  let parts = bitsOf.get(name);
  if (!kind || !parts) throw new TypeError(`field ${token} is not in format ${formatName}`);
  if (narrowed !== undefined) {
    const { bit, length } = parts[0]!;
    parts = [{ bit: bit + length - Number(narrowed), length: Number(narrowed) }];
  }
  return {
    name: name as FieldName,
    kind,
    parts,
    width: parts.reduce((sum, part) => sum + part.length, 0),
    signed: kind === "relative" || flag === "s" || (kind === "displacement" && parts.length > 1),
    pair: flag === "p",
    optional: optional === "?",
    forced: Number(forced ?? 0),
    twin: twin as FieldName | undefined,
  };
}

/**
 * Build a format from its layout name and operand list. The list is written as in assembler source with one letter per
 * kind of field: r general, f floating-point, a access, c control, v vector register; m mask, i immediate, ri relative,
 * d(x,b) storage. `p` after the digit marks a register pair, `s` a signed immediate, `?` an optional operand. Extended mnemonics also use `:n` (only the
 * rightmost n bits are an operand), `|n` (bits forced to one) and `=field` (a field filled with the same value).
 */
export function parseShape(formatName: string, shape: string): Format {
  const layout = layouts.get(formatName);
  if (!layout) throw new TypeError(`unknown format ${formatName}`);
  const operands: Operand[] = [];
  for (const text of shape.match(/[a-z0-9:|=?]+(\([^)]*\))?/g) ?? []) {
    const storage = text.includes("(");
    const tokens = text.replace(")", "").split(/[(,]/);
    operands.push({ storage, fields: tokens.map((token) => parseField(formatName, token, layout.fields)) });
  }
  return { name: formatName, length: layout.length, fields: operands.flatMap((operand) => operand.fields), operands, shape };
}
