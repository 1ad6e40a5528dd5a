import { call, type I64, i32, i64 } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { CLOCK_COMPARATOR, CPU_TIMER_SUM, TOD_LAST, TOD_PROGRAMMABLE } from "../engine/layout.ts";
import type { DefinitionTable } from "./table.ts";

const SPECIFICATION = 6;

/** Clock and timer instructions that kernels use often (PoP chapters 7 and 10). SET CLOCK and others are in the runtime. */
export function defineClock(table: DefinitionTable): void {
  const tod = (c: Context): I64 => call("i64", c.function("tod"));
  /** A value greater than the last one given out. */
  const uniqueTod = (c: Context): I64 => {
    const now = c.let(tod(c));
    const last = c.let(i64.load(i32.const(TOD_LAST)));
    const value = c.f.temporary("i64");
    c.f.set(value, now);
    c.f.if(i64.leU(now, last), () => c.f.if(i64.ltU(i64.sub(last, now), 0x1000_0000), () => c.f.set(value, i64.add(last, 1))));
    return value.value;
  };
  const remember = (c: Context, value: I64): void => c.f.storeI64(i32.const(TOD_LAST), value);
  table.define("stck", (c) => {
    const address = c.address(2);
    const value = uniqueTod(c);
    c.storeI64(address, value, 64);
    remember(c, value);
    c.setCc(i32.const(0));
  });
  table.define("stckf", (c) => {
    c.storeI64(c.address(2), tod(c), 64);
    c.setCc(i32.const(0));
  });
  table.define("stcke", (c) => {
    // Epoch index (0), the clock, and to its right 40 bits of which the last 16 are the programmable field.
    const address = c.address(2);
    const last = c.let(c.wrapAddress(i64.add(address, 15)));
    c.handBackIf(i32.gtU(i32.and(i32.wrap(address), 0xfff), 4096 - 16));
    c.f.drop(c.updateI32(last, 8, (old) => old, 2));
    const value = uniqueTod(c);
    c.storeI64(address, i64.shrU(value, 8), 64);
    const programmable = i64.load16U(i32.const(TOD_PROGRAMMABLE));
    // The bits right of bit 63 are never all zero, as the manual demands of the rightmost ones for uniqueness.
    const rest = i64.or(i64.or(i64.shl(value, 56), 0x1_0000n), programmable);
    c.storeI64(c.let(c.wrapAddress(i64.add(address, 8))), rest, 64);
    remember(c, value);
    c.setCc(i32.const(0));
  });
  const privilegedDoubleword = (c: Context): I64 => {
    c.privileged();
    const address = c.address(2);
    c.programIf(i32.wrap(i64.and(address, 7)), SPECIFICATION);
    return address;
  };
  table.define("stpt", (c) => {
    const address = privilegedDoubleword(c);
    c.storeI64(address, i64.sub(i64.load(i32.const(CPU_TIMER_SUM)), tod(c)), 64);
  });
  table.define("stckc", (c) => {
    const address = privilegedDoubleword(c);
    c.storeI64(address, i64.load(i32.const(CLOCK_COMPARATOR)), 64);
  });
}
