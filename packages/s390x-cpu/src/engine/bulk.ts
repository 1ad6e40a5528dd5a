import { type FunctionBuilder, type I32, type I64, i8x16, i32, i64, v128 } from "@zarch/wasm-encoder";
import type { FunctionSet } from "./functions.ts";

/** Longer spans are the host's. */
const MAXIMUM_LOOP = 256;

const REVERSED_LANES = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

/** Copies and comparisons of spans in reversed storage. A span is given by the host address of its last guest byte. */
export function declareBulk(functions: FunctionSet): void {
  functions.declare("copySpan", ["i32", "i32", "i32"]);
  functions.declare("compareSpan", ["i32", "i32", "i32"], "i32");
  for (const name of ["andSpan", "orSpan", "xorSpan"]) functions.declare(name, ["i32", "i32", "i32"], "i32");
  functions.declare("copyReversed", ["i32", "i32", "i32"]);
  functions.declare("invalidateParts", ["i32", "i32"]);
}

export function defineBulk(functions: FunctionSet): void {
  defineCopySpan(functions);
  defineCompareSpan(functions);
  defineLogicSpan(functions, "andSpan", i32.and, i64.and);
  defineLogicSpan(functions, "orSpan", i32.or, i64.or);
  defineLogicSpan(functions, "xorSpan", i32.xor, i64.xor);
  defineCopyReversed(functions);
  functions.define("invalidateParts", ["i32", "i32"], undefined, (f) => {
    f.call(functions.index("invalidateCode"), i64.extendU(f.param(0, "i32").value), f.param(1, "i32").value);
  });
}

/** copySpan(target, source, length): MVC's byte-by-byte move from left to right, which propagates bytes when it overlaps. */
function defineCopySpan(functions: FunctionSet): void {
  functions.define("copySpan", ["i32", "i32", "i32"], undefined, (f) => {
    const target = f.param(0, "i32").value;
    const source = f.param(1, "i32").value;
    const length = f.param(2, "i32").value;
    // The guest's target lies behind its source by this much (host order is reversed).
    const ahead = f.let(i32.sub(source, target));
    f.if(i32.geU(i32.sub(ahead, 1), i32.sub(length, 1)), () => {
      f.if(i32.ltU(length, 17), () => {
        f.if(i32.geU(length, 8), () => {
          copyParts(f, target, source, 64, [0, i32.sub(length, 8)]);
          f.return();
        });
        f.if(i32.geU(length, 4), () => {
          copyParts(f, target, source, 32, [0, i32.sub(length, 4)]);
          f.return();
        });
        copyParts(f, target, source, 8, [0, i32.shrU(length, 1), i32.sub(length, 1)]);
        f.return();
      });
      f.if(i32.leU(length, MAXIMUM_LOOP), () => {
        // Kept before what it comes from may be overwritten.
        const last = f.let(v128.load(source));
        forEachSixteen(f, length, (at) => f.storeV128(i32.add(target, at), v128.load(i32.add(source, at))));
        f.storeV128(target, last);
        f.return();
      });
      f.memoryCopy(target, source, length);
      f.return();
    });
    f.if(i32.eq(ahead, 1), () => {
      f.memoryFill(target, i32.load8U(i32.add(source, i32.sub(length, 1))), length);
      f.return();
    });
    const i = f.local("i32");
    f.set(i, length);
    f.loop((again) => {
      f.set(i, i32.sub(i.value, 1));
      f.storeI32(i32.add(target, i.value), i32.load8U(i32.add(source, i.value)), 8);
      f.brIf(again, i.value);
    });
  });
}

/** Copies parts of a span, which may overlap, at offsets from its host address: all are loaded before one is stored. */
function copyParts(f: FunctionBuilder, target: I32, source: I32, width: 8 | 32 | 64, offsets: readonly (I32 | number)[]): void {
  const load = { 8: i64.load8U, 32: i64.load32U, 64: i64.load } as const;
  const parts = offsets.map((offset) => [offset, f.let(load[width](i32.add(source, offset)))] as const);
  for (const [offset, part] of parts) f.storeI64(i32.add(target, offset), part, width);
}

/** Sixteen bytes at a time, in guest order, as long as there are more than those. `body` takes their offset from the span's host address. */
function forEachSixteen(f: FunctionBuilder, length: I32, body: (at: I32) => void): void {
  const at = f.local("i32");
  f.set(at, i32.sub(length, 16));
  f.loop((again) => {
    body(at.value);
    f.set(at, i32.sub(at.value, 16));
    f.brIf(again, i32.gtS(at.value, 0));
  });
}

/** compareSpan(a, b, length): 0 equal, 1 a low, 2 a high, by the first (leftmost) byte that differs. */
function defineCompareSpan(functions: FunctionSet): void {
  functions.define("compareSpan", ["i32", "i32", "i32"], "i32", (f) => {
    const a = f.param(0, "i32").value;
    const b = f.param(1, "i32").value;
    const length = f.param(2, "i32").value;
    const i = f.local("i32");
    f.set(i, length);
    f.block((tail) => {
      f.loop((again) => {
        f.brIf(tail, i32.ltU(i.value, 8));
        f.set(i, i32.sub(i.value, 8));
        const x = f.let(i64.load(i32.add(a, i.value)));
        const y = f.let(i64.load(i32.add(b, i.value)));
        f.if(i64.ne(x, y), () => f.return(i32.add(i64.gtU(x, y), 1)));
        f.br(again);
      });
    });
    f.if(i32.eqz(i.value), () => f.return(i32.const(0)));
    // The last ones, without what lies to the right of them.
    const from = i32.sub(i.value, 8);
    const unwanted = f.let(i64.extendU(i32.sub(64, i32.shl(i.value, 3))));
    const x = f.let(i64.shrU(i64.load(i32.add(a, from)), unwanted));
    const y = f.let(i64.shrU(i64.load(i32.add(b, from)), unwanted));
    f.push(i32.or(i32.shl(i64.gtU(x, y), 1), i64.ltU(x, y)));
  });
}

/** Clears a span, and returns 0. */
function clearSpan(f: FunctionBuilder, target: I32, length: I32): void {
  const parts = (width: 8 | 32 | 64, offsets: readonly (I32 | number)[]): void => {
    for (const offset of offsets) f.storeI64(i32.add(target, offset), 0, width);
    f.return(i32.const(0));
  };
  f.if(i32.geU(length, 16), () => {
    const zero = f.let(i8x16.splat(i32.const(0)));
    forEachSixteen(f, length, (at) => f.storeV128(i32.add(target, at), zero));
    f.storeV128(target, zero);
    f.return(i32.const(0));
  });
  f.if(i32.geU(length, 8), () => parts(64, [0, i32.sub(length, 8)]));
  f.if(i32.geU(length, 4), () => parts(32, [0, i32.sub(length, 4)]));
  parts(8, [0, i32.shrU(length, 1), i32.sub(length, 1)]);
}

/** andSpan, orSpan, xorSpan(target, source, length): byte by byte from left to right; 1 when any result byte is not zero. */
function defineLogicSpan(functions: FunctionSet, name: string, narrow: (a: I32, b: I32) => I32, wide: (a: I64, b: I64) => I64): void {
  functions.define(name, ["i32", "i32", "i32"], "i32", (f) => {
    const target = f.param(0, "i32").value;
    const source = f.param(1, "i32").value;
    const length = f.param(2, "i32").value;
    const i = f.local("i32");
    const any = f.local("i64");
    const ahead = f.let(i32.sub(source, target));
    if (name === "xorSpan")
      f.if(i32.eqz(ahead), () => {
        clearSpan(f, target, length);
      });
    f.set(i, length);
    // Eight bytes at a time, unless the target lies so close behind the source that later bytes see earlier results.
    f.if(i32.geU(i32.sub(ahead, 1), 7), () => {
      f.block((tail) => {
        f.loop((again) => {
          f.brIf(tail, i32.ltU(i.value, 8));
          f.set(i, i32.sub(i.value, 8));
          const r = f.let(wide(i64.load(i32.add(target, i.value)), i64.load(i32.add(source, i.value))));
          f.set(any, i64.or(any.value, r));
          f.storeI64(i32.add(target, i.value), r);
          f.br(again);
        });
      });
    });
    f.block((done) => {
      f.loop((again) => {
        f.brIf(done, i32.eqz(i.value));
        f.set(i, i32.sub(i.value, 1));
        const r = f.let(narrow(i32.load8U(i32.add(target, i.value)), i32.load8U(i32.add(source, i.value))));
        f.set(any, i64.or(any.value, i64.extendU(r)));
        f.storeI32(i32.add(target, i.value), r, 8);
        f.br(again);
      });
    });
    f.push(i64.ne(any.value, 0));
  });
}

/** copyReversed(target, source, length): target byte i becomes source byte length - 1 - i. The spans do not overlap. */
function defineCopyReversed(functions: FunctionSet): void {
  functions.define("copyReversed", ["i32", "i32", "i32"], undefined, (f: FunctionBuilder) => {
    const target = f.param(0, "i32").value;
    const source = f.param(1, "i32").value;
    const length = f.param(2, "i32").value;
    const i = f.local("i32");
    const from: I32 = i32.sub(i32.add(source, length), i.value);
    const lanes = f.local("v128");
    for (const step of [64, 16])
      f.block((rest) => {
        f.loop((again) => {
          f.brIf(rest, i32.gtU(i32.add(i.value, step), length));
          for (let at = 0; at < step; at += 16) {
            f.set(lanes, v128.load(i32.sub(from, step), step - 16 - at));
            f.storeV128(i32.add(target, i.value), v128.shuffle(lanes.value, lanes.value, REVERSED_LANES), at);
          }
          f.set(i, i32.add(i.value, step));
          f.br(again);
        });
      });
    f.block((done) => {
      f.loop((again) => {
        f.brIf(done, i32.geU(i.value, length));
        f.storeI32(i32.add(target, i.value), i32.load8U(i32.sub(from, 1)), 8);
        f.set(i, i32.add(i.value, 1));
        f.br(again);
      });
    });
  });
}
