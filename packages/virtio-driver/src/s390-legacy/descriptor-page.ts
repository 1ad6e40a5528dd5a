import type { GuestMemory } from "@zarch/guest-memory";
import type { BufferSpan } from "@zarch/vring";
import { entryAt, type PageEntry } from "./page-entry.ts";
import { S390LegacyTransport } from "./s390-legacy-transport.ts";

/** What a guest gets with external interruption 0x2603. */
export interface PageInterruption {
  /** Interruption code, and the subcode in the CPU address field. */
  readonly code: number;
  readonly cpuAddress: number;
  readonly parameter: number;
  /** The token, in two halves. */
  readonly parameter64?: { readonly high: number; readonly low: number };
}

export interface DescriptorPageDriverOptions {
  /** Storage, the page above it, and the rings above that. */
  readonly memory: GuestMemory;
  /** Address of the page: the end of storage. */
  readonly address: number;
  /** DIAGNOSE 0x500: number in general register 1, argument and result in register 2. */
  readonly hypercall: (number: number, argument: number) => number;
  /** The part of storage that is the drivers'; every device gets a share of its own. Default: all but the first page. */
  readonly region?: BufferSpan;
}

const PAGE_SIZE = 4096;

const INTERRUPTION_CODE = 0x2603;
/** The subcode's low byte may vary. */
const SUBCODE_MASK = 0xff00;
const SUBCODE = 0x0d00;

const QUEUE = 0;
const CONFIGURATION = 1;
const DEVICE_ADDED = 2;

/** Tokens are the number of a device and its queue, from 1 on because 0 stands for none. */
const QUEUES_PER_DEVICE = 256;

/**
 * The driver's end of the s390 descriptor page: finds its devices, and hands interruptions to them.
 *
 * ```ts
 * const page = new DescriptorPageDriver({ memory, address, hypercall });
 * const [transport] = page.scan();
 * ```
 */
export class DescriptorPageDriver {
  readonly #options: DescriptorPageDriverOptions;
  /** By address of the entry, in the order of the page. */
  readonly #devices = new Map<number, S390LegacyTransport>();
  readonly #added = new Set<() => void>();
  #nextShare: number;

  constructor(options: DescriptorPageDriverOptions) {
    this.#options = options;
    this.#nextShare = (options.region ?? { address: PAGE_SIZE }).address;
  }

  /** All entries, up to the first of type 0 or the first that does not end on the page. */
  entries(): PageEntry[] {
    const { memory, address } = this.#options;
    const entries: PageEntry[] = [];
    for (let offset = 0; ; ) {
      const entry = entryAt(memory, address, offset, PAGE_SIZE);
      if (!entry) return entries;
      entries.push(entry);
      offset += entry.size;
    }
  }

  /**
   * The devices that are there and were not given out by an earlier call.
   * @param share bytes of the region for each. Default: what is left, divided among them
   */
  scan(share?: number): S390LegacyTransport[] {
    const { memory, hypercall, address, region = { address: PAGE_SIZE, length: address - PAGE_SIZE } } = this.#options;
    const fresh = this.entries().filter((entry) => !this.#devices.has(entry.address));
    const left = region.address + region.length - this.#nextShare;
    const length = Math.floor((share ?? left / Math.max(1, fresh.length)) / PAGE_SIZE) * PAGE_SIZE;
    return fresh.map((entry) => {
      const token = 1 + this.#devices.size * QUEUES_PER_DEVICE;
      const part = { address: this.#nextShare, length };
      this.#nextShare += length;
      const transport = new S390LegacyTransport({ memory, entry, hypercall, region: part, token });
      this.#devices.set(entry.address, transport);
      return transport;
    });
  }

  /** Calls `listener` when a device was added; {@link scan} then gives it. Returns a function that stops it. */
  onAdded(listener: () => void): () => void {
    this.#added.add(listener);
    return () => this.#added.delete(listener);
  }

  /** An external interruption. Others than those of the page are ignored. */
  interruption({ code, cpuAddress, parameter, parameter64 }: PageInterruption): void {
    if (code !== INTERRUPTION_CODE || (cpuAddress & SUBCODE_MASK) !== SUBCODE) return;
    const what = parameter & 0xff;
    if (what === DEVICE_ADDED) {
      for (const listener of this.#added) listener();
      return;
    }
    if (parameter64?.high !== 0 || (what !== QUEUE && what !== CONFIGURATION)) return;
    const number = parameter64.low - 1;
    const transport = [...this.#devices.values()][Math.floor(number / QUEUES_PER_DEVICE)];
    if (what === CONFIGURATION) transport?.configInterrupt();
    else transport?.queueInterrupt(number % QUEUES_PER_DEVICE);
  }
}
