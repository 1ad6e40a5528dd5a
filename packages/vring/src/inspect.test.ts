import { type Endian, FlatMemory, type GuestMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RawPackedRing } from "../test/raw-packed-ring.ts";
import { codeOf, INDIRECT, NEXT, RawRing, RecordingMemory, reversedMemory, WRITE } from "../test/raw-ring.ts";
import type { DescriptorChain } from "./chain.ts";
import { createDeviceVirtqueue, createDriverVirtqueue } from "./create.ts";
import type { DriverVirtqueueConfig } from "./driver-virtqueue.ts";
import type { VirtqueueError } from "./errors.ts";
import { type InspectionSources, inspectVirtqueue } from "./inspect.ts";
import type { VirtqueueConfig, VirtqueueFormat } from "./layout.ts";
import { legacyAreas } from "./legacy-layout.ts";
import { renderVirtqueue } from "./render.ts";
import type { PackedSnapshot, SplitSnapshot } from "./snapshot.ts";

const AREAS = { descriptor: 0x1000, driver: 0x2000, device: 0x3000 };
const DATA = 0x8000;

function look(memory: GuestMemory, config: VirtqueueConfig, sources?: InspectionSources) {
  const snapshot = inspectVirtqueue(memory, config, sources);
  if ("unreadable" in snapshot) throw new Error("unreadable");
  return snapshot;
}

/** A queue in the middle of its work: `a` in flight, `b` used and not fetched, `c` available, `d` queued, `e` staged. */
function busy(config: Partial<DriverVirtqueueConfig> & { memory?: RecordingMemory }) {
  const { memory = new RecordingMemory(0x10000), ...rest } = config;
  const all: DriverVirtqueueConfig = { size: 16, areas: AREAS, endian: "little", ...rest };
  const driver = createDriverVirtqueue<string>(memory, all);
  const device = createDeviceVirtqueue(memory, all);
  driver.add(
    [{ address: DATA, length: 4 }],
    [
      { address: DATA + 0x100, length: 8 },
      { address: DATA + 0x200, length: 1 },
    ],
    "a",
  );
  driver.add([], [{ address: DATA + 0x300, length: 5 }], "b");
  driver.add([{ address: DATA + 0x400, length: 6 }], [], "e");
  driver.add([{ address: DATA + 0x500, length: 7 }], [{ address: DATA + 0x600, length: 2 }], "c");
  driver.kickPrepare();
  const [, b, e] = [device.pop(), device.pop(), device.pop()] as [DescriptorChain, DescriptorChain, DescriptorChain];
  device.push(b, 3);
  device.flush();
  device.push(e, 0);
  driver.add([{ address: DATA + 0x700, length: 9 }], [{ address: DATA + 0x800, length: 9 }], "d");
  return { memory, config: all, driver, device };
}

describe("a snapshot of a split queue", () => {
  const states = (sources: "none" | "device" | "driver" | "both", endian: Endian = "little") => {
    const all = busy({ endian });
    const given = {
      ...(sources === "device" || sources === "both" ? { device: all.device } : {}),
      ...(sources === "driver" || sources === "both" ? { driver: all.driver } : {}),
    };
    return look(all.memory, all.config, given) as SplitSnapshot;
  };

  it.each(["little", "big"] as const)("tells whose every descriptor and chain is, with both sides to ask (%s-endian)", (endian) => {
    const snapshot = states("both", endian);
    expect(snapshot.descriptors.map(({ state }) => state)).toEqual([
      "in-flight",
      "in-flight",
      "in-flight",
      "used",
      "staged",
      "available",
      "available",
      "queued",
      "queued",
      ...Array(7).fill("free"),
    ]);
    expect(snapshot.chains.map(({ id, state, readable, writable, written }) => [id, state, readable, writable, written])).toEqual([
      [0, "in-flight", 4, 9, undefined],
      [4, "staged", 6, 0, 0],
      [5, "available", 7, 2, undefined],
      [7, "queued", 9, 9, undefined],
      [3, "used", 0, 5, 3],
    ]);
    expect(snapshot.chains[0]?.parts).toEqual([
      { index: 0, indirect: false, address: DATA, length: 4, writable: false },
      { index: 1, indirect: false, address: DATA + 0x100, length: 8, writable: true },
      { index: 2, indirect: false, address: DATA + 0x200, length: 1, writable: true },
    ]);
    expect(snapshot.available).toMatchObject({ flags: 0, index: 4 });
    expect(snapshot.used).toMatchObject({ flags: 0, index: 1 });
    expect(snapshot.used.entries[0]).toEqual({ id: 3, length: 3 });
    expect([snapshot.device, snapshot.driver]).toEqual([
      { nextAvailable: 3, nextUsed: 1 },
      { nextAvailable: 5, published: 4, nextUsed: 0 },
    ]);
    expect([snapshot.problems, snapshot.truncated]).toEqual([[], false]);
  });

  it("says less, but nothing wrong, with one side or none", () => {
    const chains = (sources: "none" | "device" | "driver") => states(sources).chains.map(({ id, state }) => `${id} ${state}`);
    expect(chains("device")).toEqual(["0 in-flight", "4 staged", "5 available"]);
    expect(chains("driver")).toEqual(["0 outstanding", "4 outstanding", "5 outstanding", "7 queued", "3 used"]);
    expect(chains("none")).toEqual(["0 outstanding", "4 outstanding", "5 outstanding"]);
  });

  it("shows what IN_ORDER holds back, indirect tables, and the legacy layout", () => {
    const memory = new RecordingMemory(0x10000);
    const config: DriverVirtqueueConfig = {
      size: 8,
      areas: legacyAreas(0x1000, 8, 4096),
      endian: "big",
      indirect: true,
      inOrder: true,
      indirectTables: { address: 0x4000, entries: 4 },
    };
    const driver = createDriverVirtqueue<string>(memory, config);
    const device = createDeviceVirtqueue(memory, config);
    for (const token of ["a", "b"]) driver.add([{ address: DATA, length: 4 }], [{ address: DATA, length: 8 }], token);
    driver.kickPrepare();
    const [, b] = [device.pop(), device.pop()] as [DescriptorChain, DescriptorChain];
    device.push(b, 5);
    const { chains, descriptors } = look(memory, config, { device });
    expect(chains).toMatchObject([
      { id: 0, state: "in-flight", indirectTable: { address: 0x4000, entries: 2 } },
      { id: 1, state: "held", written: 5, indirectTable: { address: 0x4040, entries: 2 } },
    ]);
    expect(chains[1]?.parts[1]).toEqual({ index: 1, indirect: true, address: DATA, length: 8, writable: true });
    expect(descriptors.slice(0, 3).map(({ state }) => state)).toEqual(["in-flight", "held", "free"]);
    expect(look(memory, config).chains.map(({ id, state }) => [id, state])).toEqual([
      [0, "outstanding"],
      [1, "outstanding"],
    ]);
  });

  it("tells of descriptors that were changed under the device's hands", () => {
    const all = busy({});
    const problems = () => look(all.memory, all.config, { device: all.device }).chains[0]?.problems.map(({ code }) => code);
    expect(problems()).toEqual([]);
    all.memory.storeUint32(AREAS.descriptor + 8, 5, "little");
    expect(problems()).toEqual(["ERR_VIRTQUEUE_CHANGED"]);
  });
});

describe("a snapshot of a packed queue", () => {
  it("tells whose every place and chain is, with both sides to ask", () => {
    const all = busy({ format: "packed", eventIndex: true });
    const snapshot = look(all.memory, all.config, all) as PackedSnapshot;
    expect(snapshot.chains.map(({ id, state, slot, readable, writable }) => [id, state, slot, readable, writable])).toEqual([
      [0, "in-flight", undefined, 4, 9],
      [2, "staged", undefined, 0, 0],
      [3, "available", 5, 7, 2],
      [4, "queued", 7, 9, 9],
      [1, "used", 0, 0, 0],
    ]);
    // One used descriptor stands at the first place; the four places behind it are the device's.
    expect(snapshot.descriptors.map(({ state }) => state)).toEqual([
      "used",
      ...Array(4).fill("in-flight"),
      ...Array(2).fill("available"),
      ...Array(2).fill("queued"),
      ...Array(7).fill("free"),
    ]);
    expect(snapshot.device).toEqual({ nextAvailable: { slot: 5, wrap: true }, nextUsed: { slot: 1, wrap: true } });
    expect(snapshot.driver).toEqual({
      nextAvailable: { slot: 9, wrap: true },
      published: { slot: 7, wrap: true },
      nextUsed: { slot: 0, wrap: true },
    });
    expect(snapshot.driverEvent).toEqual({ flags: 2, slot: 0, wrap: true });
    expect(snapshot.deviceEvent).toEqual({ flags: 0, slot: 0, wrap: false });
    expect(snapshot.chains[0]?.parts.map(({ index, length }) => [index, length])).toEqual([
      [-1, 4],
      [-1, 8],
      [-1, 1],
    ]);
  });

  it("says less with one side or none", () => {
    const all = busy({ format: "packed" });
    const chains = (sources: InspectionSources) => look(all.memory, all.config, sources).chains.map(({ id, state }) => `${id} ${state}`);
    expect(chains({ device: all.device })).toEqual(["0 in-flight", "2 staged", "3 available"]);
    expect(chains({ driver: all.driver })).toEqual(["0 outstanding", "2 outstanding", "3 outstanding", "4 queued", "1 used"]);
    // The rest of the first list looks available though its first place is used; what is queued lacks only the flags of its head.
    expect(chains({})).toContain("3 outstanding");
  });
});

describe("a snapshot", () => {
  it.each(["split", "packed"] as const)(
    "of a %s queue disturbs nothing: no store, nothing changed in its two sides, the same again",
    (format) => {
      const all = busy({ format });
      const before = [all.device.save(), all.driver.save(String)];
      all.memory.stores.length = 0;
      const snapshot = look(all.memory, all.config, all);
      expect(all.memory.stores).toEqual([]);
      expect([all.device.save(), all.driver.save(String)]).toEqual(before);
      expect(look(all.memory, all.config, all)).toEqual(snapshot);
      expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    },
  );

  it("of a ring that cannot be says why", () => {
    const memory = new FlatMemory(0x1000);
    const snapshot = inspectVirtqueue(memory, { size: 8, areas: AREAS, endian: "big" });
    expect(snapshot).toMatchObject({ unreadable: true, problems: [{ code: "ERR_VIRTQUEUE_AREA" }] });
    expect(renderVirtqueue(snapshot)).toContain("ERR_VIRTQUEUE_AREA");
    expect(inspectVirtqueue(memory, { size: 3, areas: AREAS, endian: "big" })).toMatchObject({
      problems: [{ code: "ERR_VIRTQUEUE_SIZE" }],
    });
  });

  it("has the error of a device that stopped, and takes saved states as sources", () => {
    const all = busy({});
    all.memory.storeUint64(AREAS.descriptor + 5 * 16, 0x10_0000, "little");
    expect(codeOf(() => all.device.pop())).toBe("ERR_VIRTQUEUE_BUFFER");
    const state = all.device.save();
    const snapshot = look(all.memory, all.config, { device: { save: () => state } });
    expect(snapshot.problems).toMatchObject([{ code: "ERR_VIRTQUEUE_BUFFER" }]);
  });

  it("tells of reserved values and of used buffers that nobody waits for", () => {
    const split = busy({ eventIndex: true });
    split.memory.storeUint16(AREAS.driver, 1, "little");
    split.memory.storeUint32(AREAS.device + 4, 77, "little");
    const codes = look(split.memory, split.config, split).problems.map(({ code }) => code);
    expect(codes).toEqual(["ERR_VIRTQUEUE_RESERVED", "ERR_VIRTQUEUE_USED"]);
    const packed = busy({ format: "packed" });
    packed.memory.storeUint16(AREAS.driver + 2, 2, "little");
    packed.memory.storeUint16(AREAS.descriptor + 12, 77, "little");
    expect(look(packed.memory, packed.config, packed).problems.map(({ code }) => code)).toEqual([
      "ERR_VIRTQUEUE_USED",
      "ERR_VIRTQUEUE_RESERVED",
    ]);
  });

  it("ends when a hostile ring names more than anybody can follow", () => {
    const memory = new FlatMemory(0x20_0000);
    const size = 32768;
    const areas = { descriptor: 0, driver: 0x8_0000, device: 0xa_0000 };
    const config: VirtqueueConfig = { size, areas, endian: "little", indirect: true };
    // Every head is an indirect descriptor, and all tables are the descriptor table itself.
    for (let i = 0; i < size; i++) {
      memory.storeUint32(16 * i + 8, size * 16, "little");
      memory.storeUint16(16 * i + 12, i % 2 ? INDIRECT : NEXT, "little");
      memory.storeUint16(16 * i + 14, (i + 2) % size, "little");
      memory.storeUint16(areas.driver + 4 + 2 * i, i | 1, "little");
    }
    memory.storeUint16(areas.driver + 2, size, "little");
    const snapshot = look(memory, config);
    expect(snapshot.truncated).toBe(true);
    expect(renderVirtqueue(snapshot).split("\n").length).toBeLessThan(1500);
  });
});

/** A descriptor that is mostly as it should be. */
const descriptor = fc.record({
  address: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0x200, max: 0x3c0 }) }, fc.constantFrom(0, 0x3f8, 0x400, 2 ** 40, 2 ** 53)),
  length: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 64 }) }, fc.constantFrom(16, 32, 48, 17, 0x200, 0xffff_ffff)),
  flags: fc.constantFrom(0, 0, WRITE, WRITE, NEXT, NEXT, NEXT | WRITE, INDIRECT, INDIRECT, INDIRECT | NEXT, INDIRECT | WRITE),
  link: fc.oneof({ weight: 6, arbitrary: fc.nat(7) }, fc.constantFrom(8, 0xffff)),
  available: fc.oneof({ weight: 4, arbitrary: fc.constant(0x80) }, fc.constantFrom(0, 0x8000, 0x8080)),
});

const hostile = fc.record({
  noise: fc.option(fc.uint8Array({ minLength: 0x400, maxLength: 0x400 }), { freq: 1 }),
  descriptors: fc.array(descriptor, { minLength: 16, maxLength: 16 }),
  heads: fc.array(fc.oneof({ weight: 8, arbitrary: fc.nat(7) }, fc.constantFrom(8, 0xffff)), { minLength: 8, maxLength: 8 }),
  index: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 9 }) }, fc.nat(0xffff)),
  format: fc.constantFrom<VirtqueueFormat>("split", "packed"),
  size: fc.constantFrom(1, 2, 4, 8),
  endian: fc.constantFrom<Endian>("little", "big"),
  reversed: fc.boolean(),
  indirect: fc.boolean(),
  eventIndex: fc.boolean(),
  inOrder: fc.boolean(),
});

type Hostile = typeof hostile extends fc.Arbitrary<infer T> ? T : never;

/** A queue with one buffer in flight whose memory is then overwritten: table at 0, available ring at 0x100, used ring at 0x180, tables behind. */
function hostileRing({ noise, descriptors, heads, index, reversed, ...rest }: Hostile) {
  const memory = reversed ? reversedMemory(0x400) : new FlatMemory(0x400);
  const config: VirtqueueConfig = { ...rest, areas: { descriptor: 0, driver: 0x100, device: 0x180 } };
  const { endian, format, size } = config;
  const driver = createDriverVirtqueue<string>(memory, config);
  const device = createDeviceVirtqueue(memory, config);
  driver.add([{ address: 0x200, length: 4 }], [], "a");
  driver.kickPrepare();
  device.pop();
  if (noise) memory.write(0, noise);
  else {
    for (const [i, { address, length, flags, link, available }] of descriptors.entries()) {
      // The second half is where indirect tables may be.
      const at = i < 8 ? 16 * i : 0x200 + 16 * (i - 8);
      memory.storeUint64(at, address, endian);
      memory.storeUint32(at + 8, length, endian);
      memory.storeUint16(at + (format === "packed" ? 12 : 14), link, endian);
      memory.storeUint16(at + (format === "packed" ? 14 : 12), flags | (format === "packed" ? available : 0), endian);
    }
    if (format === "split") {
      for (const [i, head] of heads.entries()) if (i < size) memory.storeUint16(0x104 + 2 * i, head, endian);
      memory.storeUint16(0x102, index, endian);
    }
  }
  return { memory, config, driver, device };
}

describe("hostile memory", () => {
  it("gives a snapshot and a text, always the same, in lines of at most 100 columns", () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), fc.boolean(), (example, withDevice, withDriver) => {
        const { memory, config, device, driver } = hostileRing(example);
        const sources = { ...(withDevice ? { device } : {}), ...(withDriver ? { driver } : {}) };
        const snapshot = inspectVirtqueue(memory, config, sources);
        const text = renderVirtqueue(snapshot);
        expect(text).toMatch(/^([ -~]{0,100}\n)+$/);
        expect(renderVirtqueue(inspectVirtqueue(memory, config, sources))).toBe(text);
      }),
      { numRuns: 600 },
    );
  });

  it("is seen as the device sees it: a chain without problems is taken, with the same buffers; one with a problem stops the device with the same code", () => {
    let errors = 0;
    let chains = 0;
    fc.assert(
      fc.property(hostile, (example) => {
        const { memory, config, device } = hostileRing(example);
        const snapshot = look(memory, config, { device });
        const ringCodes = snapshot.problems.map(({ code }) => code);
        let error: VirtqueueError | undefined;
        const taken: DescriptorChain[] = [];
        try {
          for (const chain of device) taken.push(chain);
        } catch (caught) {
          error = caught as VirtqueueError;
        }
        const available = snapshot.chains.filter(({ state }) => state === "available");
        for (const [i, chain] of taken.entries()) {
          const seen = available[i];
          if (!seen) throw new Error("a chain was not seen");
          const parts = (writable: boolean) =>
            seen.parts.filter((part) => part.writable === writable && part.length > 0).map(({ address, length }) => [address, length]);
          expect([seen.id, seen.problems, parts(false), parts(true)]).toEqual([
            chain.id,
            [],
            chain.spans().readable,
            chain.spans().writable,
          ]);
          chains++;
        }
        if (error) {
          errors++;
          const codes = [...(available[taken.length]?.problems.map(({ code }) => code) ?? []), ...ringCodes];
          expect(codes).toContain(error.code);
        } else expect(available.length).toBe(taken.length);
      }),
      { numRuns: 2000 },
    );
    // The property would be worth nothing if the device never got anywhere, or always.
    expect([errors > 100, chains > 100]).toEqual([true, true]);
  });

  it.each([
    ["split", RawRing],
    ["packed", RawPackedRing],
  ] as const)("a %s chain of every kind of malformation is told as data", (format, Ring) => {
    const ring = new Ring({ indirect: true, size: 8 });
    const offer = (flags: number, length = 16, address = DATA, features: Partial<VirtqueueConfig> = { indirect: true }) => {
      if (ring instanceof RawRing) {
        ring.describe(0, { address, length, flags, next: 9 });
        ring.offer(0);
      } else ring.offer(0, { address, length, flags });
      const [chain] = look(ring.memory, { format, size: 8, areas: AREAS, endian: "little", ...features }).chains;
      return chain?.problems.map(({ code }) => code);
    };
    expect(offer(WRITE, 16, 0x10_0000)).toEqual(["ERR_VIRTQUEUE_BUFFER"]);
    expect(offer(INDIRECT, 17)).toEqual(["ERR_VIRTQUEUE_INDIRECT"]);
    ring.memory.fill(DATA, 16, 0);
    expect([offer(INDIRECT), offer(INDIRECT, 16, DATA, {})]).toEqual([[], ["ERR_VIRTQUEUE_INDIRECT"]]);
    expect(offer(INDIRECT | NEXT, 16)).toContain("ERR_VIRTQUEUE_INDIRECT");
    if (format === "split") expect(offer(NEXT)).toEqual(["ERR_VIRTQUEUE_NEXT"]);
  });
});
