import * as layout from "../../engine/layout.ts";
import type { HelperMap } from "../core.ts";
import { readOperand } from "./operand-access.ts";

/** Clock instructions that set or query (PoP chapters 10 and 4); the ones that store are defined for the engine. */
export const clockHelpers: HelperMap = {
  sckc(core) {
    core.privileged();
    const value = readOperand(core, 8, 8);
    core.registers.setWord(layout.CLOCK_COMPARATOR + 4, value.getUint32(0));
    core.registers.setWord(layout.CLOCK_COMPARATOR, value.getUint32(4));
    core.attention();
  },
  spt(core) {
    core.privileged();
    const value = readOperand(core, 8, 8);
    core.engine.setCpuTimerParts(value.getUint32(0), value.getUint32(4));
    core.attention();
  },
  sck(core) {
    core.privileged();
    const value = readOperand(core, 8, 8);
    core.engine.setTod(value.getUint32(0), value.getUint32(4));
    core.registers.cc = 0;
    core.attention();
  },
  sckpf(core) {
    core.privileged();
    core.specificationIf((core.registers.low(0) & 0xffff_0000) !== 0);
    core.registers.setWord(layout.TOD_PROGRAMMABLE, core.registers.low(0) & 0xffff);
  },
  /** PERFORM TIMING FACILITY FUNCTION: the query functions; the clock is not steered. */
  ptff(core) {
    const { registers } = core;
    const code = registers.low(0) & 0x7f;
    core.specificationIf((registers.low(0) & 0x80) !== 0);
    const block = new Uint8Array(32);
    const data = new DataView(block.buffer);
    if (code === QUERY_AVAILABLE) {
      for (const available of [QUERY_AVAILABLE, QUERY_TOD_OFFSET]) block[available >>> 3]! |= 0x80 >> (available & 7);
      writeBlock(core, block.subarray(0, 16));
    } else if (code === QUERY_TOD_OFFSET) {
      // Physical clock, TOD offset, logical TOD offset, TOD epoch difference: the clock is its own physical clock.
      data.setBigUint64(0, BigInt.asUintN(64, core.engine.tod()));
      writeBlock(core, block);
    } else {
      // The functions from 64 on control the clock.
      if (code >= 64) core.privileged();
      registers.cc = 3;
      return;
    }
    registers.cc = 0;
  },
};

const QUERY_AVAILABLE = 0;
const QUERY_TOD_OFFSET = 1;

function writeBlock(core: Parameters<NonNullable<HelperMap["ptff"]>>[0], block: Uint8Array): void {
  const { registers, storage } = core;
  storage.write((registers.high(1) & storage.maskHigh) >>> 0, (registers.low(1) & storage.maskLow) >>> 0, block, 1);
}
