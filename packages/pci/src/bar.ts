import { HostError } from "@zarch/vmm-interface";
import type { PciConfigSpace } from "./config-space.ts";
import type { PciRegion } from "./region.ts";
import { BAR_COUNT, PciRegister } from "./registers.ts";

/** Which address space a base address register is for. `"memory64"` takes the following register too. */
export type BarKind = "memory32" | "memory64" | "io";

export interface BarOptions {
  readonly kind: BarKind;
  /** Bytes: a power of two, at least 16 (memory) or 4 (I/O); at most 2^31, or 2^52 with 64 bits. */
  readonly size: number;
  /** Memory only: reads have no side effects. Default false. */
  readonly prefetchable?: boolean;
  readonly region: PciRegion;
}

/** Bits of a memory register that say what it is. */
const MEMORY_64 = 0x4;
const PREFETCHABLE = 0x8;
const IO = 0x1;

const MIN_SIZE: Readonly<Record<BarKind, number>> = { memory32: 16, memory64: 16, io: 4 };
const MAX_SIZE: Readonly<Record<BarKind, number>> = { memory32: 2 ** 31, memory64: 2 ** 52, io: 256 };

/** A base address register. Software finds its size by writing all ones and reading back. */
export class Bar {
  /** 0 to 5. */
  readonly index: number;
  readonly kind: BarKind;
  readonly size: number;
  readonly region: PciRegion;
  readonly #config: PciConfigSpace;

  /** @throws HostError ERR_PCI_BAR if there is no such register or no such size */
  constructor(index: number, { kind, size, prefetchable = false, region }: BarOptions, config: PciConfigSpace) {
    const isPowerOfTwo = size > 0 && Number.isInteger(Math.log2(size));
    const last = kind === "memory64" ? BAR_COUNT - 2 : BAR_COUNT - 1;
    if (index < 0 || index > last || !isPowerOfTwo || size < MIN_SIZE[kind] || size > MAX_SIZE[kind]) {
      throw new HostError("ERR_PCI_BAR", `base address register ${index} cannot map ${size} bytes (${kind})`);
    }
    this.index = index;
    this.kind = kind;
    this.size = size;
    this.region = region;
    this.#config = config;
    const at = this.#offset;
    const low = kind === "io" ? IO : (kind === "memory64" ? MEMORY_64 : 0) | (prefetchable ? PREFETCHABLE : 0);
    config.view.setUint32(at, low, true);
    // The bits below the size stay 0. An I/O register has 32 bits, though the upper half is rarely used.
    config.allowWrites(at, 4, size >= 2 ** 32 ? 0 : -size >>> 0);
    if (kind === "memory64") config.allowWrites(at + 4, 4, size >= 2 ** 32 ? -(size / 2 ** 32) >>> 0 : 0xffff_ffff);
  }

  get #offset(): number {
    return PciRegister.bar0 + 4 * this.index;
  }

  /** Address that the host gave, in bytes; at or above 2^53 it may be inexact. */
  get address(): number {
    const { view } = this.#config;
    const low = view.getUint32(this.#offset, true);
    if (this.kind === "io") return (low & ~3) >>> 0;
    const high = this.kind === "memory64" ? view.getUint32(this.#offset + 4, true) : 0;
    return high * 2 ** 32 + ((low & ~0xf) >>> 0);
  }

  /** Forgets the address. */
  reset(): void {
    const { view } = this.#config;
    view.setUint32(this.#offset, view.getUint32(this.#offset, true) & (this.kind === "io" ? 3 : 0xf), true);
    if (this.kind === "memory64") view.setUint32(this.#offset + 4, 0, true);
  }
}
