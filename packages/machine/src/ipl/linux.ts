import type { GuestMemory } from "@zarch/guest-memory";
import { HostError } from "@zarch/vmm-interface";
import type { ElfImage } from "./elf-image.ts";
import { type IplProgram, pswFor64BitMode } from "./ipl-program.ts";
import { type KernelImage, LinuxImage, maximumCommandLine, recogniseKernel } from "./kernel-format.ts";

export interface LinuxOptions {
  /** A Linux image for s390x (image, bzImage, vmlinuz), or an ELF program. */
  readonly kernel: Uint8Array;
  /** The initial RAM disk, or a file with it. */
  readonly initrd?: Uint8Array | ImageFile;
  /** Kernel parameters, in ASCII. */
  readonly commandLine?: string;
}

/** A file that is read whenever the machine is loaded, so that nobody has to keep its bytes for the next time. */
export interface ImageFile {
  /** Length in bytes. */
  readonly size: number;
  /** Its bytes from the start, in pieces of any length; a piece is not used any more when the next is asked for. */
  pieces(): Iterable<Uint8Array>;
}

const mebibyte = 0x10_0000;
/** As QEMU places it: at 8 MiB, or behind the kernel and one MiB more. */
const lowestInitrd = 8 * mebibyte;

/**
 * Whether a kernel file is Linux, which takes an initrd and a command line, and not just any program in ELF.
 * @throws {HostError} as {@link linux}
 */
export function isLinux(kernel: Uint8Array): boolean {
  return takesParameters(recogniseKernel(kernel));
}

function takesParameters(image: KernelImage): boolean {
  return image.kind === "image" || isLinuxEntry(image.elf.entry);
}

/**
 * IPL of a Linux kernel with an initial RAM disk and parameters, without a boot loader in between. The kernel is checked
 * here and now; whether all fits into memory, when a machine loads it.
 * @throws {HostError} ERR_IPL_KERNEL_EMPTY, ERR_IPL_KERNEL_FORMAT, ERR_IPL_KERNEL_TRUNCATED, ERR_IPL_COMMAND_LINE
 */
export function linux(options: LinuxOptions): IplProgram {
  const image = recogniseKernel(options.kernel);
  const { commandLine = "", initrd } = options;
  const parameters = takesParameters(image);
  checkCommandLine(commandLine, image);
  if (!parameters && (initrd !== undefined || commandLine !== ""))
    throw new HostError("ERR_IPL_NOT_LINUX", "this ELF program is not a Linux kernel, so it takes neither an initrd nor a command line");

  return {
    load(memory) {
      const end = image.kind === "image" ? storeImage(memory, image.bytes) : storeElf(memory, image.elf);
      if (parameters) {
        if (initrd !== undefined) storeInitrd(memory, initrd, end);
        if (commandLine !== "")
          memory.write(
            LinuxImage.commandLine,
            Uint8Array.from(`${commandLine}\0`, (character) => character.charCodeAt(0)),
          );
      }
      return pswFor64BitMode(parameters ? LinuxImage.entry : (image as { elf: ElfImage }).elf.entry);
    },
  };
}

/** Kernels up to 3.2 named 0x800, the entry of another loader, in their ELF header. */
function isLinuxEntry(entry: number): boolean {
  return entry === LinuxImage.entry || entry === 0x800;
}

function storeImage(memory: GuestMemory, bytes: Uint8Array): number {
  if (!memory.contains(0, bytes.length)) throw tooLarge(bytes.length, memory.size);
  memory.write(0, bytes);
  return bytes.length;
}

function storeElf(memory: GuestMemory, elf: ElfImage): number {
  let end = 0;
  for (const { address, bytes, memorySize } of elf.segments) {
    if (!memory.contains(address, memorySize)) throw tooLarge(address + memorySize, memory.size);
    memory.write(address, bytes);
    memory.fill(address + bytes.length, memorySize - bytes.length, 0);
    end = Math.max(end, address + memorySize);
  }
  return end;
}

function tooLarge(needed: number, size: number): HostError {
  return new HostError(
    "ERR_IPL_KERNEL_TOO_LARGE",
    `the kernel needs storage up to ${inMebibytes(needed)}, and the machine has ${inMebibytes(size)}`,
  );
}

function storeInitrd(memory: GuestMemory, initrd: Uint8Array | ImageFile, kernelEnd: number): void {
  const start = Math.max(lowestInitrd, Math.ceil((kernelEnd + mebibyte) / mebibyte) * mebibyte);
  const [size, pieces] = initrd instanceof Uint8Array ? [initrd.length, [initrd]] : [initrd.size, initrd.pieces()];
  const checkRoom = (length: number): void => {
    if (memory.contains(start, length)) return;
    throw new HostError(
      "ERR_IPL_INITRD_TOO_LARGE",
      `the initrd (${inMebibytes(length)}) does not fit behind the kernel into ${inMebibytes(memory.size)} of memory`,
    );
  };
  checkRoom(size);
  let length = 0;
  for (const piece of pieces) {
    // A file may have grown, or shrunk.
    checkRoom(length + piece.length);
    memory.write(start + length, piece);
    length += piece.length;
  }
  memory.storeUint64(LinuxImage.initrdStart, start, "big");
  memory.storeUint64(LinuxImage.initrdSize, length, "big");
}

function inMebibytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(bytes % mebibyte === 0 ? 0 : 1)} MiB`;
}

/** Linux takes a command line with any byte above 0x7F for EBCDIC as a whole, so such a text would arrive as garbage. */
function checkCommandLine(commandLine: string, image: KernelImage): void {
  const refuse = (why: string): never => {
    throw new HostError("ERR_IPL_COMMAND_LINE", `the command line ${why}`);
  };
  for (const character of commandLine) {
    const code = character.codePointAt(0)!;
    if (code === 0 || code > 0x7f) refuse("may hold ASCII characters only");
  }
  const maximum = maximumCommandLineOf(image);
  if (commandLine.length > maximum) refuse(`has ${commandLine.length} characters, and this kernel takes ${maximum}`);
}

function maximumCommandLineOf(image: KernelImage): number {
  if (image.kind === "image") return maximumCommandLine(viewOf(image.bytes));
  const parameters = image.elf.segments.find(
    ({ address, bytes }) => address <= LinuxImage.maximumCommandLineSize && address + bytes.length >= LinuxImage.maximumCommandLineSize + 8,
  );
  return parameters === undefined ? 895 : maximumCommandLine(viewOf(parameters.bytes), parameters.address);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
