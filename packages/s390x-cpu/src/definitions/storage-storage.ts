import { call, type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { Context, EngineFunction } from "../engine/context.ts";
import { clearInPieces, copyInPieces, isDestructive, loadBytes, pieces } from "../engine/pieces.ts";
import type { DefinitionTable } from "./table.ts";

/** Most bytes, in an instruction whose length is known while compiling, that are moved without a call. */
const MAXIMUM_INLINE = 64;

/** MVC, CLC, NC, OC, XC and other instructions with two operands in storage (PoP chapter 7). */
export function defineStorageStorage(table: DefinitionTable): void {
  /**
   * The usual case, when both operands may be accessed at once; everything else is the runtime's. Operands are given by the host address
   * of their last byte; `body` finishes the instruction, or leaves it to the runtime.
   */
  const inPages = (c: Context, writes: boolean, body: (target: I32, source: I32, length: I32) => void): void => {
    const length = c.let(i32.add(c.field("l"), 1));
    const first = c.address(1);
    const second = c.address(2);
    const target = c.spanOrZero(first, length, writes, 1);
    c.f.if(target, () => {
      const source = c.spanOrZero(second, length, false, 2);
      c.f.if(source, () => body(target, source, length));
    });
    c.helper();
  };
  table.define("mvc", (c) =>
    inPages(c, true, (target, source, length) => {
      const known = numberIfKnown(length);
      const move = (): void => c.f.call(c.function("copySpan"), target, source, length);
      if (known === undefined || known > MAXIMUM_INLINE) move();
      else c.f.if(isDestructive(target, source, known), move, () => copyInPieces(c.f, target, source, known));
      c.finish();
    }),
  );
  table.define("clc", (c) =>
    inPages(c, false, (first, second, length) => {
      const known = numberIfKnown(length);
      if (known === undefined || known > 16) c.setCc(call("i32", c.function("compareSpan"), first, second, length));
      else if (known > 8) compareTwice(c, first, second, known);
      else c.ccCompareU64(loadBytes(first, known), loadBytes(second, known));
      c.finish();
    }),
  );
  const logical = (mnemonic: string, span: EngineFunction, compute: (a: I64, b: I64) => I64): void =>
    table.define(mnemonic, (c) => {
      if (mnemonic === "xc" && isSameOperand(c)) {
        clear(c);
        return;
      }
      inPages(c, true, (target, source, length) => {
        const known = numberIfKnown(length);
        if (known === undefined || known > 8 || pieces(known).length > 1) {
          c.setCc(call("i32", c.function(span), target, source, length));
          c.finish();
          return;
        }
        c.f.if(i32.eqz(isDestructive(target, source, known)), () => {
          const result = c.let(compute(loadBytes(target, known), loadBytes(source, known)));
          c.f.storeI64(target, result, (known * 8) as 8 | 16 | 32 | 64);
          c.ccLogical64(result);
          c.finish();
        });
      });
    });
  logical("nc", "andSpan", i64.and);
  logical("oc", "orSpan", i64.or);
  logical("xc", "xorSpan", i64.xor);
}

function numberIfKnown(value: I32): number | undefined {
  return value.constant === undefined ? undefined : Number(value.constant);
}

/** CLC of nine to sixteen bytes: by the last eight if the first eight are equal. */
function compareTwice(c: Context, first: I32, second: I32, length: number): void {
  const [a, b] = [c.let(i64.load(first, length - 8)), c.let(i64.load(second, length - 8))];
  const differ = c.let(i64.ne(a, b));
  c.ccCompareU64(select(a, i64.load(first), differ), select(b, i64.load(second), differ));
}

/** Whether both operands are known to be the same, and their length is known too. */
function isSameOperand(c: Context): boolean {
  const known = (["b1", "b2"] as const).map((name) => numberIfKnown(c.registerNumber(name)));
  const displacements = (["d1", "d2"] as const).map((name) => numberIfKnown(c.field(name)));
  const isKnown = [...known, ...displacements, numberIfKnown(c.field("l"))].every((value) => value !== undefined);
  return isKnown && known[0] === known[1] && displacements[0] === displacements[1];
}

/** EXCLUSIVE OR of an operand with itself. */
function clear(c: Context): void {
  const length = i32.add(c.field("l"), 1);
  const target = c.spanOrZero(c.address(1), length, true, 1);
  c.f.if(target, () => {
    clearInPieces(c.f, target, numberIfKnown(length)!);
    c.setCc(i32.const(0));
    c.finish();
  });
  c.helper();
}
