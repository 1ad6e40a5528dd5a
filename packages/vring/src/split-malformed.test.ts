import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf, INDIRECT, NEXT, RawRing, RecordingMemory, WRITE } from "../test/raw-ring.ts";

const DATA = 0x8000;
const TABLE = 0x9000;
const MEMORY = 0x10_0000;

interface Case {
  readonly name: string;
  readonly code: string;
  readonly make: (ring: RawRing) => void;
  readonly indirect?: boolean;
}

/** bad-inputs.md, "Split ring" and "Indirect". */
const cases: readonly Case[] = [
  {
    name: "self-loop",
    code: "ERR_VIRTQUEUE_CHAIN_TOO_LONG",
    make: (ring) => {
      ring.describe(0, { address: DATA, length: 1, flags: NEXT, next: 0 });
      ring.offer(0);
    },
  },
  {
    name: "long loop",
    code: "ERR_VIRTQUEUE_CHAIN_TOO_LONG",
    make: (ring) => {
      for (let i = 0; i < 8; i++) ring.describe(i, { address: DATA, length: 1, flags: NEXT, next: (i + 1) % 8 });
      ring.offer(0);
    },
  },
  {
    name: "next = size",
    code: "ERR_VIRTQUEUE_NEXT",
    make: (ring) => {
      ring.describe(0, { address: DATA, length: 1, flags: NEXT, next: 8 });
      ring.offer(0);
    },
  },
  {
    name: "next = 65535",
    code: "ERR_VIRTQUEUE_NEXT",
    make: (ring) => {
      ring.describe(0, { address: DATA, length: 1, flags: NEXT, next: 0xffff });
      ring.offer(0);
    },
  },
  { name: "head = size", code: "ERR_VIRTQUEUE_HEAD", make: (ring) => ring.offer(8) },
  { name: "head = 65535", code: "ERR_VIRTQUEUE_HEAD", make: (ring) => ring.offer(0xffff) },
  {
    name: "available index forward by size + 1",
    code: "ERR_VIRTQUEUE_AVAILABLE_INDEX",
    make: (ring) => {
      ring.availableIndex = 9;
    },
  },
  {
    name: "available index back",
    code: "ERR_VIRTQUEUE_AVAILABLE_INDEX",
    make: (ring) => {
      ring.availableIndex = -1;
    },
  },
  {
    name: "address + length wraps 2^64",
    code: "ERR_VIRTQUEUE_BUFFER",
    make: (ring) => {
      ring.describe(0, { address: 0xffff_ffff_ffff_fff0n, length: 0x20 });
      ring.offer(0);
    },
  },
  {
    name: "address 2^53 + 1, which a number cannot hold",
    code: "ERR_VIRTQUEUE_BUFFER",
    make: (ring) => {
      ring.describe(0, { address: 2n ** 53n + 1n, length: 1 });
      ring.offer(0);
    },
  },
  {
    name: "a span over the end of memory",
    code: "ERR_VIRTQUEUE_BUFFER",
    make: (ring) => {
      ring.describe(0, { address: MEMORY - 8, length: 9, flags: WRITE });
      ring.offer(0);
    },
  },
  {
    name: "length 2^32 - 1",
    code: "ERR_VIRTQUEUE_BUFFER",
    make: (ring) => {
      ring.describe(0, { address: 0, length: 0xffff_ffff, flags: WRITE });
      ring.offer(0);
    },
  },
  {
    name: "readable after writable",
    code: "ERR_VIRTQUEUE_ORDER",
    make: (ring) => {
      ring.describe(0, { address: DATA, length: 1, flags: NEXT | WRITE, next: 1 });
      ring.describe(1, { address: DATA, length: 1 });
      ring.offer(0);
    },
  },
  {
    name: "indirect, not negotiated",
    code: "ERR_VIRTQUEUE_INDIRECT",
    indirect: false,
    make: (ring) => {
      ring.describe(0, { address: TABLE, length: 16, flags: INDIRECT });
      ring.offer(0);
    },
  },
  {
    name: "indirect, nested",
    code: "ERR_VIRTQUEUE_INDIRECT",
    make: (ring) => {
      ring.describeAt(TABLE, { address: TABLE, length: 16, flags: INDIRECT });
      ring.describe(0, { address: TABLE, length: 16, flags: INDIRECT });
      ring.offer(0);
    },
  },
  {
    name: "indirect with NEXT",
    code: "ERR_VIRTQUEUE_INDIRECT",
    make: (ring) => {
      ring.describe(0, { address: TABLE, length: 16, flags: INDIRECT | NEXT, next: 1 });
      ring.offer(0);
    },
  },
  ...[0, 8, 15, 17].map(
    (length): Case => ({
      name: `indirect, table of ${length} bytes`,
      code: "ERR_VIRTQUEUE_INDIRECT",
      make: (ring) => {
        ring.describe(0, { address: TABLE, length, flags: INDIRECT });
        ring.offer(0);
      },
    }),
  ),
  {
    name: "indirect, too many entries in use",
    code: "ERR_VIRTQUEUE_CHAIN_TOO_LONG",
    make: (ring) => {
      for (let i = 0; i < 1025; i++) {
        ring.describeAt(TABLE + 16 * i, { address: DATA, length: 1, ...(i < 1024 ? { flags: NEXT, next: i + 1 } : {}) });
      }
      ring.describe(0, { address: TABLE, length: 1025 * 16, flags: INDIRECT });
      ring.offer(0);
    },
  },
  {
    name: "indirect, loop in the table",
    code: "ERR_VIRTQUEUE_CHAIN_TOO_LONG",
    make: (ring) => {
      ring.describeAt(TABLE, { address: DATA, length: 1, flags: NEXT, next: 1 });
      ring.describeAt(TABLE + 16, { address: DATA, length: 1, flags: NEXT, next: 0 });
      ring.describe(0, { address: TABLE, length: 32, flags: INDIRECT });
      ring.offer(0);
    },
  },
  {
    name: "indirect, next outside the table",
    code: "ERR_VIRTQUEUE_NEXT",
    make: (ring) => {
      ring.describeAt(TABLE, { address: DATA, length: 1, flags: NEXT, next: 2 });
      ring.describe(0, { address: TABLE, length: 32, flags: INDIRECT });
      ring.offer(0);
    },
  },
  {
    name: "indirect, table outside memory",
    code: "ERR_VIRTQUEUE_INDIRECT",
    make: (ring) => {
      ring.describe(0, { address: MEMORY - 16, length: 32, flags: INDIRECT });
      ring.offer(0);
    },
  },
  {
    name: "a head made available twice",
    code: "ERR_VIRTQUEUE_HEAD_IN_USE",
    make: (ring) => {
      ring.describe(0, { address: DATA, length: 1 });
      ring.offer(0, 0);
      ring.queue.pop();
    },
  },
];

describe("malformed split rings", () => {
  it.each(cases)("$name: VirtqueueError $code once, then nothing more", ({ code, make, indirect }) => {
    const memory = new RecordingMemory(MEMORY);
    const ring = new RawRing({ memory, indirect: indirect ?? true });
    make(ring);
    expect(codeOf(() => ring.queue.pop())).toBe(code);
    expect(ring.queue.error?.code).toBe(code);
    memory.loads.length = 0;
    memory.stores.length = 0;
    for (let i = 0; i < 3; i++)
      expect([ring.queue.pop(), ring.queue.hasAvailable(), ring.queue.flush()]).toEqual([undefined, false, false]);
    expect([memory.loads, memory.stores]).toEqual([[], []]);
  });

  it("buffers of length 0 hold nothing, wherever they point", () => {
    const ring = new RawRing();
    ring.describe(0, { address: 2n ** 63n, length: 0, flags: NEXT, next: 1 });
    ring.describe(1, { address: DATA, length: 2, flags: NEXT, next: 2 });
    ring.describe(2, { address: DATA, length: 0, flags: NEXT | WRITE, next: 3 });
    ring.describe(3, { address: DATA, length: 1, flags: WRITE });
    ring.offer(0);
    const chain = ring.queue.pop();
    expect([chain?.readable.remaining, chain?.writableLength]).toEqual([2, 1]);
  });

  it("a chain that is wholly empty can be taken and returned", () => {
    const ring = new RawRing();
    ring.describe(0, { address: 0, length: 0 });
    ring.offer(0);
    const chain = ring.queue.pop();
    expect([chain?.readable.remaining, chain?.writable.remaining]).toEqual([0, 0]);
    if (chain) ring.queue.push(chain, 0);
    expect(ring.queue.flush()).toBe(true);
  });

  it("a total over 2^32 bytes is refused though each part is in memory", () => {
    const memory = new RecordingMemory(MEMORY);
    // As memory of 3 GiB would look: every span below 3 GiB counts as inside.
    memory.contains = (address, length) => address + length <= 3 * 2 ** 30;
    const ring = new RawRing({ memory });
    ring.describe(0, { address: 0, length: 0xb000_0000, flags: NEXT, next: 1 });
    ring.describe(1, { address: 0, length: 0xb000_0000, flags: WRITE });
    ring.offer(0);
    expect(codeOf(() => ring.queue.pop())).toBe("ERR_VIRTQUEUE_BUFFER");
  });

  it("descriptors that point into the ring itself harm only their driver", () => {
    const ring = new RawRing({ indirect: true });
    ring.describe(0, { address: 0x1000, length: 0x80, flags: NEXT, next: 1 });
    ring.describe(1, { address: 0x3000, length: 70, flags: WRITE });
    ring.offer(0);
    const chain = ring.queue.pop();
    chain?.writable.fill(0xff, 70);
    if (chain) ring.queue.push(chain, 70);
    expect(ring.queue.flush()).toBe(true);
    expect(ring.usedIndex).toBe(1);
    ring.describe(0, { address: 0x1000, length: 128, flags: INDIRECT });
    ring.offer(0);
    expect(codeOf(() => ring.queue.pop())).toBe("ERR_VIRTQUEUE_INDIRECT");
  });

  it("random memory as a ring: an error or chains inside memory, never anything else", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0x80, maxLength: 0x80 }),
        fc.array(fc.nat(9), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        fc.constantFrom<"big" | "little">("big", "little"),
        (table, heads, indirect, endian) => {
          const ring = new RawRing({ indirect, endian });
          // Mostly plausible descriptors: small addresses and lengths.
          for (let i = 0; i < table.length; i += 16) {
            const high = endian === "big" ? [0, 1, 2, 3, 4, 8, 9] : [3, 4, 5, 6, 7, 10, 11];
            if ((table[i + 6] as number) < 220) for (const offset of high) table[i + offset] = 0;
            const flags = endian === "big" ? i + 12 : i + 13;
            const next = endian === "big" ? i + 14 : i + 15;
            table[flags] = 0;
            if ((table[i + 5] as number) < 240) table[next] = 0;
          }
          ring.memory.write(0x1000, table);
          ring.offer(...heads);
          try {
            for (const chain of ring.queue) {
              chain.readable.skip(chain.readable.remaining);
              chain.writable.fill(1, chain.writable.remaining);
              ring.queue.push(chain, chain.writableLength);
            }
          } catch (error) {
            expect((error as { kind?: string }).kind).toBe("guest");
            expect(ring.queue.error).toBe(error);
          }
          ring.queue.flush();
        },
      ),
      { numRuns: 300 },
    );
  });
});
