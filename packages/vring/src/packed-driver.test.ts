import { describe, expect, it } from "vitest";
import { AREAS, DATA, PackedDriverRing, TABLES } from "../test/driver-rings.ts";
import { AVAIL, USED } from "../test/raw-packed-ring.ts";
import { codeOf, INDIRECT, NEXT, WRITE } from "../test/raw-ring.ts";

const tables = { indirect: true, indirectTables: { address: TABLES, entries: 4 } };

/** One buffer of `slots` parts through the ring. */
function turn(ring: PackedDriverRing, slots = 1): void {
  const { nextAvailable } = ring.queue;
  ring.add("turn", slots);
  ring.queue.kickPrepare();
  const first = nextAvailable & 0x7fff;
  const { id } = ring.descriptor((first + slots - 1) % ring.size);
  ring.use(first, id, nextAvailable >= 0x8000);
  expect(ring.queue.getBuf()).toEqual({ token: "turn", written: 0 });
}

describe("packed virtqueue, driver side: layout", () => {
  it("RING-PACKED-DRV-003, RING-PACKED-FACT-DRV-001, RING-PACKED-FACT-DRV-011: misaligned parts are not used; any size up to 32768 is", () => {
    const code = (config: ConstructorParameters<typeof PackedDriverRing>[0]) => codeOf(() => new PackedDriverRing(config));
    expect([1, 3, 17].map((size) => code({ size }))).toEqual(["no error", "no error", "no error"]);
    for (const areas of [{ descriptor: 0x1008 }, { driver: 0x2002 }, { device: 0x3002 }]) {
      expect(code({ areas: { ...AREAS, ...areas } })).toBe("ERR_VIRTQUEUE_AREA");
    }
    for (const size of [0, 32769]) expect(code({ size })).toBe("ERR_VIRTQUEUE_SIZE");
  });

  it("RING-PACKED-FACT-DRV-012: ring and event areas are zero at the beginning, and nothing beside them is touched", () => {
    const ring = new PackedDriverRing();
    const zero = (from: number, length: number) => ring.memory.view(from, length).every((byte) => byte === 0);
    expect([zero(AREAS.descriptor, 80), zero(AREAS.driver, 4), zero(AREAS.device, 4)]).toEqual([true, true, true]);
    expect([AREAS.descriptor + 80, AREAS.driver + 4, AREAS.device + 4].map((at) => ring.memory.loadUint8(at))).toEqual([0xee, 0xee, 0xee]);
  });
});

describe("packed virtqueue, driver side: descriptors", () => {
  it("RING-PACKED-FACT-DRV-002, RING-PACKED-FACT-DRV-003, RING-PACKED-FACT-DRV-004, RING-PACKED-DRV-001, RING-PACKED-FACT-DRV-006: each descriptor of a list has the flags of its round, the last one the id", () => {
    const ring = new PackedDriverRing({ size: 5 });
    turn(ring, 3);
    ring.add("a", 2, 2);
    ring.queue.kickPrepare();
    const list = [3, 4, 0, 1].map((slot) => ring.descriptor(slot));
    expect(list.map(({ address, flags }) => [address, flags])).toEqual([
      [DATA, AVAIL | NEXT],
      [DATA + 0x100, AVAIL | NEXT],
      [DATA + 0x4000, USED | NEXT | WRITE],
      [DATA + 0x4100, USED | WRITE],
    ]);
    ring.use(3, list[3]?.id as number, true, 7);
    expect(ring.queue.getBuf()).toEqual({ token: "a", written: 7 });
    turn(ring);
  });

  it("RING-PACKED-DRV-010: all that the device reads comes before all that it writes", () => {
    const ring = new PackedDriverRing(tables);
    ring.add("a", 2, 2);
    ring.queue.kickPrepare();
    const table = ring.descriptor(0).address;
    expect([0, 1, 2, 3].map((i) => ring.descriptor(i, table).flags)).toEqual([0, 0, WRITE, WRITE]);
    const direct = new PackedDriverRing();
    direct.add("a", 2, 2);
    direct.queue.kickPrepare();
    expect([0, 1, 2, 3].map((i) => direct.descriptor(i).flags & WRITE)).toEqual([0, 0, WRITE, WRITE]);
  });

  it("RING-PACKED-DRV-014: without the feature no descriptor is indirect", () => {
    const ring = new PackedDriverRing({ ...tables, indirect: false });
    ring.add("a", 2, 2);
    ring.queue.kickPrepare();
    expect([0, 1, 2, 3].some((i) => (ring.descriptor(i).flags & INDIRECT) !== 0)).toBe(false);
  });

  it("RING-PACKED-DRV-015, RING-PACKED-DRV-017, RING-PACKED-FACT-DRV-008: an indirect descriptor stands alone, its table has no flag but WRITE", () => {
    const ring = new PackedDriverRing(tables);
    ring.add("first", 1);
    ring.add("a", 1, 3);
    ring.queue.kickPrepare();
    const pointer = ring.descriptor(1);
    expect([pointer.flags, pointer.length, ring.queue.free]).toEqual([INDIRECT | AVAIL, 64, 3]);
    expect([0, 1, 2, 3].map((i) => ring.descriptor(i, pointer.address))).toEqual([
      { address: DATA, length: 16, id: 0, flags: 0 },
      ...[0, 1, 2].map((i) => ({ address: DATA + 0x4000 + 0x100 * i, length: 16, id: 0, flags: WRITE })),
    ]);
  });

  it("RING-PACKED-DRV-008, RING-PACKED-DRV-009, RING-PACKED-DRV-016, RING-PACKED-FACT-DRV-007: a list has at most as many parts as the ring has entries or the device allows, in a table too", () => {
    const many = { indirect: true, indirectTables: { address: TABLES, entries: 16 } };
    for (const config of [{}, many]) {
      const ring = new PackedDriverRing({ size: 5, ...config });
      expect([ring.add("a", 3, 3), ring.add("b", 3, 2)]).toEqual([false, true]);
      const limited = new PackedDriverRing({ size: 5, maxChainLength: 3, ...config });
      expect([limited.add("a", 2, 2), limited.add("b", 2, 1)]).toEqual([false, true]);
    }
    const half = { address: 0, length: 0x8000_0000 };
    const ring = new PackedDriverRing();
    expect(codeOf(() => ring.queue.add([half, half], [{ address: 0, length: 1 }], "a"))).toBe("ERR_ZARCH_BUG");
  });

  it("RING-PACKED-DRV-011, RING-PACKED-DRV-012: a list for which there is no room is not begun", () => {
    const ring = new PackedDriverRing({ size: 4 });
    ring.add("a", 3);
    ring.memory.stores.length = 0;
    expect(ring.add("b", 2)).toBe(false);
    expect(ring.memory.stores).toEqual([]);
    expect(ring.add("c", 1)).toBe(true);
  });

  it("RING-PACKED-DRV-013, RING-PACKED-OP-DRV-001, RING-PACKED-OP-DRV-002: the flags of the first descriptor of all come last", () => {
    const ring = new PackedDriverRing();
    ring.add("a", 2);
    ring.add("b", 1, 1);
    expect(ring.descriptor(0).flags).toBe(0);
    ring.queue.kickPrepare();
    const flagsOf = (slot: number) => AREAS.descriptor + 16 * slot + 14;
    const { stores } = ring.memory;
    expect(stores.at(-1)).toEqual({ address: flagsOf(0), length: 2 });
    // Within a list the first descriptor's flags come after everything else of that list.
    const last = (from: number, to: number) => stores.findLastIndex(({ address }) => address >= from && address < to);
    expect(last(flagsOf(2), flagsOf(2) + 1)).toBeGreaterThan(last(AREAS.descriptor + 48, AREAS.descriptor + 64));
    expect(stores.filter(({ address }) => address === flagsOf(0) || address === flagsOf(2)).length).toBe(2);
  });

  it("RING-PACKED-DRV-004, RING-PACKED-DRV-005: a descriptor that is available is not written until it is used", () => {
    const ring = new PackedDriverRing({ size: 3 });
    ring.add("a", 2);
    ring.queue.kickPrepare();
    ring.memory.stores.length = 0;
    ring.add("b", 1);
    ring.queue.kickPrepare();
    ring.add("c", 1);
    ring.queue.getBuf();
    ring.queue.kickPrepare();
    expect(ring.memory.storesIn(AREAS.descriptor, AREAS.descriptor + 32)).toEqual([]);
    ring.use(0, 0, true);
    ring.memory.stores.length = 0;
    expect(ring.queue.getBuf()?.token).toBe("a");
    expect(ring.memory.storesIn(AREAS.descriptor, AREAS.descriptor + 48)).toEqual([]);
    ring.add("d", 1);
    ring.queue.kickPrepare();
    expect(ring.memory.storesIn(AREAS.descriptor + 16, AREAS.descriptor + 48)).toEqual([]);
    expect(ring.descriptor(0).flags).toBe(USED);
  });
});

describe("packed virtqueue, driver side: notifications", () => {
  const kick = (ring: PackedDriverRing) => {
    ring.add("a");
    return ring.queue.kickPrepare();
  };

  it("RING-PACKED-FACT-DRV-009, RING-PACKED-FACT-DRV-010: the device's event area decides", () => {
    const plain = new PackedDriverRing({ size: 8 });
    plain.deviceEvent(1);
    expect([kick(plain), kick(plain)]).toEqual([false, false]);
    plain.deviceEvent(0);
    expect(kick(plain)).toBe(true);
    plain.deviceEvent(2, 0);
    expect(kick(plain)).toBe(true); // reserved without EVENT_IDX
    const ring = new PackedDriverRing({ size: 8, eventIndex: true });
    ring.deviceEvent(2, 2);
    expect([kick(ring), kick(ring), kick(ring), kick(ring)]).toEqual([false, false, true, false]);
    ring.deviceEvent(2, 4, false);
    expect(kick(ring)).toBe(false);
    ring.deviceEvent(3);
    expect(kick(ring)).toBe(true);
  });

  it("RING-PACKED-OP-DRV-003: the device's event area is read after everything is available", () => {
    const ring = new PackedDriverRing();
    ring.add("a");
    const order: string[] = [];
    ring.memory.observeWrites(() => order.push("store"));
    ring.memory.loads.push = ({ address }) => order.push(address === AREAS.device ? "event" : "load");
    ring.queue.kickPrepare();
    expect(order).toEqual(["store", "event"]);
  });

  it("RING-PACKED-DRV-006, RING-PACKED-DRV-007, CORE-NOTIF-FACT-DRV-003, CORE-NOTIF-FACT-DRV-004: notification data names the next descriptor that is not available, the same when repeated", () => {
    const ring = new PackedDriverRing({ size: 3 });
    expect(ring.queue.nextAvailable).toBe(0x8000);
    ring.add("a", 2);
    expect(ring.queue.nextAvailable).toBe(0x8000);
    ring.queue.kickPrepare();
    expect([ring.queue.nextAvailable, ring.queue.nextAvailable]).toEqual([0x8002, 0x8002]);
    expect(ring.queue.kickPrepare()).toBe(false);
    ring.add("b");
    ring.queue.kickPrepare();
    expect(ring.queue.nextAvailable).toBe(0);
    ring.use(0, 0, true);
    ring.queue.getBuf();
    ring.add("c", 2);
    ring.queue.kickPrepare();
    expect(ring.queue.nextAvailable).toBe(2);
  });

  it("RING-PACKED-OP-DRV-004: with callbacks off nothing is asked for; a buffer that was used meanwhile is told of afterwards", () => {
    for (const eventIndex of [false, true]) {
      const ring = new PackedDriverRing({ eventIndex });
      expect(ring.driverEvent).toEqual(eventIndex ? { slot: 0, wrap: true, flags: 2 } : { slot: 0, wrap: false, flags: 0 });
      kick(ring);
      ring.queue.disableCallbacks();
      expect(ring.driverEvent.flags).toBe(1);
      expect(ring.queue.enableCallbacks()).toBe(true);
      expect(ring.driverEvent).toEqual(eventIndex ? { slot: 0, wrap: true, flags: 2 } : { slot: 0, wrap: false, flags: 0 });
      ring.queue.disableCallbacks();
      ring.use(0, 0, true);
      expect(ring.queue.enableCallbacks()).toBe(false);
    }
  });
});

describe("packed virtqueue, driver side: used descriptors", () => {
  it("buffers come back in any order, written over those that were available", () => {
    const ring = new PackedDriverRing();
    for (const token of ["a", "b", "c"]) ring.add(token, 0, 1);
    ring.queue.kickPrepare();
    for (const [slot, id] of [2, 0, 1].entries()) ring.use(slot, id, true, id + 1);
    expect([ring.queue.getBuf(), ring.queue.getBuf(), ring.queue.getBuf()]).toEqual([
      { token: "c", written: 3 },
      { token: "a", written: 1 },
      { token: "b", written: 2 },
    ]);
  });

  it("a descriptor that looks used while nothing is out means nothing", () => {
    const ring = new PackedDriverRing();
    ring.use(0, 0, true);
    expect([ring.queue.getBuf(), ring.queue.enableCallbacks()]).toEqual([undefined, true]);
  });

  it("RING-PACKED-FACT-DRV-005: without WRITE the length means nothing", () => {
    const ring = new PackedDriverRing();
    ring.add("a", 0, 1);
    ring.queue.kickPrepare();
    ring.use(0, 0, true);
    ring.memory.storeUint32(AREAS.descriptor + 8, 99, "little");
    expect(ring.queue.getBuf()).toEqual({ token: "a", written: 0 });
  });

  it("a wrong length does no harm, if that is asked for", () => {
    const ring = new PackedDriverRing({ toleratesLengths: true });
    ring.add("a", 0, 1);
    ring.queue.kickPrepare();
    ring.use(0, 0, true, 17);
    expect(ring.queue.getBuf()).toEqual({ token: "a", written: 16 });
  });

  it("a length counts without WRITE, if that is asked for", () => {
    const ring = new PackedDriverRing({ toleratesLengths: true });
    ring.add("a", 0, 1);
    ring.add("b", 1);
    ring.queue.kickPrepare();
    ring.use(0, 0, true);
    ring.use(1, 1, true);
    for (const slot of [0, 1]) ring.memory.storeUint32(AREAS.descriptor + 16 * slot + 8, 9, "little");
    expect([ring.queue.getBuf(), ring.queue.getBuf()]).toEqual([
      { token: "a", written: 9 },
      { token: "b", written: 0 },
    ]);
  });

  it("RING-PACKED-DRV-002: NEXT in a used descriptor is ignored", () => {
    const ring = new PackedDriverRing();
    ring.add("a", 2);
    ring.add("b");
    ring.queue.kickPrepare();
    ring.use(0, 0, true, 0, NEXT);
    ring.use(2, 1, true);
    expect([ring.queue.getBuf()?.token, ring.queue.getBuf()?.token]).toEqual(["a", "b"]);
  });

  it("with IN_ORDER one used descriptor returns all buffers up to its id, those before it filled", () => {
    const ring = new PackedDriverRing({ inOrder: true, size: 6 });
    ring.add("a", 1, 1);
    ring.add("b", 0, 2);
    ring.add("c", 0, 1);
    ring.queue.kickPrepare();
    ring.use(0, 1, true, 5);
    expect([ring.queue.getBuf(), ring.queue.getBuf(), ring.queue.getBuf()]).toEqual([
      { token: "a", written: 16 },
      { token: "b", written: 5 },
      undefined,
    ]);
    ring.use(4, 2, true, 1);
    expect(ring.queue.getBuf()).toEqual({ token: "c", written: 1 });
  });

  it.each([
    ["a buffer that is not out", (ring: PackedDriverRing) => ring.use(0, 3, true)],
    ["an id that is none", (ring: PackedDriverRing) => ring.use(0, 0xffff, true)],
    ["more bytes than there is room for", (ring: PackedDriverRing) => ring.use(0, 0, true, 17)],
  ])("a device that returns %s is refused", (_, use) => {
    const ring = new PackedDriverRing();
    ring.add("a", 0, 1);
    ring.queue.kickPrepare();
    use(ring);
    expect(codeOf(() => ring.queue.getBuf())).toBe("ERR_VIRTQUEUE_USED");
  });
});
