import type { AttentionPort, IoInterruption } from "@zarch/vmm-interface";
import type { Subchannel } from "./subchannel.ts";

const adapterInterruption = 0x8000_0000;
const subclassShift = 27;

/**
 * Pending I/O interruptions by interruption subclass (PoP chapter 6, "I/O Interruption"): subchannels with status, and adapter
 * interruptions, of which any number collapse into one for each subclass.
 */
export class InterruptionQueue {
  readonly #attention: AttentionPort;
  readonly #subchannels: readonly Set<Subchannel>[] = Array.from({ length: 8 }, () => new Set<Subchannel>());
  #adapters = 0;
  #pending = 0;

  constructor(attention: AttentionPort) {
    this.#attention = attention;
  }

  /** Subclass n is bit 0x80 >> n. */
  get pending(): number {
    return this.#pending;
  }

  add(subchannel: Subchannel): void {
    if (subchannel.interruptionQueued) return;
    subchannel.interruptionQueued = true;
    const subclass = subchannel.pmcw.interruptionSubclass;
    this.#subchannels[subclass]!.add(subchannel);
    this.#pending |= 0x80 >> subclass;
    this.#attention.raise();
  }

  withdraw(subchannel: Subchannel): void {
    if (!subchannel.interruptionQueued) return;
    subchannel.interruptionQueued = false;
    const subclass = subchannel.pmcw.interruptionSubclass;
    this.#subchannels[subclass]!.delete(subchannel);
    this.#update(subclass);
  }

  raiseAdapter(subclass: number): void {
    const bit = 0x80 >> subclass;
    if ((this.#adapters & bit) !== 0) return;
    this.#adapters |= bit;
    this.#pending |= bit;
    this.#attention.raise();
  }

  /** Removes the interruption with the highest priority whose subclass `mask` enables: subclass 0 comes first. */
  take(mask: number): IoInterruption | undefined {
    const enabled = this.#pending & mask & 0xff;
    if (enabled === 0) return undefined;
    const subclass = Math.clz32(enabled) - 24;
    const bit = 0x80 >> subclass;
    if ((this.#adapters & bit) !== 0) {
      this.#adapters &= ~bit;
      this.#update(subclass);
      return { subsystemId: 0, parameter: 0, identification: (adapterInterruption | (subclass << subclassShift)) >>> 0 };
    }
    const [subchannel] = this.#subchannels[subclass]!;
    if (!subchannel) return undefined;
    this.withdraw(subchannel);
    return {
      subsystemId: subchannel.subsystemId,
      parameter: subchannel.pmcw.interruptionParameter,
      identification: subclass << subclassShift,
    };
  }

  reset(): void {
    for (const set of this.#subchannels) {
      for (const subchannel of set) subchannel.interruptionQueued = false;
      set.clear();
    }
    this.#adapters = 0;
    this.#pending = 0;
  }

  #update(subclass: number): void {
    const bit = 0x80 >> subclass;
    if (this.#subchannels[subclass]!.size === 0 && (this.#adapters & bit) === 0) this.#pending &= ~bit;
  }
}
