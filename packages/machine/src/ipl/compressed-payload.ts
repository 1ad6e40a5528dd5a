import { crc32 } from "./crc32.ts";

/**
 * Looks for the compressed kernel inside a boot image and checks that it is there to its end, for the formats that mark
 * their end: xz, zstd and LZ4. What has another format or none passes.
 * @returns what is wrong, or undefined
 */
export function checkCompressedPayload(bytes: Uint8Array): string | undefined {
  for (const { name, magic, isComplete } of formats) {
    let found = false;
    for (let at = indexOf(bytes, magic, 0); at >= 0; at = indexOf(bytes, magic, at + 1)) {
      const complete = isComplete(bytes, at);
      if (complete === true) return undefined;
      found ||= complete === false;
    }
    if (found) return `its ${name} data end before their time`;
  }
  return undefined;
}

interface PayloadFormat {
  readonly name: string;
  readonly magic: readonly number[];
  /** Whether the stream at `at` is complete; undefined when these bytes are no stream but only look like its start. */
  isComplete(bytes: Uint8Array, at: number): boolean | undefined;
}

const formats: readonly PayloadFormat[] = [
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], isComplete: isXzComplete },
  { name: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd], isComplete: isZstdComplete },
  { name: "LZ4", magic: [0x02, 0x21, 0x4c, 0x18], isComplete: isLz4Complete },
];

function indexOf(bytes: Uint8Array, magic: readonly number[], from: number): number {
  for (let at = bytes.indexOf(magic[0]!, from); at >= 0; at = bytes.indexOf(magic[0]!, at + 1))
    if (magic.every((byte, index) => bytes[at + index] === byte)) return at;
  return -1;
}

function loadLittle(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = count - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

/** xz: header of 12 bytes with a CRC over its flags; footer of 12 bytes: CRC, backward size, the same flags, "YZ". */
function isXzComplete(bytes: Uint8Array, at: number): boolean | undefined {
  if (at + 12 > bytes.length) return undefined;
  if (loadLittle(bytes, at + 8, 4) !== crc32(bytes.subarray(at + 6, at + 8))) return undefined;
  for (let end = bytes.lastIndexOf(0x5a); end > at + 12; end = bytes.lastIndexOf(0x5a, end - 1)) {
    const footer = end - 11;
    if (bytes[end - 1] !== 0x59 || bytes[footer + 8] !== bytes[at + 6] || bytes[footer + 9] !== bytes[at + 7]) continue;
    if (loadLittle(bytes, footer, 4) === crc32(bytes.subarray(footer + 4, footer + 10))) return true;
  }
  return false;
}

/** zstd: frame header of variable length, then blocks of known length up to one marked as the last. */
function isZstdComplete(bytes: Uint8Array, at: number): boolean | undefined {
  const descriptor = bytes[at + 4];
  if (descriptor === undefined || (descriptor & 0x08) !== 0) return undefined;
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  let offset = at + 5 + (singleSegment ? 0 : 1) + dictionary + contentSize;
  for (let blocks = 0; ; blocks++) {
    if (offset + 3 > bytes.length) return false;
    const header = loadLittle(bytes, offset, 3);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    // A frame never has a block above 128 KiB or of the reserved type: these bytes were no frame.
    if (type === 3 || size > 0x2_0000) return blocks > 8 ? false : undefined;
    offset += 3 + (type === 1 ? 1 : size);
    if ((header & 1) !== 0) return offset + ((descriptor & 4) !== 0 ? 4 : 0) <= bytes.length;
  }
}

/** LZ4, legacy frame as the kernel build makes it: blocks with their length; all but the last hold 8 MiB of data. */
function isLz4Complete(bytes: Uint8Array, at: number): boolean | undefined {
  let offset = at + 4;
  // The last block is followed by the size of the whole (4 bytes) and padding, neither of which is a block length.
  for (let blocks = 0; ; blocks++) {
    if (offset + 4 > bytes.length) return blocks === 0 ? undefined : true;
    const size = loadLittle(bytes, offset, 4);
    if (size === 0 || size > 0x81_0000) return blocks === 0 ? undefined : true;
    if (offset + 4 + size > bytes.length) return blocks === 0 && size > bytes.length * 4 ? undefined : false;
    offset += 4 + size;
  }
}
