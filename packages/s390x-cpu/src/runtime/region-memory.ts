import * as layout from "../engine/layout.ts";

/** When the regions take more than this share of what they may, it is observed which of them are used. */
const MARK = 0.75;

/** Of a region's host memory: what any module and instance takes, in bytes, and by how much each byte of WebAssembly counts. */
const MODULE_COST = 16 * 1024;
const COST_PER_BYTE = 8;

/**
 * Accounts for the host's memory that regions take, and chooses which of them are given up for others: those that were not entered lately.
 * To find them, regions are put to rest: the next visit ends that. The interpreter compares once more on the way into a region, for this.
 */
export class RegionMemory {
  readonly #halfwords: Uint16Array;
  readonly #maximum: number;
  /** Cost by number of the region; 0 where there is none. */
  readonly #costs: number[] = [];
  #used = 0;
  #present = 0;
  #hand = 0;

  /** @param maximum bytes of the host's memory, as estimated */
  constructor(halfwords: Uint16Array, maximum: number) {
    this.#halfwords = halfwords;
    this.#maximum = maximum;
  }

  get #isMarkPassed(): boolean {
    return this.#used > this.#maximum * MARK || this.#present > layout.REGION_COUNT * MARK;
  }

  /** A region begins to exist. @param bytes length of its WebAssembly */
  add(number: number, bytes: number): void {
    const before = this.#isMarkPassed;
    const cost = MODULE_COST + bytes * COST_PER_BYTE;
    this.#costs[number] = cost;
    this.#used += cost;
    this.#present++;
    if (!before && this.#isMarkPassed) this.#putToRest();
  }

  remove(number: number): void {
    this.#used -= this.#costs[number]!;
    this.#costs[number] = 0;
    this.#present--;
  }

  clear(): void {
    this.#costs.length = 0;
    this.#used = 0;
    this.#present = 0;
  }

  /** Gives regions up when there is no room for one more, first those that rest. @param drop gives up a region, and removes it here */
  makeRoom(drop: (number: number) => void): void {
    const count = this.#costs.length;
    if (this.#used <= this.#maximum && this.#present < layout.REGION_COUNT) return;
    for (const isChosen of [(number: number) => this.#isResting(number), () => true]) {
      for (let left = count; left > 0 && this.#isMarkPassed; left--) {
        this.#hand = (this.#hand + 1) % count;
        if (this.#costs[this.#hand] !== 0 && isChosen(this.#hand)) drop(this.#hand);
      }
    }
  }

  #keyPlace(number: number): number {
    return (layout.REGIONS + number * layout.REGION_SIZE + layout.REGION_KEY) >>> 1;
  }

  #isResting(number: number): boolean {
    return (this.#halfwords[this.#keyPlace(number)]! & layout.REGION_RESTING) !== 0;
  }

  #putToRest(): void {
    for (const [number, cost] of this.#costs.entries()) if (cost !== 0) this.#halfwords[this.#keyPlace(number)]! |= layout.REGION_RESTING;
  }
}
