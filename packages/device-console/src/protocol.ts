import type { Endian } from "@zarch/guest-memory";
import { ConfigSpace } from "@zarch/virtio";

/** Feature bits (virtio 5.3.3). */
export const CONSOLE_F_SIZE = 0;
export const CONSOLE_F_MULTIPORT = 1;
export const CONSOLE_F_EMERG_WRITE = 2;

/** Events of control messages (virtio 5.3.6.2). */
export const EVENT_DEVICE_READY = 0;
export const EVENT_DEVICE_ADD = 1;
export const EVENT_DEVICE_REMOVE = 2;
export const EVENT_PORT_READY = 3;
export const EVENT_CONSOLE_PORT = 4;
export const EVENT_RESIZE = 5;
export const EVENT_PORT_OPEN = 6;
export const EVENT_PORT_NAME = 7;

/** Bytes of struct virtio_console_control: id (32 bits), event, value (16 bits each). */
export const CONTROL_SIZE = 8;

/** Control queues (virtio 5.3.2), and the queues of a port, from the device's point of view: to the guest, from the guest. */
export const CONTROL_TO_GUEST = 2;
export const CONTROL_FROM_GUEST = 3;

export function queueToGuest(port: number): number {
  return port === 0 ? 0 : 2 + 2 * port;
}

export function queueFromGuest(port: number): number {
  return queueToGuest(port) + 1;
}

/** The port of a queue that is none of the control queues. */
export function portOfQueue(queue: number): number {
  return queue < 2 ? 0 : (queue >> 1) - 1;
}

/** The configuration space (virtio 5.3.4). */
export function consoleConfig() {
  return new ConfigSpace({
    /** Columns and rows in characters. */
    cols: { offset: 0, width: 2 },
    rows: { offset: 2, width: 2 },
    max_nr_ports: { offset: 4, width: 4 },
    emerg_wr: { offset: 8, width: 4, writable: true },
  });
}

export type ConsoleConfig = ReturnType<typeof consoleConfig>;

/** A control message; `payload` follows the structure. */
export function controlMessage(endian: Endian, id: number, event: number, value: number, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CONTROL_SIZE + (payload?.length ?? 0));
  const view = new DataView(bytes.buffer);
  const little = endian === "little";
  view.setUint32(0, id, little);
  view.setUint16(4, event, little);
  view.setUint16(6, value, little);
  if (payload) bytes.set(payload, CONTROL_SIZE);
  return bytes;
}
