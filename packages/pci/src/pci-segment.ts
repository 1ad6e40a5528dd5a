import { HostError } from "@zarch/vmm-interface";
import type { Bar } from "./bar.ts";
import type { MsiPort } from "./msix.ts";
import type { PciFunction } from "./pci-function.ts";
import { type AccessWidth, allOnes } from "./region.ts";
import { EXTENDED_CONFIG_SIZE, PciCommand } from "./registers.ts";

/** Bus 0 to 255, device 0 to 31, function 0 to 7. */
export interface PciAddress {
  readonly bus: number;
  readonly device: number;
  readonly function: number;
}

/** The form in which people write it: `00:1f.2`. */
export function formatPciAddress({ bus, device, function: number }: PciAddress): string {
  return `${bus.toString(16).padStart(2, "0")}:${device.toString(16).padStart(2, "0")}.${number}`;
}

/** Bus, device and function as one number of 16 bits, as in requester IDs. */
export function routingId({ bus, device, function: number }: PciAddress): number {
  return (bus << 8) | (device << 3) | number;
}

/** Bits of the header type register of function 0. */
const MULTI_FUNCTION = 0x80;
const HEADER_TYPE = 0x0e;

export interface PciSegmentOptions {
  readonly msi: MsiPort;
  /** Level of the shared interrupt line 1 (INTA) to 4 (INTD) of the bus. */
  readonly interruptLine?: (line: number, asserted: boolean) => void;
}

/**
 * A PCI segment for machines that are addressed as PCs are: configuration accesses by bus, device and function, or by ECAM offset; memory and
 * I/O accesses by address, to whom they belong. Its buses are root buses: there are no bridges. Nobody there: all ones.
 */
export class PciSegment {
  readonly #functions = new Map<number, PciFunction>();
  /** Functions whose line is asserted, by line. */
  readonly #asserted: readonly Set<number>[] = [new Set(), new Set(), new Set(), new Set()];
  readonly #options: PciSegmentOptions;

  constructor(options: PciSegmentOptions) {
    this.#options = options;
  }

  /**
   * Puts a function into the segment.
   * @param where without it: the first free device of bus 0
   * @throws HostError ERR_PCI_ADDRESS
   */
  attach(pciFunction: PciFunction, where: PciAddress = this.#freeAddress()): PciAddress {
    const id = routingId(where);
    const valid = where.bus >>> 8 === 0 && where.device >>> 5 === 0 && where.function >>> 3 === 0;
    if (!valid || this.#functions.has(id)) throw new HostError("ERR_PCI_ADDRESS", `PCI address ${formatPciAddress(where)} is not free`);
    this.#functions.set(id, pciFunction);
    const pin = pciFunction.config.view.getUint8(0x3d);
    pciFunction.connect({
      msi: this.#options.msi,
      setInterruptLine: (asserted) => this.#setLine(id, pin, asserted),
    });
    this.#markMultiFunction(where);
    return where;
  }

  /** Takes a function out. */
  detach(where: PciAddress): void {
    const id = routingId(where);
    const pciFunction = this.#functions.get(id);
    if (!pciFunction) return;
    pciFunction.setInterrupt(false);
    pciFunction.connect(undefined);
    this.#functions.delete(id);
    this.#markMultiFunction(where);
  }

  #freeAddress(): PciAddress {
    for (let device = 0; device < 32; device++) {
      const address = { bus: 0, device, function: 0 };
      if (!this.#functions.has(routingId(address))) return address;
    }
    throw new HostError("ERR_PCI_ADDRESS", "no device of PCI bus 0 is free");
  }

  /** Software looks for further functions only where function 0 says that there are some. */
  #markMultiFunction(where: PciAddress): void {
    const base = routingId({ ...where, function: 0 });
    const first = this.#functions.get(base);
    if (!first) return;
    const several = [1, 2, 3, 4, 5, 6, 7].some((number) => this.#functions.has(base | number));
    first.config.view.setUint8(HEADER_TYPE, several ? MULTI_FUNCTION : 0);
  }

  /** Lines are swizzled by device number, as on a PC. */
  #setLine(id: number, pin: number, asserted: boolean): void {
    if (pin === 0) return;
    const line = (pin - 1 + ((id >> 3) & 3)) & 3;
    const holders = this.#asserted[line] as Set<number>;
    const before = holders.size > 0;
    if (asserted) holders.add(id);
    else holders.delete(id);
    if (holders.size > 0 !== before) this.#options.interruptLine?.(line + 1, asserted);
  }

  function(where: PciAddress): PciFunction | undefined {
    return this.#functions.get(routingId(where));
  }

  readConfig(where: PciAddress, offset: number, width: AccessWidth): number {
    return this.function(where)?.readConfig(offset, width) ?? allOnes(width);
  }

  writeConfig(where: PciAddress, offset: number, width: AccessWidth, value: number): void {
    this.function(where)?.writeConfig(offset, width, value);
  }

  /** Configuration access by offset in the enhanced configuration access mechanism (ECAM): 4 KiB per function. */
  readEcam(offset: number, width: AccessWidth): number {
    return (
      this.#functions.get(Math.floor(offset / EXTENDED_CONFIG_SIZE))?.readConfig(offset % EXTENDED_CONFIG_SIZE, width) ?? allOnes(width)
    );
  }

  writeEcam(offset: number, width: AccessWidth, value: number): void {
    this.#functions.get(Math.floor(offset / EXTENDED_CONFIG_SIZE))?.writeConfig(offset % EXTENDED_CONFIG_SIZE, width, value);
  }

  #decode(address: number, width: AccessWidth, io: boolean): Bar | undefined {
    for (const { bars, command } of this.#functions.values()) {
      if ((command & (io ? PciCommand.io : PciCommand.memory)) === 0) continue;
      for (const bar of bars) {
        // An address of 0 is one that nobody has assigned.
        if (!bar || (bar.kind === "io") !== io || bar.address === 0) continue;
        if (address >= bar.address && address + width <= bar.address + bar.size) return bar;
      }
    }
    return undefined;
  }

  /** A read in memory space. */
  readMemory(address: number, width: AccessWidth): number {
    const bar = this.#decode(address, width, false);
    return bar ? bar.region.read(address - bar.address, width) : allOnes(width);
  }

  writeMemory(address: number, width: AccessWidth, value: number): void {
    const bar = this.#decode(address, width, false);
    bar?.region.write(address - bar.address, width, value);
  }

  /** A read in I/O space. */
  readIo(port: number, width: AccessWidth): number {
    const bar = this.#decode(port, width, true);
    return bar ? bar.region.read(port - bar.address, width) : allOnes(width);
  }

  writeIo(port: number, width: AccessWidth, value: number): void {
    const bar = this.#decode(port, width, true);
    bar?.region.write(port - bar.address, width, value);
  }
}
