import { F_RING_RESET, type SharedMemoryRegion, type StateReader, type VirtioFrontend, type VirtioState } from "@zarch/virtio";
import { VirtioMmioRegister as Register } from "./registers.ts";
import { checkInUse, NOTHING, readQueues, type VersionRegisters } from "./version-registers.ts";

const ALL_ONES = 0xffff_ffff;

/** Registers of a queue with 32 bits that the driver writes. Addresses are in halves. */
const LATCHES = ["size", "descriptorLow", "descriptorHigh", "driverLow", "driverHigh", "deviceLow", "deviceHigh"] as const;

/** What the driver wrote for one queue. */
class QueueRegisters implements Record<(typeof LATCHES)[number], number> {
  ready = false;
  /** The queue's reset while it is under way. */
  resetting: Promise<void> | undefined;
  size = 0;
  descriptorLow = 0;
  descriptorHigh = 0;
  driverLow = 0;
  driverHigh = 0;
  deviceLow = 0;
  deviceHigh = 0;

  clear(): void {
    this.ready = false;
    this.resetting = undefined;
    for (const name of LATCHES) this[name] = 0;
  }
}

/** Of the 64 bits of an address or a length; all ones if there is none. */
function lowHalf(value: number | undefined): number {
  return value === undefined ? ALL_ONES : value % 0x1_0000_0000;
}

function highHalf(value: number | undefined): number {
  return value === undefined ? ALL_ONES : Math.floor(value / 0x1_0000_0000);
}

/** An address from its halves. What is 2^53 or more is inexact, but never becomes an address inside memory. */
function address(high: number, low: number): number {
  return high * 0x1_0000_0000 + low;
}

/** Version 2, for virtio 1.x drivers (virtio 4.2.2). */
export class ModernRegisters implements VersionRegisters {
  readonly version = 2;
  readonly #frontend: VirtioFrontend;
  readonly #queues: readonly QueueRegisters[];
  #shmSel = 0;

  constructor(frontend: VirtioFrontend) {
    this.#frontend = frontend;
    this.#queues = Array.from({ length: frontend.queueCount }, () => new QueueRegisters());
  }

  reset(): void {
    for (const queue of this.#queues) queue.clear();
    this.#shmSel = 0;
  }

  save(): Readonly<Record<string, unknown>> {
    const queues = this.#queues.map((queue) => ({
      ready: queue.ready,
      ...Object.fromEntries(LATCHES.map((name) => [name, queue[name]])),
    }));
    return { shmSel: this.#shmSel, queues };
  }

  restore(state: StateReader, frontend: VirtioState): void {
    const queues = readQueues(state, this.#queues.length);
    this.#shmSel = state.integer("shmSel", 0, ALL_ONES);
    for (const [index, queue] of this.#queues.entries()) {
      const saved = queues[index]!;
      queue.ready = saved.boolean("ready");
      for (const name of LATCHES) queue[name] = saved.integer(name, 0, ALL_ONES);
      checkInUse(saved, queue.ready, index, frontend);
    }
  }

  /** What SHMSel selects, if that exists. */
  get #sharedMemory(): SharedMemoryRegion | undefined {
    return this.#frontend.sharedMemoryRegion(this.#shmSel);
  }

  read(offset: number, index: number): number {
    switch (offset) {
      case Register.queueReady:
        return this.#queues[index]?.ready ? 1 : 0;
      case Register.queueReset:
        return this.#queues[index]?.resetting === undefined ? 0 : 1;
      case Register.configGeneration:
        return this.#frontend.configGeneration;
      case Register.shmLenLow:
        return lowHalf(this.#sharedMemory?.length);
      case Register.shmLenHigh:
        return highHalf(this.#sharedMemory?.length);
      case Register.shmBaseLow:
        return lowHalf(this.#sharedMemory?.address);
      case Register.shmBaseHigh:
        return highHalf(this.#sharedMemory?.address);
      default:
        return NOTHING;
    }
  }

  write(offset: number, index: number, value: number): boolean {
    if (offset === Register.shmSel) {
      this.#shmSel = value;
      return true;
    }
    const queue = this.#queues[index];
    if (queue === undefined) return false;
    if (offset === Register.queueReady) {
      if (value === 1) this.#enable(index, queue);
      else if (value === 0) this.#disable(index, queue);
      return true;
    }
    if (offset === Register.queueReset) {
      if (value === 1) this.#reset(index, queue);
      return true;
    }
    return !queue.ready && latch(queue, offset, value);
  }

  #enable(index: number, queue: QueueRegisters): void {
    if (queue.ready) return;
    queue.ready = this.#frontend.setUpQueue(index, {
      size: queue.size,
      areas: {
        descriptor: address(queue.descriptorHigh, queue.descriptorLow),
        driver: address(queue.driverHigh, queue.driverLow),
        device: address(queue.deviceHigh, queue.deviceLow),
      },
    });
  }

  /** The driver stops using the queue. Where queues can be reset this is a reset, so that the queue can be enabled again. */
  #disable(index: number, queue: QueueRegisters): void {
    if (!queue.ready) return;
    if (!this.#reset(index, queue)) this.#frontend.stopQueue(index);
    queue.ready = false;
  }

  /**
   * Resets a queue (2.6.1), which may take time.
   * @returns false if there is nothing to do it with: no feature, a device that failed, or a reset that is under way already
   */
  #reset(index: number, queue: QueueRegisters): boolean {
    if (!this.#frontend.features.has(F_RING_RESET)) return false;
    const pending = this.#frontend.resetQueue(index);
    // A queue that is not in service has nothing in work: its set-up is forgotten, and that is all.
    if (pending === false && !this.#frontend.disableQueue(index)) return false;
    if (!(pending instanceof Promise)) {
      queue.clear();
      return true;
    }
    queue.resetting = pending;
    void pending.then(() => {
      // Otherwise a reset of the whole device came first.
      if (queue.resetting === pending) queue.clear();
    });
    return true;
  }
}

/** @returns false if there is no such register */
function latch(queue: QueueRegisters, offset: number, value: number): boolean {
  switch (offset) {
    case Register.queueSize:
      queue.size = value;
      return true;
    case Register.queueDescLow:
      queue.descriptorLow = value;
      return true;
    case Register.queueDescHigh:
      queue.descriptorHigh = value;
      return true;
    case Register.queueDriverLow:
      queue.driverLow = value;
      return true;
    case Register.queueDriverHigh:
      queue.driverHigh = value;
      return true;
    case Register.queueDeviceLow:
      queue.deviceLow = value;
      return true;
    case Register.queueDeviceHigh:
      queue.deviceHigh = value;
      return true;
    default:
      return false;
  }
}
