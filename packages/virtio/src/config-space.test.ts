import { describe, expect, it } from "vitest";
import { ConfigSpace } from "./config-space.ts";

function make() {
  return new ConfigSpace({
    capacity: { offset: 0, width: 8 },
    flags: { offset: 8, width: 2 },
    toggle: { offset: 10, width: 1, writable: true },
    knob: { offset: 12, width: 4, writable: true },
    fixed: { offset: 16, width: 4, endian: "little" },
  });
}

function read(config: ReturnType<typeof make>, offset: number, length: number, endian: "big" | "little"): number[] {
  const bytes = new Uint8Array(length).fill(0xaa);
  config.read(offset, bytes, endian);
  return [...bytes];
}

describe("ConfigSpace", () => {
  it("CORE-CFG-FACT-DEV-001: shows every field in the byte order of the driver, but fixed ones", () => {
    const config = make();
    config.set({ capacity: 0x01_0203_0405, flags: 0x1234, toggle: 1, knob: 0x0a0b_0c0d, fixed: 7 });
    expect(read(config, 0, 20, "little")).toEqual([5, 4, 3, 2, 1, 0, 0, 0, 0x34, 0x12, 1, 0, 0xd, 0xc, 0xb, 0xa, 7, 0, 0, 0]);
    expect(read(config, 0, 20, "big")).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 0x12, 0x34, 1, 0, 0xa, 0xb, 0xc, 0xd, 7, 0, 0, 0]);
  });

  it("CORE-CFG-DEV-001: any offset and length can be read; beyond the end there are zeroes", () => {
    const config = make();
    config.set({ capacity: 0x0102_0304, fixed: 0x0505_0505 });
    expect(read(config, 1, 2, "little")).toEqual([3, 2]);
    expect(read(config, 18, 6, "little")).toEqual([5, 5, 0, 0, 0, 0]);
    expect(read(config, 20, 2, "big")).toEqual([0, 0]);
    expect(read(config, 5000, 2, "big")).toEqual([0, 0]);
    expect(config.size).toBe(20);
  });

  it("the driver writes writable fields, whole or in part, in its byte order; the rest stays", () => {
    const config = make();
    const writes: [string, number][] = [];
    config.onWrite((field, value) => writes.push([field, value]));
    config.set({ capacity: 99 });
    config.write(0, new Uint8Array(20).fill(1), "little");
    expect([config.get("capacity"), config.get("flags"), config.get("toggle"), config.get("knob"), config.get("fixed")]).toEqual([
      99, 0, 1, 0x0101_0101, 0,
    ]);
    config.write(12, new Uint8Array([0xff]), "big");
    config.write(15, new Uint8Array([0xee, 9, 9]), "big");
    expect(config.get("knob")).toBe(0xff01_01ee);
    expect(read(config, 12, 4, "little")).toEqual([0xee, 1, 1, 0xff]);
    config.write(1000, new Uint8Array(3), "big");
    expect(writes).toEqual([
      ["toggle", 1],
      ["knob", 0x0101_0101],
      ["knob", 0xff01_0101],
      ["knob", 0xff01_01ee],
    ]);
  });

  it("tells of a change once, and only of a change", () => {
    const config = make();
    let changes = 0;
    const stop = config.onChange(() => changes++);
    config.set({ capacity: 1, flags: 2 });
    config.set({ capacity: 1 });
    config.write(10, new Uint8Array([1]), "little");
    expect(changes).toBe(1);
    stop();
    config.set({ capacity: 5 });
    expect(changes).toBe(1);
  });

  it("arrays of numbers: bytes of an address, words in the driver's byte order", () => {
    const config = new ConfigSpace({
      mac: { offset: 0, width: 1, count: 6, writable: true },
      status: { offset: 6, width: 2 },
      words: { offset: 8, width: 4, count: 2 },
    });
    let changes = 0;
    config.onChange(() => changes++);
    config.set({ mac: [0x52, 0x54, 0, 1, 2, 3], words: [0x0102_0304, 5], status: 1 });
    config.set({ mac: Uint8Array.of(0x52, 0x54, 0, 1, 2, 3) });
    expect([config.size, changes, config.get("mac"), config.getArray("words")]).toEqual([16, 1, 0x52, [0x0102_0304, 5]]);
    const bytes = new Uint8Array(16);
    config.read(0, bytes, "big");
    expect([...bytes]).toEqual([0x52, 0x54, 0, 1, 2, 3, 0, 1, 1, 2, 3, 4, 0, 0, 0, 5]);
    const writes: [string, number][] = [];
    config.onWrite((field, value) => writes.push([field, value]));
    config.write(2, new Uint8Array([9, 8, 7, 6, 5]), "little");
    expect([config.getArray("mac"), config.get("status"), writes]).toEqual([[0x52, 0x54, 9, 8, 7, 6], 1, [["mac", 0x52]]]);
    config.set({ mac: [1] });
    expect(config.getArray("mac")).toEqual([1, 0, 0, 0, 0, 0]);
    expect(() => config.set({ mac: [1, 2, 3, 4, 5, 6, 7] })).toThrow(/7 values/);
  });
});
