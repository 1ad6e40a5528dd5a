import type { ConfigLayout } from "../config-space.ts";

/** Console device (virtio 5.3). */
export const ID = 3;
export const NAME = "console";

/** Feature bits (5.3.3). */
export const F_SIZE = 0;
export const F_MULTIPORT = 1;
export const F_EMERG_WRITE = 2;

/** Configuration (5.3.4). */
export const CONFIG = {
  /** Size in characters. */
  cols: { offset: 0, width: 2 },
  rows: { offset: 2, width: 2 },
  max_nr_ports: { offset: 4, width: 4 },
  /** What is written here comes out, its low byte, without any queue. */
  emerg_wr: { offset: 8, width: 4, writable: true },
} as const satisfies ConfigLayout;

/** Queues of MULTIPORT for control messages (5.3.2). As everywhere here, receive and transmit are the driver's. */
export const QUEUE_CONTROL_RECEIVE = 2;
export const QUEUE_CONTROL_TRANSMIT = 3;

/** Queues of a port. */
export function receiveQueue(port: number): number {
  return port === 0 ? 0 : 2 + 2 * port;
}

export function transmitQueue(port: number): number {
  return receiveQueue(port) + 1;
}

/** The port of a queue that is none of the control queues. */
export function portOfQueue(queue: number): number {
  return queue < 2 ? 0 : (queue >> 1) - 1;
}

/** Number of queues: two, or with MULTIPORT two for each port and two for control. */
export function queueCount(maxPorts: number, multiport: boolean): number {
  return multiport ? 2 * maxPorts + 2 : 2;
}

/** Bytes of a control message without what may follow: id (32 bits), event (16), value (16) (5.3.6.2). */
export const CONTROL_SIZE = 8;

/** Events of control messages. */
export const DEVICE_READY = 0;
export const DEVICE_ADD = 1;
export const DEVICE_REMOVE = 2;
export const PORT_READY = 3;
export const CONSOLE_PORT = 4;
export const RESIZE = 5;
export const PORT_OPEN = 6;
export const PORT_NAME = 7;

/** Bytes after a RESIZE message: columns (16 bits), rows (16). */
export const RESIZE_SIZE = 4;
