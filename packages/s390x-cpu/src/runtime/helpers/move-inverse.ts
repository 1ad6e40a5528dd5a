import type { HelperMap } from "../core.ts";
import { READ, WRITE } from "../storage.ts";
import { PagedOperand } from "./paged-operand.ts";

const target = new PagedOperand();
const source = new PagedOperand();

export const moveInverseHelpers: HelperMap = {
  /** MOVE INVERSE (PoP chapter 7): the second-operand address is that of its rightmost byte, which goes leftmost. */
  mvcin(core) {
    const { operands, storage } = core;
    const { bytes } = storage;
    const last = operands.l;
    const high2 = core.addressHigh(operands.b2, operands.d2 - last);
    source.set(core, high2, core.addressLow, last + 1, READ, operands.b2 & 15);
    const high1 = core.addressHigh(operands.b1, operands.d1);
    target.set(core, high1, core.addressLow, last + 1, WRITE, operands.b1 & 15);
    source.at(0);
    source.at(last);
    target.at(last);
    for (let i = 0; i <= last; i++) bytes[target.at(i)] = bytes[source.at(last - i)] as number;
    target.changed(last + 1);
  },
};
