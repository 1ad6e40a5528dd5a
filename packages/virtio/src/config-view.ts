import type { Endian } from "@zarch/guest-memory";
import type { DeviceConfig } from "./device.ts";
import { fromHex, toHex } from "./state/hex.ts";
import type { ConfigState } from "./state/virtio-state.ts";

/** The configuration space as the driver sees it: with a generation, and standing still while the device is suspended (3.4.2). */
export class ConfigView {
  readonly #config: DeviceConfig;
  #generation = 0;
  /** Changed since the generation was last read. */
  #changed = false;
  #frozen: Uint8Array | undefined;
  #noticeOwed = false;

  /** @param mayNotify whether the driver may be notified of a change now. If not, {@link takeNotice} tells later that it is to be. */
  constructor(config: DeviceConfig, mayNotify: () => boolean, notify: () => void) {
    this.#config = config;
    config.onChange(() => {
      this.#changed = true;
      if (mayNotify()) notify();
      else this.#noticeOwed = true;
    });
  }

  get size(): number {
    return this.#config.size;
  }

  get generation(): number {
    if (this.#changed) {
      this.#changed = false;
      this.#generation = (this.#generation + 1) >>> 0;
    }
    return this.#generation;
  }

  get frozen(): boolean {
    return this.#frozen !== undefined;
  }

  read(offset: number, target: Uint8Array, endian: Endian): void {
    if (this.#frozen === undefined) {
      this.#config.read(offset, target, endian);
      return;
    }
    target.fill(0);
    target.set(this.#frozen.subarray(offset, offset + target.length));
  }

  write(offset: number, data: Uint8Array, endian: Endian): void {
    if (this.#frozen === undefined) this.#config.write(offset, data, endian);
  }

  #bytes(endian: Endian): Uint8Array {
    const bytes = new Uint8Array(this.size);
    this.#config.read(0, bytes, endian);
    return bytes;
  }

  /** From now on the driver sees what is there now, and writes nothing. */
  freeze(endian: Endian): void {
    this.#frozen = this.#bytes(endian);
  }

  thaw(): void {
    this.#frozen = undefined;
  }

  /** Whether the driver is to hear of a change of which it could not be told. It is then taken to have heard. */
  takeNotice(): boolean {
    const owed = this.#noticeOwed;
    this.#noticeOwed = false;
    return owed;
  }

  save(endian: Endian): ConfigState {
    return {
      bytes: toHex(this.#bytes(endian)),
      generation: this.#generation,
      changed: this.#changed,
      frozen: this.#frozen === undefined ? null : toHex(this.#frozen),
      noticeOwed: this.#noticeOwed,
    };
  }

  /** Goes on from a saved view. If the space has other contents than it had then, that is a change. */
  restore({ bytes, generation, changed, frozen, noticeOwed }: ConfigState, endian: Endian): void {
    const different = toHex(this.#bytes(endian)) !== bytes;
    this.#generation = generation;
    this.#changed = changed || different;
    this.#frozen = frozen === null ? undefined : fromHex(frozen);
    this.#noticeOwed = noticeOwed || different;
  }
}
