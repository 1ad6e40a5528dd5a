import * as layout from "../../engine/layout.ts";
import type { CpuCore } from "../core.ts";

/**
 * Bytes that one execution of an interruptible instruction processes at most, so that interruptions are not held up:
 * instructions that move whole blocks, and those that look at each byte.
 */
export const BLOCK_LIMIT = 0x4_0000;
export const BYTE_LIMIT = 0x4000;

/**
 * Ends a unit of operation of an interruptible instruction that has no condition code for it: the PSW keeps the address
 * of the instruction (or of the EXECUTE that led to it), which goes on there from the state of its registers.
 */
export function repeat(core: CpuCore): void {
  const { registers, record, storage } = core;
  if (record === layout.EXECUTE_RECORD) {
    core.branch(registers.word(layout.EXECUTE_ADDRESS + 4), registers.word(layout.EXECUTE_ADDRESS));
    return;
  }
  const low = registers.word(layout.PC_DELTA) + (record >>> 3);
  const high = registers.word(layout.PC_DELTA + 4) + (low >= 0x1_0000_0000 ? 1 : 0);
  core.branch((high & storage.maskHigh) >>> 0, (low & storage.maskLow) >>> 0);
}
