import { ByteQueue } from "./byte-queue.ts";
import { type EventSource, EventType, eventHeaderLength, eventMask, storeEventHeader } from "./event-facility.ts";
import { ResponseCode } from "./sccb.ts";

/** What both SCLP consoles need of their host. */
export interface ConsoleHost {
  /** Takes what the guest prints. `bytes` is the receiver's to keep. */
  output(bytes: Uint8Array): void;
  /** Called when a console that refused part of its input has room again. */
  inputReady?(): void;
}

export interface Vt220ConsoleOptions extends ConsoleHost {
  /** Most bytes of input held until the guest reads them. Default 4096. */
  readonly inputCapacity?: number;
}

/** First byte of the data of an input event: what follows is session data. */
const sessionData = 0x00;

/**
 * The ASCII console (event type 0x1A), which Linux calls ttysclp0: bytes both ways, as a VT220 terminal would see them.
 */
export class Vt220Console implements EventSource {
  readonly sendMask = eventMask(EventType.asciiConsoleData);
  readonly receiveMask = eventMask(EventType.asciiConsoleData);
  readonly #host: ConsoleHost;
  readonly #input: ByteQueue;
  #refused = false;
  #notify: () => void = () => {};

  constructor(options: Vt220ConsoleOptions) {
    this.#host = options;
    this.#input = new ByteQueue(options.inputCapacity ?? 4096);
  }

  /**
   * Offers input to the guest.
   * @returns bytes accepted; when that is fewer than offered, {@link ConsoleHost.inputReady} tells when to offer the rest
   */
  input(bytes: Uint8Array): number {
    const accepted = this.#input.push(bytes);
    this.#refused = accepted < bytes.length;
    if (accepted > 0) this.#notify();
    return accepted;
  }

  connect(notify: () => void): void {
    this.#notify = notify;
  }

  pendingMask(): number {
    return this.#input.length > 0 ? this.sendMask : 0;
  }

  read(_mask: number, room: Uint8Array): number {
    const overhead = eventHeaderLength + 1;
    if (room.length <= overhead) return 0;
    const length = overhead + Math.min(this.#input.length, room.length - overhead);
    storeEventHeader(room, length, EventType.asciiConsoleData);
    room[eventHeaderLength] = sessionData;
    this.#input.shift(room.subarray(overhead, length));
    if (this.#refused) {
      this.#refused = false;
      this.#host.inputReady?.();
    }
    return length;
  }

  write(_type: number, data: Uint8Array): number {
    if (data.length > 0) this.#host.output(data.slice());
    return ResponseCode.normalCompletion;
  }

  /** Input that was typed but not read outlives a reset, like keystrokes waiting in a terminal. */
  reset(): void {}
}
