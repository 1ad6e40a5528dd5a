import { AssemblerError } from "./assembler-error.ts";
import { type Expression, type ExpressionContext, parseExpression } from "./expression.ts";
import type { FieldKind } from "./formats.ts";
import { Scanner } from "./scanner.ts";

/** A register written with its prefix: `%r1`, `%f2`, `%a3`, `%c4`, `%v5`. */
export interface RegisterOperand {
  readonly type: "register";
  readonly file: FieldKind;
  readonly number: number;
}

/** A number, symbol or expression; also a register written as a plain number. */
export interface ExpressionOperand {
  readonly type: "expression";
  readonly value: Expression;
}

/** D(B), D(X,B), D(L,B) ...: `inner` holds what stands in the parentheses, undefined where nothing does, as in `8(,%r2)`. */
export interface StorageOperand {
  readonly type: "storage";
  readonly displacement: Expression;
  readonly inner: readonly (RegisterOperand | ExpressionOperand | undefined)[];
}

export type ParsedOperand = RegisterOperand | ExpressionOperand | StorageOperand;

/** A storage operand for the programmatic assembler, made by `mem`. */
export interface MemoryOperand {
  readonly displacement: number | bigint | string;
  readonly inner: readonly (number | bigint | string)[];
}

/** One operand for the programmatic assembler: a number (register, immediate, target address), assembler text, or `mem(...)`. */
export type OperandInput = number | bigint | string | MemoryOperand;

/**
 * D(B), or with three arguments D(X,B), D(L,B), D(R,B), D(V,B). Lengths are in bytes, as in assembler source.
 * A single register after the displacement of a D(X,B) operand is the base.
 */
export function mem(displacement: number | bigint | string, ...inner: (number | bigint | string)[]): MemoryOperand {
  return { displacement, inner };
}

const registerFiles: Readonly<Record<string, FieldKind>> = { r: "gr", f: "fr", a: "ar", c: "cr", v: "vr" };

function parseRegister(scanner: Scanner): RegisterOperand | undefined {
  const text = scanner.match(/%[a-z]+\d*/y);
  if (text === undefined) return undefined;
  // The Linux ABI names of GR 14 and 15.
  const plain = text === "%sp" ? "%r15" : text === "%lit" ? "%r13" : text;
  const file = registerFiles[plain[1]!];
  const number = Number(plain.slice(2));
  if (!file || !/^%[a-z]\d{1,2}$/.test(plain) || number > (file === "vr" ? 31 : 15)) {
    throw new AssemblerError("ERR_ASM_OPERAND_KIND", `${text} is not a register`);
  }
  return { type: "register", file, number };
}

/** Parse one operand of an instruction at the scanner's position. */
export function parseOperand(scanner: Scanner, context: ExpressionContext): ParsedOperand {
  const register = parseRegister(scanner);
  if (register) return register;
  const value: Expression = scanner.peek(/\(\s*[%,]/y) === undefined ? parseExpression(scanner, context) : () => 0n;
  if (!scanner.take("(")) return { type: "expression", value };
  const inner: (RegisterOperand | ExpressionOperand | undefined)[] = [];
  do {
    if (scanner.peek(/[,)]/y) !== undefined) inner.push(undefined);
    else inner.push(parseRegister(scanner) ?? { type: "expression", value: parseExpression(scanner, context) });
  } while (scanner.take(","));
  scanner.expect(")");
  return { type: "storage", displacement: value, inner };
}

/** Turn an operand of the programmatic assembler into a parsed one. */
export function fromInput(input: OperandInput, context: ExpressionContext): ParsedOperand {
  if (typeof input === "object") {
    const inner = input.inner.map((each) => fromInput(each, context));
    const displacement = fromInput(input.displacement, context);
    if (displacement.type !== "expression" || inner.some((each) => each.type === "storage")) {
      throw new AssemblerError("ERR_ASM_OPERAND_KIND", "a storage operand takes a displacement and registers or a length");
    }
    return { type: "storage", displacement: displacement.value, inner: inner as (RegisterOperand | ExpressionOperand)[] };
  }
  if (typeof input === "string") {
    const scanner = new Scanner(input);
    const operand = parseOperand(scanner, context);
    scanner.expectEnd();
    return operand;
  }
  const value = toInteger(input);
  return { type: "expression", value: () => value };
}

/** A number or bigint as bigint; refuses fractions and numbers past 2^53, where precision is already lost. */
export function toInteger(value: number | bigint): bigint {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new AssemblerError("ERR_ASM_RANGE", `${value} is not a safe integer; write larger values as bigint`);
  }
  return BigInt(value);
}
