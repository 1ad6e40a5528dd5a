import { call, type I32, i32 } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { INTERRUPTION_PENDING, PSW_MASK } from "../engine/layout.ts";
import type { DefinitionTable } from "./table.ts";

/** PSW bits 6 and 7 as bits of the system mask: what these instructions change in an operating system. */
const IO = 0x02;
const EXTERNAL = 0x01;
/** CR0 bit 33: SSM-suppression control. */
const SSM_SUPPRESSION = 0x4000_0000;

/**
 * SSM, STNSM and STOSM (PoP chapter 10), as long as they change the I/O and external masks only, and let no interruption in. The runtime does
 * the rest.
 */
export function defineSystemMask(table: DefinitionTable): void {
  const systemMask = (c: Context): I32 => c.let(i32.shrU(c.pswHigh(), 24));

  /** Leaves a change to the runtime that is about more than the two masks, or after which an interruption may be due. */
  const setMask = (c: Context, old: I32, mask: I32, before: () => void): void => {
    c.f.if(i32.and(i32.xor(old, mask), ~(IO | EXTERNAL)), () => c.helper());
    const enabled = c.let(i32.and(mask, i32.xor(old, -1)));
    c.f.if(enabled, () => {
      c.f.if(i32.load(i32.const(INTERRUPTION_PENDING)), () => c.helper());
      c.f.if(i32.and(enabled, EXTERNAL), () => {
        // CR0 bits 52 and 53 are the masks of clock comparator and CPU timer.
        const control = c.let(c.controlLow(0));
        const masks = c.let(i32.or(i32.and(i32.shrU(control, 11), 1), i32.and(i32.shrU(control, 9), 2)));
        c.f.if(masks, () => c.f.if(i32.and(call("i32", c.function("pendingTimers")), masks), () => c.helper()));
      });
    });
    before();
    c.f.storeI32(i32.const(PSW_MASK + 7), mask, 8);
  };

  table.define("stnsm", (c) => {
    c.privileged();
    const old = systemMask(c);
    setMask(c, old, c.let(i32.and(old, c.field("i2"))), () => c.storeI32(c.address(1), old, 8, 1));
  });
  table.define("stosm", (c) => {
    c.privileged();
    const old = systemMask(c);
    setMask(c, old, c.let(i32.or(old, c.field("i2"))), () => c.storeI32(c.address(1), old, 8, 1));
  });
  table.define("ssm", (c) => {
    c.privileged();
    c.f.if(i32.and(c.controlLow(0), SSM_SUPPRESSION), () => c.helper());
    const mask = c.loadI32(c.address(1), 8, false, 1);
    setMask(c, systemMask(c), mask, () => {});
  });
}
