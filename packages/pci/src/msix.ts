import { HostError } from "@zarch/vmm-interface";
import { type AccessWidth, allOnes, load, type PciRegion, store } from "./region.ts";

/** Where messages go: the interrupt controller of the machine. */
export interface MsiPort {
  /** A write of `data` (32 bits) to the 64-bit address in two halves. Never throws. */
  signal(addressHigh: number, addressLow: number, data: number): void;
}

/** Most vectors of a function. */
export const MAX_VECTORS = 2048;

/** Bytes of one table entry, and where its fields are. */
const ENTRY_SIZE = 16;
const ADDRESS_LOW = 0;
const ADDRESS_HIGH = 4;
const DATA = 8;
const CONTROL = 12;
const CONTROL_MASKED = 1;

/**
 * The vectors of a function with MSI-X: table, masks, pending bits. A message of a masked vector is remembered in the pending bits and sent
 * when the vector is unmasked.
 */
export class MsixVectors {
  /** Number of vectors. */
  readonly count: number;
  readonly #table: DataView;
  readonly #pending: Uint8Array;
  readonly #send: MsiPort["signal"];
  #enabled = false;
  #functionMasked = false;

  /** @throws HostError ERR_PCI_MSIX unless there are 1 to 2048 vectors */
  constructor(count: number, send: MsiPort["signal"]) {
    if (!Number.isInteger(count) || count < 1 || count > MAX_VECTORS) {
      throw new HostError("ERR_PCI_MSIX", `a function has 1 to ${MAX_VECTORS} vectors, not ${count}`);
    }
    this.count = count;
    this.#send = send;
    this.#table = new DataView(new ArrayBuffer(ENTRY_SIZE * count));
    this.#pending = new Uint8Array(8 * Math.ceil(count / 64));
    this.reset();
  }

  /** Bytes of the table. */
  get tableSize(): number {
    return this.#table.byteLength;
  }

  /** Bytes of the pending bit array: whole 64-bit words. */
  get pendingSize(): number {
    return this.#pending.length;
  }

  /** Whether the driver has switched MSI-X on. */
  get enabled(): boolean {
    return this.#enabled;
  }

  /** The two bits of the message control register that the driver writes. */
  control(enabled: boolean, functionMasked: boolean): void {
    this.#enabled = enabled;
    this.#functionMasked = functionMasked;
    if (enabled && !functionMasked) for (let vector = 0; vector < this.count; vector++) this.#sendPending(vector);
  }

  /** All vectors masked, nothing pending, MSI-X off. */
  reset(): void {
    this.#enabled = false;
    this.#functionMasked = false;
    this.#pending.fill(0);
    for (let at = 0; at < this.#table.byteLength; at += ENTRY_SIZE) {
      this.#table.setUint32(at + ADDRESS_LOW, 0, true);
      this.#table.setUint32(at + ADDRESS_HIGH, 0, true);
      this.#table.setUint32(at + DATA, 0, true);
      this.#table.setUint32(at + CONTROL, CONTROL_MASKED, true);
    }
  }

  /** Whether the function has such a vector. */
  has(vector: number): boolean {
    return vector < this.count;
  }

  /** Signals an event. Does nothing while MSI-X is off, or for a vector that is none. */
  trigger(vector: number): void {
    if (!this.#enabled || !this.has(vector)) return;
    if (this.#functionMasked || this.#masked(vector)) this.#setPending(vector, true);
    else this.#message(vector);
  }

  #masked(vector: number): boolean {
    return (this.#table.getUint32(vector * ENTRY_SIZE + CONTROL, true) & CONTROL_MASKED) !== 0;
  }

  #message(vector: number): void {
    const at = vector * ENTRY_SIZE;
    const table = this.#table;
    // The two lowest bits of the address are 0 in any message.
    this.#send(
      table.getUint32(at + ADDRESS_HIGH, true),
      (table.getUint32(at + ADDRESS_LOW, true) & ~3) >>> 0,
      table.getUint32(at + DATA, true),
    );
  }

  #setPending(vector: number, pending: boolean): void {
    const at = vector >> 3;
    const bit = 1 << (vector & 7);
    this.#pending[at] = pending ? (this.#pending[at] as number) | bit : (this.#pending[at] as number) & ~bit;
  }

  #sendPending(vector: number): void {
    if (((this.#pending[vector >> 3] as number) & (1 << (vector & 7))) === 0 || this.#masked(vector)) return;
    this.#setPending(vector, false);
    this.#message(vector);
  }

  /** The table, as a base address register maps it. Whole entries' fields are to be accessed by 4 bytes; others are ignored. */
  readonly table: PciRegion = {
    read: (offset, width) => (inside(this.#table.byteLength, offset, width) ? load(this.#table, offset, width) : allOnes(width)),
    write: (offset, width, value) => {
      if (width !== 4 || offset % 4 !== 0 || !inside(this.#table.byteLength, offset, width)) return;
      store(this.#table, offset, width, offset % ENTRY_SIZE === CONTROL ? value & CONTROL_MASKED : value);
      if (this.#enabled && !this.#functionMasked) this.#sendPending(Math.floor(offset / ENTRY_SIZE));
    },
  };

  /** The pending bit array; read-only. */
  readonly pending: PciRegion = {
    read: (offset, width) => {
      if (!inside(this.#pending.length, offset, width)) return allOnes(width);
      return load(new DataView(this.#pending.buffer), offset, width);
    },
    write: () => {},
  };
}

function inside(size: number, offset: number, width: AccessWidth): boolean {
  return offset >= 0 && offset + width <= size;
}
