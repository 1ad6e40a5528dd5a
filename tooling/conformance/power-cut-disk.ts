import { type BlockBackend, HostError } from "../../packages/vmm-interface/src/index.ts";

/** A disk in memory that knows what a power failure would leave of it, and that can keep those who use it waiting. */
export class PowerCutDisk implements BlockBackend {
  readonly readOnly: boolean;
  readonly blockSize = 4096;
  readonly identity = "conformance";
  #content: Uint8Array;
  #stable: Uint8Array;
  readonly #listeners = new Set<() => void>();
  #gate: { readonly promise: Promise<void>; readonly open: () => void } | undefined;

  constructor(size: number, readOnly = false) {
    this.readOnly = readOnly;
    this.#content = Uint8Array.from({ length: size }, (_, i) => i * 13 + (i >> 9));
    this.#stable = this.#content.slice();
  }

  get size(): number {
    return this.#content.length;
  }

  /** Keeps all calls from now on. */
  hold(): void {
    if (this.#gate) return;
    let open = (): void => {};
    const promise = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gate = { promise, open };
  }

  release(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  #check(offset: number, length: number, change: boolean): void {
    if (offset < 0 || offset + length > this.size || (change && this.readOnly)) {
      throw new HostError("ERR_CONFORMANCE_DISK", `a device must not ask for ${length} bytes at ${offset}`);
    }
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    this.#check(offset, target.length, false);
    await this.#gate?.promise;
    target.set(this.#content.subarray(offset, offset + target.length));
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    this.#check(offset, data.length, true);
    await this.#gate?.promise;
    this.#content.set(data, offset);
  }

  async flush(): Promise<void> {
    await this.#gate?.promise;
    this.#stable = this.#content.slice();
  }

  async discard(offset: number, length: number): Promise<void> {
    await this.writeZeroes(offset, length);
  }

  async writeZeroes(offset: number, length: number): Promise<void> {
    this.#check(offset, length, true);
    await this.#gate?.promise;
    this.#content.fill(0, offset, offset + length);
  }

  onResize(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  resize(size: number): void {
    const content = new Uint8Array(size);
    content.set(this.#content.subarray(0, size));
    this.#content = content;
    for (const listener of this.#listeners) listener();
  }

  content(offset: number, length: number): Uint8Array {
    return this.#content.slice(offset, offset + length);
  }

  stable(offset: number, length: number): Uint8Array {
    return this.#stable.slice(offset, offset + length);
  }
}
