import { FlatMemory, type GuestMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BufferSpan, createDeviceVirtqueue, createDriverVirtqueue, type DriverVirtqueueConfig } from "../src/index.ts";
import { availableChains, type ForeignRing, notificationWish, type ReadMemory, usedBuffers, type Wish } from "./foreign-ring.ts";

const AREAS = { descriptor: 0x1000, driver: 0x3000, device: 0x4000 };
const TABLES = 0x8000;
const DATA = 0x2_0000;
/** Most parts of a buffer. */
const PARTS = 4;

function readerOf(memory: GuestMemory): ReadMemory {
  return (address, length) => {
    const bytes = new Uint8Array(length);
    memory.read(address, bytes);
    return new DataView(bytes.buffer);
  };
}

/** Whether someone with that wish is to be told that the other side moved on to `position`, `moved` places. */
function isDue(wish: Wish, position: number, moved: number, cycle: number): boolean {
  if (typeof wish === "string") return wish === "always" && moved > 0;
  const before = (position - moved + cycle) % cycle;
  return Array.from({ length: moved }, (_, i) => (before + i) % cycle).includes(wish);
}

interface Buffer {
  readonly out: readonly BufferSpan[];
  readonly into: readonly BufferSpan[];
}

/** One turn: what is offered together, in which order it comes back, and who wants no notifications. */
const turn = fc.record({
  buffers: fc.array(
    fc
      .array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: PARTS })
      .chain((lengths) => fc.record({ lengths: fc.constant(lengths), readable: fc.nat({ max: lengths.length }) })),
    { minLength: 1, maxLength: 20 },
  ),
  order: fc.array(fc.nat(), { maxLength: 20 }),
  callbacks: fc.boolean(),
  notifications: fc.boolean(),
});

const config = fc.record({
  packed: fc.boolean(),
  littleEndian: fc.boolean(),
  indirect: fc.boolean(),
  eventIndex: fc.boolean(),
  size: fc.constantFrom(4, 8, 16, 32),
  /** Added to the size of a packed ring, which may be any number. */
  odd: fc.nat({ max: 3 }),
});

describe("a decoder that knows only the specification", () => {
  it("reads from our two sides of a queue what they mean, turn after turn", () => {
    fc.assert(
      fc.property(config, fc.array(turn, { minLength: 1, maxLength: 30 }), ({ odd, ...wanted }, turns) => {
        const memory = new FlatMemory(0x20_0000);
        const read = readerOf(memory);
        const size = wanted.packed ? wanted.size + odd : wanted.size;
        const ring: ForeignRing = { ...wanted, size, areas: AREAS };
        const settings: DriverVirtqueueConfig = {
          format: ring.packed ? "packed" : "split",
          size,
          areas: AREAS,
          endian: ring.littleEndian ? "little" : "big",
          indirect: ring.indirect,
          eventIndex: ring.eventIndex,
          indirectTables: { address: TABLES, entries: PARTS },
        };
        const driver = createDriverVirtqueue<Buffer>(memory, settings);
        const device = createDeviceVirtqueue(memory, settings);
        const cycle = ring.packed ? 2 * size : 0x1_0000;
        let position = 0;
        for (const { buffers, order, callbacks, notifications } of turns) {
          if (callbacks) driver.enableCallbacks();
          else driver.disableCallbacks();
          if (notifications) device.enableNotifications();
          else device.disableNotifications();
          const deviceWish = notificationWish(read, ring, "device");

          const added: Buffer[] = [];
          for (const { lengths, readable } of buffers) {
            const spans = lengths.map((length, i) => ({ address: DATA + 0x2000 * (PARTS * added.length + i), length }));
            const buffer = { out: spans.slice(0, readable), into: spans.slice(readable) };
            if (driver.add(buffer.out, buffer.into, buffer)) added.push(buffer);
          }
          expect(availableChains(read, ring, position).chains).toEqual([]);
          const kick = driver.kickPrepare();
          const { chains, next } = availableChains(read, ring, position);
          expect(chains.map((chain) => chain.buffers)).toEqual(
            added.map(({ out, into }) => [
              ...out.map((span) => ({ ...span, writable: false })),
              ...into.map((span) => ({ ...span, writable: true })),
            ]),
          );
          const slots = chains.flatMap((chain) => chain.slots).length;
          expect(driver.free).toBe(size - slots);
          expect(kick).toBe(isDue(deviceWish, next, ring.packed ? slots : chains.length, cycle));

          const driverWish = notificationWish(read, ring, "driver");
          const taken = [...device];
          expect(taken.map(({ id }) => id)).toEqual(chains.map(({ id }) => id));
          const expected: { id: number; length: number | undefined }[] = [];
          for (const pick of [...order, ...taken.map(() => 0)].slice(0, taken.length)) {
            const [chain] = taken.splice(pick % taken.length, 1);
            if (chain === undefined) continue;
            const written = pick % (chain.writableLength + 1);
            expected.push({ id: chain.id, length: ring.packed && written === 0 ? undefined : written });
            device.push(chain, written);
          }
          const slotsOf = (id: number) => chains.find((chain) => chain.id === id)!.slots.length;
          expect(usedBuffers(read, ring, position, slotsOf).used).toEqual([]);
          const interrupt = device.flush();
          const back = usedBuffers(read, ring, position, slotsOf);
          expect(back).toEqual({ used: expected, next });
          expect(interrupt).toBe(isDue(driverWish, next, ring.packed ? slots : chains.length, cycle));

          for (const { id, length } of expected) {
            expect(driver.getBuf()).toEqual({ token: added[chains.findIndex((chain) => chain.id === id)], written: length ?? 0 });
          }
          expect([driver.getBuf(), driver.free]).toEqual([undefined, size]);
          position = next;
        }
      }),
      { numRuns: 60 },
    );
  });
});
