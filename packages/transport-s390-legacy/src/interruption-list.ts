import type { GuestMemory } from "@zarch/guest-memory";
import type { ExternalInterruption, ExternalInterruptionPort } from "@zarch/vmm-interface";
import { INTERRUPTION_CODE, SUBCODE } from "./hypercalls.ts";

/** Something that the guest can be interrupted for, at most once at a time. */
export interface InterruptionReason {
  /** One of `InterruptionParameter`. */
  readonly parameter: number;
  /** Where the tokens are of which the first that is not 0 goes with the interruption. Empty: no token is needed. */
  readonly tokens: readonly number[];
}

/**
 * What is pending, in the order in which it came up. A reason that is pending is not added again, so the list is never longer than there
 * are queues and devices. Tokens are read when the CPU takes the interruption; one without a token is dropped, because the guest would take
 * a 0 for a pointer.
 */
export class InterruptionList implements ExternalInterruptionPort {
  readonly #memory: GuestMemory;
  /** In order of insertion. */
  readonly #pending = new Set<InterruptionReason>();

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  add(reason: InterruptionReason): void {
    this.#pending.add(reason);
  }

  remove(reason: InterruptionReason): void {
    this.#pending.delete(reason);
  }

  clear(): void {
    this.#pending.clear();
  }

  #token({ tokens }: InterruptionReason): { high: number; low: number } | undefined {
    if (tokens.length === 0) return { high: 0, low: 0 };
    for (const address of tokens) {
      const high = this.#memory.loadUint32(address, "big");
      const low = this.#memory.loadUint32(address + 4, "big");
      if (high !== 0 || low !== 0) return { high, low };
    }
    return undefined;
  }

  pendingExternalInterruption(): number {
    for (const reason of this.#pending) {
      if (this.#token(reason) !== undefined) return INTERRUPTION_CODE;
      this.#pending.delete(reason);
    }
    return 0;
  }

  takeExternalInterruption(): ExternalInterruption | undefined {
    for (const reason of this.#pending) {
      this.#pending.delete(reason);
      const token = this.#token(reason);
      if (token) return { code: INTERRUPTION_CODE, cpuAddress: SUBCODE, parameter: reason.parameter, parameter64: token };
    }
    return undefined;
  }
}
