import type { CpuCore, HelperMap } from "../core.ts";
import { READ, WRITE } from "../storage.ts";
import { Span } from "./span.ts";

const target = new Span();
const source = new Span();

/** Runs an SS-format instruction byte by byte from left to right, the way the manual describes overlapping operands. */
function byBytes(core: CpuCore, writes: boolean, body: (length: number) => void): void {
  const { operands } = core;
  const length = operands.l + 1;
  const base1 = operands.b1 & 15;
  const base2 = operands.b2 & 15;
  const high1 = core.addressHigh(operands.b1, operands.d1);
  const low1 = core.addressLow;
  const high2 = core.addressHigh(operands.b2, operands.d2);
  const low2 = core.addressLow;
  source.set(core, high2, low2, length, READ, base2);
  target.set(core, high1, low1, length, writes ? WRITE : READ, base1);
  body(length);
  if (writes) target.changed();
}

function combine(operation: (a: number, b: number) => number) {
  return (core: CpuCore): void =>
    byBytes(core, true, (length) => {
      let any = 0;
      for (let i = 0; i < length; i++) {
        const result = operation(target.load(i), source.load(i));
        any |= result;
        target.store(i, result);
      }
      core.registers.cc = any === 0 ? 0 : 1;
    });
}

/** Slow halves of SS-format instructions: operands that cross pages, miss the translation banks or lie in code. */
export const storageHelpers: HelperMap = {
  mvc: (core) =>
    byBytes(core, true, (length) => {
      for (let i = 0; i < length; i++) target.store(i, source.load(i));
    }),
  clc: (core) =>
    byBytes(core, false, (length) => {
      for (let i = 0; i < length; i++) {
        const difference = target.load(i) - source.load(i);
        if (difference !== 0) {
          core.registers.cc = difference < 0 ? 1 : 2;
          return;
        }
      }
      core.registers.cc = 0;
    }),
  nc: combine((a, b) => a & b),
  oc: combine((a, b) => a | b),
  xc: combine((a, b) => a ^ b),
};
