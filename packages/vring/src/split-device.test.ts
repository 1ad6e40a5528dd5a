import { FlatMemory, type GuestMemory } from "@zarch/guest-memory";
import { describe, expect, it } from "vitest";
import { INDIRECT, NEXT, RawRing, RecordingMemory, reversedMemory, WRITE } from "../test/raw-ring.ts";
import type { DescriptorChain } from "./chain.ts";

const DATA = 0x8000;

function text(memory: GuestMemory, address: number, length: number): string {
  const bytes = new Uint8Array(length);
  memory.read(address, bytes);
  return new TextDecoder().decode(bytes);
}

function put(memory: GuestMemory, address: number, value: string): number {
  const bytes = new TextEncoder().encode(value);
  memory.write(address, bytes);
  return bytes.length;
}

function readAll(chain: DescriptorChain): string {
  const bytes = new Uint8Array(chain.readable.remaining);
  chain.readable.read(bytes);
  return new TextDecoder().decode(bytes);
}

const variants = [
  { name: "little-endian, separate areas", make: () => new RawRing() },
  { name: "big-endian, contiguous legacy layout", make: () => new RawRing({ endian: "big", legacyAlign: 4096 }) },
  { name: "big-endian, reversed memory", make: () => new RawRing({ endian: "big", memory: reversedMemory(0x10_0000) }) },
  { name: "little-endian, reversed memory", make: () => new RawRing({ memory: reversedMemory(0x10_0000), legacyAlign: 64 }) },
];

describe.each(variants)("split virtqueue, device side: $name", ({ make }) => {
  it("RING-SPLIT-LEGACY-DEV-001, RING-SPLIT-LEGACY-DEV-002: takes a buffer, answers it, publishes it", () => {
    const ring = make();
    const { memory, queue } = ring;
    ring.describe(3, { address: DATA, length: put(memory, DATA, "question"), flags: NEXT, next: 5 });
    ring.describe(5, { address: DATA + 0x100, length: 16, flags: WRITE });
    expect(queue.pop()).toBeUndefined();
    ring.offer(3);
    const chain = queue.pop() as DescriptorChain;
    expect(queue.pop()).toBeUndefined();
    expect([chain.id, chain.descriptorCount, chain.writableLength, queue.inFlight]).toEqual([3, 2, 16, 1]);
    expect(readAll(chain)).toBe("question");
    chain.writable.write(new TextEncoder().encode("answer"));
    queue.push(chain, chain.writable.written);
    expect([ring.usedIndex, queue.inFlight]).toEqual([0, 0]);
    expect(queue.flush()).toBe(true);
    expect([ring.usedIndex, ring.used(0)]).toEqual([1, { id: 3, length: 6 }]);
    expect(text(memory, DATA + 0x100, 6)).toBe("answer");
    expect(queue.flush()).toBe(false);
  });

  it("RING-SPLIT-FACT-DEV-005: indices start at 0 and wrap at 65536", () => {
    const ring = make();
    for (let i = 0; i < 8; i++) ring.describe(i, { address: DATA, length: 1, flags: WRITE });
    for (let round = 0; round < 65536 / 4 + 3; round++) {
      ring.offer(round % 8, (round + 1) % 8, (round + 2) % 8, (round + 3) % 8);
      let count = 0;
      for (const chain of ring.queue) {
        expect(chain.id).toBe((round + count++) % 8);
        ring.queue.push(chain, 1);
      }
      expect(count).toBe(4);
      ring.queue.flush();
      expect(ring.usedIndex).toBe((4 * (round + 1)) & 0xffff);
    }
    expect(ring.usedIndex).toBe(12);
  });

  it("RING-SPLIT-FACT-DEV-004, RING-SPLIT-DEV-007: an indirect table is walked from its index 0, WRITE on the pointing descriptor ignored", () => {
    const ring = new RawRing({ memory: make().memory, indirect: true, endian: make().endian });
    put(ring.memory, DATA, "abcdef");
    // A table at an odd address: its alignment is free.
    const table = 0x9001;
    ring.describeAt(table, { address: DATA, length: 2, flags: NEXT, next: 2 });
    ring.describeAt(table + 32, { address: DATA + 2, length: 4, flags: NEXT, next: 1 });
    ring.describeAt(table + 16, { address: DATA + 0x40, length: 7, flags: WRITE });
    ring.describe(0, { address: table, length: 48, flags: INDIRECT | WRITE });
    ring.offer(0);
    const chain = ring.queue.pop() as DescriptorChain;
    expect([readAll(chain), chain.writableLength, chain.descriptorCount]).toEqual(["abcdef", 7, 3]);
  });

  it("RING-SPLIT-DEV-008: normal descriptors, then one indirect descriptor at the end", () => {
    const ring = new RawRing({ memory: make().memory, indirect: true, endian: make().endian });
    put(ring.memory, DATA, "head");
    put(ring.memory, DATA + 0x10, "tail");
    ring.describeAt(0x9000, { address: DATA + 0x10, length: 4, flags: NEXT, next: 1 });
    ring.describeAt(0x9010, { address: DATA + 0x20, length: 1, flags: WRITE });
    ring.describe(2, { address: DATA, length: 4, flags: NEXT, next: 7 });
    ring.describe(7, { address: 0x9000, length: 32, flags: INDIRECT });
    ring.offer(2);
    const chain = ring.queue.pop() as DescriptorChain;
    expect([readAll(chain), chain.writableLength, chain.descriptorCount]).toEqual(["headtail", 1, 3]);
  });
});

describe("split virtqueue, device side", () => {
  it("RING-SPLIT-DEV-002: a limit on descriptors per chain can be set; the default takes indirect chains beyond the queue size", () => {
    for (const [maxChainLength, outcome] of [
      [undefined, 20],
      [20, 20],
      [19, "ERR_VIRTQUEUE_CHAIN_TOO_LONG"],
    ] as const) {
      const ring = new RawRing({ indirect: true, ...(maxChainLength ? { maxChainLength } : {}) });
      for (let i = 0; i < 20; i++) {
        ring.describeAt(0x9000 + 16 * i, { address: DATA, length: 1, ...(i < 19 ? { flags: NEXT, next: i + 1 } : {}) });
      }
      ring.describe(0, { address: 0x9000, length: 320, flags: INDIRECT });
      ring.offer(0);
      let result: unknown;
      try {
        result = ring.queue.pop()?.descriptorCount;
      } catch (error) {
        result = (error as { code: string }).code;
      }
      expect(result).toBe(outcome);
    }
  });

  it("RING-SPLIT-DEV-003, RING-SPLIT-DEV-004, RING-SPLIT-DEV-005, RING-SPLIT-DEV-006: writes only writable buffers and its own area, reads no writable buffer", () => {
    const memory = new RecordingMemory(0x1_0000);
    const ring = new RawRing({ memory, eventIndex: true });
    ring.describe(0, { address: DATA, length: 4, flags: NEXT, next: 1 });
    ring.describe(1, { address: DATA + 0x100, length: 8, flags: WRITE });
    ring.offer(0);
    memory.loads.length = 0;
    memory.stores.length = 0;
    const chain = ring.queue.pop() as DescriptorChain;
    chain.readable.readUint32("big");
    chain.writable.fill(7, 3);
    chain.writable.writeUint16(1, "big");
    ring.queue.push(chain, 5);
    ring.queue.flush();
    ring.queue.pop();
    ring.queue.disableNotifications();
    ring.queue.enableNotifications();
    expect(memory.loadsIn(DATA + 0x100, DATA + 0x108)).toEqual([]);
    expect(memory.storesIn(0, 0x3000)).toEqual([]);
    expect(memory.storesIn(0x3000 + 70 + 4, 0x1_0000)).toEqual([
      { address: DATA + 0x100, length: 3 },
      { address: DATA + 0x103, length: 2 },
    ]);
  });

  it("reads every descriptor, head and index exactly once, however the guest changes them (double fetch)", () => {
    const memory = new RecordingMemory(0x1_0000);
    const ring = new RawRing({ memory, indirect: true });
    ring.describeAt(0x9000, { address: DATA + 4, length: 4, flags: NEXT, next: 1 });
    ring.describeAt(0x9010, { address: DATA + 8, length: 4, flags: WRITE });
    ring.describe(0, { address: DATA, length: 4, flags: NEXT, next: 1 });
    ring.describe(1, { address: 0x9000, length: 32, flags: INDIRECT });
    memory.write(DATA, new TextEncoder().encode("good-bad"));
    ring.offer(0);
    memory.loads.length = 0;
    const chain = ring.queue.pop() as DescriptorChain;
    const touched = new Map<number, number>();
    for (const { address, length } of memory.loads) {
      for (let i = 0; i < length; i++) touched.set(address + i, (touched.get(address + i) ?? 0) + 1);
    }
    expect([...touched.values()].every((count) => count === 1)).toBe(true);
    expect(touched.size).toBe(2 + 2 + 4 * 16);
    ring.describe(0, { address: 0, length: 0x7fff_ffff, flags: WRITE });
    ring.describeAt(0x9000, { address: 0, length: 0x7fff_ffff, flags: WRITE });
    expect(readAll(chain)).toBe("good-bad");
    expect(chain.writable.remaining).toBe(4);
    memory.loads.length = 0;
    ring.queue.push(chain, 0);
    ring.queue.flush();
    expect(memory.loadsIn(0x1000, 0x1080)).toEqual([]);
  });

  it("RING-SPLIT-USEDNOTIF-DEV-002, RING-SPLIT-USEDNOTIF-DEV-003, RING-SPLIT-USEDNOTIF-DEV-001: without EVENT_IDX the flag decides and used_event is ignored", () => {
    const ring = new RawRing();
    for (let i = 0; i < 8; i++) ring.describe(i, { address: DATA, length: 1, flags: WRITE });
    const wants = (flags: number, usedEvent: number): boolean => {
      ring.availableFlags = flags;
      ring.usedEvent = usedEvent;
      ring.offer(0);
      ring.queue.push(ring.queue.pop() as DescriptorChain, 0);
      return ring.queue.flush();
    };
    expect([wants(0, 0), wants(0, 9), wants(1, 2), wants(1, 3), wants(0, 100)]).toEqual([true, true, false, false, true]);
  });

  it("RING-SPLIT-USEDNOTIF-DEV-004, RING-SPLIT-USEDNOTIF-DEV-005, RING-SPLIT-USEDNOTIF-DEV-006, RING-SPLIT-USEDNOTIF-FACT-DEV-001: with EVENT_IDX crossing used_event decides", () => {
    const ring = new RawRing({ eventIndex: true });
    for (let i = 0; i < 8; i++) ring.describe(i, { address: DATA, length: 1, flags: WRITE });
    const use = (count: number): boolean => {
      ring.offer(...Array.from({ length: count }, (_, i) => i));
      for (const chain of ring.queue) ring.queue.push(chain, 0);
      return ring.queue.flush();
    };
    ring.availableFlags = 1;
    expect(use(1)).toBe(true); // used_event 0: after the first one
    expect(use(1)).toBe(false);
    ring.usedEvent = 2;
    expect(use(1)).toBe(true);
    ring.usedEvent = 5;
    expect(use(2)).toBe(false); // 3, 4
    expect(use(3)).toBe(true); // 5, 6, 7: crossed in the middle of a batch
    expect(use(8)).toBe(false);
    ring.usedEvent = 0;
    let notified = 0;
    while (ring.usedIndex !== 0xfff8) if (use(8)) notified++;
    expect(notified).toBe(0);
    expect(use(8)).toBe(false); // up to index 0: entry 65535
    expect(use(1)).toBe(true); // entry 65536, which is 0 again
    ring.usedEvent = 0xfffe;
    for (let i = 1; i < 0xfff8; ) {
      const count = Math.min(8, 0xfff8 - i);
      expect(use(count)).toBe(false);
      i += count;
    }
    expect(use(8)).toBe(true); // a batch over the wrap
  });

  it("RING-SPLIT-DEV-009, RING-SPLIT-DEV-010: data and length are written before the used index moves", () => {
    const memory = new RecordingMemory(0x1_0000);
    const ring = new RawRing({ memory });
    ring.describe(0, { address: DATA, length: 8, flags: WRITE });
    ring.describe(1, { address: DATA + 8, length: 8, flags: WRITE });
    ring.offer(0, 1);
    memory.stores.length = 0;
    for (const chain of ring.queue) {
      chain.writable.fill(1, 8);
      ring.queue.push(chain, 8);
    }
    ring.queue.flush();
    const index = memory.stores.findIndex(({ address }) => address === 0x3002);
    expect(index).toBe(memory.stores.length - 1);
    expect(memory.storesIn(DATA, DATA + 16).length).toBe(2);
    expect([ring.used(0), ring.used(1), ring.usedIndex]).toEqual([{ id: 0, length: 8 }, { id: 1, length: 8 }, 2]);
  });

  it("RING-SPLIT-DEV-011: a device may report less than it wrote, but never more than there is room for", () => {
    const ring = new RawRing();
    ring.describe(0, { address: DATA, length: 8, flags: WRITE });
    ring.offer(0);
    const chain = ring.queue.pop() as DescriptorChain;
    chain.writable.fill(1, 8);
    expect(() => ring.queue.push(chain, 9)).toThrow(/room for 8/);
    ring.queue.push(chain, 3);
    ring.queue.flush();
    expect(ring.used(0)).toEqual({ id: 0, length: 3 });
  });

  it("RING-SPLIT-FACT-DEV-003: with IN_ORDER completions wait for earlier ones", () => {
    const ring = new RawRing({ inOrder: true });
    for (let i = 0; i < 4; i++) ring.describe(i, { address: DATA, length: 8, flags: WRITE });
    ring.offer(0, 1, 2, 3);
    const [a, b, c, d] = [...ring.queue] as [DescriptorChain, DescriptorChain, DescriptorChain, DescriptorChain];
    ring.queue.push(c, 3);
    ring.queue.push(b, 2);
    expect([ring.queue.flush(), ring.usedIndex, ring.queue.inFlight]).toEqual([false, 0, 4]);
    ring.queue.push(a, 1);
    expect([ring.queue.flush(), ring.usedIndex, ring.queue.inFlight]).toEqual([true, 3, 1]);
    ring.queue.push(d, 4);
    ring.queue.flush();
    expect([0, 1, 2, 3].map((slot) => ring.used(slot))).toEqual([0, 1, 2, 3].map((id) => ({ id, length: id + 1 })));
  });

  it("RING-SPLIT-AVAILNOTIF-DEV-001, RING-SPLIT-AVAILNOTIF-DEV-002, RING-SPLIT-AVAILNOTIF-DEV-006: without EVENT_IDX the used flag is 0 or 1", () => {
    const ring = new RawRing();
    ring.describe(0, { address: DATA, length: 8, flags: WRITE });
    expect(ring.usedFlags).toBe(0);
    ring.queue.disableNotifications();
    expect(ring.usedFlags).toBe(1);
    expect(ring.queue.enableNotifications()).toBe(false);
    expect(ring.usedFlags).toBe(0);
    ring.queue.disableNotifications();
    ring.offer(0);
    expect(ring.queue.enableNotifications()).toBe(true);
    ring.queue.pop();
    ring.queue.pop();
    expect([ring.usedFlags, ring.availEvent]).toEqual([0, 0]);
  });

  it("RING-SPLIT-AVAILNOTIF-DEV-003, RING-SPLIT-AVAILNOTIF-DEV-004: with EVENT_IDX the flag stays 0 and avail_event follows what was taken", () => {
    const ring = new RawRing({ eventIndex: true });
    for (let i = 0; i < 8; i++) ring.describe(i, { address: DATA, length: 8, flags: WRITE });
    ring.offer(0, 1, 2);
    ring.queue.pop();
    ring.queue.pop();
    expect(ring.availEvent).toBe(0); // busy: no notification is asked for
    ring.queue.pop();
    expect(ring.queue.pop()).toBeUndefined();
    expect(ring.availEvent).toBe(3);
    ring.queue.disableNotifications();
    ring.offer(3);
    ring.queue.pop();
    ring.queue.pop();
    expect([ring.availEvent, ring.usedFlags]).toEqual([3, 0]);
    ring.offer(4);
    expect(ring.queue.enableNotifications()).toBe(true);
    ring.queue.pop();
    expect(ring.queue.enableNotifications()).toBe(false);
    expect([ring.availEvent, ring.usedFlags]).toEqual([5, 0]);
  });

  it("RING-SPLIT-AVAILNOTIF-DEV-004: a buffer that comes while the device asks for a notification is not overlooked", () => {
    class Racing extends FlatMemory {
      onStore: (() => void) | undefined;
      override storeUint16(address: number, value: number, endian: "big" | "little"): void {
        super.storeUint16(address, value, endian);
        const hook = this.onStore;
        this.onStore = undefined;
        hook?.();
      }
    }
    const memory = new Racing(0x1_0000);
    const ring = new RawRing({ memory, eventIndex: true });
    for (let i = 0; i < 8; i++) ring.describe(i, { address: DATA, length: 8, flags: WRITE });
    ring.offer(0);
    ring.queue.pop();
    memory.onStore = () => ring.offer(1);
    expect(ring.queue.pop()?.id).toBe(1);
  });

  it("RING-SPLIT-AVAILNOTIF-DEV-005: looking without anything new does no harm", () => {
    const ring = new RawRing({ eventIndex: true });
    for (let i = 0; i < 5; i++)
      expect([ring.queue.pop(), ring.queue.hasAvailable(), ring.queue.flush()]).toEqual([undefined, false, false]);
    expect([ring.usedIndex, ring.availEvent, ring.queue.error]).toEqual([0, 0, undefined]);
  });

  it("RING-SPLIT-OP-DEV-001: a chain is there as soon as the index says so, not before", () => {
    const ring = new RawRing();
    ring.describe(0, { address: DATA, length: 8, flags: WRITE });
    ring.memory.storeUint16(0x2004, 0, "little");
    expect([ring.queue.hasAvailable(), ring.queue.pop()]).toEqual([false, undefined]);
    ring.availableIndex = 1;
    expect([ring.queue.hasAvailable(), ring.queue.pop()?.id]).toEqual([true, 0]);
  });

  it("CORE-RSVF-DEV-012: NOTIFY_ON_EMPTY notifies when everything is used, even if suppressed", () => {
    const ring = new RawRing({ notifyOnEmpty: true });
    for (let i = 0; i < 2; i++) ring.describe(i, { address: DATA, length: 8, flags: WRITE });
    ring.availableFlags = 1;
    ring.offer(0, 1);
    ring.queue.push(ring.queue.pop() as DescriptorChain, 0);
    expect(ring.queue.flush()).toBe(false);
    ring.queue.push(ring.queue.pop() as DescriptorChain, 0);
    expect(ring.queue.flush()).toBe(true);
  });

  it("after close nothing reaches guest memory, late completions included", () => {
    const memory = new RecordingMemory(0x1_0000);
    const ring = new RawRing({ memory });
    ring.describe(0, { address: DATA, length: 8, flags: WRITE });
    ring.describe(1, { address: DATA, length: 8, flags: WRITE });
    ring.offer(0, 1);
    const chain = ring.queue.pop() as DescriptorChain;
    ring.queue.close();
    memory.stores.length = 0;
    chain.writable.fill(1, 2);
    chain.writable.write(new Uint8Array(4));
    chain.writable.writeUint16(1, "big");
    ring.queue.push(chain, 8);
    ring.queue.disableNotifications();
    expect([ring.queue.flush(), ring.queue.pop(), ring.queue.hasAvailable(), ring.queue.enableNotifications()]).toEqual([
      false,
      undefined,
      false,
      false,
    ]);
    expect(memory.stores).toEqual([]);
  });

  it("a chain can be returned only once", () => {
    const ring = new RawRing();
    ring.describe(0, { address: DATA, length: 8, flags: WRITE });
    ring.offer(0);
    const chain = ring.queue.pop() as DescriptorChain;
    ring.queue.push(chain, 0);
    expect(() => ring.queue.push(chain, 0)).toThrow(/does not wait/);
  });
});
