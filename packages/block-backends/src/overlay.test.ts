import { type BlockBackend, HostError } from "@zarch/vmm-interface";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "./crc32.ts";
import { createOverlay, FaultInjectingBackend, MemoryBackend, memoryOverlay, type OverlayFile, openOverlay } from "./index.ts";

/** A file in memory whose writes are volatile until flushed. */
class VolatileFile implements OverlayFile {
  durable: Uint8Array;
  #bytes: Uint8Array;
  #pending: { offset: number; data: Uint8Array }[] = [];

  constructor(content: Uint8Array = new Uint8Array(0)) {
    this.durable = content;
    this.#bytes = content.slice();
  }

  async length(): Promise<number> {
    return this.#bytes.length;
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    await Promise.resolve();
    if (offset + target.length > this.#bytes.length) throw new HostError("ERR_TEST", "read behind the end");
    target.set(this.#bytes.subarray(offset, offset + target.length));
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    const copy = data.slice();
    await Promise.resolve();
    this.#bytes = put(this.#bytes, offset, copy);
    this.#pending.push({ offset, data: copy });
  }

  async flush(): Promise<void> {
    const pending = this.#pending.splice(0);
    await Promise.resolve();
    for (const { offset, data } of pending) this.durable = put(this.durable, offset, data);
  }

  /** What is on the disk after a power failure: of each sector not flushed, `keep` decides. */
  afterPowerFailure(keep: () => boolean): Uint8Array {
    let bytes = this.durable;
    for (const { offset, data } of this.#pending) {
      for (let at = 0; at < data.length; ) {
        const length = Math.min(data.length - at, 512 - ((offset + at) % 512));
        if (keep()) bytes = put(bytes, offset + at, data.subarray(at, at + length));
        at += length;
      }
    }
    return bytes;
  }
}

function put(bytes: Uint8Array, offset: number, data: Uint8Array): Uint8Array {
  const grown = new Uint8Array(Math.max(bytes.length, offset + data.length));
  grown.set(bytes);
  grown.set(data, offset);
  return grown;
}

function patterned(size: number): MemoryBackend {
  return new MemoryBackend(Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 9)) & 0xff));
}

async function contentOf(backend: BlockBackend): Promise<Uint8Array> {
  const all = new Uint8Array(backend.size);
  await backend.read(0, all);
  return all;
}

const SIZE = 40_448; // Nine clusters of 4096 bytes and a short one.

const step = fc.oneof(
  fc.record({
    type: fc.constant("write" as const),
    offset: fc.nat(SIZE - 1),
    length: fc.integer({ min: 1, max: 12_000 }),
    byte: fc.nat(255),
  }),
  fc.record({ type: fc.constant("zero" as const), offset: fc.nat(SIZE - 1), length: fc.integer({ min: 1, max: 12_000 }) }),
  fc.record({ type: fc.constant("read" as const), offset: fc.nat(SIZE - 1), length: fc.integer({ min: 1, max: 12_000 }) }),
  fc.record({ type: fc.constant("flush" as const) }),
);

describe.each([
  ["in memory", async (backing: BlockBackend) => memoryOverlay(backing)],
  ["in a file", async (backing: BlockBackend) => createOverlay(new VolatileFile(), backing)],
])("overlay %s", (_name, make) => {
  it("reads like an array that was changed in the same way, and never writes to the backing store", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const backing = patterned(SIZE);
        const before = backing.bytes.slice();
        const model = backing.bytes.slice();
        const overlay = await make(backing);
        for (const one of steps) {
          if (one.type === "flush") await overlay.flush();
          else {
            const length = Math.min(one.length, SIZE - one.offset);
            if (one.type === "write") {
              model.fill(one.byte, one.offset, one.offset + length);
              await overlay.write(one.offset, new Uint8Array(length).fill(one.byte));
            } else if (one.type === "zero") {
              model.fill(0, one.offset, one.offset + length);
              await overlay.writeZeroes?.(one.offset, length, false);
            } else {
              const target = new Uint8Array(length);
              await overlay.read(one.offset, target);
              expect(target).toEqual(model.subarray(one.offset, one.offset + length));
            }
          }
        }
        expect(await contentOf(overlay)).toEqual(model);
        expect(backing.bytes).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it("keeps both of two writes to parts of one cluster in flight at once, with a slow backing store", async () => {
    const releases: (() => void)[] = [];
    const slow = new FaultInjectingBackend(patterned(8192), {
      before: ({ operation }) => (operation === "read" ? new Promise((resolve) => releases.push(resolve)) : undefined),
    });
    const overlay = await make(slow);
    const writes = [0, 512, 1024, 4096 - 512].map((offset, index) => overlay.write(offset, new Uint8Array(512).fill(index + 1)));
    const settled = Promise.all(writes);
    const timer = setInterval(() => {
      for (const release of releases.splice(0)) release();
    }, 1);
    await settled;
    const all = await contentOf(overlay);
    clearInterval(timer);
    expect([all[0], all[512], all[1024], all[3584]]).toEqual([1, 2, 3, 4]);
    expect(all[2000]).toBe(patterned(8192).bytes[2000]);
  });

  it("fails a write whose copy from the backing store fails, and stays usable", async () => {
    const faulty = new FaultInjectingBackend(patterned(8192), {
      fault: ({ operation, index }) => (operation === "read" && index === 0 ? "reject" : undefined),
    });
    const overlay = await make(faulty);
    await expect(overlay.write(100, Uint8Array.of(1))).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_INJECTED" });
    const all = await contentOf(overlay);
    expect(all).toEqual(patterned(8192).bytes);
    await overlay.write(100, Uint8Array.of(1));
    const target = new Uint8Array(1);
    await overlay.read(100, target);
    expect(target[0]).toBe(1);
  });
});

describe("overlay in a file", () => {
  it("is there after closing and opening", async () => {
    const file = new VolatileFile();
    const overlay = await createOverlay(file, patterned(SIZE));
    await overlay.write(5000, Uint8Array.of(1, 2, 3));
    await overlay.write(SIZE - 1, Uint8Array.of(4));
    await overlay.flush();
    const again = await openOverlay(new VolatileFile(file.durable), patterned(SIZE));
    const expected = patterned(SIZE).bytes;
    expected.set([1, 2, 3], 5000);
    expected[SIZE - 1] = 4;
    expect(await contentOf(again)).toEqual(expected);
  });

  it("after a power failure: what was flushed is there, and each other sector is as flushed or as written later", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.infiniteStream(fc.boolean()), async (steps, coins) => {
        const file = new VolatileFile();
        const overlay = await createOverlay(file, patterned(SIZE));
        // For each byte the values that it may have: as flushed, and those written since.
        const allowed = Array.from(patterned(SIZE).bytes, (byte) => new Set([byte]));
        const now = patterned(SIZE).bytes;
        for (const one of steps) {
          if (one.type === "read") continue;
          if (one.type === "flush") {
            await overlay.flush();
            for (const [at, byte] of now.entries()) allowed[at] = new Set([byte]);
            continue;
          }
          const byte = one.type === "write" ? one.byte : 0;
          const end = Math.min(SIZE, one.offset + one.length);
          await overlay.write(one.offset, new Uint8Array(end - one.offset).fill(byte));
          now.fill(byte, one.offset, end);
          for (let at = one.offset; at < end; at++) allowed[at]!.add(byte);
        }
        const rest = file.afterPowerFailure(() => coins.next().value);
        const found = await contentOf(await openOverlay(new VolatileFile(rest), patterned(SIZE)));
        const wrong = found.findIndex((byte, at) => !allowed[at]!.has(byte));
        expect(wrong).toBe(-1);
      }),
      { numRuns: 60 },
    );
  });

  it("a flush that fails leaves nothing marked as flushed: the next one brings it to the disk", async () => {
    const file = new VolatileFile();
    const overlay = await createOverlay(file, patterned(SIZE));
    await overlay.write(0, Uint8Array.of(0xee));
    const flush = file.flush.bind(file);
    file.flush = () => Promise.reject(new HostError("ERR_TEST", "no"));
    await expect(overlay.flush()).rejects.toThrow("no");
    file.flush = flush;
    await overlay.flush();
    const again = await openOverlay(new VolatileFile(file.durable), patterned(SIZE));
    expect((await contentOf(again))[0]).toBe(0xee);
  });

  it("any header with a right checksum, before any map, is refused or opened, and nothing else", async () => {
    const word = fc.oneof(fc.nat(70), fc.integer({ min: 0, max: 0xffffffff }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2),
        word,
        fc.oneof(fc.constant(BigInt(SIZE)), fc.bigInt(0n, 2n ** 64n - 1n)),
        fc.uint8Array({ maxLength: 4096 }),
        async (version, shift, size, rest) => {
          const bytes = new Uint8Array(8192 + rest.length);
          bytes.set(new TextEncoder().encode("ZARCHOVL"));
          const view = new DataView(bytes.buffer);
          view.setUint32(8, version, true);
          view.setUint32(12, shift, true);
          view.setBigUint64(16, size, true);
          view.setUint32(24, crc32(bytes.subarray(0, 24)), true);
          bytes.set(rest, 4096);
          try {
            const overlay = await openOverlay(new VolatileFile(bytes), patterned(SIZE));
            expect((await contentOf(overlay)).length).toBe(SIZE);
          } catch (error) {
            expect(error).toMatchObject({ code: "ERR_ZARCH_OVERLAY_FORMAT" });
          }
        },
      ),
    );
  });

  it("refuses hostile and truncated files", async () => {
    const file = new VolatileFile();
    const overlay = await createOverlay(file, patterned(SIZE));
    await overlay.write(SIZE - 1, Uint8Array.of(1));
    await overlay.flush();
    const good = file.durable;
    const refused = async (bytes: Uint8Array, reason: string, size = SIZE) => {
      const opening = openOverlay(new VolatileFile(bytes), patterned(size));
      await expect(opening).rejects.toMatchObject({ code: "ERR_ZARCH_OVERLAY_FORMAT", kind: "host" });
      await expect(opening).rejects.toThrow(reason);
    };
    await refused(new Uint8Array(0), "too short");
    await refused(good.subarray(0, 4095), "too short");
    await refused(good.subarray(0, 8191), "truncated");
    await refused(good.subarray(0, good.length - 1), "truncated");
    await refused(put(good, 0, Uint8Array.of(0)), "does not begin as one");
    await refused(put(good, 12, Uint8Array.of(63)), "header is damaged");
    await refused(put(good, 4097, Uint8Array.of(0x04)), "behind the end");
    await refused(good, `made for a store of ${SIZE} bytes`, SIZE + 512);
    for (let byte = 0; byte < 28; byte++) {
      await expect(openOverlay(new VolatileFile(put(good, byte, Uint8Array.of(good[byte]! ^ 0x10))), patterned(SIZE))).rejects.toThrow();
    }
  });
});
