import { FlatMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf, NEXT, RawRing, reversedMemory, WRITE } from "../test/raw-ring.ts";
import type { DescriptorChain } from "./chain.ts";
import { DeferredWriter, type PendingWrite } from "./deferred-writer.ts";

const DATA = 0x8000;

/** A chain with writable buffers of these lengths, 0x100 apart, in memory full of 0xee. */
function chainOf(lengths: readonly number[], memory = new FlatMemory(0x10_0000)): { ring: RawRing; chain: DescriptorChain } {
  const ring = new RawRing({ memory, size: 16 });
  ring.memory.fill(DATA, 0x1000, 0xee);
  for (const [i, length] of lengths.entries()) {
    const last = i === lengths.length - 1;
    ring.describe(i, { address: DATA + 0x100 * i, length, flags: WRITE | (last ? 0 : NEXT), next: last ? 0 : i + 1 });
  }
  ring.offer(0);
  return { ring, chain: ring.queue.pop() as DescriptorChain };
}

function bytesOf(ring: RawRing, lengths: readonly number[]): number[] {
  return lengths.flatMap((length, i) => {
    const bytes = new Uint8Array(length);
    ring.memory.read(DATA + 0x100 * i, bytes);
    return [...bytes];
  });
}

function fill(write: PendingWrite, value: number, count?: number): boolean {
  write.bytes.fill(value);
  return write.commit(count);
}

describe("DeferredWriter", () => {
  it("RING-SPLIT-DEV-010: bytes reach the guest and count when they are committed, in any order", () => {
    const { ring, chain } = chainOf([3, 5]);
    const writer = new DeferredWriter(chain.writable);
    const [first, second] = [writer.reserve(4), writer.reserve(4)];
    expect([first.length, writer.remaining, chain.writable.remaining]).toEqual([4, 0, 0]);
    first.bytes.fill(1);
    expect(fill(second, 2)).toBe(true);
    expect(bytesOf(ring, [3, 5])).toEqual([0xee, 0xee, 0xee, 0xee, 2, 2, 2, 2]);
    expect(first.commit()).toBe(true);
    expect(bytesOf(ring, [3, 5])).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    expect([writer.finish(), writer.finish()]).toEqual([8, 8]);
    ring.queue.push(chain, writer.finish());
    ring.queue.flush();
    expect(ring.used(0)).toEqual({ id: 0, length: 8 });
  });

  it("a late commit writes nothing and counts nothing", () => {
    const { ring, chain } = chainOf([8]);
    const writer = new DeferredWriter(chain.writable);
    const [first, late] = [writer.reserve(4), writer.reserve(4)];
    fill(first, 1);
    late.bytes.fill(2);
    expect(writer.finish()).toBe(4);
    ring.queue.push(chain, 4);
    ring.queue.flush();
    expect([late.commit(), writer.finish()]).toEqual([false, 4]);
    expect(bytesOf(ring, [8])).toEqual([1, 1, 1, 1, 0xee, 0xee, 0xee, 0xee]);
  });

  it("what is aborted, short or not committed ends the count", () => {
    const { chain } = chainOf([8]);
    const writer = new DeferredWriter(chain.writable);
    const [aborted, after] = [writer.reserve(4), writer.reserve(4)];
    aborted.abort();
    expect([fill(aborted, 1), fill(after, 1), writer.finish()]).toEqual([false, true, 0]);
    const other = new DeferredWriter(chainOf([8]).chain.writable);
    const [short, next] = [other.reserve(4), other.reserve(4)];
    expect([fill(short, 1, 3), fill(next, 1), other.finish()]).toEqual([true, true, 3]);
  });

  it("a write counts once", () => {
    const { ring, chain } = chainOf([8]);
    const writer = new DeferredWriter(chain.writable);
    const part = writer.reserve(8);
    expect([fill(part, 1, 2), fill(part, 2, 8), writer.finish()]).toEqual([true, false, 2]);
    expect(bytesOf(ring, [8]).slice(0, 3)).toEqual([1, 1, 0xee]);
  });

  it("goes on where the writer was, and has no more room than it", () => {
    const { chain } = chainOf([4, 4]);
    chain.writable.writeUint16(0x0101, "little");
    const writer = new DeferredWriter(chain.writable);
    expect([writer.remaining, codeOf(() => writer.reserve(7))]).toEqual([6, "ERR_VIRTQUEUE_MESSAGE_TOO_SHORT"]);
    fill(writer.reserve(6), 7);
    expect(writer.finish()).toBe(8);
    expect(codeOf(() => writer.reserve(0))).toBe("ERR_ZARCH_BUG");
    expect(codeOf(() => new DeferredWriter(chainOf([4]).chain.writable).reserve(4).commit(5))).toBe("ERR_ZARCH_BUG");
  });

  it("writes nothing after the queue was closed or reset", () => {
    for (const end of ["close", "reset"] as const) {
      const { ring, chain } = chainOf([4]);
      const part = new DeferredWriter(chain.writable).reserve(4);
      ring.queue[end]();
      fill(part, 1);
      expect(bytesOf(ring, [4])).toEqual([0xee, 0xee, 0xee, 0xee]);
    }
  });

  it("any order of commits, aborts and an end reports exactly the prefix without a gap", () => {
    const action = fc.record({ part: fc.nat(5), kind: fc.constantFrom("commit", "short", "abort", "finish") });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 6, maxLength: 6 }), fc.array(action), (sizes, actions) => {
        const total = sizes.reduce((a, b) => a + b);
        const lengths = [7, total - 2].filter((length) => length > 0);
        const { ring, chain } = chainOf(lengths);
        const writer = new DeferredWriter(chain.writable);
        const parts = sizes.map((size) => writer.reserve(size));
        const counts = sizes.map(() => 0);
        const settled = new Set<number>();
        let finished = false;
        for (const { part, kind } of actions) {
          const write = parts[part] as PendingWrite;
          const count = kind === "short" ? write.length - 1 : write.length;
          if (kind === "finish") finished = writer.finish() >= 0;
          else if (kind === "abort") write.abort();
          else {
            expect(fill(write, part + 1, count)).toBe(!finished && !settled.has(part));
            if (!finished && !settled.has(part)) counts[part] = count;
          }
          if (kind !== "finish") settled.add(part);
        }
        const gap = sizes.findIndex((size, i) => (counts[i] as number) < size);
        const prefix = (gap < 0 ? counts : counts.slice(0, gap + 1)).reduce((a, b) => a + b, 0);
        expect(writer.finish()).toBe(prefix);
        const expected = sizes.flatMap((size, i) => Array.from({ length: size }, (_, k) => (k < (counts[i] as number) ? i + 1 : 0xee)));
        expect(bytesOf(ring, lengths).slice(0, total)).toEqual(expected);
      }),
    );
  });
});

describe("views", () => {
  it("show what is left in place, buffer by buffer, without moving", () => {
    const { ring, chain } = chainOf([3, 2, 4]);
    chain.writable.skip(1);
    const rest = chain.writable.splitAt(6);
    const views = chain.writable.views() as Uint8Array[];
    expect(views.map(({ length }) => length)).toEqual([2, 2, 2]);
    expect(chain.writable.remaining).toBe(6);
    for (const [i, view] of views.entries()) view.fill(i + 1);
    expect(bytesOf(ring, [3, 2, 4])).toEqual([0xee, 1, 1, 2, 2, 3, 3, 0xee, 0xee]);
    expect(rest.views()?.map(({ length }) => length)).toEqual([2]);
    chain.writable.skip(6);
    expect([chain.writable.views(), chain.writable.written]).toEqual([[], 7]);
  });

  it("of the readable part show the bytes that reading gives", () => {
    const ring = new RawRing();
    ring.memory.write(DATA, new Uint8Array([1, 2, 3, 4, 5]));
    ring.describe(0, { address: DATA, length: 2, flags: NEXT, next: 1 });
    ring.describe(1, { address: DATA + 2, length: 3 });
    ring.offer(0);
    const { readable } = ring.queue.pop() as DescriptorChain;
    readable.skip(1);
    expect(readable.views()?.map((view) => [...view])).toEqual([[2], [3, 4, 5]]);
    expect(readable.consumed).toBe(1);
  });

  it("are not there over memory that cannot be viewed, nor for a closed queue", () => {
    const reversed = new RawRing({ memory: reversedMemory(0x10_0000) });
    reversed.describe(0, { address: DATA, length: 2, flags: NEXT, next: 1 });
    reversed.describe(1, { address: DATA, length: 2, flags: WRITE });
    reversed.offer(0);
    const chain = reversed.queue.pop() as DescriptorChain;
    expect([chain.readable.views(), chain.writable.views()]).toEqual([undefined, undefined]);
    const flat = chainOf([4]);
    flat.ring.queue.close();
    expect(flat.chain.writable.views()).toBeUndefined();
  });
});
