import type { BlockBackend } from "@zarch/vmm-interface";

/** A disk in memory that tells what was stable when, and can hold or fail its operations. */
export class MemoryDisk implements BlockBackend {
  bytes: Uint8Array;
  /** What a power failure would leave. */
  stable: Uint8Array;
  readonly readOnly: boolean;
  readonly identity = "memory-disk-0123456789-abc";
  readonly calls: string[] = [];
  /** While set, operations wait in {@link waiting}. */
  hold = false;
  readonly waiting: (() => void)[] = [];
  failing: ((call: string) => boolean) | undefined;
  #listeners = new Set<() => void>();

  constructor(size: number, readOnly = false) {
    this.bytes = Uint8Array.from({ length: size }, (_, i) => (i >> 9) * 7 + (i & 0xff));
    this.stable = this.bytes.slice();
    this.readOnly = readOnly;
  }

  get size(): number {
    return this.bytes.length;
  }

  resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.bytes.subarray(0, size));
    this.bytes = bytes;
    for (const listener of this.#listeners) listener();
  }

  async #call(name: string, action: () => void): Promise<void> {
    this.calls.push(name);
    if (this.hold) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.failing?.(name)) throw new Error(`no ${name}`);
    action();
  }

  /** Lets the operation that waits at position `index` go on, and all that follows from it. */
  async finish(index = 0): Promise<void> {
    this.waiting.splice(index, 1)[0]?.();
    await settle();
  }

  read(offset: number, target: Uint8Array): Promise<void> {
    return this.#call(`read ${offset} ${target.length}`, () => target.set(this.bytes.subarray(offset, offset + target.length)));
  }

  write(offset: number, data: Uint8Array): Promise<void> {
    return this.#call(`write ${offset} ${data.length}`, () => this.bytes.set(data, offset));
  }

  flush(): Promise<void> {
    return this.#call("flush", () => {
      this.stable = this.bytes.slice();
    });
  }

  discard?(offset: number, length: number): Promise<void> {
    return this.#call(`discard ${offset} ${length}`, () => this.bytes.fill(0xdd, offset, offset + length));
  }

  writeZeroes?(offset: number, length: number, mayUnmap: boolean): Promise<void> {
    return this.#call(`zero ${offset} ${length}${mayUnmap ? " unmap" : ""}`, () => this.bytes.fill(0, offset, offset + length));
  }

  onResize(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Lets everything run that is ready to run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
