import type { CpuCore, HelperMap } from "../core.ts";
import { outgoing, readOperand, writeOperand } from "./operand-access.ts";

/** Capability adjustment factor, in thousandths: all that the level above has. */
const CAPABILITY_ADJUSTMENT = 1000;

/** EBCDIC (code page 37) of the characters that identifications use. */
function ebcdic(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(0x40);
  for (let i = 0; i < Math.min(text.length, length); i++) bytes[i] = ebcdicOf(text.charCodeAt(i));
  return bytes;
}

function ebcdicOf(code: number): number {
  const inRun = (first: string, last: string, start: number): number | undefined => {
    const from = first.charCodeAt(0);
    return code >= from && code <= last.charCodeAt(0) ? start + code - from : undefined;
  };
  return (
    inRun("0", "9", 0xf0) ??
    inRun("A", "I", 0xc1) ??
    inRun("J", "R", 0xd1) ??
    inRun("S", "Z", 0xe2) ??
    inRun("a", "i", 0x81) ??
    inRun("j", "r", 0x91) ??
    inRun("s", "z", 0xa2) ??
    { "/": 0x61, "-": 0x60, ".": 0x4b, " ": 0x40 }[String.fromCharCode(code)] ??
    0x6f
  );
}

/**
 * Builds the system-information block (SYSIB) that STSI asks for, or undefined when there is none (PoP chapter 10, "STORE
 * SYSTEM INFORMATION"). Characters are EBCDIC, numbers big-endian.
 */
function systemInformation(core: CpuCore, functionCode: number, selector1: number, selector2: number): Uint8Array | undefined {
  const { identity } = core;
  const block = new Uint8Array(4096);
  const data = new DataView(block.buffer);
  const cpuCounts = (offset: number): void => {
    data.setUint16(offset, identity.cpus);
    data.setUint16(offset + 2, identity.cpus);
  };
  const sequenceAndPlant = (): void => {
    block.set(ebcdic("0000000000000000", 16), 80);
    block.set(ebcdic("ZARCH", 4), 96);
  };
  switch (`${functionCode}.${selector1}.${selector2}`) {
    case "1.1.1":
      block.set(ebcdic("ZARCH", 16), 32);
      block.set(ebcdic(identity.machineType.toString(16).padStart(4, "0"), 4), 48);
      block.set(ebcdic("ZARCH", 16), 64);
      // Zeros instead of a model: it is the same as the model-capacity identifier.
      sequenceAndPlant();
      return block;
    case "1.2.1":
      sequenceAndPlant();
      data.setUint16(102, identity.address);
      return block;
    case "1.2.2":
      data.setUint32(32, identity.capability);
      cpuCounts(36);
      return block;
    case "2.2.1":
      sequenceAndPlant();
      data.setUint16(100, identity.address);
      data.setUint16(102, identity.address);
      return block;
    case "2.2.2":
      cpuCounts(36);
      block.set(ebcdic("ZARCH", 8), 44);
      data.setUint32(52, CAPABILITY_ADJUSTMENT);
      return block;
    case "3.2.2":
      block[31] = 1; // one virtual machine is described
      cpuCounts(36);
      block.set(ebcdic(identity.vmName, 8), 44);
      data.setUint32(52, CAPABILITY_ADJUSTMENT);
      block.set(ebcdic(identity.controlProgram, 16), 56);
      block[75] = 2; // the extended name is UTF-8
      block.set(identity.uuid, 80);
      block.set(new TextEncoder().encode(identity.extendedName).subarray(0, 255), 2048);
      return block;
  }
  return undefined;
}

/** Instructions by which a program learns where it runs (PoP chapter 10 and 7). */
export const identificationHelpers: HelperMap = {
  stidp(core) {
    core.privileged();
    const { identity } = core;
    const data = outgoing();
    data.setUint32(0, (0xff00_0000 | (identity.identification & 0xff_ffff)) >>> 0);
    data.setUint32(4, (identity.machineType << 16) >>> 0);
    writeOperand(core, 8, 8);
  },
  stfl(core) {
    core.privileged();
    core.requirePrefixArea();
    // Stored at real location 200, without protection.
    for (let i = 0; i < 4; i++) core.memory.storeUint8(core.registers.prefix + 200 + i, core.facilities[i]!);
  },
  stfle(core) {
    const { registers } = core;
    const wanted = (registers.low(0) & 0xff) + 1;
    const have = core.facilities.length / 8;
    const length = Math.min(wanted, have) * 8;
    const data = outgoing();
    for (let i = 0; i < length; i++) data.setUint8(i, core.facilities[i]!);
    writeOperand(core, length, 8);
    registers.setLow(0, ((registers.low(0) & ~0xff) | (have - 1)) >>> 0);
    registers.cc = wanted >= have ? 0 : 3;
  },
  stsi(core) {
    core.privileged();
    const { registers, operands, storage } = core;
    const functionCode = registers.low(0) >>> 28;
    const selector1 = registers.low(0) & 0xff;
    const selector2 = registers.low(1) & 0xffff;
    if (functionCode > 3) {
      registers.cc = 3;
      return;
    }
    core.specificationIf((registers.low(0) & 0x0fff_ff00) !== 0 || (registers.low(1) & 0xffff_0000) !== 0);
    if (functionCode === 0) {
      // Current level: 3, a virtual machine.
      registers.setLow(0, 3 << 28);
      registers.cc = 0;
      return;
    }
    const high = core.addressHigh(operands.b2, operands.d2);
    const low = core.addressLow;
    core.specificationIf((low & 0xfff) !== 0);
    const block = systemInformation(core, functionCode, selector1, selector2);
    if (!block) {
      registers.cc = 3;
      return;
    }
    storage.write(high, low, block, operands.b2 & 15);
    registers.cc = 0;
  },
  /** EXTRACT CPU ATTRIBUTE: of the cache attributes a topology summary without any cache; nothing of the CPU attributes. */
  ecag(core) {
    const { operands, registers } = core;
    core.addressHigh(operands.b2, operands.d2);
    // Attribute set (bits 40-55), attribute (56-59), level and type (60-63) make up the address.
    if ((core.addressLow & 0xff_ffff) === 0) registers.set(operands.r1, 0, 0);
    else registers.set(operands.r1, 0xffff_ffff, 0xffff_ffff);
  },
  lpp(core) {
    core.privileged();
    // The program parameter is for the measurement facilities, which are not offered; the access is still checked.
    readOperand(core, 8, 8);
  },
};
