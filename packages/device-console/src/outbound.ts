import { HostError } from "@zarch/vmm-interface";

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
}

/** Most writers that may wait for room at a time. One that awaits its writes is one. */
const MAX_WAITING = 1024;

/** Bytes on their way to the guest, in order, with a bound and an end. */
export class Outbound {
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are gone. */
  #offset = 0;
  #buffered = 0;
  readonly #waiting: Waiting[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are held here. */
  get buffered(): number {
    return this.#buffered;
  }

  /** Whether anything is left, also with those who wait for room. */
  get empty(): boolean {
    return this.#buffered === 0 && this.#waiting.length === 0;
  }

  /** Takes a copy of `bytes`, all or nothing. */
  tryPut(bytes: Uint8Array): boolean {
    if (this.#buffered >= this.#limit || this.#waiting.length > 0) return false;
    this.#append(bytes);
    return true;
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes.slice());
    this.#buffered += bytes.length;
  }

  /** Takes `bytes` as soon as there is room, in the order of the calls. The caller leaves them alone until then. */
  put(bytes: Uint8Array): Promise<void> {
    if (this.tryPut(bytes)) return Promise.resolve();
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(new HostError("ERR_CONSOLE_BACKPRESSURE", `${MAX_WAITING} writes wait for the guest; await them`));
    }
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve });
    });
  }

  /** The bytes that are held here, those of writers who wait for room not among them: their promises have not settled. */
  save(): Uint8Array {
    const bytes = new Uint8Array(this.#buffered);
    let at = -this.#offset;
    for (const chunk of this.#chunks) {
      bytes.set(at < 0 ? chunk.subarray(-at) : chunk, Math.max(0, at));
      at += chunk.length;
    }
    return bytes;
  }

  /** Goes on with what was saved, in front of what was put since. */
  restore(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const first = this.#chunks[0];
    if (first) this.#chunks[0] = first.subarray(this.#offset);
    this.#offset = 0;
    this.#chunks.unshift(bytes);
    this.#buffered += bytes.length;
  }

  /** Forgets what is held here. */
  clear(): void {
    this.#chunks.length = 0;
    this.#offset = 0;
    this.#buffered = 0;
  }

  /** Hands bytes to `sink` in pieces of at most `length` until that many are gone; returns their number. */
  take(length: number, sink: (piece: Uint8Array) => void): number {
    let taken = 0;
    while (taken < length) {
      const chunk = this.#chunks[0];
      if (!chunk) break;
      const piece = chunk.subarray(this.#offset, this.#offset + length - taken);
      sink(piece);
      taken += piece.length;
      this.#offset += piece.length;
      if (this.#offset === chunk.length) {
        this.#chunks.shift();
        this.#offset = 0;
      }
    }
    this.#buffered -= taken;
    while (this.#buffered < this.#limit) {
      const next = this.#waiting.shift();
      if (!next) break;
      this.#append(next.bytes);
      next.resolve();
    }
    return taken;
  }
}
