import type { GuestMemory } from "@zarch/guest-memory";
import type { PciFunction } from "@zarch/pci";
import type { DmaHost, DmaMemory } from "./dma-memory.ts";
import { type InterruptionIndicators, setBit } from "./indicators.ts";

/**
 * States of a function. Standby: there, but not configured for this guest. Disabled: configured. Enabled: in use. Blocked: out of
 * the error state again for loads and stores, not for DMA. Reserved: gone.
 */
export type ZpciState = "reserved" | "standby" | "disabled" | "enabled" | "blocked" | "error";

/** Bits of a function handle. */
export const HANDLE_ENABLED = 0x8000_0000;
const HANDLE_EMULATED = 0x0002_0000;

/** Event codes of errors that a function itself makes. */
const INVALID_VECTOR = 0xa;
const NO_INDICATORS = 0x10;

export interface ZpciFunctionHost {
  /** Absolute storage. */
  readonly memory: GuestMemory;
  raise(subclass: number): void;
  errorEvent(zpci: ZpciFunction, code: number, address: number): void;
}

export interface ZpciFunctionOptions {
  readonly pciFunction: PciFunction;
  /** The memory that the function was given. */
  readonly dma: DmaMemory;
  /** Resets what is behind the function. */
  readonly reset: () => void | Promise<void> | undefined;
}

/** One PCI function in an s390 machine. */
export class ZpciFunction implements DmaHost {
  /** Function ID. */
  readonly id: number;
  /** User-defined ID, which Linux makes the PCI domain. */
  readonly uid: number;
  readonly pciFunction: PciFunction;
  readonly dma: DmaMemory;
  state: ZpciState = "disabled";
  indicators: InterruptionIndicators | undefined;
  /** A reset of the device is under way. */
  busy = false;
  readonly #index: number;
  readonly #host: ZpciFunctionHost;
  readonly #reset: ZpciFunctionOptions["reset"];

  constructor(index: number, id: number, uid: number, options: ZpciFunctionOptions, host: ZpciFunctionHost) {
    this.#index = index;
    this.id = id;
    this.uid = uid;
    this.pciFunction = options.pciFunction;
    this.dma = options.dma;
    this.#reset = options.reset;
    this.#host = host;
    this.dma.connect(this);
    this.pciFunction.connect({ msi: { signal: (_high, _low, data) => this.#message(data) }, setInterruptLine: () => {} });
  }

  get index(): number {
    return this.#index;
  }

  /** The handle that instructions have to use now, unsigned. */
  get handle(): number {
    return ((this.enabled ? HANDLE_ENABLED : 0) | HANDLE_EMULATED | this.#index) >>> 0;
  }

  /** Whether the function is enabled, with or without an error. */
  get enabled(): boolean {
    return this.state === "enabled" || this.state === "blocked" || this.state === "error";
  }

  get dmaAllowed(): boolean {
    return this.state === "enabled";
  }

  dmaFailed(error: number, address: number): void {
    this.fail(error, address);
  }

  /** Puts the function into the error state and tells the guest. */
  fail(code: number, address: number): void {
    if (this.state !== "enabled" && this.state !== "blocked") return;
    this.state = "error";
    this.#host.errorEvent(this, code, address);
  }

  /** A message of the function: its data is the number of the vector. */
  #message(data: number): void {
    if (this.state !== "enabled") return;
    const { indicators } = this;
    if (indicators === undefined) {
      this.fail(NO_INDICATORS, 0);
      return;
    }
    if (data >= indicators.count) {
      this.fail(INVALID_VECTOR, 0);
      return;
    }
    const { memory } = this.#host;
    setBit(memory, indicators.vector, indicators.vectorOffset + data);
    if (indicators.summary && setBit(memory, indicators.summaryAddress, indicators.summaryOffset)) return;
    this.#host.raise(indicators.subclass);
  }

  enable(): void {
    this.state = "enabled";
  }

  /** Back to the disabled state, with nothing registered and the device behind it reset. */
  disable(): void {
    this.state = "disabled";
    this.indicators = undefined;
    this.dma.disable();
    const pending = this.#reset();
    if (!(pending instanceof Promise)) return;
    this.busy = true;
    void pending.finally(() => {
      this.busy = false;
    });
  }

  /** Cuts the function off: it touches no memory and interrupts nobody any more. */
  remove(): void {
    this.state = "reserved";
    this.indicators = undefined;
    this.dma.disable();
    this.dma.connect(undefined);
    this.pciFunction.connect(undefined);
  }
}
