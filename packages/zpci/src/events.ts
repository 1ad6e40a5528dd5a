/** Codes of availability events: how a function's state changed, or should. */
export const AvailabilityEvent = {
  configured: 0x0301,
  standby: 0x0302,
  deconfigurationRequested: 0x0303,
  deconfigured: 0x0304,
  reserved: 0x0308,
} as const;

const ERROR_CONTENT = 1;
const AVAILABILITY_CONTENT = 2;

/** Where the description begins in what STORE EVENT INFORMATION gives after its header, and how long it is. */
const DESCRIPTION = 56;
const DESCRIPTION_LENGTH = 32;

function event(content: number): { bytes: Uint8Array; description: DataView } {
  const bytes = new Uint8Array(DESCRIPTION + DESCRIPTION_LENGTH);
  bytes[3] = content;
  return { bytes, description: new DataView(bytes.buffer, DESCRIPTION) };
}

/** An event of notification type 2 about the availability of a function. */
export function availabilityEvent(code: number, handle: number, id: number): Uint8Array {
  const { bytes, description } = event(AVAILABILITY_CONTENT);
  description.setUint32(4, handle);
  description.setUint32(8, id);
  description.setUint16(30, code);
  return bytes;
}

/** An event of notification type 2 about an error. `address`: the DMA address that failed, or 0. */
export function errorEvent(code: number, handle: number, id: number, address: number): Uint8Array {
  const { bytes, description } = event(ERROR_CONTENT);
  description.setUint32(4, handle);
  description.setUint32(8, id);
  description.setUint32(16, Math.floor(address / 0x1_0000_0000));
  description.setUint32(20, address >>> 0);
  description.setUint16(30, code);
  return bytes;
}
