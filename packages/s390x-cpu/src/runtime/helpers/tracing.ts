import { ProgramCode } from "../../engine/context.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { WRITE } from "../storage.ts";
import { readOperand } from "./operand-access.ts";

/** CR12 bit 63: explicit-trace control. */
const EXPLICIT_TRACE = 1;
const REAL_SPACE = 0x20;
/** Left bit of the trace operand: no entry is wanted. */
const NO_ENTRY = 0x8000_0000;

/**
 * TRACE (PoP chapter 4, "Tracing"): an entry of kind, number of registers less one, clock, operand and registers, at the real
 * address in control register 12. Branch, mode and ASN tracing are not done.
 */
function trace(core: CpuCore, wide: boolean): void {
  core.privileged();
  const { registers, operands, storage, engine } = core;
  if ((registers.controlLow(12) & EXPLICIT_TRACE) === 0) return;
  const operand = readOperand(core, 4, 4).getUint32(0);
  if ((operand & NO_ENTRY) !== 0) return;
  const count = ((operands.r3 - operands.r1) & 15) + 1;
  const entry = new Uint8Array((wide ? 16 : 12) + count * (wide ? 8 : 4));
  const data = new DataView(entry.buffer);
  // The clock to the right of the first two bytes: its bits 16-63, or 0-79 where registers are wide.
  const tod = BigInt.asUintN(64, engine.tod());
  data.setUint8(0, 0x70 | (count - 1));
  if (wide) {
    data.setUint8(1, 0x80);
    data.setBigUint64(2, tod);
    data.setUint32(12, operand);
  } else {
    data.setUint16(2, Number((tod >> 32n) & 0xffffn));
    data.setUint32(4, Number(tod & 0xffff_ffffn));
    data.setUint32(8, operand);
  }
  for (let i = 0; i < count; i++) {
    const register = (operands.r1 + i) & 15;
    if (wide) {
      data.setUint32(16 + i * 8, registers.high(register));
      data.setUint32(20 + i * 8, registers.low(register));
    } else data.setUint32(12 + i * 4, registers.low(register));
  }
  const high = registers.controlHigh(12) & 0x3fff_ffff;
  const low = (registers.controlLow(12) & 0xffff_fffc) >>> 0;
  // An entry must end below the next 4 KiB boundary.
  if ((low & 0xfff) + entry.length >= 4096) core.program(ProgramCode.traceTable);
  const absolute = storage.resolveIn(high, low, WRITE, 0, 0, REAL_SPACE);
  core.memory.write(absolute, entry);
  registers.setControl(12, registers.controlHigh(12), (registers.controlLow(12) + entry.length) >>> 0);
}

export const tracingHelpers: HelperMap = {
  trace: (core) => trace(core, false),
  tracg: (core) => trace(core, true),
};
