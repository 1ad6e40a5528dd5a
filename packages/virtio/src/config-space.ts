import type { Endian } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import type { DeviceConfig } from "./device.ts";

/** One field of a configuration space. */
export interface ConfigField {
  /** Offset in bytes from the start of the space. */
  readonly offset: number;
  /** Bytes of a number: 1, 2, 4 or 8. */
  readonly width: 1 | 2 | 4 | 8;
  /** How many such numbers, one after the other, the field has: an array, or a string of bytes. Default 1. */
  readonly count?: number;
  /** Whether the driver may write it. Default false. */
  readonly writable?: boolean;
  /** Byte order when it does not follow the driver's (legacy balloon fields are always little-endian). */
  readonly endian?: Endian;
}

export type ConfigLayout = Readonly<Record<string, ConfigField>>;

/** Values for some fields of a layout: numbers, and sequences of them for arrays. */
export type ConfigValues<L extends ConfigLayout> = {
  readonly [Name in keyof L]?: L[Name] extends { readonly count: number } ? ArrayLike<number> : number;
};

/** Bytes up to the end of the last field of a layout. */
export function configLayoutSize(layout: ConfigLayout): number {
  return Math.max(0, ...Object.values(layout).map((field) => field.offset + lengthOf(field)));
}

function lengthOf({ width, count = 1 }: ConfigField): number {
  return width * count;
}

/** A write of the driver, after it took effect. Of an array `value` is the first element. */
export type ConfigWriteListener<L extends ConfigLayout> = (field: keyof L & string, value: number) => void;

/**
 * A configuration space made of named fields, numbers or arrays of them. Values are non-negative integers; a field of 8 bytes holds at
 * most 2^53 - 1.
 *
 * ```ts
 * const config = new ConfigSpace({ capacity: { offset: 0, width: 8 }, writeback: { offset: 32, width: 1, writable: true } });
 * config.set({ capacity: 2048 });
 * ```
 */
export class ConfigSpace<L extends ConfigLayout> implements DeviceConfig {
  readonly size: number;
  readonly #layout: L;
  /** The space in both byte orders, always equal in content. */
  readonly #images: Readonly<Record<Endian, DataView>>;
  /** The bytes of {@link #images}. */
  readonly #bytes: Readonly<Record<Endian, Uint8Array>>;
  /** Names of the fields that the driver may write. */
  readonly #writable: readonly (keyof L & string)[];
  readonly #changeListeners = new Set<() => void>();
  readonly #writeListeners = new Set<ConfigWriteListener<L>>();

  /** @param size bytes; default: up to the end of the last field */
  constructor(layout: L, size?: number) {
    this.#layout = layout;
    this.size = Math.max(size ?? 0, configLayoutSize(layout));
    this.#bytes = { big: new Uint8Array(this.size), little: new Uint8Array(this.size) };
    this.#images = { big: new DataView(this.#bytes.big.buffer), little: new DataView(this.#bytes.little.buffer) };
    this.#writable = Object.keys(layout).filter((name) => layout[name]?.writable);
  }

  #field(name: keyof L): ConfigField {
    const field = this.#layout[name];
    if (!field) throw new BugError(`no configuration field ${String(name)}`);
    return field;
  }

  /** The value of a field; of an array the first element. */
  get(name: keyof L & string): number {
    return load(this.#images.little, this.#field(name), 0, "little");
  }

  /** All elements of an array. */
  getArray(name: keyof L & string): number[] {
    const field = this.#field(name);
    return Array.from({ length: field.count ?? 1 }, (_, index) => load(this.#images.little, field, index, "little"));
  }

  /**
   * Changes fields on behalf of the device, then tells the listeners once if any value is new. An array takes a sequence, for instance
   * the bytes of an address; elements that it does not name become 0.
   */
  set(values: ConfigValues<L>): void {
    let changed = false;
    for (const [name, value] of Object.entries(values) as [keyof L & string, number | ArrayLike<number>][]) {
      const field = this.#field(name);
      const { count = 1 } = field;
      const elements = typeof value === "number" ? [value] : value;
      if (elements.length > count) throw new BugError(`${elements.length} values for configuration field ${name} of ${count}`);
      for (let index = 0; index < count; index++) {
        const element = elements[index] ?? 0;
        if (load(this.#images.little, field, index, "little") === element) continue;
        changed = true;
        this.#store(field, index, element);
      }
    }
    if (changed) for (const listener of this.#changeListeners) listener();
  }

  #store(field: ConfigField, index: number, value: number): void {
    store(this.#images.little, field, index, value, "little");
    store(this.#images.big, field, index, value, "big");
  }

  read(offset: number, target: Uint8Array, endian: Endian): void {
    const bytes = this.#bytes[endian];
    for (let i = 0; i < target.length; i++) target[i] = bytes[offset + i] ?? 0;
  }

  write(offset: number, data: Uint8Array, endian: Endian): void {
    const bytes = this.#bytes[endian];
    const end = offset + data.length;
    for (const name of this.#writable) {
      const field = this.#field(name);
      const from = Math.max(offset, field.offset);
      const to = Math.min(end, field.offset + lengthOf(field));
      if (from >= to) continue;
      for (let at = from; at < to; at++) bytes[at] = data[at - offset]!;
      for (let index = 0; index < (field.count ?? 1); index++) this.#store(field, index, load(this.#images[endian], field, index, endian));
      const value = this.get(name);
      for (const listener of this.#writeListeners) listener(name, value);
    }
  }

  onChange(listener: () => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  /** Calls `listener` for each writable field that a write of the driver touched. Returns a function that stops it. */
  onWrite(listener: ConfigWriteListener<L>): () => void {
    this.#writeListeners.add(listener);
    return () => this.#writeListeners.delete(listener);
  }
}

function load(view: DataView, field: ConfigField, index: number, image: Endian): number {
  const little = (field.endian ?? image) === "little";
  const at = field.offset + index * field.width;
  switch (field.width) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, little);
    case 4:
      return view.getUint32(at, little);
    case 8:
      return Number(view.getBigUint64(at, little));
  }
}

function store(view: DataView, field: ConfigField, index: number, value: number, image: Endian): void {
  const little = (field.endian ?? image) === "little";
  const at = field.offset + index * field.width;
  switch (field.width) {
    case 1:
      view.setUint8(at, value);
      break;
    case 2:
      view.setUint16(at, value, little);
      break;
    case 4:
      view.setUint32(at, value, little);
      break;
    case 8:
      view.setBigUint64(at, BigInt(value), little);
      break;
  }
}

/** The configuration space of a device that has none. */
export function emptyConfig(): DeviceConfig {
  return new ConfigSpace({});
}
