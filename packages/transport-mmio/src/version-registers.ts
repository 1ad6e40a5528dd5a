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
}
