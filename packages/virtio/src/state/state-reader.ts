import { VirtioStateError } from "./errors.ts";
import { fromHex } from "./hex.ts";

/**
 * Reads an object of a saved state as what it is: data of unknown origin. Every getter throws VirtioStateError for anything but what it asks
 * for. For devices with a state of their own, too.
 */
export class StateReader {
  readonly #fields: object;
  readonly #where: string;

  /** @param where what is read, for messages */
  constructor(value: unknown, where: string) {
    this.#where = where;
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.refuse("it is no object");
    this.#fields = value;
  }

  /** @throws VirtioStateError always */
  refuse(reason: string, options?: ErrorOptions): never {
    throw new VirtioStateError("ERR_VIRTIO_STATE", `unusable saved state: ${this.#where}: ${reason}`, options);
  }

  /** @throws VirtioStateError always: the state is sound, but not one of this device */
  refuseDevice(reason: string): never {
    throw new VirtioStateError("ERR_VIRTIO_STATE_DEVICE", `a saved state of another device: ${this.#where}: ${reason}`);
  }

  /** A field of the object itself; `undefined` if there is none. */
  value(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? (this.#fields as Readonly<Record<string, unknown>>)[name] : undefined;
  }

  isNull(name: string): boolean {
    return this.value(name) === null;
  }

  /** An integer from `min` to `max`, both included. */
  integer(name: string, min: number, max: number): number {
    const value = this.value(name);
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
      this.refuse(`${name} is no integer from ${min} to ${max}`);
    }
    return value;
  }

  boolean(name: string): boolean {
    const value = this.value(name);
    if (typeof value !== "boolean") this.refuse(`${name} is neither true nor false`);
    return value;
  }

  string(name: string, maxLength: number): string {
    const value = this.value(name);
    if (typeof value !== "string" || value.length > maxLength) this.refuse(`${name} is no string of at most ${maxLength} characters`);
    return value;
  }

  /** One of some values. */
  choice<const T extends string>(name: string, values: readonly T[]): T {
    const value = this.value(name);
    const found = values.find((known) => known === value);
    if (found === undefined) this.refuse(`${name} is none of ${values.join(", ")}`);
    return found;
  }

  /** Bytes that were saved as hexadecimal digits. */
  bytes(name: string, maxLength: number): Uint8Array {
    const bytes = fromHex(this.string(name, 2 * maxLength));
    if (!bytes) this.refuse(`${name} are no bytes`);
    return bytes;
  }

  array(name: string, maxLength: number): readonly unknown[] {
    const value = this.value(name);
    if (!Array.isArray(value) || value.length > maxLength) this.refuse(`${name} is no list of at most ${maxLength}`);
    return value;
  }

  /** A list of integers from `min` to `max`. */
  integers(name: string, maxLength: number, min: number, max: number): number[] {
    return Array.from(this.array(name, maxLength), (value) => {
      if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
        this.refuse(`${name} holds something else than integers from ${min} to ${max}`);
      }
      return value;
    });
  }

  /** An object in this one. */
  child(name: string): StateReader {
    return new StateReader(this.value(name), `${this.#where}.${name}`);
  }

  /** A list of objects. */
  children(name: string, maxLength: number): StateReader[] {
    return Array.from(this.array(name, maxLength), (value, index) => new StateReader(value, `${this.#where}.${name}[${index}]`));
  }
}
