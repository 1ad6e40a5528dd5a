import type { CpuCore, HelperMap } from "../core.ts";
import { READ, WRITE } from "../storage.ts";
import { is64Bit } from "./operand-cursor.ts";
import { PagedOperand } from "./paged-operand.ts";

/** PERFORM LOCKED OPERATION and COMPARE AND SWAP AND STORE (PoP chapter 7). One CPU at a time runs, so nothing is locked. */

/** Operands 2, 4, 6, 8 and the parameter list. */
const second = new PagedOperand();
const list = new PagedOperand();
const others = [new PagedOperand(), new PagedOperand(), new PagedOperand()] as const;
const LIST_LENGTH = 144;

/** Compares, copies and holds of up to 16 bytes between registers, the parameter list and operands. */
const comparand = new Uint8Array(16);
const replacement = new Uint8Array(16);
const fetched = new Uint8Array(16);

function load(core: CpuCore, from: PagedOperand, offset: number, size: number, into: Uint8Array): void {
  for (let i = 0; i < size; i++) into[i] = core.storage.bytes[from.at(offset + i)] as number;
}

function store(core: CpuCore, to: PagedOperand, offset: number, size: number, value: Uint8Array): void {
  const { storage } = core;
  for (let i = 0; i < size; i++) storage.setByteAt(storage.indexOf(to.at(offset + i)), value[i] as number);
}

function isEqual(a: Uint8Array, b: Uint8Array, size: number): boolean {
  for (let i = 0; i < size; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Register contents as bytes: the right half, the whole, or (16) an even-odd pair. */
function loadRegister(core: CpuCore, register: number, size: number, into: Uint8Array): void {
  const { registers } = core;
  let at = 0;
  const put = (word: number): void => {
    into[at++] = word >>> 24;
    into[at++] = word >>> 16;
    into[at++] = word >>> 8;
    into[at++] = word;
  };
  if (size === 4) put(registers.low(register));
  for (let n = 0; n * 8 < size && size > 4; n++) {
    put(registers.high(register + n));
    put(registers.low(register + n));
  }
}

function storeRegister(core: CpuCore, register: number, size: number, value: Uint8Array): void {
  const { registers } = core;
  const word = (at: number): number =>
    (((value[at] as number) << 24) | ((value[at + 1] as number) << 16) | ((value[at + 2] as number) << 8) | (value[at + 3] as number)) >>>
    0;
  if (size === 4) registers.setLow(register, word(0));
  for (let n = 0; n * 8 < size && size > 4; n++) registers.set(register + n, word(n * 8), word(n * 8 + 4));
}

/** Kinds of function by its code divided by 4, and where operands lie by the remainder. */
const COMPARE_AND_LOAD = 0;
const COMPARE_AND_SWAP = 1;
const DOUBLE_COMPARE_AND_SWAP = 2;
/** 3, 4 and 5: compare and swap, and one, two or three stores. */
const COMPARE_AND_SWAP_AND_STORE = 3;
const FUNCTIONS = 24;

/** Operands by form: words in registers, doublewords in the list, doublewords in registers, quadwords in the list. */
const SIZES = [4, 8, 8, 16] as const;

/** Offset of the last byte + 1 of operands in the parameter list: those of 4 or 8 bytes are at the right of 16. */
const COMPARAND_END = 16;
const REPLACEMENT_END = 32;
const COMPARAND3_END = 48;
const OPERAND3_END = 64;
/** ALETs and addresses of operands 4, 6 and 8; operands 5 and 7 lie 32 bytes behind the one before. */
const OPERAND4_ALET = 68;
const OPERAND4_ADDRESS = 72;
const STEP = 32;

/** Operand 4, 6 or 8, whose address is in the parameter list, and in access-register mode its ALET, which goes to register r3. */
function setListed(core: CpuCore, operand: PagedOperand, index: number, size: number, access: typeof READ | typeof WRITE): void {
  const { operands, registers, storage } = core;
  const { r3 } = operands;
  load(core, list, OPERAND4_ADDRESS + index * STEP, 8, fetched);
  const high = (fetched[0]! * 0x100_0000 + fetched[1]! * 0x1_0000 + fetched[2]! * 0x100 + fetched[3]!) & storage.maskHigh;
  const low = ((fetched[4]! * 0x100_0000 + fetched[5]! * 0x1_0000 + fetched[6]! * 0x100 + fetched[7]!) & storage.maskLow) >>> 0;
  if (isAccessRegisterMode(core)) {
    core.specificationIf(r3 === 0);
    load(core, list, OPERAND4_ALET + index * STEP, 4, fetched);
    registers.setAccess(r3, (fetched[0]! * 0x100_0000 + fetched[1]! * 0x1_0000 + fetched[2]! * 0x100 + fetched[3]!) >>> 0);
  }
  core.specificationIf((low & (size - 1)) !== 0);
  operand.set(core, high >>> 0, low, size, access, r3);
  // The next operand's ALET goes to the same access register.
  if (isAccessRegisterMode(core)) operand.at(0);
}

function isAccessRegisterMode(core: CpuCore): boolean {
  return (core.registers.pswHigh & 0x0400_c000) === 0x0400_4000;
}

function performLockedOperation(core: CpuCore): void {
  const { operands, registers } = core;
  const { r1, r3 } = operands;
  const code = registers.low(0) & 0xff;
  if ((registers.low(0) & 0x100) !== 0) {
    core.specificationIf((registers.low(0) & 0xffff_fe00) !== 0);
    registers.cc = code < FUNCTIONS ? 0 : 3;
    return;
  }
  core.specificationIf((registers.low(0) & 0xffff_fe00) !== 0 || code >= FUNCTIONS);
  const kind = code >> 2;
  const form = code & 3;
  const size = SIZES[form]!;
  /** Comparands and replacements are in registers. */
  const inRegisters = (form & 1) === 0;
  const stores = kind - COMPARE_AND_SWAP_AND_STORE + 1;
  const usesList = !inRegisters || stores >= 2;
  if (inRegisters) {
    core.specificationIf(kind !== COMPARE_AND_LOAD && (r1 & 1) !== 0);
    core.specificationIf(kind === DOUBLE_COMPARE_AND_SWAP && (r3 & 1) !== 0);
  }

  const high2 = core.addressHigh(operands.b2, operands.d2);
  const low2 = core.addressLow;
  core.specificationIf((low2 & (size - 1)) !== 0);
  const access = kind === COMPARE_AND_LOAD ? READ : WRITE;
  second.set(core, high2, low2, size, access, operands.b2 & 15);
  const high4 = core.addressHigh(operands.b4, operands.d4);
  const low4 = core.addressLow;
  const [fourth, sixth, eighth] = others;
  const used = stores < 2 ? 1 : stores;
  if (usesList) {
    core.specificationIf((low4 & 7) !== 0);
    list.set(core, high4, low4, LIST_LENGTH, inRegisters ? READ : WRITE, operands.b4 & 15);
    if (kind !== COMPARE_AND_SWAP) {
      setListed(core, fourth, 0, size, access);
      if (used > 1) setListed(core, sixth, 1, size, access);
      if (used > 2) setListed(core, eighth, 2, size, access);
    }
  } else {
    core.specificationIf(kind !== COMPARE_AND_SWAP && (low4 & (size - 1)) !== 0);
    fourth.set(core, high4, low4, size, access, operands.b4 & 15);
  }

  const failing = (end: number, register: number, cc: number): void => {
    if (inRegisters) storeRegister(core, register, size, fetched);
    else store(core, list, end - size, size, fetched);
    registers.cc = cc;
  };
  const listed = (end: number): void => load(core, list, end - size, size, replacement);
  if (inRegisters) loadRegister(core, r1, size, comparand);
  else load(core, list, COMPARAND_END - size, size, comparand);
  load(core, second, 0, size, fetched);
  if (!isEqual(comparand, fetched, size)) {
    failing(COMPARAND_END, r1, 1);
    return;
  }
  if (kind === COMPARE_AND_LOAD) {
    load(core, fourth, 0, size, fetched);
    if (inRegisters) storeRegister(core, r3, size, fetched);
    else store(core, list, COMPARAND3_END - size, size, fetched);
    registers.cc = 0;
    return;
  }
  if (kind === DOUBLE_COMPARE_AND_SWAP) {
    if (inRegisters) loadRegister(core, r3, size, comparand);
    else load(core, list, COMPARAND3_END - size, size, comparand);
    load(core, fourth, 0, size, fetched);
    if (!isEqual(comparand, fetched, size)) {
      failing(COMPARAND3_END, r3, 2);
      return;
    }
  }
  // Every store must be allowed before the first is made.
  second.at(0);
  if (kind !== COMPARE_AND_SWAP) {
    fourth.at(0);
    if (used > 1) sixth.at(0);
    if (used > 2) eighth.at(0);
    if (kind === DOUBLE_COMPARE_AND_SWAP) {
      if (inRegisters) loadRegister(core, r3 + 1, size, replacement);
      else listed(OPERAND3_END);
    } else if (usesList) listed(OPERAND3_END);
    else loadRegister(core, r3, size, replacement);
    store(core, fourth, 0, size, replacement);
    if (used > 1) {
      listed(OPERAND3_END + STEP);
      store(core, sixth, 0, size, replacement);
    }
    if (used > 2) {
      listed(OPERAND3_END + 2 * STEP);
      store(core, eighth, 0, size, replacement);
    }
  }
  if (inRegisters) loadRegister(core, r1 + 1, size, replacement);
  else listed(REPLACEMENT_END);
  store(core, second, 0, size, replacement);
  registers.cc = 0;
}

function compareAndSwapAndStore(core: CpuCore): void {
  const { operands, registers, storage } = core;
  const functionCode = registers.low(0) & 0xff;
  const storeCharacteristic = (registers.low(0) >>> 8) & 0xff;
  core.specificationIf(functionCode > 2 || storeCharacteristic > 4);
  const size = 4 << functionCode;
  const storeSize = 1 << storeCharacteristic;
  core.specificationIf(functionCode === 2 && (operands.r3 & 1) !== 0);
  const high1 = core.addressHigh(operands.b1, operands.d1);
  const low1 = core.addressLow;
  const high2 = core.addressHigh(operands.b2, operands.d2);
  const low2 = core.addressLow;
  const listHigh = is64Bit(core) ? registers.high(1) : 0;
  // Bits 60-63 of the address do not count.
  const listLow = (registers.low(1) & storage.maskLow & ~15) >>> 0;
  core.specificationIf((low1 & (size - 1)) !== 0 || (low2 & (storeSize - 1)) !== 0);
  second.set(core, high1, low1, size, WRITE, operands.b1 & 15);
  others[0].set(core, high2, low2, storeSize, WRITE, operands.b2 & 15);
  list.set(core, listHigh, listLow, 32, READ, 1);
  // All accesses are checked, whether the comparison succeeds or not.
  second.at(0);
  others[0].at(0);
  list.at(0);
  loadRegister(core, operands.r3, size, comparand);
  load(core, second, 0, size, fetched);
  if (!isEqual(comparand, fetched, size)) {
    storeRegister(core, operands.r3, size, fetched);
    registers.cc = 1;
    return;
  }
  load(core, list, 16, storeSize, comparand);
  load(core, list, 0, size, replacement);
  store(core, second, 0, size, replacement);
  store(core, others[0], 0, storeSize, comparand);
  registers.cc = 0;
}

export const lockedOperationHelpers: HelperMap = {
  plo: performLockedOperation,
  csst: compareAndSwapAndStore,
};
