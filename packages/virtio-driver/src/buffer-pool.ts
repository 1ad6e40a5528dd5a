import { BugError } from "@zarch/vmm-interface";

interface Span {
  address: number;
  length: number;
}

/** Hands out spans of an address range: first fit, neighbours joined again when they come back. */
export class BufferPool {
  /** Bytes in all. */
  readonly size: number;
  readonly #free: Span[];

  constructor(address: number, length: number) {
    this.size = Math.max(0, length);
    this.#free = this.size > 0 ? [{ address, length }] : [];
  }

  /** @returns the address of `length` bytes at a multiple of `align`, or undefined if there is no room */
  take(length: number, align = 16): number | undefined {
    for (const [i, span] of this.#free.entries()) {
      const address = Math.ceil(span.address / align) * align;
      const end = address + length;
      const spanEnd = span.address + span.length;
      if (end > spanEnd) continue;
      const rest: Span[] = [];
      if (address > span.address) rest.push({ address: span.address, length: address - span.address });
      if (end < spanEnd) rest.push({ address: end, length: spanEnd - end });
      this.#free.splice(i, 1, ...rest);
      return address;
    }
    return undefined;
  }

  give(address: number, length: number): void {
    if (length === 0) return;
    let i = this.#free.findIndex((span) => span.address > address);
    if (i < 0) i = this.#free.length;
    const before = this.#free[i - 1];
    const after = this.#free[i];
    if ((before && before.address + before.length > address) || (after && address + length > after.address)) {
      throw new BugError("a buffer is given back twice");
    }
    const joinsBefore = before !== undefined && before.address + before.length === address;
    const joinsAfter = after !== undefined && address + length === after.address;
    if (joinsBefore) {
      before.length += length + (joinsAfter ? after.length : 0);
      if (joinsAfter) this.#free.splice(i, 1);
    } else if (joinsAfter) {
      after.address = address;
      after.length += length;
    } else {
      this.#free.splice(i, 0, { address, length });
    }
  }
}
