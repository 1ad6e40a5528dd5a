import type { HelperMap } from "../core.ts";
import { READ } from "../storage.ts";
import { BYTE_LIMIT } from "./interruptible.ts";
import { OperandCursor } from "./operand-cursor.ts";

const first = new OperandCursor();
const second = new OperandCursor();

export const substringHelpers: HelperMap = {
  /**
   * COMPARE UNTIL SUBSTRING EQUAL (PoP chapter 7): looks for as many equal bytes at the same place of both operands as
   * register 0 says; the shorter operand goes on with the pad byte in register 1.
   */
  cuse(core) {
    const { operands, registers, storage } = core;
    const { r1, r2 } = operands;
    core.specificationIf(((r1 | r2) & 1) !== 0);
    const wanted = registers.low(0) & 0xff;
    const pad = registers.low(1) & 0xff;
    if (wanted === 0) {
      registers.cc = 0;
      return;
    }
    // The registers are at the first byte of the run of equal bytes, or behind the last unequal one.
    let equal = 0;
    first.load(core, r1);
    second.load(core, r2);
    let left1 = first.length;
    let left2 = second.length;
    const same = r1 === r2;
    for (let compared = 0; left1 > 0 || left2 > 0; compared++) {
      if (compared >= BYTE_LIMIT && equal === 0) {
        registers.cc = 3;
        return;
      }
      const byte1 = left1 > 0 ? storage.byteAt(first.resolve(READ)) : pad;
      const byte2 = left2 > 0 ? storage.byteAt(second.resolve(READ)) : pad;
      if (left1 > 0) {
        left1--;
        first.skip(1);
      }
      if (left2 > 0) {
        left2--;
        second.skip(1);
      }
      if (byte1 === byte2) {
        equal++;
        if (equal === wanted) {
          registers.cc = 0;
          return;
        }
      } else {
        equal = 0;
        first.save();
        first.shorten(first.length - left1);
        if (same) continue;
        second.save();
        second.shorten(second.length - left2);
      }
    }
    registers.cc = equal > 0 ? 1 : 2;
  },
};
