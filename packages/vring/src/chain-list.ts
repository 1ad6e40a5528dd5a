import type { GuestMemory } from "@zarch/guest-memory";
import { ChainRecord, type QueueLife } from "./chain-record.ts";

/** The chains that a device has, in the order of availability, and records for those to come. */
export class ChainList {
  readonly #memory: GuestMemory;
  readonly #life: QueueLife;
  readonly #maxChainLength: number;
  readonly #unused: ChainRecord[] = [];
  #next: ChainRecord | undefined;
  #first: ChainRecord | undefined;
  #last: ChainRecord | undefined;

  constructor(memory: GuestMemory, life: QueueLife, maxChainLength: number) {
    this.#memory = memory;
    this.#life = life;
    this.#maxChainLength = maxChainLength;
  }

  /** An empty record for the next chain. The same one again if it is not appended. */
  next(): ChainRecord {
    this.#next ??= this.#unused.pop() ?? new ChainRecord(this.#memory, this.#life, this.#maxChainLength);
    this.#next.start();
    return this.#next;
  }

  /** Puts the record that {@link next} gave behind all others. */
  append(): void {
    const record = this.#next as ChainRecord;
    this.#next = undefined;
    record.earlier = this.#last;
    record.later = undefined;
    if (this.#last) this.#last.later = record;
    else this.#first = record;
    this.#last = record;
  }

  remove(record: ChainRecord): void {
    const { earlier, later } = record;
    if (earlier) earlier.later = later;
    else this.#first = later;
    if (later) later.earlier = earlier;
    else this.#last = earlier;
    if (record.isReusable) this.#unused.push(record);
  }

  /** The oldest one. */
  get first(): ChainRecord | undefined {
    return this.#first;
  }

  *[Symbol.iterator](): IterableIterator<ChainRecord> {
    for (let record = this.#first; record; record = record.later) yield record;
  }
}
