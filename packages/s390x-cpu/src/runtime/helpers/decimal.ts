import * as algorithms from "../../decimal/index.ts";
import { DATA_EXCEPTION, DecimalResult, type StorageOperand } from "../../decimal/index.ts";
import { ProgramCode } from "../../engine/context.ts";
import type { CpuCore, Helper, HelperMap } from "../core.ts";
import { dataException } from "../program-interruption.ts";
import { READ, WRITE } from "../storage.ts";
import { putAddress } from "./operand-cursor.ts";
import { Span } from "./span.ts";

/** PSW bit 21: decimal-overflow mask. */
const DECIMAL_OVERFLOW_MASK = 0x0400;
/** Decimal-operand data exception. */
const DXC_DECIMAL = 0;
/** Bytes of the operand without a length of PKA, PKU, UNPKA and UNPKU. */
const PACKED_LENGTH = 16;
/** PKA and PKU take no longer second operands; UNPKA and UNPKU no longer first ones. */
const LONGEST_ASCII = 32;
const LONGEST_UNICODE = 64;

const result = new DecimalResult();
const first = new Span();
const second = new Span();

function firstOperand(core: CpuCore, length: number, access: typeof READ | typeof WRITE): Span {
  const { operands } = core;
  const high = core.addressHigh(operands.b1, operands.d1);
  return first.set(core, high, core.addressLow, length, access, operands.b1);
}

function secondOperand(core: CpuCore, length: number): Span {
  const { operands } = core;
  const high = core.addressHigh(operands.b2, operands.d2);
  return second.set(core, high, core.addressLow, length, READ, operands.b2);
}

/** Operand 2 of an RX or RXY instruction. */
function indexedOperand(core: CpuCore, length: number, access: typeof READ | typeof WRITE): Span {
  const { operands } = core;
  const high = core.addressHigh(operands.b2, operands.d2, operands.x2);
  return second.set(core, high, core.addressLow, length, access, operands.b2);
}

/** Presents what the operation answered, if it was an exception. */
function checkException(core: CpuCore): void {
  if (result.exception === DATA_EXCEPTION) dataException(core.registers, DXC_DECIMAL);
  if (result.exception !== 0) core.program(result.exception);
}

/** Sets the condition code; code 3 is a completed decimal overflow, which the program mask may ask to be told. */
function settleSigned(core: CpuCore): void {
  const { registers } = core;
  registers.cc = result.cc;
  if (result.cc === 3 && (registers.pswHigh & DECIMAL_OVERFLOW_MASK) !== 0) core.program(ProgramCode.decimalOverflow);
}

type Arithmetic = (result: DecimalResult, first: StorageOperand, length1: number, second: StorageOperand, length2: number) => void;

/** Operations on two packed numbers. Both operands are accessible before the first is changed. */
function arithmetic(operation: Arithmetic, access: typeof READ | typeof WRITE, settle: (core: CpuCore) => void): Helper {
  return (core) => {
    const length1 = core.operands.l1 + 1;
    const length2 = core.operands.l2 + 1;
    const source = secondOperand(core, length2);
    const target = firstOperand(core, length1, access);
    operation(result, target, length1, source, length2);
    checkException(core);
    if (access === WRITE) target.changed();
    settle(core);
  };
}

/** MULTIPLY and DIVIDE: lengths that do not fit are refused before storage is accessed. */
function scaled(operation: Arithmetic): Helper {
  const run = arithmetic(operation, WRITE, () => {});
  return (core) => {
    const { l1, l2 } = core.operands;
    core.specificationIf(l2 > 7 || l2 >= l1);
    run(core);
  };
}

type Moving = (first: StorageOperand, length1: number, second: StorageOperand, length2: number) => void;

function moving(operation: Moving): Helper {
  return (core) => {
    const length1 = core.operands.l1 + 1;
    const length2 = core.operands.l2 + 1;
    const source = secondOperand(core, length2);
    const target = firstOperand(core, length1, WRITE);
    operation(target, length1, source, length2);
    target.changed();
  };
}

/** MOVE NUMERICS and MOVE ZONES: one length for both operands. */
function movingParts(operation: (first: StorageOperand, second: StorageOperand, length: number) => void): Helper {
  return (core) => {
    const length = core.operands.l + 1;
    const source = secondOperand(core, length);
    const target = firstOperand(core, length, WRITE);
    operation(target, source, length);
    target.changed();
  };
}

function packing(
  operation: (result: DecimalResult, first: StorageOperand, second: StorageOperand, length: number) => void,
  longest: number,
  unit: 1 | 2,
): Helper {
  return (core) => {
    const length = core.operands.l2 + 1;
    core.specificationIf(length > longest || length % unit !== 0);
    const source = secondOperand(core, length);
    const target = firstOperand(core, PACKED_LENGTH, WRITE);
    operation(result, target, source, length);
    target.changed();
  };
}

function unpacking(
  operation: (result: DecimalResult, first: StorageOperand, length: number, second: StorageOperand) => void,
  longest: number,
  unit: 1 | 2,
): Helper {
  return (core) => {
    const length = core.operands.l + 1;
    core.specificationIf(length > longest || length % unit !== 0);
    const source = secondOperand(core, PACKED_LENGTH);
    const target = firstOperand(core, length, WRITE);
    operation(result, target, length, source);
    target.changed();
    core.registers.cc = result.cc;
  };
}

/**
 * The digits that EDIT takes: how many bytes that is, the pattern tells as it is worked through. So a page of them is only
 * resolved when a byte in it is asked for, which always comes before the first store.
 */
class EditedDigits implements StorageOperand {
  #core: CpuCore | undefined;
  #high = 0;
  #low = 0;
  #page = -1;

  set(core: CpuCore, high: number, low: number): this {
    this.#core = core;
    this.#high = high;
    this.#low = low;
    this.#page = -1;
    return this;
  }

  load(index: number): number {
    const core = this.#core!;
    const { storage } = core;
    let low = this.#low + index;
    const high = (this.#high + (low > 0xffff_ffff ? 1 : 0)) & storage.maskHigh;
    low = (low & storage.maskLow) >>> 0;
    const offset = low & 0xfff;
    if (this.#page < 0 || offset === 0) this.#page = storage.resolve(high >>> 0, low, READ, core.operands.b2 & 15) - offset;
    return storage.byteAt(this.#page + offset);
  }

  store(): void {}
}

const digits = new EditedDigits();

/** EDIT; with `marks` EDIT AND MARK, which puts the address of the first significant digit into general register 1. */
function editing(marks: boolean): Helper {
  return (core) => {
    const { operands } = core;
    const length = operands.l + 1;
    const high = core.addressHigh(operands.b1, operands.d1);
    const low = core.addressLow;
    const pattern = first.set(core, high, low, length, WRITE, operands.b1);
    const sourceHigh = core.addressHigh(operands.b2, operands.d2);
    algorithms.edit(result, pattern, length, digits.set(core, sourceHigh, core.addressLow));
    checkException(core);
    pattern.changed();
    core.registers.cc = result.cc;
    if (marks && result.mark >= 0) markAddress(core, high, low + result.mark);
  };
}

function markAddress(core: CpuCore, high: number, low: number): void {
  const { registers, storage } = core;
  const carry = low > 0xffff_ffff ? 1 : 0;
  const wrapped = (low & storage.maskLow) >>> 0;
  // In 24-bit mode bits 32-39 of the register stay as they are.
  if (storage.maskLow === 0x00ff_ffff) registers.setLow(1, ((registers.low(1) & 0xff00_0000) | wrapped) >>> 0);
  else putAddress(core, 1, ((high + carry) & storage.maskHigh) >>> 0, wrapped);
}

function convertToBinary32(core: CpuCore): void {
  algorithms.convertToBinary32(result, indexedOperand(core, 8, READ));
  if (result.exception === DATA_EXCEPTION) dataException(core.registers, DXC_DECIMAL);
  // A number out of range is a fixed-point-divide exception that completes.
  core.registers.setLow(core.operands.r1, result.low >>> 0);
  checkException(core);
}

function convertToDecimal32(core: CpuCore): void {
  const target = indexedOperand(core, 8, WRITE);
  algorithms.convertToDecimal32(target, core.registers.low(core.operands.r1) | 0);
  target.changed();
}

/** Decimal instructions (PoP chapter 8), and the conversions and moves of packed and zoned numbers (chapter 7). */
export const decimalHelpers: HelperMap = {
  ap: arithmetic(algorithms.addDecimal, WRITE, settleSigned),
  sp: arithmetic(algorithms.subtractDecimal, WRITE, settleSigned),
  zap: arithmetic(algorithms.zeroAndAdd, WRITE, settleSigned),
  cp: arithmetic(algorithms.compareDecimal, READ, (core) => {
    core.registers.cc = result.cc;
  }),
  mp: scaled(algorithms.multiplyDecimal),
  dp: scaled(algorithms.divideDecimal),
  srp(core) {
    const { operands } = core;
    const length = operands.l1 + 1;
    core.addressHigh(operands.b2, operands.d2);
    const shift = core.addressLow & 0x3f;
    const target = firstOperand(core, length, WRITE);
    algorithms.shiftAndRound(result, target, length, shift, operands.i3);
    checkException(core);
    target.changed();
    settleSigned(core);
  },
  tp(core) {
    const length = core.operands.l1 + 1;
    algorithms.testDecimal(result, firstOperand(core, length, READ), length);
    core.registers.cc = result.cc;
  },
  ed: editing(false),
  edmk: editing(true),
  cvb: convertToBinary32,
  cvby: convertToBinary32,
  cvbg(core) {
    algorithms.convertToBinary64(result, indexedOperand(core, 16, READ));
    checkException(core);
    core.registers.set(core.operands.r1, result.high >>> 0, result.low >>> 0);
  },
  cvd: convertToDecimal32,
  cvdy: convertToDecimal32,
  cvdg(core) {
    const { registers, operands } = core;
    const target = indexedOperand(core, 16, WRITE);
    algorithms.convertToDecimal64(target, registers.high(operands.r1), registers.low(operands.r1));
    target.changed();
  },
  pack: moving(algorithms.pack),
  unpk: moving(algorithms.unpack),
  mvo: moving(algorithms.moveWithOffset),
  mvn: movingParts(algorithms.moveNumerics),
  mvz: movingParts(algorithms.moveZones),
  pka: packing(algorithms.packAscii, LONGEST_ASCII, 1),
  pku: packing(algorithms.packUnicode, LONGEST_UNICODE, 2),
  unpka: unpacking(algorithms.unpackAscii, LONGEST_ASCII, 1),
  unpku: unpacking(algorithms.unpackUnicode, LONGEST_UNICODE, 2),
};
