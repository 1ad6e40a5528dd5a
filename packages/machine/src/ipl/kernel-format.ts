import { HostError } from "@zarch/vmm-interface";
import { checkCompressedPayload } from "./compressed-payload.ts";
import { type ElfImage, parseElf } from "./elf-image.ts";

/** Offsets in a Linux image for s390, which is also where it stands in storage: the image begins at absolute address 0. */
export const LinuxImage = {
  /** First instruction; QEMU and we begin here. */
  entry: 0x1_0000,
  /** The text "S390EP", by which a loader knows such an image. */
  entryPointTable: 0x1_0008,
  initrdStart: 0x1_0408,
  initrdSize: 0x1_0410,
  kernelVersionPointer: 0x1_0428,
  maximumCommandLineSize: 0x1_0430,
  commandLine: 0x1_0480,
} as const;

export type KernelImage =
  /** A raw image (image, bzImage, vmlinuz of s390), to be stored at absolute address 0. */
  { readonly kind: "image"; readonly bytes: Uint8Array } | { readonly kind: "elf"; readonly elf: ElfImage };

interface Signature {
  readonly offset: number;
  readonly bytes: string;
  readonly what: string;
}

/** What people pass by mistake. `bytes` is Latin-1. */
const foreignFormats: readonly Signature[] = [
  { offset: 0x202, bytes: "HdrS", what: "an x86 Linux kernel (bzImage)" },
  { offset: 0x38, bytes: "ARM\x64", what: "an arm64 Linux kernel (Image)" },
  { offset: 0x38, bytes: "RSC\x05", what: "a RISC-V Linux kernel (Image)" },
  { offset: 0x30, bytes: "RISCV", what: "a RISC-V Linux kernel (Image)" },
  { offset: 0x24, bytes: "\x18\x28\x6f\x01", what: "an ARM Linux kernel (zImage)" },
  { offset: 0, bytes: "MZ", what: "a PE/EFI program" },
  { offset: 0, bytes: "\x27\x05\x19\x56", what: "a U-Boot image" },
  { offset: 0, bytes: "\x1f\x8b", what: "gzip-compressed data: decompress it first" },
  { offset: 0, bytes: "\xfd7zXZ\0", what: "xz-compressed data: decompress it first" },
  { offset: 0, bytes: "\x28\xb5\x2f\xfd", what: "zstd-compressed data: decompress it first" },
  { offset: 0, bytes: "BZh", what: "bzip2-compressed data: decompress it first" },
  { offset: 0, bytes: "070701", what: "a cpio archive (an initramfs?)" },
  { offset: 0, bytes: "!<arch>\n", what: "an ar archive (a Debian package?)" },
  { offset: 0, bytes: "#!", what: "a script" },
];

function hasAt(bytes: Uint8Array, offset: number, latin1: string): boolean {
  if (bytes.length < offset + latin1.length) return false;
  for (let index = 0; index < latin1.length; index++) if (bytes[offset + index] !== latin1.charCodeAt(index)) return false;
  return true;
}

/**
 * Recognises a kernel file.
 * @throws {HostError} ERR_IPL_KERNEL_EMPTY, ERR_IPL_KERNEL_FORMAT (not for this machine), ERR_IPL_KERNEL_TRUNCATED
 */
export function recogniseKernel(bytes: Uint8Array): KernelImage {
  if (bytes.length === 0) throw new HostError("ERR_IPL_KERNEL_EMPTY", "the kernel is empty");
  if (hasAt(bytes, 0, "\x7fELF")) return { kind: "elf", elf: parseElf(bytes) };
  const foreign = foreignFormats.find(({ offset, bytes: signature }) => hasAt(bytes, offset, signature));
  if (foreign !== undefined) throw new HostError("ERR_IPL_KERNEL_FORMAT", `the kernel is not for s390x: it is ${foreign.what}`);

  // A short PSW (bit 12 one, 31-bit mode) opens every image of the last twenty years; the entry table came with 2.6.
  const startsWithPsw = hasAt(bytes, 0, "\x00\x08\x00\x00\x80");
  if (!startsWithPsw && !hasAt(bytes, LinuxImage.entryPointTable, "S390EP"))
    throw new HostError("ERR_IPL_KERNEL_FORMAT", "the kernel is not a Linux image for s390x");
  checkImageComplete(bytes);
  return { kind: "image", bytes };
}

function checkImageComplete(bytes: Uint8Array): void {
  const truncated = (why: string): HostError => new HostError("ERR_IPL_KERNEL_TRUNCATED", `the kernel is truncated: ${why}`);
  if (bytes.length < LinuxImage.commandLine) throw truncated(`${bytes.length} bytes do not hold the parameter area`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const versionAddress =
    view.getUint32(LinuxImage.kernelVersionPointer) * 0x1_0000_0000 + view.getUint32(LinuxImage.kernelVersionPointer + 4);
  if (versionAddress >= bytes.length) throw truncated("its version text is missing");
  const reason = checkCompressedPayload(bytes);
  if (reason !== undefined) throw truncated(reason);
}

/** Most characters of a command line, without the terminating zero. Old kernels do not say and take 895. */
export function maximumCommandLine(image: DataView, base = 0): number {
  const field = LinuxImage.maximumCommandLineSize - base;
  const size = field + 8 <= image.byteLength && image.getUint32(field) === 0 ? image.getUint32(field + 4) : 0;
  return (size > 0 && size <= 0x1_0000 ? size : 896) - 1;
}
