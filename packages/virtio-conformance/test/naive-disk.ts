import type { Endian } from "@zarch/guest-memory";

/** What can be wrong with the naive disk. */
export const diskFaults = [
  "has its capacity in bytes",
  "offers CONFIG_WCE without FLUSH",
  "has something in its padding",
  "reads behind its end",
  "cuts offsets to 32 bits",
  "takes part of a sector",
  "writes although it is read-only",
  "knows every request",
  "fills its ID with blanks",
  "does not flush",
  "keeps its cache whatever the driver can do",
  "minds no flags in ranges",
  "zeroes one sector too many",
  "checks only the first range",
  "zeroes nothing",
  "writes its status first",
  "says OK to everything",
] as const;

export type DiskFault = (typeof diskFaults)[number];

const SECTOR = 512;
const SECTORS = 32;
const F_RO = 5;
const F_FLUSH = 9;
const F_CONFIG_WCE = 11;
const F_WRITE_ZEROES = 14;
const CONFIG_SIZE = 60;

const OK = 0;
const IOERR = 1;
const UNSUPP = 2;

/** A disk with as little to it as possible, apart from queues and transports: requests in, answers out. */
export class NaiveDisk {
  readonly content = Uint8Array.from({ length: SECTORS * SECTOR }, (_, i) => i * 3 + (i >> 9));
  stable = this.content.slice();
  readonly #faults: ReadonlySet<DiskFault>;
  readonly #readOnly: boolean;

  constructor(readOnly: boolean, faults: Iterable<DiskFault> = []) {
    this.#readOnly = readOnly;
    this.#faults = new Set(faults);
  }

  #has(fault: DiskFault): boolean {
    return this.#faults.has(fault);
  }

  get features(): number[] {
    const flush = this.#has("offers CONFIG_WCE without FLUSH") ? [F_CONFIG_WCE] : [F_FLUSH];
    return [...flush, ...(this.#readOnly ? [F_RO] : [F_WRITE_ZEROES])];
  }

  config(endian: Endian): Uint8Array {
    const view = new DataView(new ArrayBuffer(CONFIG_SIZE));
    const capacity = this.#has("has its capacity in bytes") ? this.content.length : SECTORS;
    view.setBigUint64(0, BigInt(capacity), endian === "little");
    if (this.#has("has something in its padding")) view.setUint8(33, 1);
    return new Uint8Array(view.buffer);
  }

  /** @returns the device-writable bytes as the device writes them, the status at their end */
  serve(message: Uint8Array, room: number, endian: Endian, canFlush: boolean): Uint8Array | undefined {
    if (room === 0) return undefined;
    const answer = new Uint8Array(room);
    const status = message.length < 16 ? IOERR : this.#perform(message, answer.subarray(0, room - 1), endian, canFlush);
    const at = this.#has("writes its status first") ? 0 : room - 1;
    answer[at] = this.#has("says OK to everything") ? OK : status;
    return answer;
  }

  #perform(message: Uint8Array, into: Uint8Array, endian: Endian, canFlush: boolean): number {
    const view = new DataView(message.buffer, message.byteOffset, message.length);
    const little = endian === "little";
    const type = view.getUint32(0, little);
    const sector = view.getBigUint64(8, little);
    const data = message.subarray(16);
    switch (type) {
      case 0: {
        const offset = this.#place(sector, into.length);
        if (offset === undefined) return IOERR;
        into.set(this.content.subarray(offset, offset + into.length));
        return OK;
      }
      case 1: {
        if (this.#readOnly && !this.#has("writes although it is read-only")) return IOERR;
        const offset = this.#place(sector, data.length);
        if (offset === undefined) return IOERR;
        this.content.set(data.subarray(0, Math.max(0, this.content.length - offset)), offset);
        if (!canFlush && !this.#has("keeps its cache whatever the driver can do")) this.stable = this.content.slice();
        return OK;
      }
      case 4:
      case 5:
        if (!this.#has("does not flush")) this.stable = this.content.slice();
        return OK;
      case 8: {
        const id = new TextEncoder().encode("naive".padEnd(20, this.#has("fills its ID with blanks") ? "\0\0\0 " : "\0"));
        into.set(id.subarray(0, into.length));
        return OK;
      }
      case 13:
        if (this.#readOnly) return IOERR;
        return this.#zero(data, little);
      default:
        return this.#has("knows every request") ? OK : UNSUPP;
    }
  }

  /** Byte offset of a span, if it is on the disk. */
  #place(sector: bigint, length: number): number | undefined {
    if (length % SECTOR !== 0 && !this.#has("takes part of a sector")) return undefined;
    const offset = this.#has("cuts offsets to 32 bits") ? Number((sector * 512n) & 0xffff_ffffn) : Number(sector) * SECTOR;
    const end = offset + length;
    return end <= this.content.length || this.#has("reads behind its end") ? offset : undefined;
  }

  #zero(ranges: Uint8Array, little: boolean): number {
    const count = ranges.length / 16;
    if (!Number.isInteger(count) || count < 1 || count > 16) return IOERR;
    const view = new DataView(ranges.buffer, ranges.byteOffset, ranges.length);
    const spans: [number, number][] = [];
    for (let i = 0; i < count; i++) {
      const length = view.getUint32(16 * i + 8, little) * SECTOR;
      if (view.getUint32(16 * i + 12, little) > 1 && !this.#has("minds no flags in ranges")) return UNSUPP;
      const offset = this.#place(view.getBigUint64(16 * i, little), length);
      if (offset === undefined && !(i > 0 && this.#has("checks only the first range"))) return IOERR;
      spans.push([offset ?? 0, length]);
    }
    if (this.#has("zeroes nothing")) return OK;
    for (const [offset, length] of spans)
      this.content.fill(0, offset, offset + length + (this.#has("zeroes one sector too many") ? SECTOR : 0));
    return OK;
  }
}
