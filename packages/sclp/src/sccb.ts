/** Bytes in the header of every service-call control block. */
export const sccbHeaderLength = 8;

/** Response codes that the service-call logical processor stores at offset 6 of the SCCB. */
export const ResponseCode = {
  normalReadCompletion: 0x0010,
  normalCompletion: 0x0020,
  boundaryViolation: 0x0100,
  invalidCommand: 0x01f0,
  insufficientSccbLength: 0x0300,
  containedEquipmentCheck: 0x0340,
  invalidFunction: 0x40f0,
  noEventBuffersStored: 0x60f0,
  invalidSelectionMask: 0x70f0,
  inconsistentLengths: 0x72f0,
  eventBufferSyntaxError: 0x73f0,
  invalidMaskLength: 0x74f0,
} as const;

/**
 * A private copy of a service-call control block. The guest's block is read once before a command and written once
 * after it, so a guest that changes it meanwhile gains nothing. Fields are big-endian; offsets count from the header.
 */
export class Sccb {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Length field, in bytes, header included. Never above the length of {@link bytes} while a command runs. */
  get length(): number {
    return this.view.getUint16(0);
  }

  set length(value: number) {
    this.view.setUint16(0, value);
  }

  get functionCode(): number {
    return this.view.getUint8(2);
  }

  /** Whether the program asks for a response of variable length (control mask, byte 2, bit 0). */
  get variableLength(): boolean {
    return (this.view.getUint8(5) & 0x80) !== 0;
  }

  clearVariableLength(): void {
    this.view.setUint8(5, this.view.getUint8(5) & 0x7f);
  }

  set responseCode(value: number) {
    this.view.setUint16(6, value);
  }

  get responseCode(): number {
    return this.view.getUint16(6);
  }
}
