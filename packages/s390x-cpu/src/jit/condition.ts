import {
  call,
  type F64,
  type FunctionBuilder,
  type I32,
  type I64,
  i32,
  i64,
  type Local,
  select,
  type ValueType,
} from "@zarch/wasm-encoder";
import { codeOfF64 } from "../engine/context.ts";
import type { FunctionSet } from "../engine/functions.ts";
import { relation, relationF64 } from "../engine/relation.ts";

/** What a condition code was made from. The number is kept in a local, for the place where the code is needed after all. */
export const ConditionKind = {
  /** The code itself. */
  value: 0,
  compareS32: 1,
  compareU32: 2,
  compareS64: 3,
  compareU64: 4,
  /** a is not zero. */
  logical32: 5,
  logical64: 6,
  /** Sums and differences of a and b. */
  addS32: 7,
  addS64: 8,
  subS32: 9,
  subS64: 10,
  /** a is the first operand, b the result. */
  addU32: 11,
  addU64: 12,
  /** a and b are the operands. */
  subU32: 13,
  subU64: 14,
  /** a and b are floating-point numbers. */
  compareF64: 15,
  /** a of 32 bits is a carry, 0 or 1, and a of 64 bits is the result. */
  carry: 16,
} as const;
export type ConditionKind = (typeof ConditionKind)[keyof typeof ConditionKind];

const wide: ReadonlySet<ConditionKind> = new Set([
  ConditionKind.compareS64,
  ConditionKind.compareU64,
  ConditionKind.logical64,
  ConditionKind.addS64,
  ConditionKind.subS64,
  ConditionKind.addU64,
  ConditionKind.subU64,
]);

/** Code 3 on overflow, else by the sign of the result. */
const ofSum = (overflow: I32, negative: I32, positive: I32): I32 => select(i32.const(3), i32.or(i32.shl(positive, 1), negative), overflow);

/** The condition code, from what it was made of. Operands must be cheap to repeat. */
function code32(kind: ConditionKind, a: I32, b: I32): I32 {
  switch (kind) {
    case ConditionKind.compareS32:
      return i32.or(i32.shl(i32.gtS(a, b), 1), i32.ltS(a, b));
    case ConditionKind.compareU32:
      return i32.or(i32.shl(i32.gtU(a, b), 1), i32.ltU(a, b));
    case ConditionKind.logical32:
      return i32.ne(a, 0);
    case ConditionKind.addS32: {
      const r = i32.add(a, b);
      return ofSum(i32.shrU(i32.and(i32.xor(a, r), i32.xor(b, r)), 31), i32.ltS(r, 0), i32.gtS(r, 0));
    }
    case ConditionKind.subS32: {
      const r = i32.sub(a, b);
      return ofSum(i32.shrU(i32.and(i32.xor(a, b), i32.xor(a, r)), 31), i32.ltS(r, 0), i32.gtS(r, 0));
    }
    case ConditionKind.addU32:
      return i32.or(i32.shl(i32.ltU(b, a), 1), i32.ne(b, 0));
    default:
      return i32.or(i32.shl(i32.geU(a, b), 1), i32.ne(a, b));
  }
}

function code64(kind: ConditionKind, a: I64, b: I64): I32 {
  const sign = (value: I64): I32 => i32.wrap(i64.shrU(value, 63));
  switch (kind) {
    case ConditionKind.compareS64:
      return i32.or(i32.shl(i64.gtS(a, b), 1), i64.ltS(a, b));
    case ConditionKind.compareU64:
      return i32.or(i32.shl(i64.gtU(a, b), 1), i64.ltU(a, b));
    case ConditionKind.logical64:
      return i64.ne(a, 0);
    case ConditionKind.addS64: {
      const r = i64.add(a, b);
      return ofSum(sign(i64.and(i64.xor(a, r), i64.xor(b, r))), i64.ltS(r, 0), i64.gtS(r, 0));
    }
    case ConditionKind.subS64: {
      const r = i64.sub(a, b);
      return ofSum(sign(i64.and(i64.xor(a, b), i64.xor(a, r))), i64.ltS(r, 0), i64.gtS(r, 0));
    }
    case ConditionKind.addU64:
      return i32.or(i32.shl(i64.ltU(b, a), 1), i64.ne(b, 0));
    default:
      return i32.or(i32.shl(i64.geU(a, b), 1), i64.ne(a, b));
  }
}

function codeOfCarry(carry: I32, r: I64): I32 {
  return i32.or(i32.shl(carry, 1), i64.ne(r, 0));
}

/** Parameters of conditionCode: kind, a and b of 32 bits, a and b of 64 bits, a and b as floating-point numbers. */
export const conditionCodeParameters: readonly ValueType[] = ["i32", "i32", "i32", "i64", "i64", "f64", "f64"];

/** conditionCode: the code where it is not known while compiling what it was made from. */
export function declareConditionCode(functions: FunctionSet): void {
  functions.declare("conditionCode", conditionCodeParameters, "i32");
}

export function defineConditionCode(functions: FunctionSet): void {
  functions.define("conditionCode", conditionCodeParameters, "i32", (f) => {
    const kinds = Object.values(ConditionKind).filter((kind) => kind !== ConditionKind.value);
    const nest = (index: number, build: (labels: Parameters<FunctionBuilder["brTable"]>[1]) => void): void => {
      const kind = kinds[index];
      if (kind === undefined) {
        build([]);
        return;
      }
      f.block((label) => nest(index + 1, (labels) => build([label, ...labels])));
      if (kind === ConditionKind.carry) f.return(codeOfCarry(f.param(1, "i32").value, f.param(3, "i64").value));
      else if (kind === ConditionKind.compareF64) f.return(codeOfF64(f.param(5, "f64").value, f.param(6, "f64").value));
      else if (wide.has(kind)) f.return(code64(kind, f.param(3, "i64").value, f.param(4, "i64").value));
      else f.return(code32(kind, f.param(1, "i32").value, f.param(2, "i32").value));
    };
    nest(0, (labels) => f.brTable(i32.sub(f.param(0, "i32").value, 1), labels, labels[0]!));
    f.unreachable();
  });
}

/** What is known while compiling about the condition code at one place. */
export type ConditionState = ConditionKind | "unknown";

/**
 * The condition code of a region, kept as the operands that it was made from. Setting it costs nothing but keeping them; a
 * branch behind the comparison becomes one comparison, and the code itself is computed where the region is left.
 */
export class LazyCondition {
  readonly #f: FunctionBuilder;
  readonly #functions: FunctionSet;
  readonly #value: Local<"i32">;
  readonly #kind: Local<"i32">;
  readonly #a32: Local<"i32">;
  readonly #b32: Local<"i32">;
  readonly #a64: Local<"i64">;
  readonly #b64: Local<"i64">;
  readonly #aF64: Local<"f64">;
  readonly #bF64: Local<"f64">;
  state: ConditionState = ConditionKind.value;
  /** Whether any instruction set it. */
  isWritten = false;

  constructor(f: FunctionBuilder, functions: FunctionSet) {
    this.#f = f;
    this.#functions = functions;
    this.#value = f.local("i32", "cc");
    this.#kind = f.local("i32", "cc_kind");
    this.#a32 = f.local("i32", "cc_a32");
    this.#b32 = f.local("i32", "cc_b32");
    this.#a64 = f.local("i64", "cc_a64");
    this.#b64 = f.local("i64", "cc_b64");
    this.#aF64 = f.local("f64", "cc_af64");
    this.#bF64 = f.local("f64", "cc_bf64");
  }

  /** At the region's entry. */
  load(code: I32): void {
    this.#f.set(this.#value, code);
  }

  #become(kind: ConditionKind): void {
    this.#f.set(this.#kind, i32.const(kind));
    this.state = kind;
    this.isWritten = true;
  }

  set(code: I32): void {
    this.#f.set(this.#value, code);
    this.#become(ConditionKind.value);
  }

  setFrom32(kind: ConditionKind, a: I32, b: I32): void {
    // Taken before either changes: an operand may be one of these locals.
    const first = this.#f.let(a);
    this.#f.set(this.#b32, b);
    this.#f.set(this.#a32, first);
    this.#become(kind);
  }

  setFrom64(kind: ConditionKind, a: I64, b: I64): void {
    const first = this.#f.let(a);
    this.#f.set(this.#b64, b);
    this.#f.set(this.#a64, first);
    this.#become(kind);
  }

  setFromF64(a: F64, b: F64): void {
    const first = this.#f.let(a);
    this.#f.set(this.#bF64, b);
    this.#f.set(this.#aF64, first);
    this.#become(ConditionKind.compareF64);
  }

  setFromCarry(carry: I32, r: I64): void {
    const first = this.#f.let(carry);
    this.#f.set(this.#a64, r);
    this.#f.set(this.#a32, first);
    this.#become(ConditionKind.carry);
  }

  /** The code, wherever it comes from, without changing how it is kept. */
  get current(): I32 {
    const computed = call(
      "i32",
      this.#functions.index("conditionCode"),
      this.#kind.value,
      this.#a32.value,
      this.#b32.value,
      this.#a64.value,
      this.#b64.value,
      this.#aF64.value,
      this.#bF64.value,
    );
    const result = this.#f.temporary("i32");
    this.#f.if(
      this.#kind.value,
      () => this.#f.set(result, computed),
      () => this.#f.set(result, this.#value.value),
    );
    return result.value;
  }

  /** The code as a value; from here on it is kept as one. */
  get value(): I32 {
    const { state } = this;
    if (state === ConditionKind.value) return this.#value.value;
    if (state === "unknown") this.#f.set(this.#value, this.current);
    else if (state === ConditionKind.carry) this.#f.set(this.#value, codeOfCarry(this.#a32.value, this.#a64.value));
    else if (state === ConditionKind.compareF64) this.#f.set(this.#value, codeOfF64(this.#aF64.value, this.#bF64.value));
    else if (wide.has(state)) this.#f.set(this.#value, code64(state, this.#a64.value, this.#b64.value));
    else this.#f.set(this.#value, code32(state, this.#a32.value, this.#b32.value));
    this.#f.set(this.#kind, i32.const(ConditionKind.value));
    this.state = ConditionKind.value;
    return this.#value.value;
  }

  /** Bit 1 of the code: the carry of a sum, or of a difference that there was no borrow. */
  get carry(): I32 {
    switch (this.state) {
      case ConditionKind.addU32:
        return i32.ltU(this.#b32.value, this.#a32.value);
      case ConditionKind.addU64:
        return i64.ltU(this.#b64.value, this.#a64.value);
      case ConditionKind.subU32:
        return i32.geU(this.#a32.value, this.#b32.value);
      case ConditionKind.subU64:
        return i64.geU(this.#a64.value, this.#b64.value);
      case ConditionKind.carry:
        return this.#a32.value;
      default:
        return i32.shrU(this.value, 1);
    }
  }

  /** Whether the code is one that a known mask selects: nonzero if so. */
  holds(mask: number): I32 {
    if (mask === 0 || mask === 15) return i32.const(mask);
    const { state } = this;
    const a = this.#a32.value;
    const b = this.#b32.value;
    const wideA = this.#a64.value;
    const wideB = this.#b64.value;
    switch (state) {
      case ConditionKind.compareS32:
      case ConditionKind.compareU32:
        return relation(i32, mask, state === ConditionKind.compareS32, a, b);
      case ConditionKind.compareS64:
      case ConditionKind.compareU64:
        return relation(i64, mask, state === ConditionKind.compareS64, wideA, wideB);
      case ConditionKind.compareF64:
        return relationF64(mask, this.#aF64.value, this.#bF64.value);
      case ConditionKind.logical32:
        return relation(i32, (mask & 8) | (mask & 4 ? 6 : 0), false, a, i32.const(0));
      case ConditionKind.logical64:
        return relation(i64, (mask & 8) | (mask & 4 ? 6 : 0), false, wideA, i64.const(0));
      // Of a difference, code 0 means less than nothing: a borrow with a result of zero. So 1 is low, 2 equal, 3 high.
      case ConditionKind.subU32:
        return relation(i32, rotateDifference(mask), false, a, b);
      case ConditionKind.subU64:
        return relation(i64, rotateDifference(mask), false, wideA, wideB);
      case ConditionKind.addU32:
        if (mask === 3 || mask === 12) return mask === 3 ? i32.ltU(b, a) : i32.geU(b, a);
        if (mask === 10 || mask === 5) return mask === 10 ? i32.eqz(b) : b;
        break;
      case ConditionKind.addU64:
        if (mask === 3 || mask === 12) return mask === 3 ? i64.ltU(wideB, wideA) : i64.geU(wideB, wideA);
        if (mask === 10 || mask === 5) return mask === 10 ? i64.eqz(wideB) : i64.ne(wideB, 0);
        break;
      case ConditionKind.carry:
        if (mask === 3 || mask === 12) return mask === 3 ? a : i32.eqz(a);
        if (mask === 10 || mask === 5) return mask === 10 ? i64.eqz(wideA) : i64.ne(wideA, 0);
        break;
      // Equal operands have no overflow in their difference, so that it is zero exactly when they are equal.
      case ConditionKind.subS32:
        if (mask === 8 || mask === 7) return mask === 8 ? i32.eq(a, b) : i32.ne(a, b);
        break;
      case ConditionKind.subS64:
        if (mask === 8 || mask === 7) return mask === 8 ? i64.eq(wideA, wideB) : i64.ne(wideA, wideB);
        break;
    }
    return i32.and(i32.shl(mask, this.value), 8);
  }
}

/** Mask for a relation (8 equal, 4 low, 2 high) from one for the code of a logical difference (4 low, 2 equal, 1 high). */
function rotateDifference(mask: number): number {
  return (mask & 4) | (mask & 2 ? 8 : 0) | (mask & 1 ? 2 : 0);
}
