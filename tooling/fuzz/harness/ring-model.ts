import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import type { DescriptorChain, VirtqueueAreas } from "../../../packages/vring/src/index.ts";
import { Finding } from "../engine/target.ts";
import { type FuzzMemory, uint64 } from "./fuzz-memory.ts";

const F_NEXT = 1;
const F_WRITE = 2;
const F_INDIRECT = 4;
const F_AVAIL = 1 << 7;
const F_USED = 1 << 15;

/** A piece of a chain: address and length in bytes. */
export interface Span {
  readonly address: number;
  readonly length: number;
}

/** What a chain is, according to the bytes that the device read. */
export interface ModelChain {
  readonly id: number;
  readonly readable: readonly Span[];
  readonly writable: readonly Span[];
  readonly descriptors: number;
  /** Slots of a packed ring. */
  readonly slots: number;
}

export interface RingModelConfig {
  readonly format: "split" | "packed";
  readonly size: number;
  readonly areas: VirtqueueAreas;
  readonly endian: Endian;
  readonly indirect: boolean;
  readonly inOrder: boolean;
  readonly maxChainLength: number;
}

interface Descriptor {
  readonly address: number;
  readonly length: number;
  readonly flags: number;
}

/** The bytes that the device read do not tell: it read other ones, or some twice with the guest writing in between. */
class Unknown extends Error {}

function wrong(message: string): never {
  throw new Finding("answer", message);
}

/**
 * A second opinion on the device side of a ring: follows each chain that the device takes, over the very bytes that it read, and with
 * rules of its own straight from virtio 2.7 and 2.8.
 */
export class RingModel {
  readonly #memory: FuzzMemory;
  readonly #config: RingModelConfig;
  /** Chains that the device has, by head or buffer id. */
  readonly inFlight = new Map<number, ModelChain>();
  /** Split: the next available index. Packed: slots passed, over two rounds. */
  #position = 0;
  /** Split: the driver's index as the device last read it, if that is known. */
  #availableIndex: number | undefined;
  /** Packed: slots that the device has, pushed ones included until they are flushed. */
  #slots = 0;
  /** Chains given back that the driver cannot see yet, and with IN_ORDER all that the device has, oldest first. */
  #pending: { readonly chain: ModelChain; pushed: boolean }[] = [];
  /** Chains that the device gives again after it was restored. */
  #again: ModelChain[] = [];
  #patchedBefore = 0;
  /** What the walk in progress looked at. */
  #visited: Span[] = [];
  /** Whether bytes that the device did not read count as they are in memory. */
  #believeMemory = false;
  /** Chains whose bytes did not tell. */
  unknown = 0;
  #lost = false;

  constructor(memory: FuzzMemory, config: RingModelConfig) {
    this.#memory = memory;
    this.#config = config;
  }

  /** To be called after each call, before {@link popped}: the device may have read the driver's index. */
  observeIndex(): void {
    if (this.#config.format === "packed") return;
    const seen = this.#memory.seen(this.#config.areas.driver + 2, 2);
    if (!seen) return;
    const unchanged = this.#memory.patched === this.#patchedBefore;
    this.#availableIndex = unchanged ? seen.getUint16(0, this.#config.endian === "little") : undefined;
  }

  /** To be called before the device is called. */
  beforeCall(): void {
    this.#memory.startWindow();
    this.#patchedBefore = this.#memory.patched;
  }

  /**
   * To be called with the chain that the device took.
   * @throws Finding if it is none that is in the ring
   */
  popped(chain: DescriptorChain): ModelChain | undefined {
    const again = this.#again.shift();
    if (again) {
      this.#compare(chain, again);
      return again;
    }
    const model = this.#walk();
    if (!model) {
      this.unknown++;
      if (this.#config.format === "packed" || this.#config.inOrder) this.lose();
      else this.#position = (this.#position + 1) & 0xffff;
      return undefined;
    }
    const ahead = this.#availableIndex === undefined ? 1 : (this.#availableIndex - this.#position) & 0xffff;
    if (ahead === 0 || ahead > this.#config.size) wrong(`a chain was taken with the available index ${ahead} ahead`);
    this.#compare(chain, model);
    this.inFlight.set(model.id, model);
    this.#pending.push({ chain: model, pushed: false });
    this.#advance(model.slots);
    return model;
  }

  #compare({ id, readable, writable, descriptorCount }: DescriptorChain, model: ModelChain): void {
    if (id !== model.id) wrong(`a chain with id ${id} is ${model.id} in the ring`);
    if (readable.remaining !== total(model.readable)) {
      wrong(`a chain has ${readable.remaining} bytes to read, in the ring ${total(model.readable)}`);
    }
    if (writable.remaining !== total(model.writable)) {
      wrong(`a chain has ${writable.remaining} bytes to write, in the ring ${total(model.writable)}`);
    }
    if (descriptorCount !== model.descriptors) wrong(`a chain of ${descriptorCount} descriptors has ${model.descriptors}`);
  }

  /** Gives up: nothing is known of the ring any more, and everything is right. */
  lose(): void {
    this.#lost = true;
    this.unknown++;
    this.inFlight.clear();
    this.#pending = [];
    this.#again = [];
  }

  /** The device goes on in another object, which gives again what is in flight. */
  restored(): void {
    this.#again = this.#pending.filter(({ pushed }) => !pushed).map(({ chain }) => chain);
    this.#availableIndex = undefined;
    if (this.unknown > 0) this.lose();
  }

  /**
   * To be called when the device stopped with a VirtqueueError.
   * @throws Finding if there is nothing wrong with the ring
   */
  refused(reason: string): void {
    if (this.#lost || this.unknown > 0 || this.#memory.patched !== this.#patchedBefore) return;
    const { format, areas, size } = this.#config;
    this.#believeMemory = true;
    try {
      if (format === "split" && ((this.#u16(areas.driver + 2) - this.#position) & 0xffff) > size) return;
      if (this.#walk() === undefined) return;
    } catch (error) {
      if (error instanceof Finding) return;
      throw error;
    }
    wrong(`a good chain was refused: ${reason}`);
  }

  /** The chain at the current position; undefined if the bytes do not tell. */
  #walk(): ModelChain | undefined {
    if (this.#lost) return undefined;
    this.#visited = [];
    try {
      const model = this.#config.format === "packed" ? this.#walkPacked() : this.#walkSplit();
      return this.#isAmbiguous() ? undefined : model;
    } catch (error) {
      if (error instanceof Unknown || this.#isAmbiguous()) return undefined;
      throw error;
    }
  }

  /** Bytes with two meanings tell nothing if the guest changed something between the reads. */
  #isAmbiguous(): boolean {
    if (this.#memory.patched === this.#patchedBefore) return false;
    const sorted = this.#visited.toSorted((a, b) => a.address - b.address);
    return sorted.some((span, i) => i > 0 && span.address < (sorted[i - 1] as Span).address + (sorted[i - 1] as Span).length);
  }

  /** The device gave a chain back. */
  pushed(id: number): void {
    this.inFlight.delete(id);
    const entry = this.#pending.find(({ chain, pushed }) => chain.id === id && !pushed);
    if (entry) entry.pushed = true;
  }

  /** The device published what it gave back. */
  flushed(): void {
    const held = this.#config.inOrder ? this.#pending.findIndex(({ pushed }) => !pushed) : -1;
    const isDue = (entry: { readonly pushed: boolean }, i: number): boolean => entry.pushed && (held < 0 || i < held);
    for (const { chain } of this.#pending.filter(isDue)) this.#slots -= chain.slots;
    this.#pending = this.#pending.filter((entry, i) => !isDue(entry, i));
  }

  /** The device may have published what it gave back, and have read the driver's index. */
  published(): void {
    this.flushed();
    this.#availableIndex = undefined;
  }

  #advance(slots: number): void {
    const { format, size } = this.#config;
    if (format === "split") this.#position = (this.#position + 1) & 0xffff;
    else {
      this.#position = (this.#position + slots) % (2 * size);
      this.#slots += slots;
    }
  }

  #seen(address: number, length: number): DataView {
    const seen = this.#memory.seen(address, length);
    if (seen) return seen;
    if (!this.#believeMemory || !this.#memory.contains(address, length)) throw new Unknown();
    return new DataView(this.#memory.guest.buffer, address, length);
  }

  #u16(address: number): number {
    return this.#seen(address, 2).getUint16(0, this.#config.endian === "little");
  }

  #descriptor(address: number, flagsAt: number): Descriptor {
    this.#visited.push({ address, length: 16 });
    const body = this.#seen(address, 12);
    const little = this.#config.endian === "little";
    return {
      address: uint64(body, 0, this.#config.endian),
      length: body.getUint32(8, little),
      flags: this.#u16(address + flagsAt),
    };
  }

  #walkSplit(): ModelChain {
    const { areas, size } = this.#config;
    const slot = areas.driver + 4 + 2 * (this.#position % size);
    this.#visited.push({ address: slot, length: 2 });
    const head = this.#u16(slot);
    const parts = new Parts(this.#memory, this.#config.maxChainLength);
    if (head >= size) wrong(`head ${head} was taken from a queue of ${size}`);
    if (this.#isTaken(head)) wrong(`head ${head} was taken twice`);
    let table = areas.descriptor;
    let entries = size;
    let index = head;
    for (let visits = 1; ; visits++) {
      if (visits > entries) wrong("a chain was taken that is longer than its table");
      const at = table + 16 * index;
      const { address, length, flags } = this.#descriptor(at, 12);
      if ((flags & F_INDIRECT) !== 0) {
        this.#checkTable(!parts.inTable && (flags & F_NEXT) === 0, address, length);
        table = address;
        entries = length / 16;
        index = 0;
        visits = 0;
        parts.inTable = true;
        continue;
      }
      parts.add(address, length, flags);
      if ((flags & F_NEXT) === 0) return parts.finish(head, 1);
      index = this.#u16(at + 14);
      if (index >= entries) wrong(`a next descriptor of ${index} was taken from a table of ${entries}`);
    }
  }

  #checkTable(allowed: boolean, address: number, length: number): void {
    if (!allowed || !this.#config.indirect) wrong("an indirect descriptor was taken where none may be");
    if (length === 0 || length % 16 !== 0 || !this.#memory.contains(address, length))
      wrong(`an indirect table of ${length} bytes was taken`);
  }

  #walkPacked(): ModelChain {
    const { areas, size } = this.#config;
    const parts = new Parts(this.#memory, this.#config.maxChainLength);
    const available = this.#position < size ? F_AVAIL : F_USED;
    for (let slots = 1; ; slots++) {
      if (slots > size - this.#slots) wrong("a chain was taken that is longer than what is free of the ring");
      const at = areas.descriptor + 16 * ((this.#position + slots - 1) % size);
      const { address, length, flags } = this.#descriptor(at, 14);
      if (slots === 1 && (flags & (F_AVAIL | F_USED)) !== available) {
        // The device looks again after it has asked to be notified.
        if (this.#memory.patched !== this.#patchedBefore) throw new Unknown();
        wrong("a descriptor was taken that is not available");
      }
      if ((flags & F_INDIRECT) !== 0) {
        this.#checkTable(slots === 1 && (flags & F_NEXT) === 0, address, length);
        for (let entry = 0; entry < length / 16; entry++) {
          const part = this.#descriptor(address + 16 * entry, 14);
          parts.add(part.address, part.length, part.flags);
        }
      } else {
        parts.add(address, length, flags);
        if ((flags & F_NEXT) !== 0) continue;
      }
      const id = this.#u16(at + 12);
      if (this.#isTaken(id)) wrong(`buffer id ${id} was taken twice`);
      return parts.finish(id, slots);
    }
  }

  #isTaken(id: number): boolean {
    return this.#pending.some(({ chain }) => chain.id === id);
  }

  /** Whether the device may write there: areas that are its own, and what chains in its hands offer. */
  mayWrite(address: number, length: number): boolean {
    const { areas, size, format } = this.#config;
    if (format === "split" ? within(areas.device, 6 + 8 * size, address, length) : within(areas.device, 4, address, length)) return true;
    if (format === "packed" && within(areas.descriptor, 16 * size, address, length)) return true;
    if (this.unknown > 0) return true;
    for (const { writable } of this.inFlight.values()) {
      for (const span of writable) if (within(span.address, span.length, address, length)) return true;
    }
    return false;
  }
}

function within(start: number, size: number, address: number, length: number): boolean {
  return address >= start && address + length <= start + size;
}

function total(spans: readonly Span[]): number {
  return spans.reduce((sum, { length }) => sum + length, 0);
}

/** Collects the descriptors of a chain and checks what holds for all of them together. */
class Parts {
  inTable = false;
  readonly #memory: FuzzMemory;
  readonly #limit: number;
  readonly #readable: Span[] = [];
  readonly #writable: Span[] = [];
  #writing = false;
  #count = 0;

  constructor(memory: FuzzMemory, limit: number) {
    this.#memory = memory;
    this.#limit = limit;
  }

  add(address: number, length: number, flags: number): void {
    if (++this.#count > this.#limit) wrong(`a chain of more than ${this.#limit} descriptors was taken`);
    if (length > 0 && !this.#memory.contains(address, length)) wrong("a buffer was taken that is not in memory");
    if ((flags & F_WRITE) !== 0) {
      this.#writing = true;
      this.#writable.push({ address, length });
    } else {
      if (this.#writing) wrong("a readable descriptor after a writable one was taken");
      this.#readable.push({ address, length });
    }
  }

  finish(id: number, slots: number): ModelChain {
    const sum = total(this.#readable) + total(this.#writable);
    if (sum > 2 ** 32) wrong(`a chain of ${sum} bytes was taken`);
    return { id, readable: this.#readable, writable: this.#writable, descriptors: this.#count, slots };
  }
}
