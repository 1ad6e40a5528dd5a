import type { PciPort } from "@zarch/vmm-interface";
import type { CpuCore, HelperMap } from "../core.ts";
import { WRITE } from "../storage.ts";
import { Span } from "./span.ts";

const OPERATION = 0x01;
const OPERAND = 0x15;

/** Bytes of the block of MPCIFC and STPCIFC, and most of PCISTB and CLP. */
const INFORMATION_BLOCK = 80;
const MAX_STORE_BLOCK = 4096;
const MAX_CALL_BLOCK = 8192;
const CALL_HEADER = 8;

const loaded = new Uint32Array(2);
const information = new Uint8Array(INFORMATION_BLOCK);
const storeBlock = new Uint8Array(MAX_STORE_BLOCK);
const callBlock = new Uint8Array(MAX_CALL_BLOCK);
const callView = new DataView(callBlock.buffer);
const span = new Span();

/** The port, for a program in the supervisor state on a machine that has PCI. */
function port(core: CpuCore): PciPort {
  const { pci } = core.ports;
  if (pci === undefined) core.program(OPERATION);
  core.privileged();
  return pci as PciPort;
}

/** Sets the condition code that the port gave, and with code 1 the status in the request register; or presents a program interruption. */
function settle(core: CpuCore, register: number, result: number): void {
  if (result < 0) core.program(-result);
  const { registers } = core;
  const cc = result & 3;
  if (cc === 1) registers.setLow(register, ((registers.low(register) & 0x00ff_ffff) | ((result & 0xff00) << 16)) >>> 0);
  registers.cc = cc;
}

/** Address in a register, wrapped by the addressing mode. */
function addressIn(core: CpuCore, register: number): { high: number; low: number } {
  const { registers, storage } = core;
  return { high: (registers.high(register) & storage.maskHigh) >>> 0, low: (registers.low(register) & storage.maskLow) >>> 0 };
}

/** Instructions of the PCI facilities. Their descriptions are not public; what they do is known from Linux's use of them. */
export const pciHelpers: HelperMap = {
  pcilg(core) {
    const pci = port(core);
    const { registers, operands } = core;
    const { r1, r2 } = operands;
    core.specificationIf((r2 & 1) !== 0);
    const result = pci.load(registers.high(r2), registers.low(r2), registers.high(r2 + 1), registers.low(r2 + 1), loaded);
    settle(core, r2, result);
    if (result === 0) registers.set(r1, loaded[0] as number, loaded[1] as number);
  },
  pcistg(core) {
    const pci = port(core);
    const { registers, operands } = core;
    const { r1, r2 } = operands;
    core.specificationIf((r2 & 1) !== 0);
    const offset = r2 + 1;
    const result = pci.store(
      registers.high(r2),
      registers.low(r2),
      registers.high(offset),
      registers.low(offset),
      registers.high(r1),
      registers.low(r1),
    );
    settle(core, r2, result);
  },
  pcistb(core) {
    const pci = port(core);
    const { registers, operands } = core;
    const { r1, r3, b2, d2 } = operands;
    const high = core.addressHigh(b2, d2);
    const low = core.addressLow;
    const handle = registers.high(r1);
    const control = registers.low(r1);
    const refused = pci.checkStoreBlock(handle, control, registers.high(r3), registers.low(r3));
    if (refused !== 0) {
      settle(core, r1, refused);
      return;
    }
    core.specificationIf((low & 7) !== 0);
    const block = storeBlock.subarray(0, control & 0x1fff);
    core.storage.read(high, low, block, b2 & 15);
    settle(core, r1, pci.storeBlock(handle, control, registers.high(r3), registers.low(r3), block));
  },
  mpcifc(core) {
    const pci = port(core);
    const { registers, operands } = core;
    const { r1, b2, d2, x2 } = operands;
    const high = core.addressHigh(b2, d2, x2);
    const low = core.addressLow;
    core.specificationIf((low & 7) !== 0);
    core.storage.read(high, low, information, b2 & 15);
    settle(core, r1, pci.modifyControls(registers.high(r1), registers.low(r1), information));
  },
  stpcifc(core) {
    const pci = port(core);
    const { registers, operands } = core;
    const { r1, b2, d2, x2 } = operands;
    const high = core.addressHigh(b2, d2, x2);
    const low = core.addressLow;
    core.specificationIf((low & 7) !== 0);
    span.set(core, high, low, INFORMATION_BLOCK, WRITE, b2);
    const result = pci.storeControls(registers.high(r1), registers.low(r1), information);
    if ((result & 0xffff) === 0) core.storage.write(high, low, information, b2 & 15);
    if ((result & 0x1_0000) !== 0) registers.setHigh(r1, (registers.high(r1) | 0x8000_0000) >>> 0);
    settle(core, r1, result & 0xffff);
  },
  rpcit(core) {
    const pci = port(core);
    const { registers, operands } = core;
    const { r1, r2 } = operands;
    core.specificationIf((r2 & 1) !== 0);
    const range = r2 + 1;
    const result = pci.refreshTranslations(
      registers.high(r1),
      registers.high(r2),
      registers.low(r2),
      registers.high(range),
      registers.low(range),
    );
    settle(core, r1, result);
  },
  sic(core) {
    const pci = port(core);
    const { registers, operands } = core;
    const result = pci.setInterruptionControls(registers.low(operands.r1) & 0xffff, (registers.low(operands.r3) >>> 27) & 7);
    if (result < 0) core.program(-result);
  },
  clp(core) {
    const pci = port(core);
    const { storage, operands, registers } = core;
    const { r2 } = operands;
    const { high, low } = addressIn(core, r2);
    storage.read(high, low, callBlock.subarray(0, CALL_HEADER), r2);
    const requestLength = callView.getUint16(0);
    if (requestLength < 16 || requestLength > MAX_CALL_BLOCK - 8 || requestLength % 8 !== 0) core.program(OPERAND);
    readBlock(core, high, low, requestLength + CALL_HEADER, r2);
    const responseLength = callView.getUint16(requestLength);
    const invalid = responseLength < 16 || responseLength % 8 !== 0 || requestLength + responseLength > MAX_CALL_BLOCK;
    if (invalid) core.program(OPERAND);
    const length = requestLength + responseLength;
    readBlock(core, high, low, length, r2);
    probeBlock(core, high, low, length, r2);
    const result = pci.callLogicalProcessor(registers.low(operands.r1), callBlock.subarray(0, length), requestLength);
    if (result < 0) core.program(-result);
    forPages(core, high, low, length, (pageHigh, pageLow, from, count) =>
      storage.write(pageHigh, pageLow, callBlock.subarray(from, from + count), r2),
    );
    registers.cc = result & 3;
  },
};

/** Splits a block of up to 8 KiB, which an access takes at most two pages of, into pages. */
function forPages(
  core: CpuCore,
  high: number,
  low: number,
  length: number,
  action: (high: number, low: number, from: number, count: number) => void,
): void {
  const { storage } = core;
  for (let from = 0; from < length; ) {
    const sum = low + from;
    const pageLow = (sum & storage.maskLow) >>> 0;
    const pageHigh = ((high + (sum > 0xffff_ffff ? 1 : 0)) & storage.maskHigh) >>> 0;
    const count = Math.min(length - from, 4096 - (pageLow & 0xfff));
    action(pageHigh, pageLow, from, count);
    from += count;
  }
}

function readBlock(core: CpuCore, high: number, low: number, length: number, base: number): void {
  forPages(core, high, low, length, (pageHigh, pageLow, from, count) =>
    core.storage.read(pageHigh, pageLow, callBlock.subarray(from, from + count), base),
  );
}

/** Refuses the instruction before anything is done if its block may not be written. */
function probeBlock(core: CpuCore, high: number, low: number, length: number, base: number): void {
  forPages(core, high, low, length, (pageHigh, pageLow) => {
    core.storage.resolve(pageHigh, pageLow, WRITE, base);
  });
}
