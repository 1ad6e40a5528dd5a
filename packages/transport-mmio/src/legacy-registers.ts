import type { StateReader, VirtioFrontend, VirtioState } from "@zarch/virtio";
import { VirtioMmioLegacyRegister as LegacyRegister, VirtioMmioRegister as Register } from "./registers.ts";
import { checkInUse, NOTHING, readQueues, type VersionRegisters } from "./version-registers.ts";

const MAX_VALUE = 0xffff_ffff;

/** What the driver wrote for one queue. */
interface QueueRegisters {
  size: number;
  /** Alignment of the used ring in bytes. */
  align: number;
  /** Page number of a queue in use, else 0. */
  pfn: number;
}

/** Version 1, for drivers from before virtio 1.0 (virtio 4.2.4): contiguous rings, found by the number of a page. */
export class LegacyRegisters implements VersionRegisters {
  readonly version = 1;
  readonly #frontend: VirtioFrontend;
  readonly #queues: readonly QueueRegisters[];
  /** Bytes. Outlives a reset of the device: Linux writes it when it finds the device, and resets afterwards. */
  #guestPageSize = 0;

  constructor(frontend: VirtioFrontend) {
    this.#frontend = frontend;
    this.#queues = Array.from({ length: frontend.queueCount }, () => ({ size: 0, align: 0, pfn: 0 }));
  }

  reset(): void {
    for (const queue of this.#queues) {
      queue.size = 0;
      queue.align = 0;
      queue.pfn = 0;
    }
  }

  save(): Readonly<Record<string, unknown>> {
    return { guestPageSize: this.#guestPageSize, queues: this.#queues.map((queue) => ({ ...queue })) };
  }

  restore(state: StateReader, frontend: VirtioState): void {
    const queues = readQueues(state, this.#queues.length);
    this.#guestPageSize = state.integer("guestPageSize", 0, MAX_VALUE);
    for (const [index, queue] of this.#queues.entries()) {
      const saved = queues[index]!;
      for (const name of ["size", "align", "pfn"] as const) queue[name] = saved.integer(name, 0, MAX_VALUE);
      checkInUse(saved, queue.pfn !== 0, index, frontend);
    }
  }

  read(offset: number, index: number): number {
    return offset === LegacyRegister.queuePfn ? (this.#queues[index]?.pfn ?? 0) : NOTHING;
  }

  write(offset: number, index: number, value: number): boolean {
    if (offset === LegacyRegister.guestPageSize) {
      this.#guestPageSize = value;
      return true;
    }
    const queue = this.#queues[index];
    if (queue === undefined) return false;
    if (offset === LegacyRegister.queuePfn) {
      if (value === 0) this.#stop(index, queue);
      else this.#use(index, queue, value);
      return true;
    }
    if (queue.pfn !== 0) return false;
    if (offset === Register.queueSize) queue.size = value;
    else if (offset === LegacyRegister.queueAlign) queue.align = value;
    else return false;
    return true;
  }

  #use(index: number, queue: QueueRegisters, pfn: number): void {
    if (queue.pfn !== 0 || !isPowerOfTwo(this.#guestPageSize)) return;
    const { size, align } = queue;
    if (this.#frontend.setUpLegacyQueue(index, { address: pfn * this.#guestPageSize, size, align })) queue.pfn = pfn;
  }

  #stop(index: number, queue: QueueRegisters): void {
    queue.pfn = 0;
    this.#frontend.stopQueue(index);
  }
}

/** @param value 32 bits, unsigned */
function isPowerOfTwo(value: number): boolean {
  return value !== 0 && (value & (value - 1)) === 0;
}
