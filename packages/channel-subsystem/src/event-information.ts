/** Notification types of STORE EVENT INFORMATION: channel subsystem (0) and PCI functions (2). */
export type NotificationType = 0 | 2;

/** Events kept for the program; the oldest are lost first. */
export const eventLimit = 256;

/** Events that wait for the CHSC command STORE EVENT INFORMATION. */
export class EventInformation {
  readonly #queues: Record<NotificationType, Uint8Array[]> = { 0: [], 2: [] };
  #lost = false;

  /** @param data what the response holds after its eight-byte header, beginning with the flags byte; at most 4072 bytes */
  add(type: NotificationType, data: Uint8Array): void {
    const queue = this.#queues[type];
    if (queue.length === eventLimit) {
      queue.shift();
      this.#lost = true;
    }
    queue.push(data.slice(0, 4072));
  }

  has(type: NotificationType): boolean {
    return this.#queues[type].length > 0;
  }

  take(type: NotificationType): Uint8Array | undefined {
    return this.#queues[type].shift();
  }

  /** Whether events were lost since the last call. */
  takeLost(): boolean {
    const lost = this.#lost;
    this.#lost = false;
    return lost;
  }

  reset(): void {
    this.#queues[0] = [];
    this.#queues[2] = [];
    this.#lost = false;
  }
}
