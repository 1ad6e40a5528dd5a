import type { StateReader, VirtioState } from "@zarch/virtio";

/** What a read of a register that is not there, or cannot be read, gives. */
export const NOTHING = 0;

/** The registers in which the two versions of the layout differ: how queues are set up, and what only one of them has. */
export interface VersionRegisters {
  /** What the Version register reads. */
  readonly version: 1 | 2;
  /** @param queue value of QueueSel, 32 bits */
  read(offset: number, queue: number): number;
  /**
   * @param queue value of QueueSel, 32 bits
   * @param value 32 bits, unsigned
   * @returns false if there is no such register to write
   */
  write(offset: number, queue: number, value: number): boolean;
  /** The device is reset: queues are as they were at first. */
  reset(): void;
  /** What the driver wrote, as plain data for JSON. */
  save(): Readonly<Record<string, unknown>>;
  /**
   * Puts back what {@link save} gave, once the frontend has its state.
   * @param state of unknown origin
   * @param frontend what the frontend has restored
   * @throws VirtioStateError if it is unusable, or contradicts the frontend
   */
  restore(state: StateReader, frontend: VirtioState): void;
}

/** More queues than any device has. */
const MAX_QUEUES = 0x1_0000;

/**
 * The registers of all queues.
 * @throws VirtioStateError if they are not those of a device with `count` queues
 */
export function readQueues(state: StateReader, count: number): StateReader[] {
  const queues = state.children("queues", MAX_QUEUES);
  if (queues.length !== count) state.refuseDevice(`it has ${queues.length} queues`);
  return queues;
}

/**
 * Compares a queue that is or is not in use by its registers with what the frontend has of it.
 * @throws VirtioStateError if they differ
 */
export function checkInUse(state: StateReader, inUse: boolean, index: number, { queues, active, broken }: VirtioState): void {
  const queue = queues[index];
  if (inUse && !queue) state.refuse("a queue is in use that is not set up");
  // One that was stopped stays set up until the next reset, and out of service.
  const stopped = queue?.ring === null && (active !== null || broken);
  if (!inUse && queue && !stopped) state.refuse("a queue is set up that is not in use");
}
