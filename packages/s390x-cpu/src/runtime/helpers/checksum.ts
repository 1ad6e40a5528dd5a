import type { HelperMap } from "../core.ts";
import { READ } from "../storage.ts";
import { BLOCK_LIMIT } from "./interruptible.ts";
import { OperandCursor } from "./operand-cursor.ts";

const source = new OperandCursor();

/** Sum of two 32-bit values with the carry added at the right. */
function addWithCarry(sum: number, value: number): number {
  const total = sum + value;
  return total > 0xffff_ffff ? total - 0xffff_ffff : total;
}

export const checksumHelpers: HelperMap = {
  /** CHECKSUM (PoP chapter 7): words added with end-around carry, the last one filled with zeros. */
  cksm(core) {
    const { operands, registers, storage } = core;
    const { bytes, view } = storage;
    const { r1, r2 } = operands;
    core.specificationIf((r2 & 1) !== 0);
    source.load(core, r2);
    for (let done = 0; ; ) {
      const left = source.length;
      if (left === 0 || done >= BLOCK_LIMIT) {
        source.save();
        registers.cc = left === 0 ? 0 : 3;
        return;
      }
      let sum = registers.low(r1);
      let at = storage.indexOf(source.resolve(READ));
      const room = source.room;
      const words = Math.floor(Math.min(left, room) / 4);
      let count = words * 4;
      for (let i = 0; i < words; i++) {
        sum = addWithCarry(sum, view.getUint32(at - 3, true));
        at -= 4;
      }
      if (words === 0) {
        // The operand's last bytes, or a word in two pages.
        count = Math.min(left, 4);
        const next = count > room ? storage.indexOf(nextPage(room)) : 0;
        let word = 0;
        for (let i = 0; i < count; i++) word += (bytes[i < room ? at - i : next - i + room] as number) * 2 ** (24 - 8 * i);
        sum = addWithCarry(sum, word);
      }
      registers.setLow(r1, sum);
      source.advance(count);
      source.shorten(count);
      done += count;
    }
  },
};

/** Absolute address of the byte `room` bytes on; the cursor stays. */
function nextPage(room: number): number {
  source.skip(room - 1);
  const absolute = source.resolveNext(READ);
  source.skip(1 - room);
  return absolute;
}
