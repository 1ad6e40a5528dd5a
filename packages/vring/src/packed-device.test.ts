import { describe, expect, it } from "vitest";
import { AVAIL, PACKED_AREAS, RawPackedRing, USED } from "../test/raw-packed-ring.ts";
import { codeOf, INDIRECT, NEXT, RecordingMemory, reversedMemory, WRITE } from "../test/raw-ring.ts";
import type { DescriptorChain } from "./chain.ts";
import { checkVirtqueueConfig } from "./layout.ts";

const DATA = 0x8000;
const TABLE = 0x9001;

/** Makes one writable buffer available and has it used at once. */
function turn(ring: RawPackedRing, slot: number, wrap: boolean, id = 0): boolean {
  ring.offer(slot, { address: DATA, length: 8, id, flags: WRITE }, wrap);
  const chain = ring.queue.pop() as DescriptorChain;
  ring.queue.push(chain, 8);
  return ring.queue.flush();
}

describe.each([
  ["little", false],
  ["big", false],
  ["little", true],
] as const)("packed virtqueue, device side (%s-endian, reversed memory: %s)", (endian, reversed) => {
  const make = (config = {}) => new RawPackedRing({ endian, ...(reversed ? { memory: reversedMemory(0x10_0000) } : {}), ...config });

  it("RING-PACKED-FACT-DEV-002, RING-PACKED-FACT-DEV-003, RING-PACKED-FACT-DEV-004, RING-PACKED-DEV-006: wrap counters start at 1 and toggle with each round", () => {
    const ring = make({ size: 3 });
    expect(ring.queue.pop()).toBeUndefined();
    let wrap = true;
    for (let i = 0; i < 20; i++) {
      const slot = i % 3;
      if (i > 0 && slot === 0) wrap = !wrap;
      // A descriptor of the other round is none of this one.
      ring.offer(slot, { address: DATA, length: 8, id: 7, flags: WRITE }, !wrap);
      expect(ring.queue.pop()).toBeUndefined();
      expect(turn(ring, slot, wrap, 7)).toBe(true);
      expect(ring.slot(slot)).toEqual({ length: 8, id: 7, flags: WRITE | (wrap ? AVAIL | USED : 0) });
    }
  });

  it("RING-PACKED-FACT-DEV-007, RING-PACKED-FACT-DEV-005, RING-PACKED-DEV-008: a chain over the end of the ring, its id in the last descriptor, one used descriptor for all", () => {
    const ring = make({ size: 5 });
    for (let slot = 0; slot < 4; slot++) turn(ring, slot, true);
    ring.memory.write(DATA, new TextEncoder().encode("abcdef"));
    ring.offer(1, { address: DATA + 0x100, length: 4, id: 3, flags: WRITE }, false);
    ring.offer(0, { address: DATA + 2, length: 4, id: 99, flags: NEXT }, false);
    ring.offer(4, { address: DATA, length: 2, id: 98, flags: NEXT }, true);
    const chain = ring.queue.pop() as DescriptorChain;
    const bytes = new Uint8Array(6);
    chain.readable.readExact(bytes);
    expect([chain.id, chain.slots, chain.descriptorCount, new TextDecoder().decode(bytes)]).toEqual([3, 3, 3, "abcdef"]);
    const untouched = [ring.slot(0), ring.slot(1)];
    ring.queue.push(chain, 1);
    ring.queue.flush();
    expect(ring.slot(4)).toEqual({ length: 1, id: 3, flags: WRITE | AVAIL | USED });
    expect([ring.slot(0), ring.slot(1)]).toEqual(untouched);
    // The next used descriptor skips the chain.
    turn(ring, 2, false, 1);
    expect(ring.slot(2)).toEqual({ length: 8, id: 1, flags: WRITE });
  });

  it("RING-PACKED-FACT-DEV-009, RING-PACKED-FACT-DEV-010, RING-PACKED-FACT-DEV-011: in an indirect table only WRITE counts", () => {
    const ring = make({ indirect: true });
    ring.memory.write(DATA, new TextEncoder().encode("xyz"));
    ring.describeAt(TABLE, { address: DATA, length: 2, id: 5, flags: INDIRECT | AVAIL | USED });
    ring.describeAt(TABLE + 16, { address: DATA + 2, length: 1, id: 6, flags: NEXT });
    ring.describeAt(TABLE + 32, { address: DATA + 0x100, length: 9, id: 7, flags: WRITE });
    ring.offer(0, { address: TABLE, length: 48, id: 2, flags: INDIRECT | WRITE });
    const chain = ring.queue.pop() as DescriptorChain;
    expect([chain.id, chain.slots, chain.readable.remaining, chain.writableLength]).toEqual([2, 1, 3, 9]);
  });

  it("RING-PACKED-FACT-DEV-006: WRITE and a length only if something was written", () => {
    const ring = make();
    ring.offer(0, { address: DATA, length: 8, id: 1, flags: WRITE });
    ring.queue.push(ring.queue.pop() as DescriptorChain, 0);
    ring.queue.flush();
    expect(ring.slot(0)).toEqual({ length: 0, id: 1, flags: AVAIL | USED });
  });

  it("RING-PACKED-FACT-DEV-014, RING-PACKED-FACT-DEV-015: the driver's event area decides on notifications", () => {
    const plain = make({ size: 4 });
    plain.driverEvent(1);
    expect([turn(plain, 0, true), turn(plain, 1, true)]).toEqual([false, false]);
    plain.driverEvent(0);
    expect(turn(plain, 2, true)).toBe(true);
    plain.driverEvent(2, 0, true); // reserved without EVENT_IDX
    expect(turn(plain, 3, true)).toBe(true);

    const ring = make({ size: 4, eventIndex: true });
    ring.driverEvent(2, 2, true);
    expect([0, 1, 2, 3].map((slot) => turn(ring, slot, true))).toEqual([false, false, true, false]);
    ring.driverEvent(2, 1, true); // a round that is over
    expect([0, 1].map((slot) => turn(ring, slot, false))).toEqual([false, false]);
    ring.driverEvent(2, 0, true); // the round to come
    expect([2, 3].map((slot) => turn(ring, slot, false))).toEqual([false, false]);
    expect(turn(ring, 0, true)).toBe(true);
    ring.driverEvent(3);
    expect(turn(ring, 1, true)).toBe(true);
    ring.driverEvent(2, 99, true); // no such descriptor: once too often rather than never
    expect(turn(ring, 2, true)).toBe(true);
  });

  it("RING-PACKED-OP-DEV-002: asks for notifications through its own event area", () => {
    const plain = make();
    plain.queue.disableNotifications();
    expect(plain.deviceEvent.flags).toBe(1);
    expect(plain.queue.enableNotifications()).toBe(false);
    expect(plain.deviceEvent.flags).toBe(0);

    const ring = make({ eventIndex: true, size: 2 });
    ring.queue.pop();
    expect(ring.deviceEvent).toEqual({ offset: 0, wrap: true, flags: 2 });
    turn(ring, 0, true);
    turn(ring, 1, true);
    expect(ring.deviceEvent).toEqual({ offset: 0, wrap: true, flags: 2 }); // busy
    ring.queue.pop();
    expect(ring.deviceEvent).toEqual({ offset: 0, wrap: false, flags: 2 });
    ring.queue.disableNotifications();
    expect(ring.deviceEvent.flags).toBe(1);
    ring.offer(0, { address: DATA, length: 1, id: 0 }, false);
    expect(ring.queue.enableNotifications()).toBe(true);
    expect(ring.deviceEvent).toEqual({ offset: 0, wrap: false, flags: 2 });
  });
});

describe("packed virtqueue, device side", () => {
  it("RING-PACKED-FACT-DEV-001, RING-PACKED-FACT-DEV-016: any size up to 32768; areas 16 and 4 bytes aligned", () => {
    const memory = new RecordingMemory(0x10_0000);
    const check = (size: number, areas = PACKED_AREAS) => codeOf(() => checkVirtqueueConfig(memory, { format: "packed", size, areas }));
    expect([1, 3, 255, 256].map((size) => check(size))).toEqual(Array(4).fill("no error"));
    expect([check(0), check(32769)]).toEqual(["ERR_VIRTQUEUE_SIZE", "ERR_VIRTQUEUE_SIZE"]);
    expect(check(32768, { descriptor: 0x10_0000 - 32768 * 16, driver: 0, device: 4 })).toBe("no error");
    for (const change of [{ descriptor: 0x1008 }, { driver: 0x2002 }, { device: 0x3002 }, { device: 0xf_fffe }]) {
      expect(check(8, { ...PACKED_AREAS, ...change })).toBe("ERR_VIRTQUEUE_AREA");
    }
  });

  it("RING-PACKED-DEV-001, RING-PACKED-DEV-002, RING-PACKED-DEV-003: taken in ring order, returned in the order of completion, shown together", () => {
    const memory = new RecordingMemory(0x10_0000);
    const ring = new RawPackedRing({ memory });
    for (const [slot, id] of [4, 2, 0].entries()) ring.offer(slot, { address: DATA, length: 8, id, flags: WRITE });
    const chains = [...ring.queue];
    expect(chains.map(({ id }) => id)).toEqual([4, 2, 0]);
    for (const i of [1, 2, 0]) ring.queue.push(chains[i] as DescriptorChain, i);
    memory.stores.length = 0;
    ring.queue.flush();
    expect([0, 1, 2].map((slot) => ring.slot(slot).id)).toEqual([2, 0, 4]);
  });

  it("RING-PACKED-DEV-007, RING-PACKED-FACT-DEV-013: the flags of each used descriptor are written once and after its other fields, those of the first last of all", () => {
    const memory = new RecordingMemory(0x10_0000);
    const ring = new RawPackedRing({ memory });
    for (const [slot, id] of [4, 2, 0].entries()) ring.offer(slot, { address: DATA, length: 8, id, flags: WRITE });
    for (const chain of ring.queue) ring.queue.push(chain, 3);
    memory.stores.length = 0;
    ring.queue.flush();
    for (const slot of [0, 1, 2]) {
      const at = PACKED_AREAS.descriptor + 16 * slot;
      const fields = memory.storesIn(at, at + 16).map(({ address }) => address - at);
      expect([fields.at(-1), fields.filter((field) => field === 14).length]).toEqual([14, 1]);
    }
    expect(memory.stores.at(-1)).toEqual({ address: PACKED_AREAS.descriptor + 14, length: 2 });
    // Nor is anything written to them afterwards, by whatever the device does.
    memory.stores.length = 0;
    expect([ring.queue.pop(), ring.queue.flush()]).toEqual([undefined, false]);
    ring.queue.disableNotifications();
    ring.queue.enableNotifications();
    expect(memory.storesIn(PACKED_AREAS.descriptor, PACKED_AREAS.descriptor + 80)).toEqual([]);
  });

  it("with IN_ORDER completions wait for earlier ones", () => {
    const ring = new RawPackedRing({ inOrder: true });
    for (const [slot, id] of [4, 2, 0].entries()) ring.offer(slot, { address: DATA, length: 8, id, flags: WRITE });
    const [a, b, c] = [...ring.queue] as [DescriptorChain, DescriptorChain, DescriptorChain];
    ring.queue.push(c, 3);
    ring.queue.push(b, 2);
    expect(ring.queue.flush()).toBe(false);
    ring.queue.push(a, 1);
    expect(ring.queue.flush()).toBe(true);
    expect([0, 1, 2].map((slot) => ring.slot(slot))).toEqual(
      [4, 2, 0].map((id, i) => ({ length: i + 1, id, flags: WRITE | AVAIL | USED })),
    );
  });

  it("RING-PACKED-DEV-004, RING-PACKED-DEV-005, RING-PACKED-OP-DEV-001: reads every descriptor once, writes used descriptors and its event area only", () => {
    const memory = new RecordingMemory(0x10_0000);
    const ring = new RawPackedRing({ memory, eventIndex: true });
    ring.offer(1, { address: DATA + 0x100, length: 8, id: 1, flags: WRITE });
    ring.offer(0, { address: DATA, length: 8, id: 0, flags: NEXT });
    memory.loads.length = 0;
    memory.stores.length = 0;
    const chain = ring.queue.pop() as DescriptorChain;
    expect(memory.loads.map(({ length }) => length).reduce((a, b) => a + b, 0)).toBe(32);
    ring.offer(0, { address: 0, length: 0xffff_ffff, id: 77 });
    memory.stores.length = 0;
    chain.readable.skip(8);
    chain.writable.writeUint8(1);
    ring.queue.push(chain, 1);
    ring.queue.flush();
    ring.queue.pop();
    expect(memory.loadsIn(DATA + 0x100, DATA + 0x108)).toEqual([]);
    const allowed = ({ address, length }: { address: number; length: number }) =>
      (address >= 0x1000 && address + length <= 0x1010) || (address >= 0x3000 && address + length <= 0x3004) || address === DATA + 0x100;
    expect(memory.stores.every(allowed)).toBe(true);
  });

  it("RING-PACKED-FACT-DEV-008, RING-PACKED-DEV-009: lists longer than the queue, or than the limit, are refused", () => {
    const ring = new RawPackedRing({ size: 3 });
    for (let slot = 0; slot < 3; slot++) ring.offer(slot, { address: DATA, length: 1, flags: NEXT });
    expect(codeOf(() => ring.queue.pop())).toBe("ERR_VIRTQUEUE_CHAIN_TOO_LONG");
    const limited = new RawPackedRing({ size: 8, maxChainLength: 2 });
    for (let slot = 0; slot < 3; slot++) limited.offer(slot, { address: DATA, length: 1, flags: slot < 2 ? NEXT : 0 });
    expect(codeOf(() => limited.queue.pop())).toBe("ERR_VIRTQUEUE_CHAIN_TOO_LONG");
  });

  const malformed: [string, string, (ring: RawPackedRing) => void][] = [
    ["indirect, not negotiated", "ERR_VIRTQUEUE_INDIRECT", (ring) => ring.offer(0, { address: TABLE, length: 16, flags: INDIRECT })],
    ["span outside memory", "ERR_VIRTQUEUE_BUFFER", (ring) => ring.offer(0, { address: 2n ** 64n - 16n, length: 32 })],
    [
      "readable after writable",
      "ERR_VIRTQUEUE_ORDER",
      (ring) => {
        ring.offer(1, { address: DATA, length: 1 });
        ring.offer(0, { address: DATA, length: 1, flags: NEXT | WRITE });
      },
    ],
    [
      "a buffer id twice",
      "ERR_VIRTQUEUE_HEAD_IN_USE",
      (ring) => {
        ring.offer(0, { address: DATA, length: 1, id: 3 });
        ring.offer(1, { address: DATA, length: 1, id: 3 });
        ring.queue.pop();
      },
    ],
  ];
  it.each(malformed)("%s: VirtqueueError %s once, then nothing more", (_, code, make) => {
    const memory = new RecordingMemory(0x10_0000);
    const ring = new RawPackedRing({ memory });
    make(ring);
    expect(codeOf(() => ring.queue.pop())).toBe(code);
    expect(ring.queue.error?.code).toBe(code);
    memory.loads.length = 0;
    expect([ring.queue.pop(), ring.queue.hasAvailable(), ring.queue.flush(), ring.queue.enableNotifications()]).toEqual([
      undefined,
      false,
      false,
      false,
    ]);
    expect(memory.loads).toEqual([]);
  });

  it.each([
    ["with NEXT", INDIRECT | NEXT, 16],
    ["an empty table", INDIRECT, 0],
    ["a table of 17 bytes", INDIRECT, 17],
    ["too many entries", INDIRECT, 1025 * 16],
    ["a table outside memory", INDIRECT, 0x10_0000],
  ])("indirect, %s: refused", (_, flags, length) => {
    const ring = new RawPackedRing({ indirect: true });
    ring.offer(1, { address: DATA, length: 1 });
    ring.offer(0, { address: TABLE, length, flags });
    expect(codeOf(() => ring.queue.pop())).toMatch(/INDIRECT|TOO_LONG/);
  });

  it("indirect after a normal descriptor: refused (no mixing in one list)", () => {
    const ring = new RawPackedRing({ indirect: true });
    ring.offer(1, { address: TABLE, length: 16, flags: INDIRECT });
    ring.offer(0, { address: DATA, length: 1, flags: NEXT });
    expect(codeOf(() => ring.queue.pop())).toBe("ERR_VIRTQUEUE_INDIRECT");
  });

  it("an endless available pattern: no more is taken than the ring has", () => {
    const ring = new RawPackedRing({ size: 4 });
    for (let slot = 0; slot < 4; slot++) ring.offer(slot, { address: DATA, length: 1, id: slot });
    expect([...ring.queue].length).toBe(4);
    // All of them again, in the colours of the next round, while the device still has the first.
    for (let slot = 0; slot < 4; slot++) ring.offer(slot, { address: DATA, length: 1, id: 10 + slot }, false);
    expect([[...ring.queue].length, ring.queue.hasAvailable(), ring.queue.inFlight]).toEqual([0, false, 4]);
  });
});
