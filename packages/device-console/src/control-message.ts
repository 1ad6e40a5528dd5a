import type { Endian } from "@zarch/guest-memory";
import { console as virtioConsole } from "@zarch/virtio/device-types";

/** A control message (virtio 5.3.6.2); `payload` follows the structure. */
export function controlMessage(endian: Endian, id: number, event: number, value: number, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(virtioConsole.CONTROL_SIZE + (payload?.length ?? 0));
  const view = new DataView(bytes.buffer);
  const little = endian === "little";
  view.setUint32(0, id, little);
  view.setUint16(4, event, little);
  view.setUint16(6, value, little);
  if (payload) bytes.set(payload, virtioConsole.CONTROL_SIZE);
  return bytes;
}
