import type { Endian } from "@zarch/guest-memory";
import type { Exchange } from "../exchange.ts";

export const SECTOR_SIZE = 512;

/** The header of a block request (virtio 5.2.6): type, reserved, sector. */
export function blkHeader(type: number, sector: number | bigint, endian: Endian, reserved = 0): Uint8Array {
  const header = new DataView(new ArrayBuffer(16));
  header.setUint32(0, type, endian === "little");
  header.setUint32(4, reserved, endian === "little");
  header.setBigUint64(8, BigInt.asUintN(64, BigInt(sector)), endian === "little");
  return new Uint8Array(header.buffer);
}

/** A read of one sector near the start of the disk. */
export const blkExchange: Exchange & { readonly deviceId: number } = {
  deviceId: 2,
  queue: 0,
  message: (number, endian) => ({
    out: [blkHeader(0, number % 8, endian)],
    into: [SECTOR_SIZE, 1],
    wrong: (written, data) => {
      if (data[SECTOR_SIZE] !== 0) return `status ${data[SECTOR_SIZE]} of a read`;
      return written === SECTOR_SIZE + 1 ? undefined : `${written} bytes reported instead of ${SECTOR_SIZE + 1}`;
    },
  }),
};
