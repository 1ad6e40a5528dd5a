import { BugError } from "@zarch/vmm-interface";
import type { InterruptionQueue } from "./interruption-queue.ts";

/**
 * Adapter interruptions: I/O interruptions that belong to no subchannel. The program learns from indicators in storage what they are
 * about, so an adapter sets its indicators first and then calls {@link raise}.
 */
export class AdapterInterruptions {
  readonly #queue: InterruptionQueue;

  constructor(queue: InterruptionQueue) {
    this.#queue = queue;
  }

  /**
   * Makes an adapter interruption pending.
   * @param subclass interruption subclass (ISC), 0 to 7. Interruptions of one subclass collapse until the CPU takes one.
   */
  raise(subclass: number): void {
    if (!Number.isInteger(subclass) || subclass < 0 || subclass > 7) throw new BugError(`interruption subclass ${subclass}`);
    this.#queue.raiseAdapter(subclass);
  }
}
