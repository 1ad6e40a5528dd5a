import type { CpuCore, HelperMap } from "../core.ts";
import { outgoing, readOperand, writeOperand } from "./operand-access.ts";

/** Runs `body` for registers r1 to r3, wrapping from 15 to 0. */
function forRange(core: CpuCore, body: (register: number, index: number) => void): void {
  const { r1, r3 } = core.operands;
  for (let register = r1, index = 0; ; register = (register + 1) & 15, index++) {
    body(register, index);
    if (register === r3) return;
  }
}

function count(core: CpuCore): number {
  return ((core.operands.r3 - core.operands.r1) & 15) + 1;
}

/** LOAD CONTROL and STORE CONTROL, LOAD ACCESS MULTIPLE and STORE ACCESS MULTIPLE. */
export const controlRegisterHelpers: HelperMap = {
  lctlg(core) {
    core.privileged();
    const data = readOperand(core, count(core) * 8, 8);
    forRange(core, (register, i) => core.registers.setControl(register, data.getUint32(i * 8), data.getUint32(i * 8 + 4)));
    core.contextChanged();
    core.attention();
  },
  lctl(core) {
    core.privileged();
    const data = readOperand(core, count(core) * 4, 4);
    forRange(core, (register, i) => core.registers.setControl(register, core.registers.controlHigh(register), data.getUint32(i * 4)));
    core.contextChanged();
    core.attention();
  },
  stctg(core) {
    core.privileged();
    const data = outgoing();
    forRange(core, (register, i) => {
      data.setUint32(i * 8, core.registers.controlHigh(register));
      data.setUint32(i * 8 + 4, core.registers.controlLow(register));
    });
    writeOperand(core, count(core) * 8, 8);
  },
  stctl(core) {
    core.privileged();
    const data = outgoing();
    forRange(core, (register, i) => data.setUint32(i * 4, core.registers.controlLow(register)));
    writeOperand(core, count(core) * 4, 4);
  },
  lam: loadAccessMultiple,
  lamy: loadAccessMultiple,
  stam: storeAccessMultiple,
  stamy: storeAccessMultiple,
  lae(core) {
    const { operands } = core;
    setAddressAndAccess(core, core.addressHigh(operands.b2, operands.d2, operands.x2));
  },
  laey(core) {
    const { operands } = core;
    setAddressAndAccess(core, core.addressHigh(operands.b2, operands.d2, operands.x2));
  },
};

function loadAccessMultiple(core: CpuCore): void {
  const data = readOperand(core, count(core) * 4, 4);
  forRange(core, (register, i) => core.registers.setAccess(register, data.getUint32(i * 4)));
}

function storeAccessMultiple(core: CpuCore): void {
  const data = outgoing();
  forRange(core, (register, i) => data.setUint32(i * 4, core.registers.access(register)));
  writeOperand(core, count(core) * 4, 4);
}

/** LOAD ADDRESS EXTENDED: the access register gets what the current mode would use for the base register. */
function setAddressAndAccess(core: CpuCore, high: number): void {
  const { operands, registers } = core;
  const low = core.addressLow;
  if ((registers.pswHigh & 1) !== 0) registers.set(operands.r1, high, low);
  else registers.setLow(operands.r1, low);
  // By the address-space control, whether translation is on or not.
  const space = (registers.pswHigh >>> 14) & 3;
  const base = operands.b2;
  const value = space === 0 ? 0 : space === 2 ? 1 : space === 3 ? 2 : base === 16 ? 0 : registers.access(base);
  registers.setAccess(operands.r1, value);
}
