import type { HelperMap } from "../core.ts";
import { READ, WRITE } from "../storage.ts";
import { BYTE_LIMIT } from "./interruptible.ts";
import { OperandCursor, putAddress } from "./operand-cursor.ts";

const first = new OperandCursor();
const second = new OperandCursor();

/** Bytes from the cursor up to an address, but at most `limit`, which ends before or at the end of the address space. */
function distance(from: OperandCursor, high: number, low: number, limit: number): number {
  return high === from.high && low >= from.low ? Math.min(low - from.low, limit) : limit;
}

/** Instructions about strings that a given character ends (PoP chapter 7). */
export const stringHelpers: HelperMap = {
  mvst(core) {
    const { operands, registers, storage } = core;
    const { bytes } = storage;
    core.specificationIf((registers.low(0) & 0xffff_ff00) !== 0);
    const end = registers.low(0);
    first.load(core, operands.r1);
    second.load(core, operands.r2);
    // At most to the end of a page: the registers must not lag behind what is stored when the next page is refused.
    const count = Math.min(first.room, second.room);
    const source = storage.indexOf(second.resolve(READ));
    const target = first.resolve(WRITE);
    const to = storage.indexOf(target);
    let i = 0;
    let byte = -1;
    // One byte after the other, so that a string which overlaps itself is copied as the manual says.
    while (i < count && byte !== end) {
      byte = bytes[source - i] as number;
      bytes[to - i] = byte;
      i++;
    }
    storage.changed(target, i);
    if (byte === end) {
      first.advance(i - 1);
      registers.cc = 1;
      return;
    }
    first.advance(i);
    second.advance(i);
    registers.cc = 3;
  },
  clst(core) {
    const { operands, registers, storage } = core;
    const { bytes } = storage;
    core.specificationIf((registers.low(0) & 0xffff_ff00) !== 0);
    const end = registers.low(0);
    first.load(core, operands.r1);
    second.load(core, operands.r2);
    for (let compared = 0; compared < BYTE_LIMIT; ) {
      const count = Math.min(first.room, second.room);
      const a = storage.indexOf(first.resolve(READ));
      const b = storage.indexOf(second.resolve(READ));
      for (let i = 0; i < count; i++) {
        const byte1 = bytes[a - i] as number;
        const byte2 = bytes[b - i] as number;
        if (byte1 !== byte2) {
          first.advance(i);
          second.advance(i);
          // A string that ends is less than one that goes on, whatever the ending character is.
          registers.cc = byte1 === end || (byte2 !== end && byte1 < byte2) ? 1 : 2;
          return;
        }
        if (byte1 === end) {
          registers.cc = 0;
          return;
        }
      }
      first.skip(count);
      second.skip(count);
      compared += count;
    }
    first.save();
    second.save();
    registers.cc = 3;
  },
  srst(core) {
    const { operands, registers, storage } = core;
    const { bytes } = storage;
    core.specificationIf((registers.low(0) & 0xffff_ff00) !== 0);
    const character = registers.low(0);
    // Register 1 holds the address behind the operand.
    first.load(core, operands.r1);
    second.load(core, operands.r2);
    for (let searched = 0; searched < BYTE_LIMIT; ) {
      const count = distance(second, first.high, first.low, second.room);
      if (count === 0) {
        registers.cc = 2;
        return;
      }
      const at = storage.indexOf(second.resolve(READ));
      let i = 0;
      while (i < count && bytes[at - i] !== character) i++;
      second.skip(i);
      if (i < count) {
        putAddress(core, operands.r1, second.high, second.low);
        registers.cc = 1;
        return;
      }
      searched += count;
    }
    second.save();
    registers.cc = 3;
  },
  srstu(core) {
    const { operands, registers, storage } = core;
    const { bytes } = storage;
    core.specificationIf((registers.low(0) & 0xffff_0000) !== 0);
    const character = registers.low(0);
    first.load(core, operands.r1);
    second.load(core, operands.r2);
    // With addresses of different parity, the last character includes the byte at the end address.
    if (((first.low ^ second.low) & 1) !== 0) first.skip(1);
    for (let searched = 0; searched < BYTE_LIMIT; ) {
      const room = second.room;
      let count = distance(second, first.high, first.low, room === 1 ? 2 : room & ~1);
      if (count === 0) {
        registers.cc = 2;
        return;
      }
      const at = storage.indexOf(second.resolve(READ));
      let i = 0;
      if (room === 1) {
        const low = storage.byteAt(second.resolveNext(READ));
        count = 2;
        if ((((bytes[at] as number) << 8) | low) !== character) i = 2;
      } else {
        while (i < count && (((bytes[at - i] as number) << 8) | (bytes[at - i - 1] as number)) !== character) i += 2;
      }
      second.skip(i);
      if (i < count) {
        putAddress(core, operands.r1, second.high, second.low);
        registers.cc = 1;
        return;
      }
      searched += count;
    }
    second.save();
    registers.cc = 3;
  },
};
