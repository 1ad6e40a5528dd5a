import type { Endian, GuestMemory, WriteObserver } from "@zarch/guest-memory";
import { DmaError, type Translation, walkTables } from "./translation.ts";

/** First and last DMA address that a function may be given. */
export const START_DMA = 0x1_0000_0000;
export const END_DMA = 2 ** 42 - 1;

const PAGE_SIZE = 4096;
const CACHE_SIZE = 1024;

/** What a DMA memory reports. */
export interface DmaHost {
  /** Whether the function may access memory now. */
  readonly dmaAllowed: boolean;
  /** An access that has no translation. Afterwards {@link dmaAllowed} is false. */
  dmaFailed(error: number, address: number): void;
}

/**
 * Guest memory as a PCI function reaches it: by DMA addresses, through the tables that the guest registered. What has no translation is no
 * exception but an error state of the function, as on the machine: reads then give zeroes and writes are lost.
 *
 * Translations are remembered until the guest refreshes them (RPCIT). `contains` says whether a span lies between the limits that the guest
 * registered; whether its pages are mapped shows when they are used.
 */
export class DmaMemory implements GuestMemory {
  readonly size = END_DMA + 1;
  readonly #memory: GuestMemory;
  #host: DmaHost | undefined;
  #enabled = false;
  #base = 0;
  #limit = -1;
  #anchorHigh = 0;
  #anchorLow = 0;
  /** Direct-mapped by page: the page, its frame, and whether that is protected. */
  readonly #pages = new Float64Array(CACHE_SIZE).fill(-1);
  readonly #frames = new Float64Array(CACHE_SIZE);
  readonly #protected = new Uint8Array(CACHE_SIZE);
  readonly #result: Translation = { frame: 0, protectedFrame: false };
  readonly #single = new Uint8Array(8);
  readonly #singleView = new DataView(this.#single.buffer);

  /** @param memory absolute storage of the machine */
  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  connect(host: DmaHost | undefined): void {
    this.#host = host;
  }

  /** Whether an address space is registered. */
  get enabled(): boolean {
    return this.#enabled;
  }

  get base(): number {
    return this.#base;
  }

  get limit(): number {
    return this.#limit;
  }

  get anchor(): { readonly high: number; readonly low: number } {
    return { high: this.#anchorHigh, low: this.#anchorLow };
  }

  /** Registers an address space. `base` and `limit`: first and last address. */
  enable(base: number, limit: number, anchorHigh: number, anchorLow: number): void {
    this.#base = base;
    this.#limit = limit;
    this.#anchorHigh = anchorHigh;
    this.#anchorLow = anchorLow;
    this.#enabled = true;
    this.#pages.fill(-1);
  }

  disable(): void {
    this.enable(0, -1, 0, 0);
    this.#enabled = false;
  }

  /** Forgets translations of a range of addresses. */
  refresh(start: number, length: number): void {
    const first = Math.floor(start / PAGE_SIZE);
    const last = Math.floor((start + length - 1) / PAGE_SIZE);
    if (last - first >= CACHE_SIZE) {
      this.#pages.fill(-1);
      return;
    }
    for (let page = first; page <= last; page++) if (this.#pages[page % CACHE_SIZE] === page) this.#pages[page % CACHE_SIZE] = -1;
  }

  contains(address: number, length: number): boolean {
    const valid = Number.isSafeInteger(address) && Number.isSafeInteger(length) && length >= 0;
    return valid && this.#enabled && address >= this.#base && address + length <= this.#limit + 1;
  }

  /** Absolute address of a byte, or -1 after an error was reported. */
  #translate(address: number, store: boolean): number {
    const host = this.#host;
    if (host === undefined || !host.dmaAllowed) return -1;
    const page = Math.floor(address / PAGE_SIZE);
    const slot = page % CACHE_SIZE;
    if (this.#pages[slot] !== page && !this.#fill(page, slot, address, host)) return -1;
    if (store && this.#protected[slot] !== 0) {
      host.dmaFailed(DmaError.protection, address);
      return -1;
    }
    return (this.#frames[slot] as number) + (address - page * PAGE_SIZE);
  }

  #fill(page: number, slot: number, address: number, host: DmaHost): boolean {
    if (!this.#enabled || address < this.#base || address > this.#limit) {
      host.dmaFailed(this.#enabled ? DmaError.outOfRange : DmaError.invalidAddressSpace, address);
      return false;
    }
    const result = this.#result;
    walkTables(this.#memory, this.#anchorHigh, this.#anchorLow, page, result);
    if (result.frame < 0 || !this.#memory.contains(result.frame, PAGE_SIZE)) {
      host.dmaFailed(result.frame < 0 ? -result.frame : DmaError.invalidEntry, address);
      return false;
    }
    this.#pages[slot] = page;
    this.#frames[slot] = result.frame;
    this.#protected[slot] = result.protectedFrame ? 1 : 0;
    return true;
  }

  /** Absolute address of a value if it lies in one page, else -1; -2 after an error. */
  #at(address: number, length: number, store: boolean): number {
    if (address % PAGE_SIZE > PAGE_SIZE - length) return -1;
    const absolute = this.#translate(address, store);
    return absolute < 0 ? -2 : absolute;
  }

  read(address: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      const count = Math.min(target.length - done, PAGE_SIZE - ((address + done) % PAGE_SIZE));
      const absolute = this.#translate(address + done, false);
      if (absolute < 0) target.fill(0, done, done + count);
      else this.#memory.read(absolute, count === target.length ? target : target.subarray(done, done + count));
      done += count;
    }
  }

  write(address: number, source: Uint8Array): void {
    for (let done = 0; done < source.length; ) {
      const count = Math.min(source.length - done, PAGE_SIZE - ((address + done) % PAGE_SIZE));
      const absolute = this.#translate(address + done, true);
      if (absolute >= 0) this.#memory.write(absolute, count === source.length ? source : source.subarray(done, done + count));
      done += count;
    }
  }

  fill(address: number, length: number, value: number): void {
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, PAGE_SIZE - ((address + done) % PAGE_SIZE));
      const absolute = this.#translate(address + done, true);
      if (absolute >= 0) this.#memory.fill(absolute, count, value);
      done += count;
    }
  }

  /** A value that crosses pages, through a buffer. */
  #gather(address: number, length: number): DataView {
    this.read(address, this.#single.subarray(0, length));
    return this.#singleView;
  }

  loadUint8(address: number): number {
    const absolute = this.#translate(address, false);
    return absolute < 0 ? 0 : this.#memory.loadUint8(absolute);
  }

  loadUint16(address: number, endian: Endian): number {
    const at = this.#at(address, 2, false);
    if (at >= 0) return this.#memory.loadUint16(at, endian);
    return at === -2 ? 0 : this.#gather(address, 2).getUint16(0, endian === "little");
  }

  loadUint32(address: number, endian: Endian): number {
    const at = this.#at(address, 4, false);
    if (at >= 0) return this.#memory.loadUint32(at, endian);
    return at === -2 ? 0 : this.#gather(address, 4).getUint32(0, endian === "little");
  }

  loadUint32s(address: number, endian: Endian, target: Uint32Array): void {
    const at = this.#at(address, 4 * target.length, false);
    if (at >= 0) this.#memory.loadUint32s(at, endian, target);
    else for (let i = 0; i < target.length; i++) target[i] = this.loadUint32(address + 4 * i, endian);
  }

  loadUint64(address: number, endian: Endian): number {
    const at = this.#at(address, 8, false);
    if (at >= 0) return this.#memory.loadUint64(at, endian);
    return at === -2 ? 0 : Number(this.#gather(address, 8).getBigUint64(0, endian === "little"));
  }

  loadBigUint64(address: number, endian: Endian): bigint {
    const at = this.#at(address, 8, false);
    if (at >= 0) return this.#memory.loadBigUint64(at, endian);
    return at === -2 ? 0n : this.#gather(address, 8).getBigUint64(0, endian === "little");
  }

  #scatter(address: number, length: number): void {
    this.write(address, this.#single.subarray(0, length));
  }

  storeUint8(address: number, value: number): void {
    const absolute = this.#translate(address, true);
    if (absolute >= 0) this.#memory.storeUint8(absolute, value);
  }

  storeUint16(address: number, value: number, endian: Endian): void {
    const at = this.#at(address, 2, true);
    if (at >= 0) this.#memory.storeUint16(at, value, endian);
    if (at !== -1) return;
    this.#singleView.setUint16(0, value, endian === "little");
    this.#scatter(address, 2);
  }

  storeUint32(address: number, value: number, endian: Endian): void {
    const at = this.#at(address, 4, true);
    if (at >= 0) this.#memory.storeUint32(at, value, endian);
    if (at !== -1) return;
    this.#singleView.setUint32(0, value, endian === "little");
    this.#scatter(address, 4);
  }

  storeUint64(address: number, value: number, endian: Endian): void {
    const at = this.#at(address, 8, true);
    if (at >= 0) this.#memory.storeUint64(at, value, endian);
    if (at !== -1) return;
    this.#singleView.setBigUint64(0, BigInt(value), endian === "little");
    this.#scatter(address, 8);
  }

  storeBigUint64(address: number, value: bigint, endian: Endian): void {
    const at = this.#at(address, 8, true);
    if (at >= 0) this.#memory.storeBigUint64(at, value, endian);
    if (at !== -1) return;
    this.#singleView.setBigUint64(0, value, endian === "little");
    this.#scatter(address, 8);
  }

  /** Never: a view would outlive its translation. */
  view(_address: number, _length: number): undefined {
    return undefined;
  }

  /** Observes the absolute addresses that are written, by whomever: DMA addresses are the function's own affair. */
  observeWrites(observer: WriteObserver): () => void {
    return this.#memory.observeWrites(observer);
  }
}
