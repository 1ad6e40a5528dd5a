import type { Exchange } from "../exchange.ts";

const LENGTH = 32;

/** Random bytes (virtio 5.4.6). */
export const rngExchange: Exchange & { readonly deviceId: number } = {
  deviceId: 4,
  queue: 0,
  message: () => ({
    out: [],
    into: [LENGTH],
    wrong: (written) => (written >= 1 && written <= LENGTH ? undefined : `${written} bytes reported of ${LENGTH}`),
  }),
};
