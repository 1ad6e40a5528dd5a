import type { PciAccess } from "./pci-access.ts";

const ENABLE = 0x8000;
const TABLE_SIZE = 0x7ff;
const ENTRY_SIZE = 16;

/** Address and data that make a message reach this driver: where the interrupt controller wants it. */
export interface MessageTarget {
  /** 64 bits in two halves. */
  readonly addressHigh: number;
  readonly addressLow: number;
  /** Data of the message of vector 0; further vectors have the numbers behind it. */
  readonly data: number;
}

/** The MSI-X table of a function, from the driver's end. */
export class MsixTable {
  readonly #pci: PciAccess;
  readonly #at: number;
  /** Number of vectors. */
  readonly count: number;

  /** @param at offset of the capability */
  constructor(pci: PciAccess, at: number) {
    this.#pci = pci;
    this.#at = at;
    this.count = (pci.readConfig(at + 2, 2) & TABLE_SIZE) + 1;
  }

  /** Gives all vectors their messages, and switches MSI-X on. */
  enable({ addressHigh, addressLow, data }: MessageTarget): void {
    const place = this.#pci.readConfig(this.#at + 4, 4);
    const bar = place & 7;
    const table = (place & ~7) >>> 0;
    for (let vector = 0; vector < this.count; vector++) {
      for (const [i, value] of [addressLow, addressHigh, data + vector, 0].entries()) {
        this.#pci.writeBar(bar, table + ENTRY_SIZE * vector + 4 * i, 4, value);
      }
    }
    this.#pci.writeConfig(this.#at + 2, 2, ENABLE);
  }

  disable(): void {
    this.#pci.writeConfig(this.#at + 2, 2, 0);
  }
}
