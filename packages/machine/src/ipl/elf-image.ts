import { HostError } from "@zarch/vmm-interface";

/** One loadable segment. Addresses are physical, in bytes. */
export interface ElfSegment {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Bytes in storage; what the file does not provide is zero. */
  readonly memorySize: number;
}

export interface ElfImage {
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
}

const machineS390 = 22;
const programLoad = 1;
const machineNames: Readonly<Record<number, string>> = {
  2: "SPARC",
  3: "x86",
  8: "MIPS",
  20: "PowerPC",
  21: "PowerPC 64",
  40: "ARM",
  62: "x86-64",
  183: "arm64",
  243: "RISC-V",
  258: "LoongArch",
};

const headerLength = 64;
const programHeaderLength = 56;

/**
 * Parses a 64-bit ELF program for s390x (ELF-64 object file format).
 * @throws {HostError} ERR_IPL_KERNEL_FORMAT, ERR_IPL_KERNEL_TRUNCATED
 */
export function parseElf(bytes: Uint8Array): ElfImage {
  const format = (why: string): HostError => new HostError("ERR_IPL_KERNEL_FORMAT", `the kernel is not for s390x: it is ${why}`);
  const truncated = (): HostError =>
    new HostError("ERR_IPL_KERNEL_TRUNCATED", "the kernel is truncated: its ELF headers name more than there is");
  if (bytes.length < headerLength) throw truncated();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const big = bytes[5] === 2;
  const machine = view.getUint16(18, !big);
  if (machine !== machineS390) throw format(`an ELF program for ${machineNames[machine] ?? `machine ${machine}`}`);
  if (bytes[4] !== 2) throw format("a 31-bit ELF program (s390)");
  if (!big) throw format("a little-endian ELF program");
  if (view.getUint16(16) === 1) throw format("an ELF object file, not linked");

  const load64 = (offset: number): number => view.getUint32(offset) * 0x1_0000_0000 + view.getUint32(offset + 4);
  const headers = load64(32);
  const size = view.getUint16(54);
  const count = view.getUint16(56);
  if (size < programHeaderLength || headers + count * size > bytes.length) throw truncated();
  const segments: ElfSegment[] = [];
  for (let at = headers; at < headers + count * size; at += size) {
    if (view.getUint32(at) !== programLoad) continue;
    const offset = load64(at + 8);
    const fileSize = load64(at + 32);
    const memorySize = load64(at + 40);
    if (offset + fileSize > bytes.length || fileSize > memorySize) throw truncated();
    if (memorySize > 0) segments.push({ address: load64(at + 24), bytes: bytes.subarray(offset, offset + fileSize), memorySize });
  }
  if (segments.length === 0) throw format("an ELF file with nothing to load");
  return { entry: load64(24), segments };
}
