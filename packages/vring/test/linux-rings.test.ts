import { FlatMemory } from "@zarch/guest-memory";
import { describe, expect, it } from "vitest";
import {
  type ChainSnapshot,
  createDeviceVirtqueue,
  createDriverVirtqueue,
  type DeviceVirtqueue,
  type DeviceVirtqueueState,
  type DriverVirtqueue,
  type DriverVirtqueueConfig,
  type DriverVirtqueueState,
  type InspectionSources,
  inspectVirtqueue,
  legacyAreas,
  type PackedSnapshot,
  type SplitSnapshot,
} from "../src/index.ts";
import {
  availableChains,
  blkRequest,
  type ForeignChain,
  type ForeignRing,
  type ForeignUse,
  isAvailable,
  notificationWish,
  type ReadMemory,
  usedBuffers,
} from "./foreign-ring.ts";
import { loadRecording, type RingImage, type RingMoment } from "./ring-image.ts";

const F_INDIRECT_DESC = 28;
const F_EVENT_IDX = 29;
const F_VERSION_1 = 32;
const F_RING_PACKED = 34;

function ringOf({ features, size, areas }: RingImage): ForeignRing {
  return {
    packed: features.includes(F_RING_PACKED),
    size,
    areas,
    littleEndian: features.includes(F_VERSION_1),
    indirect: features.includes(F_INDIRECT_DESC),
    eventIndex: features.includes(F_EVENT_IDX),
  };
}

function configOf(image: RingImage): DriverVirtqueueConfig {
  const { packed, size, areas, littleEndian, indirect, eventIndex } = ringOf(image);
  return { format: packed ? "packed" : "split", size, areas, endian: littleEndian ? "little" : "big", indirect, eventIndex };
}

/** Reads what the image has, and nothing else. */
function readerOf({ spans }: RingMoment): ReadMemory {
  return (address, length) => {
    const span = spans.find((each) => address >= each.address && address + length <= each.address + each.bytes.length);
    if (span === undefined) throw new Error(`the image has no memory at ${address}, ${length} bytes`);
    return new DataView(span.bytes.buffer, span.bytes.byteOffset + address - span.address, length);
  };
}

/** Guest memory with the image in it. */
function memoryOf({ spans }: RingMoment, size: number): FlatMemory {
  const memory = new FlatMemory(size);
  for (const { address, bytes } of spans) memory.write(address, bytes);
  return memory;
}

function area(moment: RingMoment, address: number, length: number): Uint8Array {
  const view = readerOf(moment)(address, length);
  return new Uint8Array(view.buffer, view.byteOffset, length);
}

/** The same in all moments. */
interface Decoded {
  readonly ring: ForeignRing;
  readonly first: RingMoment;
  readonly last: RingMoment;
  readonly chains: readonly ForeignChain[];
  readonly next: number;
  slotsOf(id: number): number;
}

function decode(image: RingImage): Decoded {
  const ring = ringOf(image);
  const first = image.moments[0]!;
  const { chains, next } = availableChains(readerOf(first), ring, first.nextUsed);
  const slotsOf = (id: number) => {
    const chain = chains.find((each) => each.id === id);
    if (chain === undefined) throw new Error(`buffer ${id} is not under way`);
    return chain.slots.length;
  };
  return { ring, first, last: image.moments.at(-1)!, chains, next, slotsOf };
}

/** Whether a list in a packed ring goes on in slot 0. */
function isOverTheEnd({ slots }: ForeignChain): boolean {
  return slots.includes(0) && slots[0] !== 0;
}

/** Positions behind one another, of so many steps. */
function positionsFrom(position: number, count: number, { packed, size }: ForeignRing): number[] {
  return Array.from({ length: count }, (_, i) => (position + i) % (packed ? 2 * size : 0x1_0000));
}

/** What a device reports as written: data of a read, and the status. */
function writtenFor(read: ReadMemory, ring: ForeignRing, chain: ForeignChain): number {
  const { type, length } = blkRequest(read, ring, chain);
  return type === 0 ? length + 1 : 1;
}

/** All that a device may write of a ring, in 16-bit units. `ignored`: flags of packed descriptors that do not count. */
function leftByDevice(read: ReadMemory, { packed, size, areas, littleEndian }: ForeignRing, ignored: number): number[] {
  const units = (address: number, length: number) => {
    const view = read(address, length);
    return Array.from({ length: length / 2 }, (_, i) => view.getUint16(2 * i, littleEndian));
  };
  if (!packed) return units(areas.device, 6 + 8 * size);
  const descriptors = units(areas.descriptor, 16 * size).map((unit, i) => (i % 8 === 7 ? unit & ~ignored : unit));
  return [...descriptors, ...units(areas.device, 4)];
}

/** Our device side, as far as the other device was before it took the requests. */
function deviceOn(memory: FlatMemory, image: RingImage): DeviceVirtqueue {
  const { ring, first } = decode(image);
  const state: DeviceVirtqueueState = {
    version: 1,
    side: "device",
    format: ring.packed ? "packed" : "split",
    size: ring.size,
    nextAvailable: first.nextUsed,
    nextUsed: first.nextUsed,
    notifications: true,
    armedAt: first.nextUsed,
    chains: [],
    staged: [],
    closed: false,
  };
  return createDeviceVirtqueue(memory, configOf(image), { state });
}

/** Our driver side, as far as Linux is when it waits for the requests. Tokens are the ids. */
function driverOn(memory: FlatMemory, image: RingImage, options: Partial<DriverVirtqueueConfig> = {}): DriverVirtqueue<number> {
  const { ring, first, chains, next } = decode(image);
  const state: DriverVirtqueueState = {
    version: 1,
    side: "driver",
    format: ring.packed ? "packed" : "split",
    size: ring.size,
    nextAvailable: next,
    published: next,
    nextUsed: first.nextUsed,
    callbacks: true,
    firstFree: 0,
    buffers: chains.map(({ id, slots, buffers }) => ({
      id,
      descriptors: ring.packed ? [] : slots,
      slots: ring.packed ? slots.length : 1,
      room: buffers.reduce((sum, { length, writable }) => sum + (writable ? length : 0), 0),
      token: id,
    })),
    pending: [],
  };
  return createDriverVirtqueue<number>(memory, { ...configOf(image), ...options }, { state, restoreToken: (id) => id as number });
}

function snapshotOf(memory: FlatMemory, image: RingImage, sources: InspectionSources): SplitSnapshot | PackedSnapshot {
  const snapshot = inspectVirtqueue(memory, configOf(image), sources);
  if ("unreadable" in snapshot) throw new Error(JSON.stringify(snapshot.problems));
  return snapshot;
}

describe.each(["zarch", "qemu"] as const)("virtqueues that Linux drives, recorded on %s", (name) => {
  const recording = loadRecording(name);
  /** QEMU leaves out the flag WRITE of used descriptors (2.8.3), which Linux does not look at. */
  const ignored = name === "qemu" ? 2 : 0;

  it("were driven by Linux 6.1, with every kind of ring, also over the ends of rings and indices", () => {
    expect(recording.driver).toMatch(/^Linux 6\.1\.\d+-\d+-s390x$/);
    expect(recording.device).toMatch(name === "qemu" ? /^QEMU \d+\.\d+\.\d+$/ : /^zarch$/);
    const kinds = recording.rings.map(({ features, size }) =>
      [F_INDIRECT_DESC, F_EVENT_IDX, F_VERSION_1, F_RING_PACKED].filter((bit) => features.includes(bit)).concat(size),
    );
    for (const format of [[F_VERSION_1], [F_VERSION_1, F_RING_PACKED], []]) {
      const both = format.length > 0;
      expect(kinds).toContainEqual([F_INDIRECT_DESC, F_EVENT_IDX, ...format, 256]);
      if (both) expect(kinds).toContainEqual([F_EVENT_IDX, ...format, 256]);
      if (both) expect(kinds).toContainEqual([F_INDIRECT_DESC, ...format, 256]);
    }
    const wrapping = recording.rings.filter((image) => {
      const { ring, first, next } = decode(image);
      return first.nextUsed % ring.size > (next - 1) % ring.size;
    });
    expect(wrapping.map(({ name: title }) => title.split("; ")[0])).toEqual(
      expect.arrayContaining(["split", "packed", "packed, no indirect"]),
    );
    expect(recording.rings.some((image) => !ringOf(image).packed && decode(image).next < decode(image).first.nextUsed)).toBe(true);
    expect(recording.rings.some((image) => ringOf(image).packed && decode(image).chains.some(isOverTheEnd))).toBe(true);
  });

  it.each(recording.rings.filter(({ features }) => !features.includes(F_VERSION_1)))(
    "RING-SPLIT-LEGACY-DEV-001/002, RING-SPLIT-LEGACY-FACT-DEV-001: a legacy driver's ring is big-endian and has its parts where we compute them: $name",
    (image) => {
      expect(image.areas).toEqual(legacyAreas(image.areas.descriptor, image.size, 4096));
      expect(decode(image).chains).toHaveLength(image.requests.length);
    },
  );

  describe.each(recording.rings)("$name", (image) => {
    const { requests, moments } = image;

    it("every available buffer is one of the requests that programs made, and all are there", () => {
      const { ring, first, chains } = decode(image);
      const found = chains.map((chain) => blkRequest(readerOf(first), ring, chain));
      const byPlace = (a: { sector: number }, b: { sector: number }) => a.sector - b.sector;
      expect(found.map(({ type, sector, length }) => ({ type, sector, length })).toSorted(byPlace)).toEqual(requests.toSorted(byPlace));
      // Each has more than one part, so Linux uses a table whenever it may.
      expect(new Set(chains.map(({ indirect }) => indirect))).toEqual(new Set([ring.indirect]));
    });

    it("the device is where the ring says, and all other descriptors are free", () => {
      const { ring, first, chains, next } = decode(image);
      const taken = chains.flatMap(({ slots }) => slots);
      const cycle = ring.packed ? 2 * ring.size : 0x1_0000;
      // A device may have left some in the ring, but only from the end.
      const boundaries = chains.map(
        (_, i) => (first.nextUsed + (ring.packed ? chains.slice(0, i).flatMap(({ slots }) => slots).length : i)) % cycle,
      );
      expect([...boundaries, next]).toContain(first.nextAvailable);
      if (!ring.packed) return;
      for (const position of positionsFrom(next, ring.size - taken.length, ring)) {
        expect({ position, available: isAvailable(readerOf(first), ring, position) }).toEqual({ position, available: false });
      }
      expect(taken).toEqual(positionsFrom(first.nextUsed, taken.length, ring).map((position) => position % ring.size));
    });

    it("buffers come back once each, with the right length and status, in the end all of them", () => {
      const { ring, first, last, chains, slotsOf } = decode(image);
      let before: readonly ForeignUse[] = [];
      for (const moment of moments) {
        const read = readerOf(moment);
        const { used, next } = usedBuffers(read, ring, first.nextUsed, slotsOf);
        expect(next).toBe(moment.nextUsed);
        expect(used.slice(0, before.length)).toEqual(before);
        for (const { id, length } of used) {
          const chain = chains.find((each) => each.id === id)!;
          // QEMU leaves out the WRITE flag of used descriptors, which Linux does not look at.
          if (length !== undefined || name !== "qemu")
            expect({ id, length }).toEqual({ id, length: writtenFor(readerOf(first), ring, chain) });
          expect(blkRequest(read, ring, chain).status).toBe(0);
        }
        before = used;
      }
      expect(before.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(chains.map(({ id }) => id).toSorted((a, b) => a - b));
      expect(last.nextAvailable).toBe(decode(image).next);
    });

    it("neither side wrote what belongs to the other", () => {
      const { ring, first, last } = decode(image);
      const { areas, size } = ring;
      const drivers: [number, number][] = ring.packed
        ? [[areas.driver, 4]]
        : [
            [areas.descriptor, 16 * size],
            [areas.driver, 6 + 2 * size],
          ];
      for (const moment of moments)
        for (const [address, length] of drivers) expect(area(moment, address, length)).toEqual(area(first, address, length));
      // The guest waits: it wants to be told of what comes back, and by an event index of the very next.
      expect(notificationWish(readerOf(first), ring, "driver")).toBe(ring.eventIndex ? first.nextUsed : "always");
      // The device has taken all: it wants to be told of more.
      expect(notificationWish(readerOf(last), ring, "device")).toBe(ring.eventIndex ? last.nextAvailable : "always");
    });

    it("our device side takes the same requests, and leaves in memory what the other device left, bit by bit", () => {
      const { ring, first, last, chains, slotsOf } = decode(image);
      const memory = memoryOf(first, recording.memory);
      const device = deviceOn(memory, image);
      const taken = new Map([...device].map((chain) => [chain.id, chain]));
      expect([...taken.keys()]).toEqual(chains.map(({ id }) => id));
      for (const chain of chains) {
        const { readable, writable } = taken.get(chain.id)!;
        const { type, sector, length } = blkRequest(readerOf(first), ring, chain);
        const endian = ring.littleEndian ? "little" : "big";
        expect([readable.readUint32(endian), readable.skip(4), readable.readUint64(endian)]).toEqual([type, undefined, sector]);
        expect([readable.remaining, writable.remaining]).toEqual(type === 1 ? [length, 1] : [0, length + 1]);
      }
      const { used } = usedBuffers(readerOf(last), ring, first.nextUsed, slotsOf);
      for (const { id } of used) device.push(taken.get(id)!, writtenFor(readerOf(first), ring, chains.find((chain) => chain.id === id)!));
      expect(device.flush()).toBe(true);
      const ours: ReadMemory = (address, length) => {
        const bytes = new Uint8Array(length);
        memory.read(address, bytes);
        return new DataView(bytes.buffer);
      };
      expect(leftByDevice(ours, ring, ignored)).toEqual(leftByDevice(readerOf(last), ring, ignored));
    });

    it("our driver side gets every buffer back with its length", () => {
      const { ring, first, last, chains, slotsOf } = decode(image);
      const { used } = usedBuffers(readerOf(last), ring, first.nextUsed, slotsOf);
      for (const toleratesLengths of [false, true]) {
        const driver = driverOn(memoryOf(last, recording.memory), image, { toleratesLengths });
        for (const { id, length = 0 } of used) {
          const written = writtenFor(readerOf(first), ring, chains.find((chain) => chain.id === id)!);
          expect(driver.getBuf()).toEqual({ token: id, written: toleratesLengths ? written : length });
        }
        expect(driver.getBuf()).toBeUndefined();
        expect(driver.free).toBe(ring.size);
      }
    });

    it("an inspection finds the same buffers in it, and nothing wrong", () => {
      const { ring, first, last, chains, slotsOf } = decode(image);
      const parts = chains.map(({ id, buffers }) => ({ id, parts: buffers }));
      const partsOf = (found: readonly ChainSnapshot[]) =>
        found.map((chain) => ({
          id: chain.id,
          parts: chain.parts.map(({ address, length, writable }) => ({ address, length, writable })),
        }));

      const memory = memoryOf(first, recording.memory);
      const before = snapshotOf(memory, image, { device: deviceOn(memory, image), driver: driverOn(memory, image) });
      expect(before.chains.map(({ state, problems }) => ({ state, problems }))).toEqual(
        chains.map(() => ({ state: "available", problems: [] })),
      );
      expect(partsOf(before.chains)).toEqual(parts);
      expect(before).toMatchObject({ problems: [], truncated: false });
      const free = before.descriptors.filter(({ state }) => state === "free").length;
      expect(free).toBe(ring.size - chains.flatMap(({ slots }) => slots).length);

      // Memory alone may show more, but not less, except that in a packed ring nothing tells where a list begins that goes over the end.
      const whole = parts.filter((_, i) => !ring.packed || !isOverTheEnd(chains[i]!));
      expect(partsOf(snapshotOf(memory, image, {}).chains)).toEqual(expect.arrayContaining(whole));

      const later = memoryOf(last, recording.memory);
      const after = snapshotOf(later, image, { driver: driverOn(later, image) });
      const { used } = usedBuffers(readerOf(last), ring, first.nextUsed, slotsOf);
      expect(after.chains.map(({ id, state, written }) => ({ id, state, length: written }))).toEqual(
        used.map(({ id, length }) => ({ id, state: "used", length: length ?? 0 })),
      );
      expect(after.problems).toEqual([]);
    });
  });
});
