import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import type { VirtqueueAreas } from "../../../packages/vring/src/index.ts";
import type { ByteInput } from "./byte-input.ts";
import type { FuzzMemory } from "./fuzz-memory.ts";
import type { Span } from "./ring-model.ts";

const F_NEXT = 1;
const F_WRITE = 2;
const F_INDIRECT = 4;
const F_AVAIL = 1 << 7;
const F_USED = 1 << 15;

/** Where a driver has its things. */
export interface RingPlace {
  readonly format: "split" | "packed";
  readonly size: number;
  readonly areas: VirtqueueAreas;
  readonly endian: Endian;
  readonly indirect: boolean;
  /** For indirect tables. */
  readonly tables: Span;
  readonly buffers: Span;
}

/** One buffer of a message: bytes for the device to read, or room for it to write. */
export type Part = { readonly bytes: Uint8Array } | { readonly room: number };

interface Descriptor {
  readonly address: number;
  readonly length: number;
  readonly flags: number;
  /** Split: next. Packed: buffer id. */
  readonly other: number;
}

const LENGTHS = [1, 4, 8, 12, 16, 16, 20, 64, 512, 513, 1024, 0];

/** The driver's half of a ring, in the hands of somebody who breaks the rules: stores are right, nearly right or wild, as an input says. */
export class HostileRing {
  readonly place: RingPlace;
  readonly #memory: FuzzMemory;
  readonly #guest: DataView;
  readonly #little: boolean;
  /** Where the next buffer of a packed ring goes, over two rounds. */
  #position = 0;

  constructor(memory: FuzzMemory, place: RingPlace) {
    this.#memory = memory;
    this.#guest = new DataView(memory.guest.buffer);
    this.place = place;
    this.#little = place.endian === "little";
  }

  get #packed(): boolean {
    return this.place.format === "packed";
  }

  /** An address as a driver might give it, mostly of its buffers. */
  address(input: ByteInput): number {
    const { buffers } = this.place;
    switch (input.below(16)) {
      case 0:
        return input.u64();
      case 1:
        return this.#memory.size - input.below(32);
      case 2:
        return input.below(Math.min(this.#memory.size, 0x1_0000));
      default:
        return buffers.address + (input.u16() % buffers.length);
    }
  }

  /** A length in bytes, mostly a usual one. */
  length(input: ByteInput): number {
    const choice = input.below(16);
    if (choice === 15) return input.u32();
    if (choice === 14) return 0xffff_ffff - input.u8();
    return LENGTHS[choice] ?? 16 * input.u8();
  }

  /** Somewhere in what the device reads of the ring. */
  somewhere(input: ByteInput): number {
    const { areas, tables, size } = this.place;
    switch (input.below(4)) {
      case 0:
        return areas.driver + input.below(this.#packed ? 4 : 4 + 2 * size);
      case 1:
        return tables.address + input.below(tables.length);
      default:
        return areas.descriptor + input.below(16 * size);
    }
  }

  #storeDescriptor(at: number, { address, length, flags, other }: Descriptor): void {
    if (at + 16 > this.#memory.size) return;
    const little = this.#little;
    // Numbers of this size are multiples of 2048, so that the largest is a little less than 2^64.
    this.#guest.setBigUint64(at, BigInt(Math.min(address, 0xffff_ffff_ffff_f800)), little);
    this.#guest.setUint32(at + 8, length, little);
    this.#guest.setUint16(at + 12, this.#packed ? other : flags, little);
    this.#guest.setUint16(at + 14, this.#packed ? flags : other, little);
  }

  /** What makes a packed descriptor available at a position. */
  #availableFlags(position: number): number {
    if (!this.#packed) return 0;
    return position % (2 * this.place.size) < this.place.size ? F_AVAIL : F_USED;
  }

  #descriptorAddress(index: number): number {
    return this.place.areas.descriptor + 16 * (index % this.place.size);
  }

  /** Any descriptor, in the ring or in what may be an indirect table. */
  writeDescriptor(input: ByteInput): void {
    const { size, tables } = this.place;
    const inTable = input.below(3) === 1;
    const at = inTable ? tables.address + 16 * input.below(tables.length / 16) : this.#descriptorAddress(input.below(size));
    const flags = input.flag() ? input.u16() : input.below(8) | (inTable ? 0 : this.#availableFlags(this.#position));
    const other = input.flag() ? input.u16() : input.below(size);
    const table = (flags & F_INDIRECT) !== 0 && input.below(4) !== 0;
    this.#storeDescriptor(at, {
      address: table ? tables.address + input.below(tables.length) : this.address(input),
      length: table ? 16 * input.below(24) : this.length(input),
      flags,
      other,
    });
  }

  /** Flags or index of the available ring; a half of the driver's event suppression structure. */
  moveIndex(input: ByteInput): void {
    const at = this.place.areas.driver + 2 * input.below(2);
    this.#guest.setUint16(at, input.flag() ? input.u16() : this.#guest.getUint16(at, this.#little) + 1, this.#little);
  }

  /**
   * Makes a message available as a correct driver does, direct or in an indirect table, but at a place where another one may still be. One
   * time in four a field of a descriptor becomes wrong.
   */
  offer(input: ByteInput, parts: readonly Part[]): void {
    const { size, indirect, tables, buffers } = this.place;
    const how = input.u8();
    const inTable = indirect && (how & 1) !== 0 && parts.length * 16 <= tables.length;
    const first = this.#packed ? this.#position : input.below(size);
    const id = this.#packed ? input.below(size) : 0;
    const tableAt = tables.address + 16 * input.below(Math.max(1, tables.length / 16 - parts.length));
    const count = inTable ? parts.length : Math.min(parts.length, size);
    const slots = inTable ? 1 : count;
    // The head comes last, as a packed ring wants it.
    for (let i = count - 1; i >= 0; i--) {
      const part = parts[i] as Part;
      const length = "bytes" in part ? part.bytes.length : part.room;
      const address = buffers.address + ((16 * input.u8()) % Math.max(16, buffers.length - length));
      if ("bytes" in part) this.#memory.guest.set(part.bytes.subarray(0, this.#memory.size - address), address);
      const next = inTable ? i + 1 : (first + i + 1) % size;
      this.#storeDescriptor(inTable ? tableAt + 16 * i : this.#descriptorAddress(first + i), {
        address,
        length,
        flags: (i + 1 < count ? F_NEXT : 0) | ("room" in part ? F_WRITE : 0) | (inTable ? 0 : this.#availableFlags(first + i)),
        other: this.#packed ? id : next,
      });
    }
    if (inTable) {
      const flags = F_INDIRECT | this.#availableFlags(first);
      this.#storeDescriptor(this.#descriptorAddress(first), { address: tableAt, length: 16 * parts.length, flags, other: id });
    }
    if ((how & 6) === 6) this.#damage(input, inTable && input.flag() ? tableAt + 16 * input.below(count) : this.#descriptorAddress(first));
    if (this.#packed) this.#position = (first + slots) % (2 * size);
    else this.makeAvailable(first);
  }

  #damage(input: ByteInput, at: number): void {
    const flagsAt = at + (this.#packed ? 14 : 12);
    switch (input.below(5)) {
      case 0:
        this.#guest.setBigUint64(at, BigInt(Math.min(this.address(input), 0xffff_ffff_ffff_f800)), this.#little);
        break;
      case 1:
        this.#guest.setUint32(at + 8, this.length(input), this.#little);
        break;
      case 2:
        this.#guest.setUint16(at + 12 + 2 * input.below(2), input.u16(), this.#little);
        break;
      default:
        this.#guest.setUint16(flagsAt, this.#guest.getUint16(flagsAt, this.#little) ^ (1 << input.below(16)), this.#little);
    }
  }

  /** Split: puts a head into the available ring. */
  makeAvailable(head: number): void {
    const { areas, size } = this.place;
    const index = this.#guest.getUint16(areas.driver + 2, this.#little);
    this.#guest.setUint16(areas.driver + 4 + 2 * (index % size), head, this.#little);
    this.#guest.setUint16(areas.driver + 2, index + 1, this.#little);
  }
}
