import type { GuestMemory } from "@zarch/guest-memory";
import { HostError } from "@zarch/vmm-interface";

/** Where a loaded program begins: a 64-bit PSW in four words of 32 bits. */
export interface InitialPsw {
  readonly maskHigh: number;
  readonly maskLow: number;
  readonly addressHigh: number;
  readonly addressLow: number;
}

/** A program that a machine is IPLed with. Loaded again at every re-IPL. */
export interface IplProgram {
  /**
   * Stores the program in absolute storage, whose content may be anything, and says where it begins.
   * @throws {HostError} with a code ERR_IPL_... when the program cannot run in this storage
   */
  load(memory: GuestMemory): InitialPsw;
}

/** The PSW of 64-bit addressing mode, all interruptions off, key 0, at `address`. */
export function pswFor64BitMode(address: number): InitialPsw {
  return { maskHigh: 1, maskLow: 0x8000_0000, addressHigh: Math.floor(address / 0x1_0000_0000), addressLow: address >>> 0 };
}

export interface RawProgramOptions {
  /** The bytes of the program, as they are to stand in storage. */
  readonly bytes: Uint8Array;
  /** Absolute address of the first byte. Default 0x10000. */
  readonly address?: number;
  /** Address of the first instruction, in 64-bit addressing mode. Default: {@link address}. */
  readonly entry?: number;
}

/** IPL of a bare program, for instance one from the assembler of `@zarch/s390x-isa`. */
export function rawProgram({ bytes, address = 0x1_0000, entry = address }: RawProgramOptions): IplProgram {
  return {
    load(memory) {
      if (!memory.contains(address, bytes.length))
        throw new HostError(
          "ERR_IPL_PROGRAM_TOO_LARGE",
          `the program (${bytes.length} bytes at 0x${address.toString(16)}) does not fit into memory`,
        );
      memory.write(address, bytes);
      return pswFor64BitMode(entry);
    },
  };
}
