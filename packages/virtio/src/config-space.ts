import type { Endian } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import type { DeviceConfig } from "./device.ts";

/** One field of a configuration space. */
export interface ConfigField {
  /** Offset in bytes from the start of the space. */
  readonly offset: number;
  /** Bytes: 1, 2, 4 or 8. */
  readonly width: 1 | 2 | 4 | 8;
  /** Whether the driver may write it. Default false. */
  readonly writable?: boolean;
  /** Byte order when it does not follow the driver's (legacy balloon fields are always little-endian). */
  readonly endian?: Endian;
}

export type ConfigLayout = Readonly<Record<string, ConfigField>>;

/** A write of the driver, after it took effect. */
export type ConfigWriteListener<L extends ConfigLayout> = (field: keyof L & string, value: number) => void;

/**
 * A configuration space made of named fields. Values are non-negative integers; a field of 8 bytes holds at most 2^53 - 1.
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
  readonly #changeListeners = new Set<() => void>();
  readonly #writeListeners = new Set<ConfigWriteListener<L>>();

  /** @param size bytes; default: up to the end of the last field */
  constructor(layout: L, size?: number) {
    this.#layout = layout;
    const end = Math.max(0, ...Object.values(layout).map(({ offset, width }) => offset + width));
    this.size = Math.max(size ?? 0, end);
    this.#images = { big: new DataView(new ArrayBuffer(this.size)), little: new DataView(new ArrayBuffer(this.size)) };
  }

  #field(name: keyof L): ConfigField {
    const field = this.#layout[name];
    if (!field) throw new BugError(`no configuration field ${String(name)}`);
    return field;
  }

  get(name: keyof L & string): number {
    return load(this.#images.little, this.#field(name), "little");
  }

  /** Changes fields on behalf of the device, then tells the listeners once if any value is new. */
  set(values: Partial<Readonly<Record<keyof L & string, number>>>): void {
    let changed = false;
    for (const [name, value] of Object.entries(values) as [keyof L & string, number][]) {
      if (this.get(name) === value) continue;
      changed = true;
      this.#store(this.#field(name), value);
    }
    if (changed) for (const listener of this.#changeListeners) listener();
  }

  #store(field: ConfigField, value: number): void {
    store(this.#images.little, field, value, "little");
    store(this.#images.big, field, value, "big");
  }

  read(offset: number, target: Uint8Array, endian: Endian): void {
    const image = this.#images[endian];
    const count = Math.max(0, Math.min(target.length, this.size - offset));
    target.set(new Uint8Array(image.buffer, Math.min(offset, this.size), count));
    target.fill(0, count);
  }

  write(offset: number, data: Uint8Array, endian: Endian): void {
    const image = new Uint8Array(this.#images[endian].buffer);
    const end = offset + data.length;
    for (const [name, field] of Object.entries(this.#layout)) {
      const from = Math.max(offset, field.offset);
      const to = Math.min(end, field.offset + field.width);
      if (!field.writable || from >= to) continue;
      image.set(data.subarray(from - offset, to - offset), from);
      const value = load(this.#images[endian], field, endian);
      this.#store(field, value);
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

function load(view: DataView, field: ConfigField, image: Endian): number {
  const little = (field.endian ?? image) === "little";
  switch (field.width) {
    case 1:
      return view.getUint8(field.offset);
    case 2:
      return view.getUint16(field.offset, little);
    case 4:
      return view.getUint32(field.offset, little);
    case 8:
      return Number(view.getBigUint64(field.offset, little));
  }
}

function store(view: DataView, field: ConfigField, value: number, image: Endian): void {
  const little = (field.endian ?? image) === "little";
  switch (field.width) {
    case 1:
      view.setUint8(field.offset, value);
      break;
    case 2:
      view.setUint16(field.offset, value, little);
      break;
    case 4:
      view.setUint32(field.offset, value, little);
      break;
    case 8:
      view.setBigUint64(field.offset, BigInt(value), little);
      break;
  }
}

/** The configuration space of a device that has none. */
export function emptyConfig(): DeviceConfig {
  return new ConfigSpace({});
}
