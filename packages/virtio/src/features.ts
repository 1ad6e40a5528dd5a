/**
 * Feature bits that belong to no device type (virtio section 6): the transport and the rings give them their meaning.
 * Numbers are bit positions, as everywhere in this package.
 */
export const F_NOTIFY_ON_EMPTY = 24;
export const F_ANY_LAYOUT = 27;
export const F_INDIRECT_DESC = 28;
export const F_EVENT_IDX = 29;
export const F_VERSION_1 = 32;
export const F_ACCESS_PLATFORM = 33;
export const F_RING_PACKED = 34;
export const F_IN_ORDER = 35;
export const F_ORDER_PLATFORM = 36;
export const F_SR_IOV = 37;
export const F_NOTIFICATION_DATA = 38;
export const F_NOTIF_CONFIG_DATA = 39;
export const F_RING_RESET = 40;
export const F_ADMIN_VQ = 41;
export const F_SUSPEND = 43;

/** A set of feature bits that cannot be changed through this interface. */
export interface ReadonlyFeatureSet extends Iterable<number> {
  /** Number of bits in the set. */
  readonly size: number;
  has(bit: number): boolean;
  /** Bits `32 * index` to `32 * index + 31` as an unsigned 32-bit number, the lowest bit in bit 0. */
  word(index: number): number;
  isSubsetOf(other: ReadonlyFeatureSet): boolean;
}

/** A set of feature bits of any position; what a Set of numbers would be, with access by 32-bit words as transports have it. */
export class FeatureSet implements ReadonlyFeatureSet {
  readonly #words = new Map<number, number>();

  constructor(bits: Iterable<number> = []) {
    for (const bit of bits) this.add(bit);
  }

  get size(): number {
    let count = 0;
    for (const _ of this) count++;
    return count;
  }

  has(bit: number): boolean {
    return ((this.word(Math.floor(bit / 32)) >>> (bit % 32)) & 1) === 1;
  }

  add(bit: number): this {
    const index = Math.floor(bit / 32);
    return this.setWord(index, this.word(index) | (1 << (bit % 32)));
  }

  delete(bit: number): boolean {
    const had = this.has(bit);
    if (had) this.setWord(Math.floor(bit / 32), this.word(Math.floor(bit / 32)) & ~(1 << (bit % 32)));
    return had;
  }

  clear(): void {
    this.#words.clear();
  }

  word(index: number): number {
    return this.#words.get(index) ?? 0;
  }

  /** Replaces bits `32 * index` to `32 * index + 31`. */
  setWord(index: number, value: number): this {
    if (value === 0) this.#words.delete(index);
    else this.#words.set(index, value >>> 0);
    return this;
  }

  /** Number of 32-bit words with a bit set. */
  get wordCount(): number {
    return this.#words.size;
  }

  isSubsetOf(other: ReadonlyFeatureSet): boolean {
    for (const [index, word] of this.#words) if ((word & ~other.word(index)) !== 0) return false;
    return true;
  }

  /** The bits in ascending order. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (const index of [...this.#words.keys()].sort((a, b) => a - b)) {
      const word = this.word(index);
      for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) yield 32 * index + bit;
    }
  }
}

/** `feature` may be in a set only together with at least one of `anyOf`. */
export interface FeatureDependency {
  readonly feature: number;
  readonly anyOf: readonly number[];
  /** The rule is for what the device offers only: a driver may accept `feature` without the others. Default false. */
  readonly offerOnly?: boolean;
}

/** The first dependency that `features` does not meet. */
export function unmetDependency(features: ReadonlyFeatureSet, dependencies: readonly FeatureDependency[]): FeatureDependency | undefined {
  return dependencies.find(({ feature, anyOf }) => features.has(feature) && !anyOf.some((bit) => features.has(bit)));
}
