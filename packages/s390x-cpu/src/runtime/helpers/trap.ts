import { ProgramCode } from "../../engine/context.ts";
import * as layout from "../../engine/layout.ts";
import { requireWords } from "../asn-use.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { fetchSpan, type HomeAddress, homeSpan, storeSpan } from "../home-space.ts";
import { BASIC_ADDRESSING, Psw } from "../psw.ts";
import { READ, WRITE } from "../storage.ts";
import { dispatchableUnit } from "../subspace.ts";

/** Word 11 of the dispatchable-unit control table: address of the trap control block, and whether traps are enabled. */
const TRAP_WORD = 44;
const TRAP_ENABLED = 1;
/** Bits 13 and 14 of the trap control block: a whole PSW, whole general registers. */
const WHOLE_PSW = 0x4_0000;
const WHOLE_REGISTERS = 0x2_0000;
const SHORT_PSW = 0x0008_0000;
/** Trap flags: under EXECUTE, TRAP4; the instruction length is in bits 13-14. */
const TRAP_EXECUTED = 0x8000_0000;
const TRAP4 = 0x4000_0000;

/** TRAP2 and TRAP4 (PoP chapter 10): state into the trap save area, then on with the trap program. */
function trap(core: CpuCore, isTrap4: boolean): void {
  const { registers, operands } = core;
  const space = (registers.pswHigh & Psw.space) >>> Psw.spaceShift;
  if ((registers.pswHigh & Psw.translation) === 0 || space > 1) core.program(ProgramCode.specialOperation);
  const [trapWord] = requireWords(core, dispatchableUnit(core) + TRAP_WORD, 1) as [number];
  if ((trapWord & TRAP_ENABLED) === 0) core.program(ProgramCode.specialOperation);
  const key = registers.word(layout.ACCESS_KEY);
  const block: HomeAddress = { high: 0, low: trapWord & 0x7fff_fff8 };
  const control = fetchSpan(core, homeSpan(core, block, 24, READ, key), 24);
  const flags = control.getUint32(0);
  const wide = (flags & WHOLE_REGISTERS) !== 0;
  const whole = (flags & WHOLE_PSW) !== 0;
  const isExtended = (registers.pswHigh & Psw.extendedAddressing) !== 0;
  if (isExtended && !whole) core.program(ProgramCode.specialOperation);

  const area = new DataView(new ArrayBuffer(wide ? 160 : 96));
  const target = homeSpan(core, { high: 0, low: control.getUint32(12) & 0x7fff_fff8 }, area.byteLength, WRITE, key);
  if (isTrap4) {
    core.addressHigh(operands.b2, operands.d2);
    area.setUint32(8, core.addressLow & (isExtended ? 0xffff_ffff : 0x7fff_ffff));
  }
  const executed = core.record === layout.EXECUTE_RECORD ? TRAP_EXECUTED : 0;
  area.setUint32(0, (executed | (isTrap4 ? TRAP4 : 0) | (core.ownLength() << 16)) >>> 0);
  area.setUint32(12, registers.access(15));
  core.advance();
  area.setUint32(16, (core.currentPswHigh() | (whole ? 0 : SHORT_PSW)) >>> 0);
  area.setUint32(20, (registers.pswLow | (whole ? 0 : registers.addressLow)) >>> 0);
  if (whole) {
    area.setUint32(24, registers.addressHigh);
    area.setUint32(28, registers.addressLow);
  }
  for (let n = 0; n < 16; n++) {
    if (wide) area.setUint32(32 + n * 8, registers.high(n));
    area.setUint32(wide ? 36 + n * 8 : 32 + n * 4, registers.low(n));
  }
  storeSpan(core, target, new Uint8Array(area.buffer));
  registers.set(15, isExtended ? 0 : registers.high(15), block.low);
  registers.pswHigh = (registers.pswHigh & ~(Psw.space | Psw.extendedAddressing)) >>> 0;
  registers.pswLow = BASIC_ADDRESSING;
  core.updateMode();
  core.branch(0, control.getUint32(20) & 0x7fff_ffff);
}

export const trapHelpers: HelperMap = {
  trap2: (core) => trap(core, false),
  trap4: (core) => trap(core, true),
};
