import { ResponseCode, type Sccb, sccbHeaderLength } from "./sccb.ts";

/** Event types, the byte at offset 2 of an event buffer. */
export const EventType = {
  operatorCommand: 0x01,
  message: 0x02,
  configurationManagement: 0x04,
  stateChange: 0x08,
  priorityMessageCommand: 0x09,
  controlProgramIdentification: 0x0b,
  asciiConsoleData: 0x1a,
  storeData: 0x1c,
  signalQuiesce: 0x1d,
  controlProgramOperatorCommand: 0x20,
} as const;

/** The bit of an event type in a 32-bit event mask: type 1 is the leftmost bit. */
export function eventMask(type: number): number {
  return type >= 1 && type <= 32 ? (0x8000_0000 >>> (type - 1)) >>> 0 : 0;
}

/** Bytes in the header of an event buffer: length (2), type, flags, reserved (2). */
export const eventHeaderLength = 6;

/** Stores an event buffer header at the start of `target`. Big-endian. */
export function storeEventHeader(target: Uint8Array, length: number, type: number): void {
  target.fill(0, 0, eventHeaderLength);
  target[0] = length >> 8;
  target[1] = length & 0xff;
  target[2] = type;
}

/** A party of the event facility on the machine's side: a console, the quiesce signal. Masks are those of {@link eventMask}. */
export interface EventSource {
  /** Types that this party sends to the program. */
  readonly sendMask: number;
  /** Types that this party receives from the program. */
  readonly receiveMask: number;
  /** Called once: `notify` is to be called whenever something becomes pending. */
  connect(notify: () => void): void;
  /** Types of which an event is pending. Cheap: polled often. */
  pendingMask(): number;
  /**
   * Moves one pending event of a type in `mask` into `room` as a whole event buffer.
   * @returns bytes stored; 0 when the event does not fit and stays pending
   */
  read(mask: number, room: Uint8Array): number;
  /** Takes the data (without header) of an event of a type in {@link receiveMask}. Returns a response code. */
  write(type: number, data: Uint8Array): number;
  /** Subsystem reset. */
  reset(): void;
}

const eventAccepted = 0x80;
const maximumMaskLength = 1021;
const masksOffset = 12;

/** The SCLP event facility: event masks, and event data both ways (commands 0x00780005, 0x00770005, 0x00760005). */
export class EventFacility {
  readonly #sources: readonly EventSource[];
  readonly #sendMask: number;
  readonly #receiveMask: number;
  /** The program's receive mask as it was given; only its first 32 bits have types of ours. */
  #programReceives = new Uint8Array(4);

  constructor(sources: readonly EventSource[]) {
    this.#sources = sources;
    this.#sendMask = sources.reduce((mask, source) => mask | source.sendMask, 0) >>> 0;
    this.#receiveMask = sources.reduce((mask, source) => mask | source.receiveMask, 0) >>> 0;
  }

  reset(): void {
    this.#programReceives = new Uint8Array(4);
    for (const source of this.#sources) source.reset();
  }

  /** Whether an event is pending that the program is willing to receive. */
  pending(): boolean {
    const mask = firstWord(this.#programReceives);
    return mask !== 0 && this.#sources.some((source) => (source.pendingMask() & source.sendMask & mask) !== 0);
  }

  /** Whether the program receives events of this type at present. */
  receives(type: number): boolean {
    return (firstWord(this.#programReceives) & eventMask(type)) !== 0;
  }

  /** WRITE EVENT MASK: mask length at 10; then program receive, program send, SCLP receive and SCLP send masks. */
  writeMask(sccb: Sccb): number {
    if (sccb.length < masksOffset) return ResponseCode.insufficientSccbLength;
    const length = sccb.view.getUint16(10);
    if (length === 0 || length > maximumMaskLength) return ResponseCode.invalidMaskLength;
    if (sccb.length < masksOffset + 4 * length) return ResponseCode.insufficientSccbLength;
    this.#programReceives = sccb.bytes.slice(masksOffset, masksOffset + length);
    storeMask(sccb.bytes.subarray(masksOffset + 2 * length, masksOffset + 3 * length), this.#receiveMask);
    storeMask(sccb.bytes.subarray(masksOffset + 3 * length, masksOffset + 4 * length), this.#sendMask);
    return ResponseCode.normalCompletion;
  }

  /** READ EVENT DATA: function 0 reads every type that the program receives, function 1 those of the mask at offset 8. */
  readData(sccb: Sccb): number {
    let mask = firstWord(this.#programReceives);
    if (sccb.functionCode === 1) {
      const length = this.#programReceives.length;
      if (sccb.length < sccbHeaderLength + length) return ResponseCode.insufficientSccbLength;
      const selection = sccb.bytes.subarray(sccbHeaderLength, sccbHeaderLength + length);
      const receivesNothing = this.#programReceives.every((byte) => byte === 0);
      if (receivesNothing || selection.some((byte, index) => (byte & ~this.#programReceives[index]!) !== 0))
        return ResponseCode.invalidSelectionMask;
      mask = firstWord(selection);
    } else if (sccb.functionCode !== 0) {
      return ResponseCode.invalidFunction;
    }
    return this.#storeEvents(sccb, mask);
  }

  #storeEvents(sccb: Sccb, mask: number): number {
    const end = sccb.length;
    let offset = sccbHeaderLength;
    let wanted = false;
    for (const source of this.#sources) {
      for (;;) {
        const types = source.pendingMask() & source.sendMask & mask;
        if (types === 0) break;
        wanted = true;
        const stored = source.read(types, sccb.bytes.subarray(offset, end));
        if (stored === 0) break;
        offset += stored;
      }
    }
    if (offset === sccbHeaderLength && wanted) return ResponseCode.insufficientSccbLength;
    // A program that walks the buffers up to the length of the SCCB must find no remains of an older block.
    sccb.bytes.fill(0, offset, end);
    if (sccb.variableLength) {
      sccb.clearVariableLength();
      sccb.length = offset;
    }
    return offset === sccbHeaderLength ? ResponseCode.noEventBuffersStored : ResponseCode.normalCompletion;
  }

  /** WRITE EVENT DATA: all lengths are checked before the first buffer is acted upon. */
  writeData(sccb: Sccb): number {
    if (sccb.functionCode !== 0) return ResponseCode.invalidFunction;
    const end = sccb.length;
    let offset = sccbHeaderLength;
    while (offset < end) {
      if (end - offset < eventHeaderLength) return ResponseCode.inconsistentLengths;
      const length = sccb.view.getUint16(offset);
      if (length < eventHeaderLength || length > end - offset) return ResponseCode.eventBufferSyntaxError;
      offset += length;
    }
    let response: number = ResponseCode.normalCompletion;
    for (offset = sccbHeaderLength; offset < end; offset += sccb.view.getUint16(offset)) {
      const flags = sccb.view.getUint8(offset + 3) & ~eventAccepted;
      sccb.view.setUint8(offset + 3, flags);
      if (response !== ResponseCode.normalCompletion) continue;
      response = this.#writeEvent(sccb, offset);
      if (response === ResponseCode.normalCompletion) sccb.view.setUint8(offset + 3, flags | eventAccepted);
    }
    return response;
  }

  #writeEvent(sccb: Sccb, offset: number): number {
    const type = sccb.view.getUint8(offset + 2);
    const mask = eventMask(type);
    const source = this.#sources.find((candidate) => (candidate.receiveMask & mask) !== 0);
    if (source === undefined) return ResponseCode.invalidFunction;
    return source.write(type, sccb.bytes.subarray(offset + eventHeaderLength, offset + sccb.view.getUint16(offset)));
  }
}

function firstWord(mask: Uint8Array): number {
  return (((mask[0] ?? 0) << 24) | ((mask[1] ?? 0) << 16) | ((mask[2] ?? 0) << 8) | (mask[3] ?? 0)) >>> 0;
}

function storeMask(target: Uint8Array, mask: number): void {
  for (let index = 0; index < target.length; index++) target[index] = index < 4 ? (mask >>> (24 - 8 * index)) & 0xff : 0;
}
