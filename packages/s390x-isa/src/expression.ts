import { AssemblerError } from "./assembler-error.ts";
import type { Scanner } from "./scanner.ts";

/** Value of a symbol, or undefined while it has none. */
export type SymbolLookup = (name: string) => bigint | undefined;

/** A constant expression: gives its value, or throws ERR_ASM_UNDEFINED_SYMBOL while a symbol in it has none. */
export type Expression = (lookup: SymbolLookup) => bigint;

/** What an expression may refer to besides symbols. */
export interface ExpressionContext {
  /** Value of `.`, the address of the statement. */
  readonly location: bigint;
  /** Name behind a numeric label reference: `1b` is the last label 1, `1f` the next. */
  numericLabel(number: string, direction: "b" | "f"): string;
  /** Place a value of `size` bytes in the literal pool and give the symbol of its address. */
  literal(size: number, value: Expression): string;
}

const literalSizes: Readonly<Record<string, number>> = { quad: 8, long: 4, short: 2, byte: 1 };
const precedence: Readonly<Record<string, number>> = {
  "*": 5,
  "/": 5,
  "%": 5,
  "+": 4,
  "-": 4,
  "<<": 3,
  ">>": 3,
  "&": 2,
  "^": 1,
  "|": 0,
};
const limit = 2n ** 64n;
const maximumDepth = 64;

function bounded(value: bigint): bigint {
  if (value >= limit || value <= -limit) throw new AssemblerError("ERR_ASM_RANGE", "expression does not fit in 64 bits");
  return value;
}

function apply(operator: string, left: bigint, right: bigint): bigint {
  if ((operator === "/" || operator === "%") && right === 0n) throw new AssemblerError("ERR_ASM_RANGE", "division by zero");
  if ((operator === "<<" || operator === ">>") && (right < 0n || right > 63n)) {
    throw new AssemblerError("ERR_ASM_RANGE", "shift count is not between 0 and 63");
  }
  switch (operator) {
    case "*":
      return bounded(left * right);
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "+":
      return bounded(left + right);
    case "-":
      return bounded(left - right);
    // Bits shifted out at the left are lost, as in a 64-bit register.
    case "<<":
      return left < 0n ? bounded(left << right) : BigInt.asUintN(64, left << right);
    case ">>":
      return left >> right;
    case "&":
      return left & right;
    case "^":
      return left ^ right;
    default:
      return left | right;
  }
}

/** Look a symbol up or throw the error that tells a statement to wait for it. */
export function symbolValue(name: string, lookup: SymbolLookup): bigint {
  const value = lookup(name);
  if (value === undefined) throw new AssemblerError("ERR_ASM_UNDEFINED_SYMBOL", `symbol ${name} is not defined`);
  return value;
}

function parsePrimary(scanner: Scanner, context: ExpressionContext, depth: number): Expression {
  if (depth > maximumDepth) throw new AssemblerError("ERR_ASM_SYNTAX", "expression is nested too deeply");
  if (scanner.take("(")) {
    const inner = parseBinary(scanner, context, 0, depth + 1);
    scanner.expect(")");
    return inner;
  }
  for (const sign of ["-", "~", "+"]) {
    if (!scanner.take(sign)) continue;
    const inner = parsePrimary(scanner, context, depth + 1);
    if (sign === "+") return inner;
    return sign === "-" ? (lookup) => -inner(lookup) : (lookup) => ~inner(lookup);
  }
  if (scanner.take("=")) {
    const size = literalSizes[scanner.match(/[a-z]+/y) ?? ""];
    if (size === undefined) throw new AssemblerError("ERR_ASM_SYNTAX", "a literal is written =quad(n), =long(n), =short(n) or =byte(n)");
    scanner.expect("(");
    const value = parseBinary(scanner, context, 0, depth + 1);
    scanner.expect(")");
    const name = context.literal(size, value);
    return (lookup) => symbolValue(name, lookup);
  }
  const reference = /^(\d+)([bf])$/.exec(scanner.match(/\d+[bf](?![\w.$])/y) ?? "");
  if (reference) {
    const name = context.numericLabel(reference[1]!, reference[2] as "b" | "f");
    return (lookup) => symbolValue(name, lookup);
  }
  const digits = scanner.match(/0[xX][0-9a-fA-F]{1,32}|0[bB][01]{1,80}|\d{1,40}/y);
  if (digits !== undefined) {
    // A leading zero means octal in GNU syntax.
    if (/^0\d/.test(digits) && !/^0[0-7]+$/.test(digits)) throw new AssemblerError("ERR_ASM_SYNTAX", `${digits} is not an octal number`);
    const value = bounded(BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits));
    return () => value;
  }
  const character = scanner.match(/'(?:\\.|[^\\])'?/y);
  if (character !== undefined) {
    const text = character.slice(1).replace(/(?<=.)'$/, "");
    const escapes: Readonly<Record<string, number>> = { "\\n": 10, "\\t": 9, "\\r": 13, "\\0": 0, "\\\\": 92, "\\'": 39 };
    const value = BigInt(escapes[text] ?? text.codePointAt(0)!);
    return () => value;
  }
  const name = scanner.match(/[A-Za-z_.$][\w.$]*/y);
  if (name === ".") return () => context.location;
  if (name !== undefined) {
    // Position-independent references mean the symbol itself: there is no linker behind this assembler.
    scanner.match(/@(PLT|plt)\b/y);
    return (lookup) => symbolValue(name, lookup);
  }
  throw new AssemblerError("ERR_ASM_SYNTAX", `expected an expression at "${scanner.rest()}"`);
}

function parseBinary(scanner: Scanner, context: ExpressionContext, level: number, depth: number): Expression {
  let left = parsePrimary(scanner, context, depth);
  for (;;) {
    const operator = scanner.peek(/<<|>>|[*/%+\-&^|]/y);
    const own = operator === undefined ? undefined : precedence[operator];
    if (operator === undefined || own === undefined || own < level) return left;
    scanner.expect(operator);
    const first = left;
    const second = parseBinary(scanner, context, own + 1, depth + 1);
    left = (lookup) => apply(operator, first(lookup), second(lookup));
  }
}

/** Parse the expression at the scanner's position; C precedence, 64-bit values. */
export function parseExpression(scanner: Scanner, context: ExpressionContext): Expression {
  return parseBinary(scanner, context, 0, 0);
}
