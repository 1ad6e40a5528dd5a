import type { CpuCore, HelperMap } from "../core.ts";
import { BASIC_ADDRESSING, Psw } from "../psw.ts";

/** Link information of BRANCH AND LINK: in 24-bit mode also instruction length, condition code and program mask. */
function linkage(core: CpuCore): void {
  const { registers, operands } = core;
  core.advance();
  const low = registers.addressLow;
  if ((registers.pswHigh & Psw.extendedAddressing) !== 0) {
    registers.set(operands.r1, registers.addressHigh, low);
  } else if ((registers.pswLow & BASIC_ADDRESSING) !== 0) {
    registers.setLow(operands.r1, (low | 0x8000_0000) >>> 0);
  } else {
    // Under EXECUTE the length is that of the EXECUTE.
    const length = core.ownLength() / 2;
    const mask = (registers.pswHigh & Psw.programMask) >>> 8;
    registers.setLow(operands.r1, ((length << 30) | (registers.cc << 28) | (mask << 24) | low) >>> 0);
  }
}

/** Sets the addressing mode from a branch address as BASSM and BSM do: bit 63 one 64-bit mode, else bit 32 tells. */
function branchAndSetMode(core: CpuCore, high: number, low: number): void {
  const { registers } = core;
  if ((low & 1) !== 0) {
    registers.pswHigh |= Psw.extendedAddressing;
    registers.pswLow = BASIC_ADDRESSING;
    core.updateMode();
    core.branch(high, (low & ~1) >>> 0);
    return;
  }
  registers.pswHigh &= ~Psw.extendedAddressing;
  registers.pswLow = low & 0x8000_0000;
  core.updateMode();
  core.branch(0, low & 0x7fff_ffff);
}

export const branchHelpers: HelperMap = {
  balr(core) {
    const { registers, operands } = core;
    const high = registers.high(operands.r2);
    const low = registers.low(operands.r2);
    linkage(core);
    if (operands.r2 !== 0) core.branch(high, low);
  },
  bal(core) {
    const { operands } = core;
    const high = core.addressHigh(operands.b2, operands.d2, operands.x2);
    const low = core.addressLow;
    linkage(core);
    core.branch(high, low);
  },
  bassm(core) {
    const { registers, operands } = core;
    const high = registers.high(operands.r2);
    const low = registers.low(operands.r2);
    core.advance();
    if ((registers.pswHigh & Psw.extendedAddressing) !== 0) {
      registers.set(operands.r1, registers.addressHigh, (registers.addressLow | 1) >>> 0);
    } else {
      const mode = registers.pswLow & BASIC_ADDRESSING;
      registers.setLow(operands.r1, (registers.addressLow | mode) >>> 0);
    }
    if (operands.r2 !== 0) branchAndSetMode(core, high, low);
  },
  bsm(core) {
    const { registers, operands } = core;
    const high = registers.high(operands.r2);
    const low = registers.low(operands.r2);
    if (operands.r1 !== 0) {
      const own = registers.low(operands.r1);
      if ((registers.pswHigh & Psw.extendedAddressing) !== 0) registers.setLow(operands.r1, (own | 1) >>> 0);
      else registers.setLow(operands.r1, ((own & 0x7fff_ffff) | (registers.pswLow & BASIC_ADDRESSING)) >>> 0);
    }
    if (operands.r2 !== 0) branchAndSetMode(core, high, low);
  },
  sam24: (core) => setAddressingMode(core, 0, 0),
  sam31: (core) => setAddressingMode(core, 0, BASIC_ADDRESSING),
  sam64: (core) => setAddressingMode(core, Psw.extendedAddressing, BASIC_ADDRESSING),
  tam(core) {
    const { registers } = core;
    registers.cc = (registers.pswHigh & Psw.extendedAddressing) !== 0 ? 3 : (registers.pswLow & BASIC_ADDRESSING) !== 0 ? 1 : 0;
  },
};

/** SET ADDRESSING MODE. The instruction, though not the next one, must lie where the new mode can address it. */
function setAddressingMode(core: CpuCore, extended: number, basic: number): void {
  const { registers } = core;
  core.specificationIf(extended === 0 && core.isLocatedAtOrAbove(basic === 0 ? 0x100_0000 : 0x8000_0000));
  core.advance();
  registers.pswHigh = ((registers.pswHigh & ~Psw.extendedAddressing) | extended) >>> 0;
  registers.pswLow = basic;
  core.updateMode();
  core.reload = true;
}
