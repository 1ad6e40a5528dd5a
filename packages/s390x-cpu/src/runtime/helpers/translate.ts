import type { CpuCore, HelperMap } from "../core.ts";
import { READ, WRITE } from "../storage.ts";
import { BYTE_LIMIT } from "./interruptible.ts";
import { OperandCursor } from "./operand-cursor.ts";
import { PagedOperand } from "./paged-operand.ts";

const operand = new PagedOperand();
const table = new PagedOperand();
const target = new OperandCursor();
const source = new OperandCursor();

/** TRANSLATE ONE/TWO TO ONE/TWO: bytes of an argument character and of a function character. */
function translateCharacters(core: CpuCore, argumentSize: 1 | 2, functionSize: 1 | 2): void {
  const { operands, registers, storage } = core;
  const { bytes } = storage;
  const { r1 } = operands;
  core.specificationIf((r1 & 1) !== 0 || (argumentSize === 2 && (registers.low(r1 + 1) & 1) !== 0));
  // Bit 3 of M3: no test character.
  const test = (operands.m3 & 1) !== 0 ? -1 : registers.low(0) & (functionSize === 1 ? 0xff : 0xffff);
  const tableSize = (argumentSize === 1 ? 256 : 65_536) * functionSize;
  const tableLow = registers.low(1) & storage.maskLow & ~7;
  table.set(core, (registers.high(1) & storage.maskHigh) >>> 0, tableLow >>> 0, tableSize, READ, 1);
  target.load(core, r1);
  source.load(core, operands.r2);
  for (let done = 0; ; ) {
    const left = target.length;
    if (left === 0) {
      target.save();
      source.save();
      registers.cc = 0;
      return;
    }
    if (done >= BYTE_LIMIT) {
      registers.cc = 3;
      return;
    }
    const fromRoom = source.room;
    const toRoom = target.room;
    // A character may lie in two pages: then only that one is processed.
    const characters = Math.max(1, Math.min(Math.floor(Math.min(left, fromRoom) / argumentSize), Math.floor(toRoom / functionSize)));
    const from = storage.indexOf(source.resolve(READ));
    const from2 = fromRoom < argumentSize ? storage.indexOf(source.resolveNext(READ)) : from - 1;
    const toAddress = target.resolve(WRITE);
    const to = storage.indexOf(toAddress);
    const to2 = toRoom < functionSize ? storage.indexOf(target.resolveNext(WRITE)) : to - 1;
    let i = 0;
    let found = false;
    try {
      for (; i < characters; i++) {
        let argument = bytes[from - i * argumentSize] as number;
        if (argumentSize === 2) argument = (argument << 8) | (bytes[from2 - i * 2] as number);
        let result = bytes[table.at(argument * functionSize)] as number;
        if (functionSize === 2) result = (result << 8) | (bytes[table.at(argument * 2 + 1)] as number);
        if (result === test) {
          found = true;
          break;
        }
        if (functionSize === 1) bytes[to - i] = result;
        else {
          bytes[to - i * 2] = result >>> 8;
          bytes[to2 - i * 2] = result & 0xff;
        }
      }
    } finally {
      // Also when the table refused an access: what was done until then stands.
      if (i > 0) {
        if (toRoom < functionSize) {
          storage.changed(toAddress, 1);
          storage.changed(storage.indexOf(to2), 1);
        } else storage.changed(toAddress, i * functionSize);
        target.advance(i * functionSize);
        target.shorten(i * argumentSize);
        source.advance(i * argumentSize);
      }
    }
    if (found) {
      registers.cc = 1;
      return;
    }
    done += i * argumentSize;
  }
}

/** TRANSLATE and its relatives (PoP chapter 7). */
export const translateHelpers: HelperMap = {
  tr(core) {
    const { operands, storage } = core;
    const { bytes } = storage;
    const length = operands.l + 1;
    const tableHigh = core.addressHigh(operands.b2, operands.d2);
    table.set(core, tableHigh, core.addressLow, 256, READ, operands.b2 & 15);
    const high = core.addressHigh(operands.b1, operands.d1);
    operand.set(core, high, core.addressLow, length, WRITE, operands.b1 & 15);
    operand.at(length - 1);
    if (operand.isInOnePage && table.isInOnePage) {
      const to = operand.at(0);
      const first = table.at(0);
      for (let i = 0; i < length; i++) bytes[to - i] = bytes[first - (bytes[to - i] as number)] as number;
      operand.changed(length);
      return;
    }
    // Nothing may be stored before every access is known to be allowed.
    for (let i = 0; i < length; i++) table.at(bytes[operand.at(i)] as number);
    for (let i = 0; i < length; i++) {
      const at = operand.at(i);
      bytes[at] = bytes[table.at(bytes[at] as number)] as number;
    }
    operand.changed(length);
  },
  tre(core) {
    const { operands, registers, storage } = core;
    const { bytes } = storage;
    const { r1, r2 } = operands;
    core.specificationIf((r1 & 1) !== 0);
    const test = registers.low(0) & 0xff;
    source.load(core, r2);
    table.set(core, source.high, source.low, 256, READ, r2);
    target.load(core, r1);
    for (let done = 0; ; ) {
      const left = target.length;
      if (left === 0 || done >= BYTE_LIMIT) {
        target.save();
        registers.cc = left === 0 ? 0 : 3;
        return;
      }
      const count = Math.min(left, target.room);
      const address = target.resolve(WRITE);
      const at = storage.indexOf(address);
      let i = 0;
      let found = false;
      try {
        for (; i < count; i++) {
          const byte = bytes[at - i] as number;
          if (byte === test) {
            found = true;
            break;
          }
          bytes[at - i] = bytes[table.at(byte)] as number;
        }
      } finally {
        if (i > 0) {
          storage.changed(address, i);
          target.advance(i);
          target.shorten(i);
        }
      }
      if (found) {
        registers.cc = 1;
        return;
      }
      done += i;
    }
  },
  troo: (core) => translateCharacters(core, 1, 1),
  trot: (core) => translateCharacters(core, 1, 2),
  trto: (core) => translateCharacters(core, 2, 1),
  trtt: (core) => translateCharacters(core, 2, 2),
};
