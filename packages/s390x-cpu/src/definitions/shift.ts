import { type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import type { DefinitionTable } from "./table.ts";

/** Shift amount: the rightmost six bits of the second-operand address (not wrapped, which changes no such bit). */
function amount(c: Context): I32 {
  return c.let(i32.and(i32.wrap(c.address(2)), 63));
}

/** Shifts and rotates, and the ROTATE THEN ... SELECTED BITS family (PoP chapter 7). */
export function defineShift(table: DefinitionTable): void {
  // A 32-bit value moves through 64 bits, because amounts go up to 63.
  for (const [mnemonic, from] of [
    ["sll", "r1"],
    ["sllk", "r3"],
  ] as const)
    table.define(mnemonic, (c) => {
      const n = i64.extendU(amount(c));
      c.setGr32("r1", i32.wrap(i64.shl(i64.extendU(c.gr32(from)), n)));
    });
  for (const [mnemonic, from] of [
    ["srl", "r1"],
    ["srlk", "r3"],
  ] as const)
    table.define(mnemonic, (c) => {
      const n = i64.extendU(amount(c));
      c.setGr32("r1", i32.wrap(i64.shrU(i64.extendU(c.gr32(from)), n)));
    });
  for (const [mnemonic, from] of [
    ["sra", "r1"],
    ["srak", "r3"],
  ] as const)
    table.define(mnemonic, (c) => {
      const n = i64.extendU(amount(c));
      const r = c.let(i32.wrap(i64.shrS(i64.extendS(c.gr32(from)), n)));
      c.setGr32("r1", r);
      c.ccSigned32(r);
    });
  for (const [mnemonic, from] of [
    ["sla", "r1"],
    ["slak", "r3"],
  ] as const)
    table.define(mnemonic, (c) => {
      const n = c.let(i64.extendU(amount(c)));
      const x = c.let(i64.extendS(c.gr32(from)));
      const shifted = c.let(i64.shl(x, n));
      const r = c.let(i32.or(i32.and(i32.wrap(shifted), 0x7fff_ffff), i32.and(i32.wrap(x), -0x8000_0000)));
      c.setGr32("r1", r);
      // Overflow: a bit unlike the sign was shifted out. From 32 on that is any bit of a positive number, and a zero from the
      // right of a negative one.
      const lost = i64.ne(i64.shrS(shifted, 31), i64.shrS(x, 63));
      const lostFar = i64.ne(x, 0);
      const overflow = c.let(select(lost, lostFar, i64.ltU(n, 32)));
      c.ccSigned32(r);
      c.f.if(overflow, () => c.setCc(i32.const(3)));
      c.fixedPointOverflow(overflow);
    });

  table.define("sllg", (c) => c.setGr64("r1", i64.shl(c.gr64("r3"), i64.extendU(amount(c)))));
  table.define("srlg", (c) => c.setGr64("r1", i64.shrU(c.gr64("r3"), i64.extendU(amount(c)))));
  table.define("srag", (c) => {
    const r = c.let(i64.shrS(c.gr64("r3"), i64.extendU(amount(c))));
    c.setGr64("r1", r);
    c.ccSigned64(r);
  });
  table.define("slag", (c) => {
    const n = c.let(i64.extendU(amount(c)));
    const x = c.let(c.gr64("r3"));
    const shifted = i64.shl(x, n);
    const r = c.let(i64.or(i64.and(shifted, 0x7fff_ffff_ffff_ffffn), i64.and(x, -0x8000_0000_0000_0000n)));
    c.setGr64("r1", r);
    // All bits shifted out of position 1, and the sign, must be alike.
    const overflow = c.let(i64.ne(i64.shrS(c.let(i64.shl(x, n)), n), x));
    c.ccSigned64(r);
    c.f.if(overflow, () => c.setCc(i32.const(3)));
    c.fixedPointOverflow(overflow);
  });
  table.define("rll", (c) => {
    const n = amount(c);
    c.setGr32("r1", i32.rotl(c.gr32("r3"), n));
  });
  table.define("rllg", (c) => {
    const n = amount(c);
    c.setGr64("r1", i64.rotl(c.gr64("r3"), i64.extendU(n)));
  });
  defineDouble(table);
  defineRotateThen(table);
}

/** Shifts of an even-odd pair of 32-bit halves. */
function defineDouble(table: DefinitionTable): void {
  const pair = (c: Context): I64 => c.let(i64.or(i64.shl(i64.extendU(c.gr32("r1")), 32), i64.extendU(c.gr32("r1", 1))));
  const setPair = (c: Context, value: I64): void => {
    c.setGr32("r1", i32.wrap(i64.shrU(value, 32)));
    c.setGr32("r1", i32.wrap(value), 1);
  };
  table.define("sldl", (c) => setPair(c, c.let(i64.shl(pair(c), i64.extendU(amount(c))))));
  table.define("srdl", (c) => setPair(c, c.let(i64.shrU(pair(c), i64.extendU(amount(c))))));
  table.define("srda", (c) => {
    const r = c.let(i64.shrS(pair(c), i64.extendU(amount(c))));
    setPair(c, r);
    c.ccSigned64(r);
  });
  table.define("slda", (c) => {
    const n = c.let(i64.extendU(amount(c)));
    const x = pair(c);
    const r = c.let(i64.or(i64.and(i64.shl(x, n), 0x7fff_ffff_ffff_ffffn), i64.and(x, -0x8000_0000_0000_0000n)));
    setPair(c, r);
    const overflow = c.let(i64.ne(i64.shrS(c.let(i64.shl(x, n)), n), x));
    c.ccSigned64(r);
    c.f.if(overflow, () => c.setCc(i32.const(3)));
    c.fixedPointOverflow(overflow);
  });
}

/** Ones in bit positions start to end of a doubleword (bit 0 leftmost), wrapping around when start > end. */
function selectedBits(c: Context, start: I32, end: I32): I64 {
  // ones from start on, XOR ones behind end; for the wrapped case the same expression is the complement.
  const fromStart = i64.shrU(-1, i64.extendU(start));
  const behindEnd = i64.shrU(i64.shrU(-1, i64.extendU(end)), 1);
  const x = c.let(i64.xor(fromStart, behindEnd));
  return c.let(select(i64.xor(x, -1), x, i32.gtU(start, end)));
}

function defineRotateThen(table: DefinitionTable): void {
  const fields = (c: Context) => ({
    start: c.let(i32.and(c.field("i3"), 63)),
    end: c.let(i32.and(c.field("i4"), 63)),
    rotated: c.let(i64.rotl(c.gr64("r2"), i64.extendU(i32.and(c.field("i5"), 63)))),
  });
  for (const [mnemonic, setsCc] of [
    ["risbg", true],
    ["risbgn", false],
  ] as const)
    table.define(mnemonic, (c) => {
      const { start, end, rotated } = fields(c);
      const mask = selectedBits(c, start, end);
      // Bit 0 of I4 asks for zeros in the bits that are not selected.
      const kept = select(i64.const(0), i64.and(c.gr64("r1"), i64.xor(mask, -1)), i32.and(c.field("i4"), 0x80));
      const r = c.let(i64.or(i64.and(rotated, mask), kept));
      c.setGr64("r1", r);
      if (setsCc) c.ccSigned64(r);
    });
  const combine = (mnemonic: string, result: (x: I64, rotated: I64, mask: I64) => I64): void =>
    table.define(mnemonic, (c) => {
      const { start, end, rotated } = fields(c);
      const mask = selectedBits(c, start, end);
      const r = c.let(result(c.gr64("r1"), rotated, mask));
      c.setCc(i64.ne(i64.and(r, mask), 0));
      // Bit 0 of I3 asks for the condition code only.
      c.f.if(i32.eqz(i32.and(c.field("i3"), 0x80)), () => c.setGr64("r1", r));
    });
  combine("rnsbg", (x, rotated, mask) => i64.and(x, i64.or(rotated, i64.xor(mask, -1))));
  combine("rosbg", (x, rotated, mask) => i64.or(x, i64.and(rotated, mask)));
  combine("rxsbg", (x, rotated, mask) => i64.xor(x, i64.and(rotated, mask)));

  // ROTATE THEN INSERT SELECTED BITS HIGH and LOW: bit numbers 0-31 of one half; the other half stays.
  const half = (mnemonic: string, high: boolean): void =>
    table.define(mnemonic, (c) => {
      const start = c.let(i32.and(c.field("i3"), 31));
      const end = c.let(i32.and(c.field("i4"), 31));
      const rotated64 = c.let(i64.rotl(c.gr64("r2"), i64.extendU(i32.and(c.field("i5"), 63))));
      const rotated = c.let(high ? i32.wrap(i64.shrU(rotated64, 32)) : i32.wrap(rotated64));
      const fromStart = i32.shrU(-1, start);
      const behindEnd = i32.shrU(i32.shrU(-1, end), 1);
      const x = c.let(i32.xor(fromStart, behindEnd));
      const mask = c.let(select(i32.xor(x, -1), x, i32.gtU(start, end)));
      const old = high ? c.grHigh("r1") : c.gr32("r1");
      const kept = select(i32.const(0), i32.and(old, i32.xor(mask, -1)), i32.and(c.field("i4"), 0x80));
      const r = c.let(i32.or(i32.and(rotated, mask), kept));
      if (high) c.setGrHigh("r1", r);
      else c.setGr32("r1", r);
    });
  half("risbhg", true);
  half("risblg", false);
}
