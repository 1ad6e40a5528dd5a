/** Flag bits of a channel-command word (PoP chapter 15). */
export const CcwFlags = {
  chainData: 0x80,
  chainCommand: 0x40,
  suppressLengthIndication: 0x20,
  skip: 0x10,
  programControlledInterruption: 0x08,
  indirectDataAddress: 0x04,
  suspend: 0x02,
  modifiedIndirectDataAddress: 0x01,
} as const;

/** Commands that every control unit knows (common I/O-device commands). */
export const CommonCommand = { noOperation: 0x03, basicSense: 0x04, transferInChannel: 0x08, senseId: 0xe4 } as const;

/** A channel-command word, decoded from either format. */
export interface Ccw {
  readonly command: number;
  /** {@link CcwFlags} */
  readonly flags: number;
  /** Bytes to transfer, 0 to 65535. */
  readonly count: number;
  /** Absolute address of the data, or of the list of indirect addresses; for TIC the next CCW. 31 bits in format 1, 24 in format 0. */
  readonly address: number;
}

/** Decodes the eight bytes in `view` at offset 0. Never fails: what is wrong with the word is judged when it is used. */
export function decodeCcw(view: DataView, format1: boolean): Ccw {
  const command = view.getUint8(0);
  if (format1) return { command, flags: view.getUint8(1), count: view.getUint16(2), address: view.getUint32(4) };
  return { command, flags: view.getUint8(4), count: view.getUint16(6), address: view.getUint32(0) & 0x00ff_ffff };
}

/** In format 1 the whole byte must be 08; a format-0 TIC is told by its low four bits alone. */
export function isTransferInChannel(command: number): boolean {
  return (command & 0x0f) === CommonCommand.transferInChannel;
}

/** Whether the command moves data from the device to storage: read, read backward or sense. */
export function isInput(command: number): boolean {
  return (command & 0x03) === 0x02 || (command & 0x03) === 0x00;
}

export function isReadBackward(command: number): boolean {
  return (command & 0x0f) === 0x0c;
}
