/**
 * Reads virtqueues in memory straight from the text of the specification, sharing no code with the queues of this package: a second
 * opinion on them, and on what other drivers and devices left in memory. Slow, strict, and with exceptions for everything wrong.
 */

/** Reads guest memory. Throws where there is nothing to read. */
export type ReadMemory = (address: number, length: number) => DataView;

export interface ForeignRing {
  readonly packed: boolean;
  readonly size: number;
  readonly areas: { readonly descriptor: number; readonly driver: number; readonly device: number };
  readonly littleEndian: boolean;
  /** VIRTIO_F_INDIRECT_DESC was negotiated. */
  readonly indirect: boolean;
  /** VIRTIO_F_EVENT_IDX was negotiated. */
  readonly eventIndex: boolean;
}

export interface ForeignBuffer {
  readonly address: number;
  readonly length: number;
  readonly writable: boolean;
}

export interface ForeignChain {
  /** Head descriptor (split) or buffer id (packed). */
  readonly id: number;
  /** The descriptors of the ring that it takes. */
  readonly slots: readonly number[];
  readonly buffers: readonly ForeignBuffer[];
  readonly indirect: boolean;
}

export interface ForeignUse {
  readonly id: number;
  /** Bytes; undefined when the device does not say that it wrote (packed: no WRITE flag). */
  readonly length: number | undefined;
}

/** When a side wants to be notified: always, never, or once the other side has passed a position. */
export type Wish = "always" | "never" | number;

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const AVAIL = 1 << 7;
const USED = 1 << 15;

interface Descriptor {
  readonly address: number;
  readonly length: number;
  /** The 16 bits at 12, then those at 14. */
  readonly third: number;
  readonly fourth: number;
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

function descriptorAt(read: ReadMemory, { littleEndian }: ForeignRing, table: number, index: number): Descriptor {
  const view = read(table + 16 * index, 16);
  const address = view.getBigUint64(0, littleEndian);
  check(address < 2n ** 53n, `descriptor ${index} has the address ${address}`);
  return {
    address: Number(address),
    length: view.getUint32(8, littleEndian),
    third: view.getUint16(12, littleEndian),
    fourth: view.getUint16(14, littleEndian),
  };
}

function checkOrder(buffers: readonly ForeignBuffer[]): void {
  const first = buffers.findIndex(({ writable }) => writable);
  check(first < 0 || buffers.slice(first).every(({ writable }) => writable), "a readable buffer behind a writable one (2.7.4.2, 2.8.17)");
}

/** Positions of a packed ring: slot, plus the size in rounds with wrap counter 0. */
function packedSlot(position: number, { size }: ForeignRing): { slot: number; wrap: boolean } {
  return { slot: position % size, wrap: position < size };
}

/** The buffers made available from `position` on, and the position behind them. */
export function availableChains(read: ReadMemory, ring: ForeignRing, position: number): { chains: ForeignChain[]; next: number } {
  const found = ring.packed ? packedAvailable(read, ring, position) : splitAvailable(read, ring, position);
  const taken = found.chains.flatMap(({ slots }) => slots);
  check(new Set(taken).size === taken.length, "a descriptor belongs to two buffers");
  check(taken.length <= ring.size, "more descriptors than there are");
  const ids = found.chains.map(({ id }) => id);
  check(new Set(ids).size === ids.length, "two buffers have the same id");
  for (const { buffers } of found.chains) checkOrder(buffers);
  return found;
}

// ---- 2.7: split ----

function splitAvailable(read: ReadMemory, ring: ForeignRing, position: number): { chains: ForeignChain[]; next: number } {
  const { areas, size, littleEndian } = ring;
  const next = read(areas.driver + 2, 2).getUint16(0, littleEndian);
  const count = (next - position) & 0xffff;
  check(count <= size, `the available index is ${count} ahead`);
  const chains: ForeignChain[] = [];
  for (let i = 0; i < count; i++) {
    const slot = (position + i) % size;
    chains.push(splitChain(read, ring, read(areas.driver + 4 + 2 * slot, 2).getUint16(0, littleEndian)));
  }
  return { chains, next };
}

function splitChain(read: ReadMemory, ring: ForeignRing, head: number): ForeignChain {
  const slots: number[] = [];
  const buffers: ForeignBuffer[] = [];
  let indirect = false;
  let index = head;
  for (;;) {
    check(index < ring.size, `descriptor ${index} of ${ring.size}`);
    check(!slots.includes(index), `a loop at descriptor ${index}`);
    slots.push(index);
    const { address, length, third: flags, fourth: next } = descriptorAt(read, ring, ring.areas.descriptor, index);
    check((flags & ~(NEXT | WRITE | INDIRECT)) === 0, `flags ${flags} in descriptor ${index}`);
    if ((flags & INDIRECT) !== 0) {
      check(ring.indirect, "INDIRECT was not negotiated (2.7.5.3.1)");
      check((flags & NEXT) === 0, "INDIRECT together with NEXT (2.7.5.3.1)");
      buffers.push(...splitTable(read, ring, address, length));
      indirect = true;
      break;
    }
    buffers.push({ address, length, writable: (flags & WRITE) !== 0 });
    if ((flags & NEXT) === 0) break;
    index = next;
  }
  return { id: head, slots, buffers, indirect };
}

function splitTable(read: ReadMemory, ring: ForeignRing, table: number, length: number): ForeignBuffer[] {
  check(length > 0 && length % 16 === 0, `an indirect table of ${length} bytes`);
  const buffers: ForeignBuffer[] = [];
  let index = 0;
  for (;;) {
    check(index < length / 16, `entry ${index} of an indirect table of ${length} bytes`);
    check(buffers.length < length / 16, "a loop in an indirect table");
    const { address, length: bytes, third: flags, fourth: next } = descriptorAt(read, ring, table, index);
    check((flags & ~(NEXT | WRITE)) === 0, `flags ${flags} in an indirect table`);
    buffers.push({ address, length: bytes, writable: (flags & WRITE) !== 0 });
    if ((flags & NEXT) === 0) return buffers;
    index = next;
  }
}

// ---- 2.8: packed ----

function packedAvailable(read: ReadMemory, ring: ForeignRing, position: number): { chains: ForeignChain[]; next: number } {
  const chains: ForeignChain[] = [];
  let at = position;
  while (chains.length <= ring.size && isAvailable(read, ring, at)) {
    const chain = packedChain(read, ring, at);
    chains.push(chain);
    at = (at + chain.slots.length) % (2 * ring.size);
  }
  return { chains, next: at };
}

/** Whether the descriptor at a position is available in the round that the position says (2.8.1). */
export function isAvailable(read: ReadMemory, ring: ForeignRing, position: number): boolean {
  const { slot, wrap } = packedSlot(position, ring);
  const { fourth: flags } = descriptorAt(read, ring, ring.areas.descriptor, slot);
  return ((flags & AVAIL) !== 0) === wrap && ((flags & USED) !== 0) !== wrap;
}

function packedChain(read: ReadMemory, ring: ForeignRing, position: number): ForeignChain {
  const slots: number[] = [];
  const buffers: ForeignBuffer[] = [];
  let at = position;
  for (;;) {
    check(slots.length < ring.size, "a chain longer than the ring");
    check(isAvailable(read, ring, at), `the chain at ${position} goes on with a descriptor that is not available`);
    const { slot } = packedSlot(at, ring);
    slots.push(slot);
    const { address, length, third: id, fourth: flags } = descriptorAt(read, ring, ring.areas.descriptor, slot);
    check((flags & ~(NEXT | WRITE | INDIRECT | AVAIL | USED)) === 0, `flags ${flags} in descriptor ${slot}`);
    if ((flags & INDIRECT) !== 0) {
      check(ring.indirect, "INDIRECT was not negotiated (2.8.19)");
      check((flags & NEXT) === 0 && slots.length === 1, "INDIRECT within a list (2.8.19)");
      return { id, slots, buffers: packedTable(read, ring, address, length), indirect: true };
    }
    buffers.push({ address, length, writable: (flags & WRITE) !== 0 });
    if ((flags & NEXT) === 0) return { id, slots, buffers, indirect: false };
    at = (at + 1) % (2 * ring.size);
  }
}

function packedTable(read: ReadMemory, ring: ForeignRing, table: number, length: number): ForeignBuffer[] {
  check(length > 0 && length % 16 === 0, `an indirect table of ${length} bytes`);
  return Array.from({ length: length / 16 }, (_, index) => {
    const { address, length: bytes, fourth: flags } = descriptorAt(read, ring, table, index);
    check((flags & ~WRITE) === 0, `flags ${flags} in an indirect table (2.8.19)`);
    return { address, length: bytes, writable: (flags & WRITE) !== 0 };
  });
}

// ---- used buffers ----

/**
 * The buffers used from `position` on, and the position behind them.
 * @param slotsOf descriptors of the ring that the buffer with an id took
 */
export function usedBuffers(
  read: ReadMemory,
  ring: ForeignRing,
  position: number,
  slotsOf: (id: number) => number,
): { used: ForeignUse[]; next: number } {
  return ring.packed ? packedUsed(read, ring, position, slotsOf) : splitUsed(read, ring, position);
}

function splitUsed(read: ReadMemory, { areas, size, littleEndian }: ForeignRing, position: number): { used: ForeignUse[]; next: number } {
  const next = read(areas.device + 2, 2).getUint16(0, littleEndian);
  const count = (next - position) & 0xffff;
  check(count <= size, `the used index is ${count} ahead`);
  const used = Array.from({ length: count }, (_, i) => {
    const entry = read(areas.device + 4 + 8 * ((position + i) % size), 8);
    return { id: entry.getUint32(0, littleEndian), length: entry.getUint32(4, littleEndian) };
  });
  return { used, next };
}

function packedUsed(
  read: ReadMemory,
  ring: ForeignRing,
  position: number,
  slotsOf: (id: number) => number,
): { used: ForeignUse[]; next: number } {
  const used: ForeignUse[] = [];
  let at = position;
  for (let passed = 0; passed < ring.size; ) {
    const { slot, wrap } = packedSlot(at, ring);
    const { length, third: id, fourth: flags } = descriptorAt(read, ring, ring.areas.descriptor, slot);
    if (((flags & AVAIL) !== 0) !== wrap || ((flags & USED) !== 0) !== wrap) break;
    used.push({ id, length: (flags & WRITE) !== 0 ? length : undefined });
    const slots = slotsOf(id);
    passed += slots;
    at = (at + slots) % (2 * ring.size);
  }
  return { used, next: at };
}

// ---- 2.7.7, 2.7.10, 2.8.10: notifications ----

/** When the driver wants used buffer notifications, or the device available buffer notifications. */
export function notificationWish(read: ReadMemory, ring: ForeignRing, side: "driver" | "device"): Wish {
  const { areas, size, littleEndian } = ring;
  if (ring.packed) {
    const view = read(areas[side], 4);
    const event = view.getUint16(0, littleEndian);
    const flags = view.getUint16(2, littleEndian);
    check(flags <= (ring.eventIndex ? 2 : 1), `event suppression flags ${flags}`);
    if (flags === 2) {
      check((event & 0x7fff) < size, `the event offset ${event & 0x7fff} is outside the ring`);
      return (event & 0x7fff) + ((event & 0x8000) !== 0 ? 0 : size);
    }
    return flags === 1 ? "never" : "always";
  }
  if (ring.eventIndex) {
    const event = side === "driver" ? areas.driver + 4 + 2 * size : areas.device + 4 + 8 * size;
    return read(event, 2).getUint16(0, littleEndian);
  }
  return (read(areas[side], 2).getUint16(0, littleEndian) & 1) !== 0 ? "never" : "always";
}

// ---- 5.2.6: block requests ----

export interface ForeignBlkRequest {
  readonly type: number;
  readonly sector: number;
  /** Bytes of data, in the direction that the type says. */
  readonly length: number;
  /** The byte where the device says how it went. */
  readonly status: number;
}

/** Reads a chain as a request to a block device, framed in any way. */
export function blkRequest(read: ReadMemory, { littleEndian }: ForeignRing, chain: ForeignChain): ForeignBlkRequest {
  const readable = chain.buffers.filter(({ writable }) => !writable);
  const writable = chain.buffers.filter((buffer) => buffer.writable);
  const total = (buffers: readonly ForeignBuffer[]) => buffers.reduce((sum, { length }) => sum + length, 0);
  check(total(readable) >= 16, "no room for the header");
  check(total(writable) >= 1, "no room for the status");
  const header = new DataView(new ArrayBuffer(16));
  let at = 0;
  for (const { address, length } of readable) {
    const part = Math.min(length, 16 - at);
    const view = part > 0 ? read(address, part) : undefined;
    for (let i = 0; view && i < part; i++) header.setUint8(at + i, view.getUint8(i));
    at += part;
  }
  const type = header.getUint32(0, littleEndian);
  const data = type === 1 ? total(readable) - 16 : total(writable) - 1;
  check(type === 1 ? total(writable) === 1 : total(readable) === 16, "data in the wrong direction");
  const last = writable.findLast(({ length }) => length > 0);
  check(last !== undefined, "no status");
  const status = read(last.address + last.length - 1, 1).getUint8(0);
  return { type, sector: Number(header.getBigUint64(8, littleEndian)), length: data, status };
}
