import type { SavedUse } from "./virtqueue-state.ts";

/** The used buffers that the next flush of a device's queue publishes, in order. */
export class StagedUses {
  count = 0;
  /** Split: heads. Packed: buffer ids. */
  readonly ids: Uint16Array;
  /** Ring slots (packed); 1 when split. */
  readonly slots: Uint16Array;
  /** Bytes to report. */
  readonly written: Uint32Array;
  /** 1 if the device wrote all that there was room for. */
  readonly full: Uint8Array;

  constructor(queueSize: number) {
    this.ids = new Uint16Array(queueSize);
    this.slots = new Uint16Array(queueSize);
    this.written = new Uint32Array(queueSize);
    this.full = new Uint8Array(queueSize);
  }

  add(id: number, slots: number, written: number, full: boolean): void {
    const at = this.count++;
    this.ids[at] = id;
    this.slots[at] = slots;
    // A buffer of 2^32 bytes is possible, a length of 2^32 is not: less may be reported than was written.
    this.written[at] = Math.min(written, 0xffff_ffff);
    this.full[at] = full ? 1 : 0;
  }

  save(): SavedUse[] {
    return Array.from({ length: this.count }, (_, i) => ({
      id: this.ids[i] as number,
      slots: this.slots[i] as number,
      written: this.written[i] as number,
      full: this.full[i] === 1,
    }));
  }
}
