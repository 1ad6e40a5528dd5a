import { VirtqueueStateError } from "./errors.ts";
import type { VirtqueueConfig } from "./layout.ts";

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** Reads a saved state as what it is: data of unknown origin. Every getter throws VirtqueueStateError for anything but what it asks for. */
export class StateReader {
  readonly #fields: Fields;
  readonly #where: string;

  /**
   * Checks the head of a state.
   * @throws VirtqueueStateError ERR_VIRTQUEUE_STATE, ERR_VIRTQUEUE_STATE_VERSION or ERR_VIRTQUEUE_STATE_CONFIG
   */
  constructor(value: unknown, side: "device" | "driver", config: Pick<VirtqueueConfig, "format" | "size">);
  constructor(value: unknown, where: string);
  constructor(value: unknown, where: string, config?: Pick<VirtqueueConfig, "format" | "size">) {
    this.#where = config ? "" : where;
    const fields = fieldsOf(value);
    if (!fields) this.refuse("it is no object");
    this.#fields = fields;
    if (!config) return;
    const { format = "split", size } = config;
    const { version, side, format: savedFormat, size: savedSize } = fields;
    if (version !== 1) throw new VirtqueueStateError("ERR_VIRTQUEUE_STATE_VERSION", "the saved state of a virtqueue is of another version");
    if (side !== where) throw new VirtqueueStateError("ERR_VIRTQUEUE_STATE_CONFIG", `this is no saved state of a ${where} side`);
    if (savedFormat !== format || savedSize !== size) {
      throw new VirtqueueStateError("ERR_VIRTQUEUE_STATE_CONFIG", `this is no saved state of a ${format} queue of ${size}`);
    }
  }

  refuse(reason: string): never {
    const where = this.#where === "" ? "" : `${this.#where}: `;
    throw new VirtqueueStateError("ERR_VIRTQUEUE_STATE", `unusable saved state of a virtqueue: ${where}${reason}`);
  }

  /** Own fields only: what a state inherits does not count. */
  #get(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  value(name: string): unknown {
    return this.#get(name);
  }

  /** @param max at or above `min`; the value may be equal to either */
  integer(name: string, min: number, max: number): number {
    const value = this.#get(name);
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
      this.refuse(`${name} is no integer from ${min} to ${max}`);
    }
    return value;
  }

  boolean(name: string): boolean {
    const value = this.#get(name);
    if (typeof value !== "boolean") this.refuse(`${name} is neither true nor false`);
    return value;
  }

  string(name: string, pattern: RegExp): string {
    const value = this.#get(name);
    if (typeof value !== "string" || !pattern.test(value)) this.refuse(`${name} is no such string`);
    return value;
  }

  #array(name: string, maxLength: number): readonly unknown[] {
    const value = this.#get(name);
    if (!Array.isArray(value) || value.length > maxLength) this.refuse(`${name} is no list of at most ${maxLength}`);
    return value;
  }

  /** A list of objects. */
  list(name: string, maxLength: number): StateReader[] {
    return Array.from(this.#array(name, maxLength), (entry, i) => new StateReader(entry, `${this.#where}${name}[${i}]`));
  }

  child(name: string): StateReader {
    return new StateReader(this.#get(name), `${this.#where}${name}`);
  }

  integers(name: string, maxLength: number, min: number, max: number): number[] {
    return Array.from(this.#array(name, maxLength), (value) => {
      if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
        this.refuse(`${name} holds something else than integers from ${min} to ${max}`);
      }
      return value;
    });
  }

  /** Pairs of address and length, neither checked against memory; lengths are above 0. */
  spans(name: string, maxLength: number): [address: number, length: number][] {
    return Array.from(this.#array(name, maxLength), (span): [number, number] => {
      const [address, length] = Array.isArray(span) && span.length === 2 ? (span as unknown[]) : [];
      if (!Number.isSafeInteger(address) || !Number.isSafeInteger(length) || (length as number) <= 0 || (length as number) > 0xffff_ffff) {
        this.refuse(`${name} holds something else than pairs of address and length`);
      }
      return [address as number, length as number];
    });
  }
}
