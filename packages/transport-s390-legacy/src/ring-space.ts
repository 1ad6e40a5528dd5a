import { HostError } from "@zarch/vmm-interface";

/** Hands out whole pages above the descriptor page for rings. They are never given back: a device stays as long as its machine. */
export class RingSpace {
  readonly #end: number;
  #next: number;

  /** @param start first address, a multiple of 4096 @param end address behind the last byte */
  constructor(start: number, end: number) {
    this.#next = start;
    this.#end = end;
  }

  /** Address of the next ring. What {@link rewind} is given to undo everything that was taken since. */
  get position(): number {
    return this.#next;
  }

  rewind(position: number): void {
    this.#next = position;
  }

  /**
   * @param length bytes, a multiple of 4096
   * @throws HostError ERR_S390_LEGACY_RING_SPACE
   */
  take(length: number): number {
    const address = this.#next;
    if (address + length > this.#end) {
      throw new HostError("ERR_S390_LEGACY_RING_SPACE", `a ring of ${length} bytes does not fit above the descriptor page`);
    }
    this.#next += length;
    return address;
  }
}
