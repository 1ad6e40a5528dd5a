import type { Assembler } from "../../packages/s390x-isa/src/index.ts";
import { Slot } from "./layout.ts";
import type { Random } from "./random.ts";
import { BASES, baseOffsets, INDEX, INDEX_VALUE } from "./registers.ts";

/** General registers that programs may change. */
export const FREE_REGISTERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
export const EVEN_REGISTERS = [0, 2, 4, 6, 8] as const;
export const FLOATING_PAIRS = [0, 1, 4, 5, 8, 9, 12, 13] as const;

/** Base, index and displacement of a storage operand. */
export interface Place {
  readonly d: number;
  readonly b: number;
  readonly x: number;
  /** Offset in the slot. */
  readonly offset: number;
}

/** What the emitters of instructions work with. */
export class Body {
  readonly asm: Assembler;
  readonly random: Random;
  /** Address of the slot. */
  readonly slot: number;
  /** Register for set-up and for condition codes. */
  readonly scratch = 10;
  #labels = 0;

  constructor(asm: Assembler, random: Random, slot: number) {
    this.asm = asm;
    this.random = random;
    this.slot = slot;
  }

  label(): string {
    return `L${this.#labels++}`;
  }

  free(): number {
    return this.random.pick(FREE_REGISTERS);
  }

  even(): number {
    return this.random.pick(EVEN_REGISTERS);
  }

  /** `count` even registers that differ. */
  evens(count: number): number[] {
    const left: number[] = [...EVEN_REGISTERS];
    return Array.from({ length: count }, () => left.splice(this.random.below(left.length), 1)[0]!);
  }

  load(register: number, value: bigint): void {
    const bits = BigInt.asUintN(64, value);
    if (BigInt.asUintN(64, BigInt.asIntN(16, bits)) === bits) this.asm.a("lghi", register, Number(BigInt.asIntN(16, bits)));
    else this.asm.a("llihf", register, bits >> 32n).a("iilf", register, bits & 0xffff_ffffn);
  }

  /** Loads the address of a byte of the slot. */
  loadAddress(register: number, offset: number): void {
    this.asm.a("llilf", register, this.slot + offset);
  }

  /** An offset in the data area, often so that an operand of `size` bytes there lies in two pages. 1 KiB behind it is data, too. */
  target(size: number, alignment = 1): number {
    const { random } = this;
    const boundary = Slot.data + random.pick([0x1000, 0x2000]);
    const anywhere = Slot.data + 0x140 + random.below(Slot.dataEnd - Slot.data - 0x540);
    const offset = random.oneIn(2) ? boundary - random.below(size + 1) : anywhere;
    return offset - (offset % alignment);
  }

  /** A storage operand at an offset, if there is a base from which the displacement reaches it. */
  place(offset: number, isLong: boolean, indexed: boolean): Place {
    const { random } = this;
    for (;;) {
      const which = random.below(BASES.length);
      const x = indexed && random.oneIn(3) ? INDEX : 0;
      const d = offset - baseOffsets[which]! - (x === 0 ? 0 : INDEX_VALUE);
      const fits = isLong ? d >= -0x8_0000 && d < 0x8_0000 : d >= 0 && d < 4096;
      if (!fits) continue;
      const b = BASES[which]!;
      // Base and index may change places.
      return indexed && x === 0 && random.oneIn(3) ? { d, b: 0, x: b, offset } : { d, b, x, offset };
    }
  }
}
