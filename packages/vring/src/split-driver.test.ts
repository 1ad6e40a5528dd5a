import { describe, expect, it } from "vitest";
import { AREAS, DATA, SplitDriverRing, TABLES } from "../test/driver-rings.ts";
import { codeOf, INDIRECT, NEXT, RecordingMemory, WRITE } from "../test/raw-ring.ts";
import { createDriverVirtqueue } from "./create.ts";
import { legacyAreas, legacyRingSize } from "./legacy-layout.ts";

const tables = { indirect: true, indirectTables: { address: TABLES, entries: 4 } };

describe("split virtqueue, driver side: layout", () => {
  it("RING-SPLIT-DRV-001, RING-SPLIT-FACT-DRV-001, RING-SPLIT-FACT-DRV-002: misaligned parts and other sizes than powers of two are not used", () => {
    const code = (config: ConstructorParameters<typeof SplitDriverRing>[0]) => codeOf(() => new SplitDriverRing(config));
    expect(code({})).toBe("no error");
    for (const areas of [{ descriptor: 0x1008 }, { driver: 0x2001 }, { device: 0x3002 }]) {
      expect(code({ areas: { ...AREAS, ...areas } })).toBe("ERR_VIRTQUEUE_AREA");
    }
    for (const size of [0, 3, 65536]) expect(code({ size })).toBe("ERR_VIRTQUEUE_SIZE");
  });

  it("RING-SPLIT-LEGACY-DRV-003, RING-SPLIT-LEGACY-DRV-002: the legacy layout is one piece of the size that its formula says, all of it and nothing else zeroed", () => {
    const memory = new RecordingMemory(0x10000);
    memory.fill(0, 0x10000, 0xee);
    const areas = legacyAreas(0x4000, 64, 4096);
    createDriverVirtqueue(memory, { size: 64, areas, endian: "big" });
    const bytes = memory.view(0, 0x10000);
    const end = 0x4000 + legacyRingSize(64, 4096);
    expect([bytes[0x3fff], bytes[0x4000], bytes[areas.device], bytes[end]]).toEqual([0xee, 0, 0, 0xee]);
    expect(memory.stores.slice(1).every(({ address, length }) => address >= 0x4000 && address + length <= end)).toBe(true);
  });

  it("RING-SPLIT-LEGACY-DRV-001: the queue has the size that it is given, not less", () => {
    const ring = new SplitDriverRing({ size: 16 });
    for (let i = 0; i < 16; i++) expect(ring.add(`${i}`)).toBe(true);
    expect([ring.queue.size, ring.add("one more")]).toEqual([16, false]);
  });

  it("RING-SPLIT-LEGACY-DRV-004: every field is in the byte order that is given", () => {
    const ring = new SplitDriverRing({ endian: "big" });
    ring.add("a", 1, 1);
    ring.queue.kickPrepare();
    expect([...ring.memory.view(AREAS.descriptor, 16)]).toEqual([0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 16, 0, NEXT, 0, 1]);
    expect([...ring.memory.view(AREAS.driver, 6)]).toEqual([0, 0, 0, 1, 0, 0]);
    ring.use(0, 5);
    expect(ring.queue.getBuf()).toEqual({ token: "a", written: 5 });
  });

  it("RING-SPLIT-AVAILNOTIF-DRV-001: the used ring's flags are zero at the beginning", () => {
    const ring = new SplitDriverRing();
    expect(ring.memory.view(AREAS.device, 6 + 8 * 8).every((byte) => byte === 0)).toBe(true);
  });
});

describe("split virtqueue, driver side: descriptors", () => {
  it("RING-SPLIT-DRV-002: all that the device reads comes before all that it writes", () => {
    const ring = new SplitDriverRing();
    ring.add("a", 2, 2);
    expect([0, 1, 2, 3].map((i) => ring.descriptor(i))).toEqual([
      { address: DATA, length: 16, flags: NEXT, next: 1 },
      { address: DATA + 0x100, length: 16, flags: NEXT, next: 2 },
      { address: DATA + 0x4000, length: 16, flags: NEXT | WRITE, next: 3 },
      { address: DATA + 0x4100, length: 16, flags: WRITE, next: 0 },
    ]);
  });

  it("RING-SPLIT-DRV-004: a buffer of more than 2^32 bytes, and one without any part, is a bug of the caller", () => {
    const ring = new SplitDriverRing();
    const half = { address: 0, length: 0x8000_0000 };
    expect(codeOf(() => ring.queue.add([half, half], [{ address: 0, length: 1 }], "a"))).toBe("ERR_ZARCH_BUG");
    expect(codeOf(() => ring.queue.add([], [], "a"))).toBe("ERR_ZARCH_BUG");
    expect(ring.queue.add([half], [half], "a")).toBe(true);
  });

  it("RING-SPLIT-DRV-005, RING-SPLIT-FACT-DRV-003: with IN_ORDER descriptors are used in ring order, next is the one behind, over the end of the table too", () => {
    const ring = new SplitDriverRing({ inOrder: true });
    const seen: number[] = [];
    let expected = 0;
    for (const parts of [3, 4, 2, 1, 5, 6, 3]) {
      ring.add("a", parts);
      ring.queue.kickPrepare();
      const head = ring.head((ring.availableIndex - 1) & 7);
      for (let index = head, left = parts; left > 0; left--) {
        seen.push(index);
        expect(index).toBe(expected++ % 8);
        const { flags, next } = ring.descriptor(index);
        if ((flags & NEXT) === 0) expect(left).toBe(1);
        else expect(next).toBe((index + 1) % 8);
        index = next;
      }
      ring.use(head);
      ring.queue.getBuf();
    }
    expect(seen.length).toBe(24);
  });

  it("RING-SPLIT-DRV-006: without the feature no descriptor is indirect", () => {
    const ring = new SplitDriverRing({ indirect: false, indirectTables: tables.indirectTables });
    ring.add("a", 2, 2);
    expect([0, 1, 2, 3].some((i) => (ring.descriptor(i).flags & INDIRECT) !== 0)).toBe(false);
  });

  it("RING-SPLIT-DRV-007, RING-SPLIT-DRV-009, RING-SPLIT-DRV-010, RING-SPLIT-FACT-DRV-004: one indirect descriptor without NEXT, whose table is in sequence and has none", () => {
    const ring = new SplitDriverRing({ inOrder: true, ...tables });
    ring.add("first");
    ring.add("a", 2, 2);
    const pointer = ring.descriptor(1);
    expect([pointer.flags, pointer.length]).toEqual([INDIRECT, 64]);
    expect([0, 1, 2, 3].map((i) => ring.descriptor(i, pointer.address))).toEqual([
      { address: DATA, length: 16, flags: NEXT, next: 1 },
      { address: DATA + 0x100, length: 16, flags: NEXT, next: 2 },
      { address: DATA + 0x4000, length: 16, flags: NEXT | WRITE, next: 3 },
      { address: DATA + 0x4100, length: 16, flags: WRITE, next: 0 },
    ]);
    expect(ring.queue.free).toBe(6);
    expect(codeOf(() => new SplitDriverRing({ ...tables, indirectTables: { address: 0xff80, entries: 8 } }))).toBe(
      "ERR_VIRTQUEUE_INDIRECT",
    );
  });

  it("RING-SPLIT-DRV-008: a buffer has at most as many parts as the queue has entries, in a table too", () => {
    const ring = new SplitDriverRing({ size: 4, indirect: true, indirectTables: { address: TABLES, entries: 16 } });
    expect([ring.add("a", 3, 2), ring.add("b", 2, 2)]).toEqual([false, true]);
    const direct = new SplitDriverRing({ size: 4 });
    expect([direct.add("a", 3, 2), direct.add("b", 2, 2)]).toEqual([false, true]);
  });

  it("a limit of the device is kept (maxChainLength)", () => {
    const ring = new SplitDriverRing({ maxChainLength: 3 });
    expect([ring.add("a", 2, 2), ring.add("b", 2, 1)]).toEqual([false, true]);
  });
});

describe("split virtqueue, driver side: the available ring", () => {
  it("RING-SPLIT-OP-DRV-001, RING-SPLIT-OP-DRV-002, RING-SPLIT-OP-DRV-003: heads go to the slots of their indices and show all at once", () => {
    const ring = new SplitDriverRing({ size: 4 });
    ring.turn(6);
    ring.memory.stores.length = 0;
    for (const token of ["a", "b", "c"]) ring.add(token);
    expect(ring.availableIndex).toBe(6);
    ring.queue.kickPrepare();
    expect(ring.availableIndex).toBe(9);
    const heads = [2, 3, 0].map((slot) => ring.head(slot));
    expect(new Set(heads).size).toBe(3);
  });

  it("RING-SPLIT-DRV-011, RING-SPLIT-FACT-DRV-005: the index goes up by what was added, over 65535 too, and never down", () => {
    const ring = new SplitDriverRing();
    let index = 0;
    ring.memory.observeWrites((address, length) => {
      if (address > AREAS.driver + 2 || address + length <= AREAS.driver + 2) return;
      expect((ring.availableIndex - index) & 0xffff).toBeLessThanOrEqual(1);
      index = ring.availableIndex;
    });
    ring.turn(0x1_0004);
    expect(index).toBe(4);
  });

  it("RING-SPLIT-OP-DRV-004, RING-SPLIT-OP-DRV-005: descriptors and heads are written before the index, the suppression fields read after it", () => {
    for (const eventIndex of [false, true]) {
      const ring = new SplitDriverRing({ eventIndex, ...tables });
      const order: string[] = [];
      ring.memory.observeWrites((address) => order.push(address === AREAS.driver + 2 ? "index" : address >= TABLES ? "table" : "ring"));
      const loads = ring.memory.loads;
      ring.add("a", 1);
      ring.add("b", 1, 2);
      loads.length = 0;
      loads.push = (load) => order.push(load.address >= AREAS.device ? "suppression" : "other load");
      ring.queue.kickPrepare();
      expect(order.indexOf("index")).toBe(order.length - 2);
      expect(order.at(-1)).toBe("suppression");
      expect(order.filter((what) => what === "index").length).toBe(1);
    }
  });

  it("CORE-NOTIF-FACT-DRV-002, CORE-NOTIF-FACT-DRV-004: notification data is the available index that the device knows", () => {
    const ring = new SplitDriverRing();
    ring.turn(0x1_0003);
    expect(ring.queue.nextAvailable).toBe(3);
    ring.add("a");
    expect(ring.queue.nextAvailable).toBe(3);
    ring.queue.kickPrepare();
    expect([ring.queue.nextAvailable, ring.queue.nextAvailable]).toEqual([4, 4]);
    ring.turn(0xfffa);
    expect(ring.queue.nextAvailable).toBe(0xfffe);
  });
});

describe("split virtqueue, driver side: notifications", () => {
  it("RING-SPLIT-AVAILNOTIF-DRV-002, RING-SPLIT-AVAILNOTIF-DRV-003, RING-SPLIT-AVAILNOTIF-DRV-004: without EVENT_IDX the used flag decides and avail_event is ignored", () => {
    const ring = new SplitDriverRing();
    const kick = () => {
      ring.add("a");
      return ring.queue.kickPrepare();
    };
    for (const event of [0, 1, 2, 0xffff]) {
      ring.availEvent = event;
      ring.usedFlags = 0;
      expect(kick()).toBe(true);
      ring.usedFlags = 1;
      expect(kick()).toBe(false);
    }
    expect(ring.queue.kickPrepare()).toBe(false);
  });

  it("RING-SPLIT-AVAILNOTIF-DRV-005, RING-SPLIT-AVAILNOTIF-DRV-006, RING-SPLIT-AVAILNOTIF-DRV-007: with EVENT_IDX crossing avail_event decides, in batches and over the wrap", () => {
    for (const flags of [0, 1]) {
      const ring = new SplitDriverRing({ eventIndex: true });
      const kick = (count: number) => {
        for (let i = 0; i < count; i++) ring.add("a");
        return ring.queue.kickPrepare();
      };
      ring.usedFlags = flags;
      expect(kick(1)).toBe(true); // event 0
      ring.availEvent = 3;
      expect([kick(1), kick(1), kick(1)]).toEqual([false, false, true]);
      ring.availEvent = 5;
      expect(kick(3)).toBe(true);
      const late = new SplitDriverRing({ eventIndex: true });
      late.turn(0xffff);
      late.usedFlags = flags;
      late.availEvent = 0;
      late.add("a");
      expect(late.queue.kickPrepare()).toBe(false);
      late.add("a");
      expect(late.queue.kickPrepare()).toBe(true);
    }
  });

  it("RING-SPLIT-USEDNOTIF-DRV-001, RING-SPLIT-USEDNOTIF-DRV-002: without EVENT_IDX the flags are 0 or 1, whatever is called", () => {
    const ring = new SplitDriverRing();
    const seen: number[] = [];
    const calls = [() => ring.queue.disableCallbacks(), () => ring.queue.enableCallbacks(), () => ring.turn(1)];
    for (const i of [0, 2, 0, 1, 1, 2, 0]) {
      calls[i]?.();
      seen.push(ring.availableFlags);
    }
    expect(seen).toEqual([1, 1, 1, 0, 0, 0, 1]);
  });

  it("RING-SPLIT-USEDNOTIF-DRV-003, RING-SPLIT-USEDNOTIF-DRV-004: with EVENT_IDX the flags stay 0 and used_event follows what was fetched, while callbacks are wanted", () => {
    const ring = new SplitDriverRing({ eventIndex: true });
    ring.turn(3);
    expect(ring.usedEvent).toBe(3);
    ring.queue.disableCallbacks();
    ring.turn(2);
    expect([ring.usedEvent, ring.availableFlags]).toEqual([3, 0]);
    ring.queue.enableCallbacks();
    expect([ring.usedEvent, ring.availableFlags]).toEqual([5, 0]);
    expect(ring.memory.storesIn(AREAS.driver, AREAS.driver + 2)).toEqual([]);
  });

  it("RING-SPLIT-USEDNOTIF-DRV-005: a notification without a used buffer does no harm", () => {
    const ring = new SplitDriverRing();
    expect(ring.queue.getBuf()).toBeUndefined();
    ring.add("a");
    ring.queue.kickPrepare();
    expect([ring.queue.getBuf(), ring.queue.getBuf()]).toEqual([undefined, undefined]);
    ring.use(0);
    expect([ring.queue.getBuf()?.token, ring.queue.getBuf()]).toEqual(["a", undefined]);
  });

  it("RING-SPLIT-OP-DRV-006: a buffer that was used while notifications were off is told of when they are asked for again", () => {
    for (const eventIndex of [false, true]) {
      const ring = new SplitDriverRing({ eventIndex });
      ring.add("a");
      ring.queue.kickPrepare();
      ring.queue.disableCallbacks();
      expect(ring.queue.enableCallbacks()).toBe(true);
      ring.queue.disableCallbacks();
      ring.use(0);
      expect(ring.queue.enableCallbacks()).toBe(false);
    }
  });
});

describe("split virtqueue, driver side: the used ring", () => {
  it("RING-SPLIT-DRV-012, RING-SPLIT-DRV-013: what the device reports is passed on, and memory behind it not looked at", () => {
    const ring = new SplitDriverRing();
    ring.add("a", 0, 2);
    ring.queue.kickPrepare();
    ring.use(0, 20);
    ring.memory.loads.length = 0;
    expect(ring.queue.getBuf()).toEqual({ token: "a", written: 20 });
    expect(ring.memory.loadsIn(DATA, 0x10000)).toEqual([]);
  });

  it("buffers come back in any order", () => {
    const ring = new SplitDriverRing();
    for (const token of ["a", "b", "c"]) ring.add(token, 0, 1);
    ring.queue.kickPrepare();
    for (const id of [2, 0, 1]) ring.use(id, id + 1);
    expect([ring.queue.getBuf(), ring.queue.getBuf(), ring.queue.getBuf()]).toEqual([
      { token: "c", written: 3 },
      { token: "a", written: 1 },
      { token: "b", written: 2 },
    ]);
  });

  it("RING-SPLIT-LEGACY-DRV-005: a legacy device's wrong length does no harm, if that is asked for", () => {
    const ring = new SplitDriverRing({ toleratesLengths: true });
    ring.add("a", 1, 1);
    ring.queue.kickPrepare();
    ring.use(0, 33);
    expect(ring.queue.getBuf()).toEqual({ token: "a", written: 16 });
  });

  it("RING-SPLIT-FACT-DRV-006: with IN_ORDER one entry returns all buffers up to its id, those before it filled", () => {
    const ring = new SplitDriverRing({ inOrder: true });
    ring.add("a", 1, 1);
    ring.add("b", 0, 2);
    ring.add("c", 0, 1);
    ring.queue.kickPrepare();
    ring.use(2, 5, 2);
    expect([ring.queue.getBuf(), ring.queue.getBuf(), ring.queue.getBuf()]).toEqual([
      { token: "a", written: 16 },
      { token: "b", written: 5 },
      undefined,
    ]);
    ring.use(4, 1);
    expect(ring.queue.getBuf()).toEqual({ token: "c", written: 1 });
  });

  it.each([
    ["a buffer that is not out", (ring: SplitDriverRing) => ring.use(5)],
    ["no descriptor", (ring: SplitDriverRing) => ring.use(0xffff_ffff)],
    ["more bytes than there is room for", (ring: SplitDriverRing) => ring.use(0, 17)],
  ])("a device that returns %s is refused", (_, use) => {
    const ring = new SplitDriverRing();
    ring.add("a", 0, 1);
    ring.queue.kickPrepare();
    use(ring);
    expect(codeOf(() => ring.queue.getBuf())).toBe("ERR_VIRTQUEUE_USED");
  });

  it("with IN_ORDER a device that goes further than its index says is refused", () => {
    const ring = new SplitDriverRing({ inOrder: true });
    for (const token of ["a", "b", "c"]) ring.add(token);
    ring.queue.kickPrepare();
    ring.use(2, 0, 1);
    expect(codeOf(() => ring.queue.getBuf())).toBe("ERR_VIRTQUEUE_USED");
  });
});
