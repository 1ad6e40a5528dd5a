import type { Assembler } from "../../../packages/s390x-isa/src/index.ts";
import type { Random } from "../random.ts";
import { FRAME_COUNT, FRAMES, Slot, VALID_PAGES, WINDOW } from "./layout.ts";

/** Where in its page an operand is: near the end and perhaps in the next, far from both ends, anywhere in one page, or anywhere. */
type Part = "edge" | "middle" | "one-page" | "any";

const MAXIMUM_CONSTANTS = 64;

/** What the emitters of instructions work with. Registers 0 to 9 are free; 10, 14 and 15 are for set-up, 11 collects condition codes. */
export class Body {
  readonly asm: Assembler;
  readonly random: Random;
  readonly slot: number;
  readonly constants: bigint[] = [];
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
    return this.random.below(10);
  }

  /** A free register that is a base when one is named. */
  base(): number {
    return 1 + this.random.below(9);
  }

  even(): number {
    return 2 * this.random.below(5);
  }

  load(register: number, value: bigint): void {
    this.asm.a("llihf", register, BigInt.asUintN(64, value) >> 32n).a("iilf", register, BigInt.asUintN(32, value));
  }

  loadAddress(register: number, address: number): void {
    this.asm.a("llilf", register, address);
  }

  /** Address of doublewords that are not changed. */
  constant(...values: bigint[]): number {
    const address = this.slot + Slot.constants + this.constants.length * 8;
    if (this.constants.length + values.length > MAXIMUM_CONSTANTS) throw new RangeError("too many constants");
    this.constants.push(...values.map((value) => BigInt.asUintN(64, value)));
    return address;
  }

  /** A storage operand that is a constant. */
  constantPlace(register: number, ...values: bigint[]): number {
    this.loadAddress(register, this.constant(...values));
    return register;
  }

  /** Address of a byte of a data frame: real, and virtual in all spaces. */
  frame(size = 8, alignment = 1, part: Part = "any"): number {
    return FRAMES + this.#offset(FRAME_COUNT, size, alignment, part);
  }

  /** Address of a byte of the window, sometimes behind its pages or in a segment that is invalid. */
  windowed(size = 8, alignment = 1, part: Part = "any"): number {
    const segment = this.random.oneIn(24) ? 0x10_0000 : 0;
    return WINDOW + segment + this.#offset(this.random.oneIn(12) ? 64 : FRAME_COUNT, size, alignment, part);
  }

  /** Address of a byte of the window that all spaces have. */
  validWindowed(): number {
    return WINDOW + this.random.below(VALID_PAGES * 0x1000);
  }

  /** An address of data of either sort. */
  target(size = 8, alignment = 1, part: Part = "any"): number {
    return this.random.below(3) === 0 ? this.frame(size, alignment, part) : this.windowed(size, alignment, part);
  }

  /** Two operands of at most 256 bytes that share no byte even when their pages are the same frame: then the result is unpredictable. */
  twoTargets(size: number): [number, number] {
    const [first, second] = this.random.oneIn(2) ? (["edge", "middle"] as const) : (["middle", "edge"] as const);
    return [this.target(size, 1, first), this.target(size, 1, second)];
  }

  /** Loads a base register so that with the displacement it designates an address. */
  place(register: number, address: number): { d: number; b: number } {
    const d = this.random.oneIn(2) ? 0 : this.random.below(4096);
    this.loadAddress(register, address - d);
    return { d, b: register };
  }

  /** Often an operand that lies in two pages, never one that leaves the area. */
  #offset(pages: number, size: number, alignment: number, part: Part): number {
    const { random } = this;
    const page = random.below(pages) * 0x1000;
    const last = page === (pages - 1) * 0x1000;
    let offset = page + random.below(0x1000 - size);
    if (part === "middle") offset = page + 0x200 + random.below(0xb00);
    else if (part === "edge") offset = last ? page : page + 0x1000 - random.below(size + 1);
    else if (part === "any" && !last && random.oneIn(3)) offset = page + 0x1000 - random.below(size + 1);
    return offset - (offset % alignment);
  }
}
