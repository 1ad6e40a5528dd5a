import { type AccessWidth, allOnes, type PciRegion } from "@zarch/pci";

/** A register: `read` gives an unsigned value of its width, `write` gets one. Without `write` it is read-only. */
export interface Register {
  readonly offset: number;
  readonly width: AccessWidth;
  read(): number;
  write?(value: number): void;
}

/**
 * Registers side by side. The specification has drivers access each by its own width. An access that is a part of one register, or spans
 * several, does what its bytes mean: it reads them all, and writes the registers that it covers as a whole.
 */
export class RegisterFile implements PciRegion {
  /** By offset of their first byte. */
  readonly #registers: (Register | undefined)[] = [];
  readonly #size: number;

  /** @param size bytes; what has no register reads as 0 */
  constructor(size: number, registers: readonly Register[]) {
    this.#size = size;
    for (const register of registers) this.#registers[register.offset] = register;
  }

  read(offset: number, width: AccessWidth): number {
    const register = this.#registers[offset];
    if (register?.width === width) return register.read();
    if (offset < 0 || offset + width > this.#size) return allOnes(width);
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 0x100 + this.#readByte(offset + i);
    return value;
  }

  #readByte(offset: number): number {
    for (let start = offset; start > offset - 4 && start >= 0; start--) {
      const register = this.#registers[start];
      if (!register) continue;
      return start + register.width > offset ? (register.read() >>> (8 * (offset - start))) & 0xff : 0;
    }
    return 0;
  }

  write(offset: number, width: AccessWidth, value: number): void {
    const register = this.#registers[offset];
    if (register?.width === width) {
      register.write?.(value);
      return;
    }
    for (let at = offset; at < offset + width; at++) {
      const part = this.#registers[at];
      if (!part || at + part.width > offset + width) continue;
      part.write?.((value >>> (8 * (at - offset))) & (0xffff_ffff >>> (32 - 8 * part.width)));
    }
  }
}
