import * as layout from "../../engine/layout.ts";
import type { CpuCore } from "../core.ts";
import { Psw } from "../psw.ts";
import { READ, WRITE } from "../storage.ts";
import { copyBytes } from "./move-long.ts";

/** Address spaces as PSW bits 16-17 name them. */
export const Space = { primary: 0, accessRegister: 1, secondary: 2, home: 3 } as const;

const ALET_SPECIFICATION = 0x28;
const PRIVILEGED_OPERATION = 0x02;

/** One operand of a move between address spaces or with an access key other than the PSW's. */
export class KeyedOperand {
  #high = 0;
  #low = 0;
  #key = 0;
  #space = 0;
  #asceHigh = 0;
  #asceLow = 0;
  /** Index in `storage.bytes` of the first byte, and of the first one in the second page. */
  #first = 0;
  #second = 0;
  #room = 0;

  /** @param space of the `Space` constants; `base` is the base register, for access-register mode */
  set(core: CpuCore, high: number, low: number, key: number, space: number, base: number): void {
    const { registers } = core;
    this.#high = high;
    this.#low = low;
    this.#key = key;
    this.#space = space;
    if ((registers.pswHigh & Psw.translation) === 0) {
      // Real addresses.
      this.#asceHigh = 0;
      this.#asceLow = 0x20;
      this.#space = 0;
      return;
    }
    let control = space === Space.secondary ? 7 : space === Space.home ? 13 : 1;
    if (space === Space.accessRegister) {
      const alet = base === 0 ? 0 : registers.access(base);
      registers.setWord(layout.EXCEPTION_ACCESS, base);
      if (alet > 1) core.program(ALET_SPECIFICATION);
      control = alet === 1 ? 7 : 1;
    }
    this.#asceHigh = registers.controlHigh(control);
    this.#asceLow = registers.controlLow(control);
  }

  /** Resolves all of the operand, at most 4096 bytes. The access key is that of the PSW again afterwards. */
  resolve(core: CpuCore, length: number, access: typeof READ | typeof WRITE): void {
    const { registers, storage } = core;
    const key = registers.word(layout.ACCESS_KEY);
    registers.setWord(layout.ACCESS_KEY, this.#key);
    try {
      const low = this.#low;
      this.#room = 4096 - (low & 0xfff);
      this.#first = storage.indexOf(storage.resolveIn(this.#high, low, access, this.#space, this.#asceHigh, this.#asceLow));
      if (length > this.#room) {
        const nextLow = low + this.#room;
        const nextHigh = this.#high + (nextLow > 0xffff_ffff ? 1 : 0);
        this.#second = storage.indexOf(
          storage.resolveIn(
            (nextHigh & storage.maskHigh) >>> 0,
            (nextLow & storage.maskLow) >>> 0,
            access,
            this.#space,
            this.#asceHigh,
            this.#asceLow,
          ),
        );
      }
    } finally {
      registers.setWord(layout.ACCESS_KEY, key);
    }
  }

  /** Bytes from `offset` to the end of the page there. */
  roomAt(offset: number): number {
    return offset < this.#room ? this.#room - offset : 4096;
  }

  indexAt(offset: number): number {
    return offset < this.#room ? this.#first - offset : this.#second - (offset - this.#room);
  }
}

/** Moves up to 4096 bytes, or nothing when a part of either operand is refused. */
export function moveKeyed(core: CpuCore, target: KeyedOperand, source: KeyedOperand, length: number): void {
  if (length === 0) return;
  const { storage } = core;
  source.resolve(core, length, READ);
  target.resolve(core, length, WRITE);
  for (let at = 0; at < length; ) {
    const count = Math.min(length - at, target.roomAt(at), source.roomAt(at));
    const index = target.indexAt(at);
    copyBytes(storage.bytes, index, source.indexAt(at), count);
    storage.changed(storage.indexOf(index), count);
    at += count;
  }
}

/** Refuses, in the problem state, an access key that the PSW-key mask in control register 3 does not allow. */
export function checkKey(core: CpuCore, key: number): void {
  if (core.problemState && (core.registers.controlLow(3) & (0x8000_0000 >>> key)) === 0) core.program(PRIVILEGED_OPERATION);
}

/** Access key and space of the PSW. */
export function pswKey(core: CpuCore): number {
  return (core.registers.pswHigh & Psw.key) >>> Psw.keyShift;
}

export function pswSpace(core: CpuCore): number {
  return (core.registers.pswHigh & Psw.space) >>> Psw.spaceShift;
}
