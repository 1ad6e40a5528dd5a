import { AssemblerError, type AssemblerErrorCode, AssemblerSourceError } from "./assembler-error.ts";
import { encodeForm, operandCounts } from "./encode.ts";
import { type Expression, type ExpressionContext, parseExpression } from "./expression.ts";
import type { FieldName } from "./formats.ts";
import { type Form, formsOf } from "./forms.ts";
import { fromInput, type OperandInput, type ParsedOperand, toInteger } from "./operands.ts";
import { Scanner } from "./scanner.ts";
import { SymbolTable } from "./symbol-table.ts";

export interface AssemblerOptions {
  /** Address of the first byte. Default 0. */
  readonly origin?: number | bigint;
  /** Refuse odd general registers and floating-point registers that start no pair where a pair is wanted. Default true. */
  readonly checkPairs?: boolean;
  /** Greatest size of the program in bytes. Default 64 MiB. */
  readonly maximumSize?: number;
}

/** The result: bytes to be placed at `origin`. */
export interface Program {
  /** Address of the first byte. */
  readonly origin: number;
  readonly bytes: Uint8Array;
  /** Labels and symbols set by `.equ`, with their values. */
  readonly symbols: ReadonlyMap<string, bigint>;
  /** Value of a symbol as a number; throws ERR_ASM_UNDEFINED_SYMBOL, or ERR_ASM_RANGE past 2^53. */
  address(symbol: string): number;
}

/** Operands by field name, as the manual writes them in lower case: `{ r1: 1, d2: 8, b2: 15 }`. Absent fields are zero. */
export type NamedOperands = { readonly [name in FieldName]?: number | bigint | string };

/** A number, or text with an expression over labels and symbols: `"end-start"`. */
export type ValueInput = number | bigint | string;

/** The byte that pads code: two of them are a NOPR. */
const nopByte = 0x07;

interface Deferred {
  readonly line: number | undefined;
  readonly run: () => void;
}

interface Literal {
  readonly size: number;
  readonly value: Expression;
  readonly symbol: string;
}

/**
 * Assembles one contiguous piece of z/Architecture code and data. Statements are added in order; labels may be used before they
 * are defined. All multi-byte data is big-endian.
 */
export class Assembler {
  readonly #origin: bigint;
  readonly #checkPairs: boolean;
  readonly #maximumSize: number;
  readonly #symbols = new SymbolTable();
  readonly #numericLabels = new Map<string, number>();
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  #size = 0;
  #deferred: Deferred[] = [];
  #literals: Literal[] = [];
  #literalCount = 0;

  /** Line number that errors of the following statements carry; set by the text assembler. */
  sourceLine: number | undefined;

  constructor(options: AssemblerOptions = {}) {
    this.#origin = toInteger(options.origin ?? 0);
    this.#checkPairs = options.checkPairs ?? true;
    this.#maximumSize = options.maximumSize ?? 64 * 1024 * 1024;
  }

  /** Address of the next byte. */
  get location(): bigint {
    return this.#origin + BigInt(this.#size);
  }

  /**
   * Add an instruction or extended mnemonic: `a("lg", 1, mem(8, 15))`, `a("agr", { r1: 1, r2: 2 })`, `a("jne", "loop")`,
   * `a("lg", "%r1", "table+8(%r2)")`. A relative operand is the target: a label, an expression, or an address.
   */
  a(mnemonic: string, ...operands: OperandInput[] | [NamedOperands]): this {
    const [first] = operands;
    const context = this.#context();
    const candidates = formsOf(mnemonic.toLowerCase());
    if (candidates.length === 0) throw this.#error("ERR_ASM_MNEMONIC", `unknown mnemonic ${mnemonic}`);
    if (operands.length === 1 && typeof first === "object" && !("inner" in first)) {
      const form = candidates.find((each) => Object.keys(first).every((name) => each.format.fields.some((field) => field.name === name)));
      if (!form) throw this.#error("ERR_ASM_OPERAND_COUNT", `${mnemonic} has no such field: ${Object.keys(first).join(", ")}`);
      return this.#instruction(form, namedOperands(form, first, context));
    }
    return this.instruction(
      mnemonic,
      (operands as OperandInput[]).map((each) => fromInput(each, context)),
    );
  }

  /** Add an instruction with operands that are parsed already. */
  instruction(mnemonic: string, operands: readonly ParsedOperand[]): this {
    const candidates = formsOf(mnemonic.toLowerCase());
    if (candidates.length === 0) throw this.#error("ERR_ASM_MNEMONIC", `unknown mnemonic ${mnemonic}`);
    const form = candidates.find((each) => {
      const { minimum, maximum } = operandCounts(each);
      return operands.length >= minimum && operands.length <= maximum;
    });
    if (!form) {
      const { minimum, maximum } = operandCounts(candidates[0]!);
      const wanted = minimum === maximum ? String(minimum) : `${minimum} to ${maximum}`;
      throw this.#error("ERR_ASM_OPERAND_COUNT", `${mnemonic} takes ${wanted} operands, not ${operands.length}`);
    }
    return this.#instruction(form, operands);
  }

  #instruction(form: Form, operands: readonly (ParsedOperand | undefined)[]): this {
    const location = this.location;
    if (location % 2n !== 0n) throw this.#error("ERR_ASM_ALIGNMENT", `${form.mnemonic} is at the odd address ${location}`);
    const { length } = form.format;
    const offset = this.#reserve(length);
    this.#resolve(() => {
      const word = encodeForm(form, operands, { location, lookup: this.#symbols.lookup, checkPairs: this.#checkPairs });
      for (let i = 0; i < length; i++) this.#bytes[offset + i] = Math.floor(word / 2 ** (40 - 8 * i)) % 256;
    });
    return this;
  }

  /** Define a label here. A label of digits only is numeric: it may be defined again, and is referred to as `1b` or `1f`. */
  label(name: string): this {
    if (/^\d+$/.test(name)) {
      const count = (this.#numericLabels.get(name) ?? 0) + 1;
      this.#numericLabels.set(name, count);
      return this.#define(`${name}\u0000${count}`, this.location);
    }
    if (!/^[A-Za-z_.$][\w.$]*$/.test(name) || name === ".") throw this.#error("ERR_ASM_SYNTAX", `${name} is not a symbol`);
    return this.#define(name, this.location);
  }

  #define(name: string, value: bigint): this {
    if (!this.#symbols.define(name, value)) throw this.#error("ERR_ASM_DUPLICATE_SYMBOL", `symbol ${name} is already defined`);
    return this;
  }

  /** Give a symbol a value (`.equ`, `.set`). It may be set again; a label may not. */
  set(name: string, value: ValueInput | Expression): this {
    if (!/^[A-Za-z_.$][\w.$]*$/.test(name) || name === ".") throw this.#error("ERR_ASM_SYNTAX", `${name} is not a symbol`);
    if (!this.#symbols.assign(name, this.#expression(value))) {
      throw this.#error("ERR_ASM_DUPLICATE_SYMBOL", `symbol ${name} is already defined as a label`);
    }
    return this;
  }

  byte(...values: ValueInput[]): this {
    return this.data(1, values);
  }

  /** Two-byte integers. */
  short(...values: ValueInput[]): this {
    return this.data(2, values);
  }

  /** Four-byte integers. */
  long(...values: ValueInput[]): this {
    return this.data(4, values);
  }

  /** Eight-byte integers. */
  quad(...values: ValueInput[]): this {
    return this.data(8, values);
  }

  /** Integers of `size` bytes, 1 to 8; each between -2^(bits-1) and 2^bits - 1. No alignment is implied. */
  data(size: number, values: readonly (ValueInput | Expression)[]): this {
    for (const value of values) {
      const expression = this.#expression(value);
      const offset = this.#reserve(size);
      this.#resolve(() => {
        const number = expression(this.#symbols.lookup);
        const span = 2n ** BigInt(size * 8);
        if (number >= span || number < -span / 2n) throw new AssemblerError("ERR_ASM_RANGE", `${number} does not fit in ${size} bytes`);
        for (let i = 0; i < size; i++) this.#bytes[offset + i] = Number((number >> BigInt(8 * (size - 1 - i))) & 0xffn);
      });
    }
    return this;
  }

  /** Characters as UTF-8, which for `.ascii` data is ASCII. */
  ascii(text: string): this {
    return this.bytes(new TextEncoder().encode(text));
  }

  /** Characters and a zero byte. */
  asciz(text: string): this {
    return this.ascii(text).byte(0);
  }

  bytes(data: Uint8Array): this {
    const offset = this.#reserve(data.length);
    this.#bytes.set(data, offset);
    return this;
  }

  /** Go on at the next multiple of `boundary` bytes, a power of two. The gap is filled with NOPR unless `fill` says otherwise. */
  align(boundary: number, fill = nopByte): this {
    if (!Number.isInteger(Math.log2(boundary)) || boundary < 1) throw this.#error("ERR_ASM_ALIGNMENT", `${boundary} is not a power of two`);
    return this.space(Number(-this.location & BigInt(boundary - 1)), fill);
  }

  /** Leave `count` bytes, each of the value `fill`. */
  space(count: number, fill = 0): this {
    if (!Number.isSafeInteger(count) || count < 0) throw this.#error("ERR_ASM_RANGE", `${count} is not a number of bytes`);
    const offset = this.#reserve(count);
    this.#bytes.fill(fill, offset, offset + count);
    return this;
  }

  /** Repeat `pattern` `count` times. */
  fill(pattern: Uint8Array, count: number): this {
    if (!Number.isSafeInteger(count * pattern.length) || count < 0) throw this.#error("ERR_ASM_RANGE", `${count} is not a count`);
    const offset = this.#reserve(count * pattern.length);
    for (let i = 0; i < count; i++) this.#bytes.set(pattern, offset + i * pattern.length);
    return this;
  }

  /** Go on at an address, which may not be before the present one. The gap is zero. */
  org(address: number | bigint): this {
    const target = toInteger(address);
    if (target < this.location) throw this.#error("ERR_ASM_LOCATION", `origin ${target} is before the location ${this.location}`);
    if (target - this.location > BigInt(this.#maximumSize)) throw this.#error("ERR_ASM_TOO_LARGE", `origin ${target} is too far away`);
    return this.space(Number(target - this.location));
  }

  /** Place the literals that have been used so far, largest first, aligned to their size (`.ltorg`). Done by `assemble` at the latest. */
  literalPool(): this {
    const literals = this.#literals.toSorted((a, b) => b.size - a.size);
    this.#literals = [];
    for (const { size, value, symbol } of literals) {
      this.align(size, 0);
      this.#define(symbol, this.location);
      this.data(size, [value]);
    }
    return this;
  }

  /** Value of an expression over symbols that are defined already. */
  evaluate(value: ValueInput | Expression): bigint {
    return this.#expression(value)(this.#symbols.lookup);
  }

  /** What expressions at this place refer to; for parsing operands of `instruction`. */
  get expressionContext(): ExpressionContext {
    return this.#context();
  }

  /** Finish: place the literal pool and fill in forward references. Throws an error that lists all that remain unresolved. */
  assemble(): Program {
    this.literalPool();
    const pending = this.#deferred;
    this.#deferred = [];
    const diagnostics = pending.flatMap(({ line, run }) => {
      try {
        run();
        return [];
      } catch (error) {
        if (!(error instanceof AssemblerError)) throw error;
        return [{ code: error.code, message: error.message, line }];
      }
    });
    if (diagnostics.length > 0) throw new AssemblerSourceError(diagnostics);
    const symbols = this.#symbols.values();
    return {
      origin: Number(this.#origin),
      bytes: this.#bytes.slice(0, this.#size),
      symbols,
      address: (symbol) => {
        const value = symbols.get(symbol);
        if (value === undefined) throw new AssemblerError("ERR_ASM_UNDEFINED_SYMBOL", `symbol ${symbol} is not defined`);
        if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new AssemblerError("ERR_ASM_RANGE", `symbol ${symbol} is past 2^53`);
        return Number(value);
      },
    };
  }

  #error(code: AssemblerErrorCode, message: string): AssemblerError {
    return new AssemblerError(code, message, this.sourceLine);
  }

  #reserve(count: number): number {
    const offset = this.#size;
    if (count > this.#maximumSize - offset) throw this.#error("ERR_ASM_TOO_LARGE", `the program is larger than ${this.#maximumSize} bytes`);
    this.#size += count;
    if (this.#size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return offset;
  }

  /** Do it now, or at the end when a symbol is still missing. Other faults are reported at once. */
  #resolve(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof AssemblerError)) throw error;
      if (error.code !== "ERR_ASM_UNDEFINED_SYMBOL") throw this.#error(error.code, error.message);
      this.#deferred.push({ line: this.sourceLine, run });
    }
  }

  #expression(value: ValueInput | Expression): Expression {
    if (typeof value === "function") return value;
    if (typeof value === "string") {
      const scanner = new Scanner(value);
      const expression = parseExpression(scanner, this.#context());
      scanner.expectEnd();
      return expression;
    }
    const number = toInteger(value);
    return () => number;
  }

  #context(): ExpressionContext {
    return {
      location: this.location,
      numericLabel: (number, direction) => {
        const count = this.#numericLabels.get(number) ?? 0;
        return `${number}\u0000${direction === "b" ? count : count + 1}`;
      },
      literal: (size, value) => {
        const known = this.#literals.find((each) => each.size === size && sameConstant(each.value, value));
        if (known) return known.symbol;
        const symbol = `literal\u0000${this.#literalCount++}`;
        this.#literals.push({ size, value, symbol });
        return symbol;
      },
    };
  }
}

/** True when both are constants of equal value; expressions with symbols are never merged. */
function sameConstant(left: Expression, right: Expression): boolean {
  const none = (): undefined => undefined;
  try {
    return left(none) === right(none);
  } catch {
    return false;
  }
}

function namedOperands(form: Form, named: NamedOperands, context: ExpressionContext): (ParsedOperand | undefined)[] {
  return form.format.operands.map(({ storage, fields }): ParsedOperand | undefined => {
    const given = fields.map((field) => {
      const input = named[field.name];
      return input === undefined ? undefined : fromInput(input, context);
    });
    if (!storage) return given[0];
    if (given.every((each) => each === undefined) && fields.every((field) => field.kind !== "length")) {
      return undefined;
    }
    const [displacement, ...inner] = given;
    if ((displacement && displacement.type !== "expression") || inner.some((each) => each?.type === "storage")) {
      throw new AssemblerError("ERR_ASM_OPERAND_KIND", `${fields[0]!.name} takes a number`);
    }
    return { type: "storage", displacement: displacement?.value ?? (() => 0n), inner: inner as [] };
  });
}
