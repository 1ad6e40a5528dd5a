import { type EventSource, EventType, eventHeaderLength, eventMask, storeEventHeader } from "./event-facility.ts";
import { ResponseCode } from "./sccb.ts";

/** The signal-quiesce event (type 0x1D): the host asks the control program to shut down in good order. */
export class SignalQuiesce implements EventSource {
  readonly sendMask = eventMask(EventType.signalQuiesce);
  readonly receiveMask = 0;
  #pending = false;
  #notify: () => void = () => {};

  /** Sends the signal. It waits until the control program receives such events, or until a reset. */
  request(): void {
    this.#pending = true;
    this.#notify();
  }

  connect(notify: () => void): void {
    this.#notify = notify;
  }

  pendingMask(): number {
    return this.#pending ? this.sendMask : 0;
  }

  /** Data: timeout (2 bytes) and its unit (1 byte), all zero for "no limit". */
  read(_mask: number, room: Uint8Array): number {
    const length = eventHeaderLength + 3;
    if (room.length < length) return 0;
    storeEventHeader(room, length, EventType.signalQuiesce);
    room.fill(0, eventHeaderLength, length);
    this.#pending = false;
    return length;
  }

  write(): number {
    return ResponseCode.invalidFunction;
  }

  reset(): void {
    this.#pending = false;
  }
}
