import type { GuestMemory } from "@zarch/guest-memory";
import type { BufferSpan } from "@zarch/vring";
import type { BufferPool } from "./buffer-pool.ts";
import type { Answer, PlacedBuffer } from "./driver-queue.ts";

/** One buffer on its way, from the call to its return. */
export interface Job {
  /** Number of descriptors. */
  readonly parts: number;
  /** Where the buffer is; takes memory and fills it, if that has not happened. Undefined if there is no memory now. */
  place(): { readonly out: readonly BufferSpan[]; readonly into: readonly BufferSpan[] } | undefined;
  /** The device has used the buffer, and says to have written so many bytes. Means nothing to a caller who does not wait any more. */
  complete(written: number): void;
  readonly reject: (reason: unknown) => void;
  /** The buffer is the driver's again: gives its memory back. */
  release(): void;
  /** Stops listening to the caller's signal. */
  stopListening: () => void;
}

/** A buffer that lies where its owner put it. */
export class PlacedJob implements Job {
  readonly parts: number;
  readonly #spans: Required<PlacedBuffer>;
  readonly complete: (written: number) => void;
  readonly reject: (reason: unknown) => void;
  stopListening = (): void => {};

  constructor({ out = [], into = [] }: PlacedBuffer, resolve: (written: number) => void, reject: (reason: unknown) => void) {
    this.#spans = { out, into };
    this.parts = out.length + into.length;
    this.complete = resolve;
    this.reject = reject;
  }

  place(): Required<PlacedBuffer> {
    return this.#spans;
  }

  release(): void {}
}

const ALIGN = 16;

function roundUp(length: number): number {
  return Math.ceil(length / ALIGN) * ALIGN;
}

/** A buffer that is copied into memory of the pool, all parts in one block, and its answer out of it. */
export class CopiedJob implements Job {
  readonly parts: number;
  /** Bytes of the block. */
  readonly size: number;
  readonly reject: (reason: unknown) => void;
  stopListening = (): void => {};
  readonly #memory: GuestMemory;
  readonly #pool: BufferPool;
  readonly #out: readonly Uint8Array[];
  readonly #into: readonly number[];
  readonly #fill: number;
  readonly #resolve: (answer: Answer) => void;
  #block: number | undefined;
  #spans: Required<PlacedBuffer> | undefined;

  constructor(
    where: { readonly memory: GuestMemory; readonly pool: BufferPool },
    what: { readonly out: readonly Uint8Array[]; readonly into: readonly number[]; readonly fill: number },
    resolve: (answer: Answer) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#memory = where.memory;
    this.#pool = where.pool;
    this.#out = what.out;
    this.#into = what.into;
    this.#fill = what.fill;
    this.#resolve = resolve;
    this.reject = reject;
    this.parts = what.out.length + what.into.length;
    this.size = [...what.out.map((bytes) => bytes.length), ...what.into].reduce((sum, length) => sum + roundUp(length), 0);
  }

  place(): Required<PlacedBuffer> | undefined {
    if (this.#spans) return this.#spans;
    this.#block = this.#pool.take(this.size, ALIGN);
    if (this.#block === undefined) return undefined;
    let at = this.#block;
    const next = (length: number): BufferSpan => {
      const span = { address: at, length };
      at += roundUp(length);
      return span;
    };
    const out = this.#out.map((bytes) => next(bytes.length));
    const into = this.#into.map(next);
    for (const [i, bytes] of this.#out.entries()) this.#memory.write((out[i] as BufferSpan).address, bytes);
    for (const { address, length } of into) this.#memory.fill(address, length, this.#fill);
    this.#spans = { out, into };
    return this.#spans;
  }

  complete(written: number): void {
    const into = this.#spans?.into ?? [];
    const data = new Uint8Array(into.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const { address, length } of into) {
      this.#memory.read(address, data.subarray(at, at + length));
      at += length;
    }
    this.#resolve({ written, data });
  }

  release(): void {
    if (this.#block !== undefined) this.#pool.give(this.#block, this.size);
    this.#block = undefined;
  }
}
