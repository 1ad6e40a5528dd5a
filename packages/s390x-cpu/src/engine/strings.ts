import { type FunctionBuilder, type I32, i8x16, i32, type Local, select, type V128, v128 } from "@zarch/wasm-encoder";
import type { FunctionSet } from "./functions.ts";

/** Bytes that are looked at together. */
const STEP = 16;

/**
 * Searches, comparisons and translations of bytes in reversed storage. Guest byte i of a span is at its host address less i: here a span is
 * given by the host address of its first guest byte, for it may have no known end. Up to fifteen bytes behind a span's end are looked at,
 * which matters to nobody.
 */
export function declareStrings(functions: FunctionSet): void {
  functions.declare("findByte", ["i32", "i32", "i32"], "i32");
  functions.declare("compareStrings", ["i32", "i32", "i32", "i32"], "i32");
  functions.declare("translateBytes", ["i32", "i32", "i32"]);
  functions.declare("testBytes", ["i32", "i32", "i32"], "i32");
}

/** What compareStrings found, in bits 30 and 31; to the left of them is the index of the first byte that differs. */
export const StringsResult = { equal: 0, firstLow: 1, firstHigh: 2, unfinished: 3 } as const;

export function defineStrings(functions: FunctionSet): void {
  // findByte(span, length, byte): index of the first such byte, or the length when there is none. The length is not 0.
  functions.define("findByte", ["i32", "i32", "i32"], "i32", (f) => {
    const host = f.param(0, "i32").value;
    const length = f.param(1, "i32").value;
    const pattern = f.let(i8x16.splat(f.param(2, "i32").value));
    forEachStep(f, length, (i, found) => found(i8x16.eq(sixteen(host, i), pattern), (index) => f.return(smaller(index, length))));
    f.push(length);
  });

  // compareStrings(a, b, length, end): the spans, each of which ends before the byte `end`. The length is not 0.
  functions.define("compareStrings", ["i32", "i32", "i32", "i32"], "i32", (f) => {
    const a = f.param(0, "i32").value;
    const b = f.param(1, "i32").value;
    const length = f.param(2, "i32").value;
    const end = f.param(3, "i32").value;
    const pattern = f.let(i8x16.splat(end));
    forEachStep(f, length, (i, found) => {
      const left = f.let(sixteen(a, i));
      found(v128.or(i8x16.ne(left, sixteen(b, i)), i8x16.eq(left, pattern)), (index) => {
        f.if(i32.geU(index, length), () => f.return(i32.const(StringsResult.unfinished)));
        const x = f.let(i32.load8U(i32.sub(a, index)));
        const y = f.let(i32.load8U(i32.sub(b, index)));
        f.if(i32.eq(x, y), () => f.return(i32.const(StringsResult.equal)));
        // A string that ends is less than one that goes on, whatever the ending character is.
        const low = i32.or(i32.eq(x, end), i32.and(i32.ne(y, end), i32.ltU(x, y)));
        f.return(i32.or(i32.shl(index, 2), i32.sub(StringsResult.firstHigh, low)));
      });
    });
    f.push(i32.const(StringsResult.unfinished));
  });

  // translateBytes(target, table, length): replaces each byte, from left to right, by that of the table which it selects.
  functions.define("translateBytes", ["i32", "i32", "i32"], undefined, (f) => {
    const at = f.local("i32");
    const last = f.let(i32.sub(f.param(0, "i32").value, f.param(2, "i32").value));
    f.set(at, f.param(0, "i32").value);
    f.loop((again) => {
      f.storeI32(at.value, i32.load8U(i32.sub(f.param(1, "i32").value, i32.load8U(at.value))), 8);
      f.set(at, i32.sub(at.value, 1));
      f.brIf(again, i32.ne(at.value, last));
    });
  });

  // testBytes(span, table, length): index of the first byte for which the table has another byte than 0, and to the right of it, in
  // bits 24-31, that byte; 0 when there is none.
  functions.define("testBytes", ["i32", "i32", "i32"], "i32", (f) => {
    const host = f.param(0, "i32").value;
    const i = f.local("i32");
    f.loop((again) => {
      const byte = f.let(i32.load8U(i32.sub(f.param(1, "i32").value, i32.load8U(i32.sub(host, i.value)))));
      f.if(byte, () => f.return(i32.or(i32.shl(i.value, 8), byte)));
      f.set(i, i32.add(i.value, 1));
      f.brIf(again, i32.ltU(i.value, f.param(2, "i32").value));
    });
    f.push(i32.const(0));
  });
}

/** Guest bytes i to i + 15 of a span; byte i is in the last lane. */
function sixteen(host: I32, i: Local<"i32">): V128 {
  return v128.load(i32.sub(i32.sub(host, STEP - 1), i.value));
}

function smaller(a: I32, b: I32): I32 {
  return select(a, b, i32.ltU(a, b));
}

/** Goes through a span by sixteen bytes. `found` takes which of them are of interest, and what to do with the index of the first one. */
function forEachStep(
  f: FunctionBuilder,
  length: I32,
  body: (i: Local<"i32">, found: (bytes: V128, then: (index: I32) => void) => void) => void,
): void {
  const i = f.local("i32");
  f.loop((again) => {
    body(i, (bytes, then) => {
      const mask = f.let(i8x16.bitmask(bytes));
      f.if(mask, () => then(f.let(i32.sub(i32.add(i.value, i32.clz(mask)), STEP))));
    });
    f.set(i, i32.add(i.value, STEP));
    f.brIf(again, i32.ltU(i.value, length));
  });
}
