import type { DescriptorChain } from "./chain.ts";

interface Entry {
  readonly chain: DescriptorChain;
  /** Bytes written, or -1 while the device still has the chain. */
  written: number;
}

/** Puts completions into the order of availability, as VIRTIO_F_IN_ORDER asks for (virtio 2.7.9, 6.2). */
export class CompletionOrder {
  readonly #entries: Entry[] = [];
  #first = 0;

  /** Oldest first: every chain that was not handed out, with the bytes written if the device is done with it. */
  *[Symbol.iterator](): IterableIterator<{ readonly chain: DescriptorChain; readonly written: number | undefined }> {
    for (let i = this.#first; i < this.#entries.length; i++) {
      const { chain, written } = this.#entries[i] as Entry;
      yield { chain, written: written < 0 ? undefined : written };
    }
  }

  popped(chain: DescriptorChain): void {
    this.#entries.push({ chain, written: -1 });
  }

  /** Notes a completion and hands out every chain that is due now, oldest first. */
  completed(chain: DescriptorChain, written: number, release: (chain: DescriptorChain, written: number) => void): void {
    const entries = this.#entries;
    for (let i = this.#first; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      if (entry.chain === chain) {
        entry.written = written;
        break;
      }
    }
    while (this.#first < entries.length) {
      const entry = entries[this.#first] as Entry;
      if (entry.written < 0) break;
      this.#first++;
      release(entry.chain, entry.written);
    }
    if (this.#first > 64 && this.#first * 2 > entries.length) {
      entries.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
