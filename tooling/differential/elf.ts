const HEADER = 64;
const PROGRAM_HEADER = 56;
const EM_S390 = 22;

/** A static 64-bit big-endian ELF executable with one segment that may be read, written and executed. */
export function elfExecutable(origin: number, image: Uint8Array, entry: number): Uint8Array {
  // The segment's place in the file must be congruent to its address, modulo the page size.
  const offset = 4096;
  const file = new Uint8Array(offset + image.length);
  const view = new DataView(file.buffer);
  // Identification: magic, 64-bit, big-endian, version 1.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1]);
  view.setUint16(16, 2);
  view.setUint16(18, EM_S390);
  view.setUint32(20, 1);
  view.setBigUint64(24, BigInt(entry));
  view.setBigUint64(32, BigInt(HEADER));
  view.setUint16(52, HEADER);
  view.setUint16(54, PROGRAM_HEADER);
  view.setUint16(56, 1);
  // Program header: PT_LOAD, flags, offset, addresses, sizes, alignment.
  view.setUint32(HEADER, 1);
  view.setUint32(HEADER + 4, 7);
  view.setBigUint64(HEADER + 8, BigInt(offset));
  view.setBigUint64(HEADER + 16, BigInt(origin));
  view.setBigUint64(HEADER + 24, BigInt(origin));
  view.setBigUint64(HEADER + 32, BigInt(image.length));
  view.setBigUint64(HEADER + 40, BigInt(image.length));
  view.setBigUint64(HEADER + 48, 4096n);
  file.set(image, offset);
  return file;
}
