import * as layout from "../engine/layout.ts";

const START = layout.GR;
const END = layout.EXECUTE_RECORD + 0x100;
/** The pool of records is no state of the CPU: what an engine did to it stays done. */
const KEPT: readonly (readonly [start: number, end: number])[] = [
  [START, layout.PAGE_RELEASE],
  [layout.PAGE_RELEASE + 8, layout.RECORD_POOL_NEXT],
  [layout.RECORD_POOL_NEXT + 4, END],
];

/** Named parts of the state that both engines must agree on, in the order in which they are reported. */
const parts: readonly (readonly [name: string, address: number, bytes: 4 | 8])[] = [
  ...numbered("r", layout.GR, 8),
  ["condition code", layout.CC, 4],
  ["PSW address", layout.PSW_ADDRESS, 8],
  ["PSW mask", layout.PSW_MASK, 8],
  ...numbered("f", layout.VR + layout.VR_HIGH, 8, 16),
  ["FPC", layout.FPC, 4],
  ...numbered("a", layout.AR, 4),
  ...numbered("c", layout.CR, 8),
  ["prefix", layout.PREFIX, 4],
  ["last clock value", layout.TOD_LAST, 8],
  ["TOD epoch", layout.TOD_EPOCH, 8],
  ["clock comparator", layout.CLOCK_COMPARATOR, 8],
  ["CPU timer", layout.CPU_TIMER_SUM, 8],
  ["TOD programmable field", layout.TOD_PROGRAMMABLE, 4],
];

/** The parts' 32-bit words in a copy. */
const compared = Uint16Array.from(
  parts.flatMap(([, address, bytes]) => (bytes === 8 ? [address, address + 4] : [address])),
  (at) => (at - START) >>> 2,
);

function numbered(letter: string, address: number, bytes: 4 | 8, distance: number = bytes): [string, number, 4 | 8][] {
  return Array.from({ length: 16 }, (_, n) => [`${letter}${n}`, address + n * distance, bytes]);
}

/** A copy of what an engine changes besides storage. */
export class LockstepState {
  readonly #memory: Uint8Array;
  readonly #copy = new Uint8Array(END - START);
  readonly #words = new Uint32Array(this.#copy.buffer);

  constructor(buffer: ArrayBufferLike) {
    this.#memory = new Uint8Array(buffer, START, END - START);
  }

  /** Takes the state of now. */
  save(): void {
    this.#copy.set(this.#memory);
  }

  /** Makes it the state of now. */
  restore(): void {
    for (const [start, end] of KEPT) this.#memory.set(this.#copy.subarray(start - START, end - START), start - START);
  }

  /** A 32-bit word of it, by its address. */
  word(address: number): number {
    return this.#words[(address - START) >>> 2]!;
  }

  setWord(address: number, value: number): void {
    this.#words[(address - START) >>> 2] = value;
  }

  /** Whether all that programs can see is the same. Quick. */
  equals(other: LockstepState): boolean {
    for (const at of compared) {
      if (this.#words[at] !== other.#words[at]) return false;
    }
    return true;
  }

  /** All that programs can see, by name and in hexadecimal. */
  values(): [what: string, value: string][] {
    const digits = (address: number): string => this.word(address).toString(16).padStart(8, "0");
    return parts.map(([name, address, bytes]) => [name, bytes === 8 ? digits(address + 4) + digits(address) : digits(address)]);
  }
}
