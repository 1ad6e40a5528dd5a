import { BugError } from "@zarch/vmm-interface";
import { type AccessWidth, allOnes, load } from "./region.ts";
import { CONFIG_SIZE, type EXTENDED_CONFIG_SIZE } from "./registers.ts";

/** Called around accesses that touch a watched part of configuration space. */
export interface ConfigWatcher {
  /** Before a read: the last moment to bring the bytes up to date. */
  beforeRead?(): void;
  /** After a write took effect. */
  afterWrite?(): void;
}

/**
 * The bytes of a function's configuration space with what may be written. Accesses of any width, also unaligned within the space, do the same
 * as their bytes one by one would.
 */
export class PciConfigSpace {
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #writable: Uint8Array;
  readonly #watched: { readonly start: number; readonly end: number; readonly watcher: ConfigWatcher }[] = [];

  constructor(size: typeof CONFIG_SIZE | typeof EXTENDED_CONFIG_SIZE = CONFIG_SIZE) {
    this.size = size;
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
    this.#writable = new Uint8Array(size);
  }

  /** Access by the function itself: nothing is watched, everything can be written. Little-endian. */
  get view(): DataView {
    return this.#view;
  }

  /** Makes bits of 1, 2 or 4 bytes at `offset` writable. */
  allowWrites(offset: number, width: AccessWidth, mask: number): void {
    for (let i = 0; i < width; i++) this.#writable[offset + i] = (mask >>> (8 * i)) & 0xff;
  }

  watch(offset: number, length: number, watcher: ConfigWatcher): void {
    if (offset < 0 || offset + length > this.size) throw new BugError("a watched part is outside configuration space");
    this.#watched.push({ start: offset, end: offset + length, watcher });
  }

  /** A read by the host. Beyond the space there are all ones. */
  read(offset: number, width: AccessWidth): number {
    const end = offset + width;
    if (offset < 0 || end > this.size) return allOnes(width);
    for (const { start, end: stop, watcher } of this.#watched) if (offset < stop && end > start) watcher.beforeRead?.();
    return load(this.#view, offset, width);
  }

  /** A write by the host. */
  write(offset: number, width: AccessWidth, value: number): void {
    const end = offset + width;
    if (offset < 0 || end > this.size) return;
    for (let i = 0; i < width; i++) {
      const mask = this.#writable[offset + i] as number;
      const old = this.#bytes[offset + i] as number;
      this.#bytes[offset + i] = (old & ~mask) | ((value >>> (8 * i)) & mask);
    }
    for (const { start, end: stop, watcher } of this.#watched) if (offset < stop && end > start) watcher.afterWrite?.();
  }
}
