import { ProgramCode } from "../../engine/context.ts";
import * as layout from "../../engine/layout.ts";
import { hasSecondaryAuthority, translateAsn } from "../asn-translation.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { BASIC_ADDRESSING, Psw } from "../psw.ts";
import { outgoing, readOperand, toAbsolute, writeOperand } from "./operand-access.ts";

const SPECIAL_OPERATION = 0x13;
const SPECIFICATION = 0x06;
const PRIVILEGED_OPERATION = 0x02;
/** CR14 bit 44: ASN-translation control. */
const CR14_ASN_TRANSLATION = 0x0008_0000;
/** ASCE bit 57: space-switch-event control. */
const SPACE_SWITCH_EVENT = 0x40;
/** CR0 bit 37: secondary-space control. */
const CR0_SECONDARY_SPACE = 0x0400_0000;
/** CR0 bit 36: extraction-authority control. */
const CR0_EXTRACTION = 0x0800_0000;

function setSystemMask(core: CpuCore, mask: number): void {
  const { registers } = core;
  registers.pswHigh = ((registers.pswHigh & 0x00ff_ffff) | (mask << 24)) >>> 0;
  // PSW bits 0 and 2-4 must be zero.
  if ((mask & 0xb8) !== 0) core.program(SPECIFICATION);
  core.contextChanged();
  core.attention();
}

/** Introduces a PSW that an instruction loaded. */
function loadPsw(core: CpuCore, high: number, low: number, addressHigh: number, addressLow: number): void {
  const valid = core.setPsw(high, low, addressHigh, addressLow);
  // An early exception: the old PSW is the one just loaded, and belongs to no instruction.
  if (!valid) core.interruptProgram(SPECIFICATION, 0);
  core.reload = true;
}

/** Instructions about the PSW and the address space (PoP chapter 10). */
export const pswHelpers: HelperMap = {
  lpswe(core) {
    core.privileged();
    const psw = readOperand(core, 16, 8);
    loadPsw(core, psw.getUint32(0), psw.getUint32(4), psw.getUint32(8), psw.getUint32(12));
  },
  lpsw(core) {
    core.privileged();
    const { operands } = core;
    // An SI-format instruction: its operand is the first.
    operands.b2 = operands.b1;
    operands.d2 = operands.d1;
    const psw = readOperand(core, 8, 8);
    const left = psw.getUint32(0);
    const right = psw.getUint32(4);
    // Bit 12 of a short PSW is one; bit 31 and bit 32 are the addressing mode.
    if ((left & 0x0008_0000) === 0) core.program(SPECIFICATION);
    loadPsw(core, (left & ~0x0008_0000) >>> 0, right & BASIC_ADDRESSING, 0, right & 0x7fff_ffff);
  },
  ssm(core) {
    core.privileged();
    const { operands } = core;
    if ((core.registers.controlLow(0) & 0x4000_0000) !== 0) core.program(SPECIAL_OPERATION);
    operands.b2 = operands.b1;
    operands.d2 = operands.d1;
    setSystemMask(core, readOperand(core, 1).getUint8(0));
  },
  stnsm(core) {
    core.privileged();
    const { operands, registers } = core;
    storeByte(core, registers.pswHigh >>> 24);
    setSystemMask(core, (registers.pswHigh >>> 24) & operands.i2);
  },
  stosm(core) {
    core.privileged();
    const { operands, registers } = core;
    storeByte(core, registers.pswHigh >>> 24);
    setSystemMask(core, (registers.pswHigh >>> 24) | operands.i2);
  },
  epsw(core) {
    const { registers, operands } = core;
    registers.setLow(operands.r1, core.currentPswHigh());
    if (operands.r2 !== 0) registers.setLow(operands.r2, registers.pswLow);
  },
  spka(core) {
    const { registers, operands } = core;
    core.addressHigh(operands.b2, operands.d2);
    const key = (core.addressLow >>> 4) & 15;
    // In the problem state the PSW-key mask in CR3 must allow the key.
    if (core.problemState && (registers.controlLow(3) & (0x8000_0000 >>> key)) === 0) core.program(PRIVILEGED_OPERATION);
    registers.pswHigh = ((registers.pswHigh & ~Psw.key) | (key << Psw.keyShift)) >>> 0;
    core.contextChanged();
  },
  ipk(core) {
    const { registers } = core;
    if (core.problemState && (registers.controlLow(0) & CR0_EXTRACTION) === 0) core.program(PRIVILEGED_OPERATION);
    const key = (registers.pswHigh & Psw.key) >>> Psw.keyShift;
    registers.setLow(2, ((registers.low(2) & ~0xff) | (key << 4)) >>> 0);
  },
  iac(core) {
    const { registers, operands } = core;
    extractionAuthority(core);
    const space = (registers.pswHigh & Psw.space) >>> Psw.spaceShift;
    // PSW bits 16 and 17 in reversed order, which is the code that SAC takes.
    registers.setLow(operands.r1, ((registers.low(operands.r1) & ~0xff00) | (SPACE_TO_SAC[space]! << 8)) >>> 0);
    registers.cc = SPACE_TO_SAC[space]!;
  },
  epar(core) {
    extractionAuthority(core);
    core.registers.setLow(core.operands.r1, core.registers.controlLow(4) & 0xffff);
  },
  esar(core) {
    extractionAuthority(core);
    core.registers.setLow(core.operands.r1, core.registers.controlLow(3) & 0xffff);
  },
  ssar: setSecondaryAsn,
  /** EXTRACT AND SET EXTENDED AUTHORITY: bits 32-47 of the register get the EAX, whose place bits 48-63 take. */
  esea(core) {
    core.privileged();
    const { registers, operands } = core;
    const given = registers.low(operands.r1);
    const control = registers.controlLow(8);
    registers.setLow(operands.r1, ((control & 0xffff_0000) | (given & 0xffff)) >>> 0);
    registers.setControl(8, registers.controlHigh(8), ((given << 16) | (control & 0xffff)) >>> 0);
  },
  sac: setAddressSpaceControl,
  sacf: setAddressSpaceControl,
  stap(core) {
    core.privileged();
    outgoing().setUint16(0, core.identity.address);
    writeOperand(core, 2, 2);
  },
  spx(core) {
    core.privileged();
    const prefix = readOperand(core, 4, 4).getUint32(0) & 0x7fff_e000;
    if (prefix + 8192 > core.memory.size) core.program(0x05);
    core.registers.prefix = prefix;
    core.banks.purge();
    core.contextChanged();
  },
  stpx(core) {
    core.privileged();
    outgoing().setUint32(0, core.registers.prefix);
    writeOperand(core, 4, 4);
  },
  svc(core) {
    const { operands } = core;
    core.advance();
    core.supervisorCall(operands.i1, core.ownLength());
    core.reload = true;
  },
  mc(core) {
    const { operands, registers } = core;
    const monitorClass = operands.i2;
    core.specificationIf(monitorClass > 15);
    // CR8 bits 48-63 are the monitor masks.
    if ((registers.controlLow(8) & (0x8000 >>> monitorClass)) === 0) return;
    core.monitorCodeHigh = core.addressHigh(operands.b1, operands.d1);
    core.monitorCodeLow = core.addressLow;
    core.monitorClass = monitorClass;
    core.program(0x40);
  },
};

/** Instructions that tell about address spaces need translation and, in the problem state, the extraction authority. */
function extractionAuthority(core: CpuCore): void {
  const { registers } = core;
  if ((registers.pswHigh & Psw.translation) === 0) core.program(SPECIAL_OPERATION);
  if (core.problemState && (registers.controlLow(0) & CR0_EXTRACTION) === 0) core.program(PRIVILEGED_OPERATION);
}

/** PSW bits 16-17 by the code of SAC bits 22-23, and back: 0 primary, 1 secondary, 2 access register, 3 home. */
const SAC_TO_SPACE = [0, 2, 1, 3];
const SPACE_TO_SAC = [0, 2, 1, 3];

/** SET SECONDARY ASN: the secondary space becomes that of an ASN. */
function setSecondaryAsn(core: CpuCore): void {
  const { registers, operands, memory } = core;
  const isOn = (registers.pswHigh & Psw.translation) !== 0 && (registers.controlLow(14) & CR14_ASN_TRANSLATION) !== 0;
  if (!isOn) core.program(SPECIAL_OPERATION);
  const asn = registers.low(operands.r1) & 0xffff;
  let high = registers.controlHigh(1);
  let low = registers.controlLow(1);
  if (asn !== (registers.controlLow(4) & 0xffff)) {
    const refuse = (code: number): never => {
      registers.setWord(layout.TRANSLATION_EXCEPTION + 4, 0);
      registers.setWord(layout.TRANSLATION_EXCEPTION, asn);
      return core.program(code);
    };
    const entry = translateAsn(core, asn);
    if (entry < 0) refuse(-entry);
    const element = toAbsolute(core, entry + 8);
    const authorized = hasSecondaryAuthority(core, entry, registers.controlLow(4) >>> 16);
    if (authorized === undefined || !memory.contains(element, 8)) core.program(ProgramCode.addressing);
    if (!authorized) refuse(ProgramCode.secondaryAuthority);
    high = memory.loadUint32(element, "big");
    low = memory.loadUint32(element + 4, "big");
  }
  registers.setControl(3, registers.controlHigh(3), ((registers.controlLow(3) & 0xffff_0000) | asn) >>> 0);
  registers.setControl(7, high, low);
  core.contextChanged();
}

function setAddressSpaceControl(core: CpuCore): void {
  const { registers, operands } = core;
  core.addressHigh(operands.b2, operands.d2);
  const code = (core.addressLow >>> 8) & 15;
  const translation = (registers.pswHigh & Psw.translation) !== 0;
  if (!translation || (registers.controlLow(0) & CR0_SECONDARY_SPACE) === 0) core.program(SPECIAL_OPERATION);
  core.specificationIf(code > 3);
  if (code === 3 && core.problemState) core.program(PRIVILEGED_OPERATION);
  const fromHome = (registers.pswHigh & Psw.space) === Psw.space;
  registers.pswHigh = ((registers.pswHigh & ~Psw.space) | (SAC_TO_SPACE[code]! << Psw.spaceShift)) >>> 0;
  core.contextChanged();
  if (fromHome !== (code === 3)) switchToOrFromHome(core, fromHome);
}

/** Space-switch event of a change to or from home-space mode: the instruction is complete when it is presented. */
function switchToOrFromHome(core: CpuCore, fromHome: boolean): void {
  const { registers } = core;
  const primaryControl = registers.controlLow(1) & SPACE_SWITCH_EVENT;
  const homeControl = registers.controlLow(13) & SPACE_SWITCH_EVENT;
  if (primaryControl === 0 && homeControl === 0) return;
  const control = fromHome ? homeControl : primaryControl;
  registers.setWord(layout.TRANSLATION_EXCEPTION + 4, 0);
  registers.setWord(
    layout.TRANSLATION_EXCEPTION,
    ((control !== 0 ? 0x8000_0000 : 0) | (fromHome ? 0 : registers.controlLow(4) & 0xffff)) >>> 0,
  );
  core.program(ProgramCode.spaceSwitch);
}

function storeByte(core: CpuCore, value: number): void {
  const { operands } = core;
  operands.b2 = operands.b1;
  operands.d2 = operands.d1;
  outgoing().setUint8(0, value);
  writeOperand(core, 1);
}
