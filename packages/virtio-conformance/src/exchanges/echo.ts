import type { Exchange } from "../exchange.ts";

/** Device ID of the suite's own echo device: small enough for every transport, and none that the specification assigns. */
export const DEVICE_ID_ECHO = 63;

const LENGTH = 40;
/** More room than there is to write: a device must not report what it did not write. */
const ROOM = LENGTH + 9;

/** Every byte comes back. */
export const echoExchange: Exchange & { readonly deviceId: number } = {
  deviceId: DEVICE_ID_ECHO,
  queue: 0,
  message: (number) => {
    const bytes = Uint8Array.from({ length: LENGTH }, (_, i) => 7 * i + 31 * number + (number >> 8) + 1);
    return {
      out: [bytes],
      into: [ROOM],
      wrong: (written, data) => {
        if (written !== LENGTH) return `${written} bytes reported instead of ${LENGTH}`;
        const at = bytes.findIndex((byte, i) => byte !== data[i]);
        return at < 0 ? undefined : `byte ${at} comes back as ${data[at]} instead of ${bytes[at]}`;
      },
    };
  },
};
