import type { Exchange } from "../exchange.ts";

/** The queue by which the driver sends on port 0 (virtio 5.3.2). */
const TRANSMIT_QUEUE = 1;

/** A line of output on port 0 (virtio 5.3.6). */
export const consoleExchange: Exchange & { readonly deviceId: number } = {
  deviceId: 3,
  queue: TRANSMIT_QUEUE,
  message: (number) => ({
    out: [new TextEncoder().encode(`line ${number}\n`)],
    into: [],
    wrong: (written) => (written === 0 ? undefined : `${written} bytes reported in a buffer without room`),
  }),
};
