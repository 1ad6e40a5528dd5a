import type { PciFunction } from "@zarch/pci";
import { IsrStatus, NO_VECTOR } from "./constants.ts";

/** Which vector signals which event, and the ISR status for drivers without MSI-X (virtio 4.1.4.5, 4.1.5.1.2, 4.1.5.3). */
export class EventVectors {
  #function: PciFunction | undefined;
  #configVector = NO_VECTOR;
  readonly #queueVectors: Uint16Array;
  #isr = 0;

  constructor(queueCount: number) {
    this.#queueVectors = new Uint16Array(queueCount).fill(NO_VECTOR);
  }

  /** The function comes after its registers, which refer to this. */
  connect(pciFunction: PciFunction): void {
    this.#function = pciFunction;
  }

  get msixEnabled(): boolean {
    return this.#function?.msix?.enabled ?? false;
  }

  /** What a vector register reads back after `vector` is written: NO_VECTOR if there is no such vector. */
  #mapped(vector: number): number {
    return this.#function?.msix?.has(vector) ? vector : NO_VECTOR;
  }

  get configVector(): number {
    return this.#configVector;
  }

  set configVector(vector: number) {
    this.#configVector = this.#mapped(vector);
  }

  queueVector(queue: number): number {
    return this.#queueVectors[queue] ?? NO_VECTOR;
  }

  setQueueVector(queue: number, vector: number): void {
    if (queue < this.#queueVectors.length) this.#queueVectors[queue] = this.#mapped(vector);
  }

  signalQueue(queue: number): void {
    if (this.msixEnabled) this.#message(this.queueVector(queue));
    else this.#setIsr(this.#isr | IsrStatus.queue);
  }

  signalConfiguration(): void {
    // The bit is there with MSI-X, too (4.1.4.5.1); only the line is not.
    this.#setIsr(this.#isr | IsrStatus.configuration);
    if (this.msixEnabled) this.#message(this.#configVector);
  }

  #message(vector: number): void {
    if (vector !== NO_VECTOR) this.#function?.msix?.trigger(vector);
  }

  #setIsr(isr: number): void {
    this.#isr = isr;
    this.#function?.setInterrupt(isr !== 0 && !this.msixEnabled);
  }

  /** A read by the driver: it clears the status and takes the interrupt back. */
  takeIsr(): number {
    const isr = this.#isr;
    this.#setIsr(0);
    return isr;
  }

  /** A device reset unmaps all events. */
  reset(): void {
    this.#configVector = NO_VECTOR;
    this.#queueVectors.fill(NO_VECTOR);
    this.#setIsr(0);
  }
}
