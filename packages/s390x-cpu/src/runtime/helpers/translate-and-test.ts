import type { CpuCore, HelperMap } from "../core.ts";
import { READ } from "../storage.ts";
import { BYTE_LIMIT } from "./interruptible.ts";
import { is64Bit, OperandCursor } from "./operand-cursor.ts";
import { PagedOperand } from "./paged-operand.ts";

const operand = new PagedOperand();
const table = new PagedOperand();
const argument = new OperandCursor();

/** TRT and TRTR: looks from left to right or from right to left for the first byte with a function byte other than zero. */
function translateAndTest(core: CpuCore, reverse: boolean): void {
  const { operands, registers, storage } = core;
  const { bytes } = storage;
  const length = operands.l + 1;
  const last = length - 1;
  const tableHigh = core.addressHigh(operands.b2, operands.d2);
  table.set(core, tableHigh, core.addressLow, 256, READ, operands.b2 & 15);
  // The leftmost byte's address; for TRTR the instruction gives the rightmost one's.
  const high = core.addressHigh(operands.b1, reverse ? operands.d1 - last : operands.d1);
  const low = core.addressLow;
  operand.set(core, high, low, length, READ, operands.b1 & 15);
  for (let step = 0; step < length; step++) {
    const i = reverse ? last - step : step;
    const result = bytes[table.at(bytes[operand.at(i)] as number)] as number;
    if (result === 0) continue;
    const foundLow = low + i;
    const foundHigh = (high + (foundLow > 0xffff_ffff ? 1 : 0)) & storage.maskHigh;
    const masked = (foundLow & storage.maskLow) >>> 0;
    // In 24-bit mode bits 32-39 stay as they are.
    if (is64Bit(core)) registers.set(1, foundHigh >>> 0, masked);
    else if (storage.maskLow === 0x00ff_ffff) registers.setLow(1, ((registers.low(1) & 0xff00_0000) | masked) >>> 0);
    else registers.setLow(1, masked);
    registers.setLow(2, ((registers.low(2) & ~0xff) | result) >>> 0);
    registers.cc = step === last ? 2 : 1;
    return;
  }
  registers.cc = 0;
}

/** TRTE and TRTRE. M3: two-byte arguments, two-byte functions, arguments above 255 have the function code 0. */
function translateAndTestExtended(core: CpuCore, direction: 1 | -1): void {
  const { operands, registers, storage } = core;
  const { bytes } = storage;
  const { r1, r2, m3 } = operands;
  const argumentSize = (m3 & 8) !== 0 ? 2 : 1;
  const functionSize = (m3 & 4) !== 0 ? 2 : 1;
  const isLimited = argumentSize === 2 && (m3 & 2) !== 0;
  core.specificationIf((r1 & 1) !== 0 || (argumentSize === 2 && (registers.low(r1 + 1) & 1) !== 0));
  const tableLow = registers.low(1) & storage.maskLow & ~7;
  const tableSize = (argumentSize === 1 || isLimited ? 256 : 65_536) * functionSize;
  table.set(core, (registers.high(1) & storage.maskHigh) >>> 0, tableLow >>> 0, tableSize, READ, 1);
  argument.load(core, r1);
  let result = 0;
  let done = 0;
  for (; ; done += argumentSize) {
    const left = argument.length;
    if (left === 0 || done >= BYTE_LIMIT) {
      argument.save();
      if (left === 0) setFunctionCode(core, r2, 0);
      registers.cc = left === 0 ? 0 : 3;
      return;
    }
    let character = storage.byteAt(argument.resolve(READ));
    if (argumentSize === 2) character = (character << 8) | storage.byteAt(argument.resolveNext(READ));
    result = 0;
    if (!isLimited || character < 256) {
      result = bytes[table.at(character * functionSize)] as number;
      if (functionSize === 2) result = (result << 8) | (bytes[table.at(character * 2 + 1)] as number);
    }
    if (result !== 0) break;
    argument.advance(argumentSize * direction);
    argument.shorten(argumentSize);
  }
  argument.save();
  setFunctionCode(core, r2, result);
  registers.cc = 1;
}

function setFunctionCode(core: CpuCore, register: number, code: number): void {
  if (is64Bit(core)) core.registers.set(register, 0, code);
  else core.registers.setLow(register, code);
}

/** TRANSLATE AND TEST and its relatives (PoP chapter 7). */
export const translateAndTestHelpers: HelperMap = {
  trt: (core) => translateAndTest(core, false),
  trtr: (core) => translateAndTest(core, true),
  trte: (core) => translateAndTestExtended(core, 1),
  trtre: (core) => translateAndTestExtended(core, -1),
};
