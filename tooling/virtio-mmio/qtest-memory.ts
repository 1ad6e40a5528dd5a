import { type Endian, type GuestMemory, GuestMemoryError } from "../../packages/guest-memory/src/index.ts";
import { type Qtest, RAM_BASE } from "./qtest.ts";

/** RAM of the machine behind a {@link Qtest}, slowly but truly. */
export class QtestMemory implements GuestMemory {
  readonly size: number;
  readonly #machine: Qtest;
  readonly #scratch = new DataView(new ArrayBuffer(8));

  /** @param length bytes from the beginning of RAM */
  constructor(machine: Qtest, length: number) {
    this.#machine = machine;
    this.size = RAM_BASE + length;
  }

  contains(address: number, length: number): boolean {
    return Number.isSafeInteger(address) && length >= 0 && address >= RAM_BASE && address + length <= this.size;
  }

  read(address: number, target: Uint8Array): void {
    if (!this.contains(address, target.length)) throw new GuestMemoryError(address, target.length);
    this.#machine.read(address, target);
  }

  write(address: number, source: Uint8Array): void {
    if (!this.contains(address, source.length)) throw new GuestMemoryError(address, source.length);
    this.#machine.write(address, source);
  }

  fill(address: number, length: number, value: number): void {
    this.write(address, new Uint8Array(length).fill(value));
  }

  #load(address: number, length: number): DataView {
    this.read(address, new Uint8Array(this.#scratch.buffer, 0, length));
    return this.#scratch;
  }

  #store(address: number, length: number, set: (view: DataView) => void): void {
    set(this.#scratch);
    this.write(address, new Uint8Array(this.#scratch.buffer, 0, length));
  }

  loadUint8 = (address: number) => this.#load(address, 1).getUint8(0);
  loadUint16 = (address: number, endian: Endian) => this.#load(address, 2).getUint16(0, endian === "little");
  loadUint32 = (address: number, endian: Endian) => this.#load(address, 4).getUint32(0, endian === "little");
  loadUint32s = (address: number, endian: Endian, target: Uint32Array) => {
    const bytes = new Uint8Array(4 * target.length);
    this.read(address, bytes);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < target.length; i++) target[i] = view.getUint32(4 * i, endian === "little");
  };
  loadUint64 = (address: number, endian: Endian) => Number(this.loadBigUint64(address, endian));
  loadBigUint64 = (address: number, endian: Endian) => this.#load(address, 8).getBigUint64(0, endian === "little");
  storeUint8 = (address: number, value: number) => this.#store(address, 1, (view) => view.setUint8(0, value));
  storeUint16 = (address: number, value: number, endian: Endian) =>
    this.#store(address, 2, (view) => view.setUint16(0, value, endian === "little"));
  storeUint32 = (address: number, value: number, endian: Endian) =>
    this.#store(address, 4, (view) => view.setUint32(0, value, endian === "little"));
  storeUint64 = (address: number, value: number, endian: Endian) => this.storeBigUint64(address, BigInt(value), endian);
  storeBigUint64 = (address: number, value: bigint, endian: Endian) =>
    this.#store(address, 8, (view) => view.setBigUint64(0, value, endian === "little"));

  view(): undefined {}

  observeWrites(): () => void {
    throw new Error("nobody tells what QEMU writes");
  }
}
