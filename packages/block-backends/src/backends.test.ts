import { describe, expect, it } from "vitest";
import { FaultInjectingBackend, MemoryBackend, memoryOverlay, readOnly } from "./index.ts";

const backends = {
  memory: () => new MemoryBackend(4096),
  overlay: () => memoryOverlay(new MemoryBackend(4096)),
  "fault injection without faults": () => new FaultInjectingBackend(new MemoryBackend(4096), {}),
};

describe.each(Object.entries(backends))("BlockBackend rules: %s", (_name, make) => {
  it("gives back what was written", async () => {
    const backend = make();
    await backend.write(511, Uint8Array.of(1, 2, 3));
    await backend.flush();
    const target = new Uint8Array(5);
    await backend.read(510, target);
    expect([...target]).toEqual([0, 1, 2, 3, 0]);
  });

  it.each([
    [4095, 2],
    [-1, 1],
    [4097, 0],
    [Number.MAX_SAFE_INTEGER, 512],
    [0.5, 1],
    [Number.NaN, 1],
  ])("refuses the span at %d of %d bytes without touching anything", async (offset, length) => {
    const backend = make();
    const bytes = new Uint8Array(length).fill(7);
    await expect(backend.read(offset, bytes)).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_RANGE", kind: "host" });
    await expect(backend.write(offset, bytes)).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_RANGE" });
    await expect(backend.writeZeroes?.(offset, length, false)).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_RANGE" });
    const all = new Uint8Array(4096);
    await backend.read(0, all);
    expect(all.every((byte) => byte === 0)).toBe(true);
  });

  it("accepts spans of no bytes, also at the end", async () => {
    const backend = make();
    await backend.read(4096, new Uint8Array(0));
    await backend.write(4096, new Uint8Array(0));
  });

  it("zeroes a span and nothing beside it", async () => {
    const backend = make();
    await backend.write(0, new Uint8Array(4096).fill(0xff));
    await backend.writeZeroes?.(512, 1024, true);
    const all = new Uint8Array(4096);
    await backend.read(0, all);
    expect(all.every((byte, at) => byte === (at >= 512 && at < 1536 ? 0 : 0xff))).toBe(true);
  });
});

describe("MemoryBackend", () => {
  it("refuses a size that is not a multiple of 512", () => {
    expect(() => new MemoryBackend(513)).toThrow(expect.objectContaining({ code: "ERR_ZARCH_BLOCK_SIZE" }));
    expect(() => new MemoryBackend(new Uint8Array(100))).toThrow("not a multiple of 512");
  });

  it("read-only: refuses every change", async () => {
    const backend = new MemoryBackend(512, { readOnly: true });
    await expect(backend.write(0, Uint8Array.of(1))).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_READ_ONLY" });
    await expect(backend.discard(0, 512)).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_READ_ONLY" });
    expect(backend.bytes[0]).toBe(0);
  });
});

describe("readOnly", () => {
  it("lets reads through and refuses writes without writing", async () => {
    const inner = new MemoryBackend(1024, { identity: "inner" });
    inner.bytes[700] = 9;
    const outer = readOnly(inner);
    expect(outer).toMatchObject({ size: 1024, readOnly: true, identity: "inner" });
    const target = new Uint8Array(1);
    await outer.read(700, target);
    expect(target[0]).toBe(9);
    await expect(outer.write(700, Uint8Array.of(1))).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_READ_ONLY" });
    expect(inner.bytes[700]).toBe(9);
    await outer.flush();
  });
});

describe("FaultInjectingBackend", () => {
  it("fails the named calls, and partial ones at a sector", async () => {
    const inner = new MemoryBackend(8192);
    const backend = new FaultInjectingBackend(inner, {
      fault: ({ operation, index }) =>
        operation === "write" ? (["partial", undefined, "reject", "reject-after"] as const)[index] : index === 1 ? "reject" : undefined,
    });
    const data = new Uint8Array(2560).fill(1);
    await expect(backend.write(0, data)).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_INJECTED" });
    expect(inner.bytes.indexOf(0)).toBe(1024);
    await backend.write(0, data);
    expect(inner.bytes.indexOf(0)).toBe(2560);
    await expect(backend.write(4096, data)).rejects.toThrow("injected fault in write 2");
    expect(inner.bytes[4096]).toBe(0);
    await expect(backend.write(4096, data)).rejects.toThrow("injected fault in write 3");
    expect(inner.bytes[4096]).toBe(1);
    await backend.flush();
    await expect(backend.flush()).rejects.toThrow("injected fault in flush 1");
  });

  it("holds calls back in the order that the plan wants", async () => {
    const order: number[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const backend = new FaultInjectingBackend(new MemoryBackend(1024), { before: ({ index }) => (index === 0 ? gate : undefined) });
    const first = backend.write(0, Uint8Array.of(1)).then(() => order.push(1));
    await backend.write(0, Uint8Array.of(2)).then(() => order.push(2));
    release();
    await first;
    expect(order).toEqual([2, 1]);
  });
});
