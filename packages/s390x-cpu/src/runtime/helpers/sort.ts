import type { CpuCore, HelperMap } from "../core.ts";
import { READ, WRITE } from "../storage.ts";
import { is64Bit, putAddress } from "./operand-cursor.ts";
import { PagedOperand } from "./paged-operand.ts";

/** Instructions for sorting with a replacement-selection tree (PoP chapter 7 and appendix A). Rare: BigInt will do. */

const first = new PagedOperand();
const second = new PagedOperand();

/** A register as wide as it takes part: 64 bits, or bits 32-63 outside of 64-bit mode. */
function load(core: CpuCore, register: number): bigint {
  const low = BigInt(core.registers.low(register));
  return is64Bit(core) ? (BigInt(core.registers.high(register)) << 32n) | low : low;
}

function set(core: CpuCore, register: number, value: bigint): void {
  putAddress(core, register, Number(BigInt.asUintN(32, value >> 32n)), Number(BigInt.asUintN(32, value)));
}

/** Places an operand of `length` bytes at an address, wrapped. */
function place(
  core: CpuCore,
  operand: PagedOperand,
  address: bigint,
  length: number,
  access: typeof READ | typeof WRITE,
  base: number,
): void {
  const { storage } = core;
  const high = (Number(BigInt.asUintN(32, address >> 32n)) & storage.maskHigh) >>> 0;
  operand.set(core, high, (Number(BigInt.asUintN(32, address)) & storage.maskLow) >>> 0, length, access, base);
}

function fetch(core: CpuCore, operand: PagedOperand, at: number, length: number): bigint {
  let value = 0n;
  for (let i = 0; i < length; i++) value = (value << 8n) | BigInt(core.storage.bytes[operand.at(at + i)] as number);
  return value;
}

/**
 * COMPARE AND FORM CODEWORD: compares two records from an index on. The codeword in register 2 tells where they differ and
 * what the record that comes later has there, so that codewords sort as the records do; registers 1 and 3 are put in order.
 */
function compareAndFormCodeword(core: CpuCore): void {
  const { operands, registers, storage } = core;
  core.specificationIf(((registers.low(1) | registers.low(2) | registers.low(3)) & 1) !== 0);
  const { bytes } = storage;
  core.addressHigh(operands.b2, operands.d2);
  const limit = core.addressLow & 0x7ffe;
  const isDescending = (core.addressLow & 1) !== 0;
  const size = is64Bit(core) ? 6 : 2;
  for (;;) {
    const position = load(core, 2);
    const index = Number(position & 0xffffn);
    if (index > limit) {
      set(core, 2, load(core, 3) | (is64Bit(core) ? 1n << 63n : 1n << 31n));
      registers.cc = 0;
      return;
    }
    place(core, first, load(core, 1) + BigInt(index), size, READ, 1);
    place(core, second, load(core, 3) + BigInt(index), size, READ, 1);
    first.at(size - 1);
    second.at(size - 1);
    const next = position + BigInt(size);
    let i = 0;
    while (i < size && bytes[first.at(i)] === bytes[second.at(i)]) i++;
    if (i === size) {
      set(core, 2, next);
      continue;
    }
    const [one, three] = [fetch(core, first, 0, size), fetch(core, second, 0, size)];
    const isInOrder = one < three !== isDescending;
    // Ascending: the complement of the higher data; descending: the lower data.
    const [lower, higher] = one < three ? [one, three] : [three, one];
    const data = isDescending ? lower : ~higher & ((1n << BigInt(size * 8)) - 1n);
    set(core, 2, (next << BigInt(size * 8)) | data);
    if (!isInOrder) {
      const exchanged = load(core, 1);
      set(core, 1, load(core, 3));
      set(core, 3, exchanged);
    }
    registers.cc = isInOrder ? 1 : 2;
    return;
  }
}

/**
 * UPDATE TREE: goes from the node whose index is in register 5 up to the root of the tree in front of which register 4
 * points, and leaves in registers 0 and 1 the node with the highest codeword of that path, the others in its nodes.
 */
function updateTree(core: CpuCore): void {
  const { registers, storage } = core;
  const wordSize = is64Bit(core) ? 8 : 4;
  const nodeSize = BigInt(wordSize * 2);
  core.specificationIf(((registers.low(4) | registers.low(5)) & (wordSize * 2 - 1)) !== 0);
  const negative = 1n << BigInt(wordSize * 8 - 1);
  for (;;) {
    const own = load(core, 0);
    const index = (load(core, 5) >> 1n) & ~(nodeSize - 1n);
    if (index === 0n || (own & negative) !== 0n) {
      set(core, 5, index);
      registers.cc = index === 0n ? 1 : 3;
      return;
    }
    const node = load(core, 4) + index;
    place(core, first, node, wordSize * 2, READ, 4);
    const codeword = fetch(core, first, 0, wordSize);
    const data = fetch(core, first, wordSize, wordSize);
    if (codeword === own) {
      set(core, 5, index);
      set(core, 2, codeword);
      set(core, 3, data);
      registers.cc = 0;
      return;
    }
    if (codeword > own) {
      place(core, second, node, wordSize * 2, WRITE, 4);
      const other = load(core, 1);
      for (let i = 0; i < wordSize; i++) {
        const shift = BigInt(8 * (wordSize - 1 - i));
        storage.bytes[second.at(i)] = Number((own >> shift) & 0xffn);
        storage.bytes[second.at(wordSize + i)] = Number((other >> shift) & 0xffn);
      }
      second.changed(wordSize * 2);
      set(core, 0, codeword);
      set(core, 1, data);
    }
    set(core, 5, index);
  }
}

export const sortHelpers: HelperMap = { cfc: compareAndFormCodeword, upt: updateTree };
