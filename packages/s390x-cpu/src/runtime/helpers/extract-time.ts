import type { HelperMap } from "../core.ts";
import { READ } from "../storage.ts";
import { PagedOperand } from "./paged-operand.ts";

const operand = new PagedOperand();

export const extractTimeHelpers: HelperMap = {
  /** EXTRACT CPU TIME (PoP chapter 7): operand 1 less the CPU timer, operand 2, and the doubleword that r3 addresses. */
  ectg(core) {
    const { operands, registers, storage } = core;
    const load = (high: number, low: number, base: number): bigint => {
      operand.set(core, high, low, 8, READ, base);
      let value = 0n;
      for (let i = 0; i < 8; i++) value = (value << 8n) | BigInt(storage.bytes[operand.at(i)] as number);
      return value;
    };
    const high1 = core.addressHigh(operands.b1, operands.d1);
    const first = load(high1, core.addressLow, operands.b1 & 15);
    const high2 = core.addressHigh(operands.b2, operands.d2);
    const second = load(high2, core.addressLow, operands.b2 & 15);
    const { r3 } = operands;
    const third = load((registers.high(r3) & storage.maskHigh) >>> 0, (registers.low(r3) & storage.maskLow) >>> 0, r3);
    const set = (register: number, value: bigint): void =>
      registers.set(register, Number(BigInt.asUintN(32, value >> 32n)), Number(BigInt.asUintN(32, value)));
    set(0, first - core.engine.cpuTimer());
    set(1, second);
    set(r3, third);
  },
};
