/**
 * What the guest expects on its disks: the eight bytes at offset 8 *n* are the characters "zarch" and *n* in three bytes, big-endian.
 * @param size bytes: a multiple of 512. The guest reads the first 4 MiB.
 */
export function demoDisk(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 8 <= size; at += 8) {
    view.setUint32(at, 0x7a61_7263);
    view.setUint32(at + 4, (0x6800_0000 | ((at >>> 3) & 0xff_ffff)) >>> 0);
  }
  return bytes;
}
