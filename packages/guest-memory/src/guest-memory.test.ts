import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Endian, FlatMemory, type GuestMemory, GuestMemoryError, OffsetMemory, ReversedMemory } from "./index.ts";

const SIZE = 256;
const layouts: [string, () => GuestMemory][] = [
  ["flat", () => new FlatMemory(SIZE)],
  ["flat, inside of a larger buffer", () => new FlatMemory(new Uint8Array(new ArrayBuffer(SIZE + 32), 16, SIZE))],
  ["flat, with an offset of 0", () => new OffsetMemory(new FlatMemory(SIZE), 0)],
  ["reversed", () => new ReversedMemory(new ArrayBuffer(SIZE), SIZE - 1, SIZE)],
  ["reversed, inside of a larger buffer", () => new ReversedMemory(new ArrayBuffer(SIZE + 32), SIZE + 15, SIZE)],
];
const endian = fc.constantFrom<Endian>("big", "little");

/** All bytes, read one by one. */
const dump = (memory: GuestMemory) => Array.from({ length: SIZE }, (_, address) => memory.loadUint8(address));

/** What a store of `value` must leave in memory, by definition of the byte order. */
function bytesOf(value: bigint, width: number, order: Endian): number[] {
  const bytes = Array.from({ length: width }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
  return order === "little" ? bytes : bytes.reverse();
}

describe.each(layouts)("%s memory", (_, create) => {
  it.each([2, 4, 8] as const)("stores and loads %i bytes in the named order at any alignment", (width) => {
    const anyValue = fc.bigInt({ min: 0n, max: 2n ** BigInt(8 * width) - 1n });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: SIZE - width }), anyValue, endian, (address, value, order) => {
        const memory = create();
        if (width === 8) memory.storeBigUint64(address, value, order);
        else if (width === 4) memory.storeUint32(address, Number(value), order);
        else memory.storeUint16(address, Number(value), order);
        const expected = Array(SIZE).fill(0);
        expected.splice(address, width, ...bytesOf(value, width, order));
        expect(dump(memory)).toEqual(expected);
        const loaded =
          width === 8
            ? memory.loadBigUint64(address, order)
            : BigInt(width === 4 ? memory.loadUint32(address, order) : memory.loadUint16(address, order));
        expect(loaded).toBe(value);
      }),
    );
  });

  it("stores and loads safe integers of 64 bits as numbers", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: SIZE - 8 }), fc.maxSafeNat(), endian, (address, value, order) => {
        const memory = create();
        memory.storeUint64(address, value, order);
        expect(memory.loadBigUint64(address, order)).toBe(BigInt(value));
        expect(memory.loadUint64(address, order)).toBe(value);
      }),
    );
  });

  it("loads consecutive 32-bit values as single loads would", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 40, maxLength: 40 }),
        fc.integer({ min: 0, max: SIZE - 40 }),
        fc.nat(10),
        endian,
        (bytes, address, count, order) => {
          const memory = create();
          memory.write(address, bytes);
          const values = new Uint32Array(count);
          memory.loadUint32s(address, order, values);
          expect([...values]).toEqual(Array.from({ length: count }, (_, i) => memory.loadUint32(address + 4 * i, order)));
        },
      ),
    );
  });

  it("never loads a value of 2^53 or more as a smaller one, so that as an address it stays outside", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), endian, (value, order) => {
        const memory = create();
        memory.storeBigUint64(0, value, order);
        const loaded = memory.loadUint64(0, order);
        expect(loaded).toBeGreaterThanOrEqual(2 ** 53);
        expect(memory.contains(loaded, 1)).toBe(false);
      }),
    );
  });

  it("copies and fills spans of any length and touches nothing else", () => {
    const span = fc
      .integer({ min: 0, max: SIZE })
      .chain((address) => fc.tuple(fc.constant(address), fc.uint8Array({ maxLength: SIZE - address }), fc.integer({ min: 0, max: 255 })));
    fc.assert(
      fc.property(span, ([address, source, value]) => {
        const memory = create();
        const expected = Array(SIZE).fill(0);
        memory.write(address, source);
        expected.splice(address, source.length, ...source);
        expect(dump(memory)).toEqual(expected);
        const target = new Uint8Array(source.length);
        memory.read(address, target);
        expect(target).toEqual(source);
        memory.fill(address, source.length, value);
        expect(dump(memory)).toEqual(expected.fill(value, address, address + source.length));
      }),
    );
  });

  const outside = [
    [-1, 1],
    [SIZE, 1],
    [SIZE - 1, 2],
    [0, SIZE + 1],
    [0.5, 1],
    [Number.NaN, 1],
    [2 ** 53, 1],
    [Number.POSITIVE_INFINITY, 1],
    [0, -1],
    [2 ** 64, 0],
  ] as const;

  it.each(outside)("the span %d + %d is outside", (address, length) => {
    expect(create().contains(address, length)).toBe(false);
  });

  it("contains empty spans up to its end and everything in it", () => {
    const memory = create();
    expect([memory.contains(0, SIZE), memory.contains(SIZE, 0), memory.contains(SIZE - 1, 1)]).toEqual([true, true, true]);
    expect(memory.size).toBe(SIZE);
  });

  it.each([SIZE - 7, SIZE, -8, 2 ** 53, 1.5])("every access that reaches out of memory at %d is refused and changes nothing", (address) => {
    const memory = create();
    const observed: number[] = [];
    memory.observeWrites((at) => observed.push(at));
    const bytes = new Uint8Array(8).fill(1);
    const words = new Uint32Array(2).fill(1);
    const accesses = [
      () => memory.read(address, bytes),
      () => memory.write(address, bytes),
      () => memory.fill(address, 8, 1),
      () => memory.loadUint64(address, "big"),
      () => memory.loadUint32s(address, "big", words),
      () => memory.loadBigUint64(address, "little"),
      () => memory.storeUint64(address, 1, "big"),
      () => memory.storeBigUint64(address, 1n, "little"),
    ];
    for (const access of accesses) {
      expect(access).toThrow(GuestMemoryError);
      expect(access).toThrow(expect.objectContaining({ code: "ERR_GUEST_MEMORY_RANGE", kind: "guest", address, length: 8 }));
    }
    expect(bytes).toEqual(new Uint8Array(8).fill(1));
    expect(words).toEqual(new Uint32Array(2).fill(1));
    expect(dump(memory)).toEqual(Array(SIZE).fill(0));
    expect(observed).toEqual([]);
  });

  it("refuses each narrow access at its own width", () => {
    const memory = create();
    for (const [width, accesses] of [
      [1, [() => memory.loadUint8(SIZE), () => memory.storeUint8(SIZE, 1)]],
      [2, [() => memory.loadUint16(SIZE - 1, "big"), () => memory.storeUint16(SIZE - 1, 1, "big")]],
      [4, [() => memory.loadUint32(SIZE - 3, "big"), () => memory.storeUint32(SIZE - 3, 1, "big")]],
    ] as const) {
      for (const access of accesses) expect(access).toThrow(expect.objectContaining({ length: width }));
    }
  });

  it("tells observers of every kind of write, after it, until they stop", () => {
    const memory = create();
    const seen: [number, number, number][] = [];
    const stop = memory.observeWrites((address, length) => seen.push([address, length, memory.loadUint8(address)]));
    memory.storeUint8(1, 9);
    memory.storeUint16(2, 0x0909, "big");
    memory.storeUint32(4, 0x09090909, "big");
    memory.storeUint64(8, 0x09_0909_0909_0909, "little");
    memory.storeBigUint64(16, 0x0909_0909_0909_0909n, "big");
    memory.write(32, Uint8Array.of(9, 9, 9));
    memory.fill(64, 5, 9);
    expect(seen).toEqual([
      [1, 1, 9],
      [2, 2, 9],
      [4, 4, 9],
      [8, 8, 9],
      [16, 8, 9],
      [32, 3, 9],
      [64, 5, 9],
    ]);
    stop();
    memory.storeUint8(1, 1);
    expect(seen).toHaveLength(7);
  });
});

describe("FlatMemory", () => {
  it("gives live views", () => {
    const memory = new FlatMemory(SIZE);
    memory.view(16, 4)[1] = 7;
    expect(memory.loadUint8(17)).toBe(7);
    memory.storeUint8(18, 8);
    expect([...memory.view(16, 4)]).toEqual([0, 7, 8, 0]);
    expect(() => memory.view(SIZE - 3, 4)).toThrow(GuestMemoryError);
  });
});

describe("OffsetMemory", () => {
  const BASE = 0x8000_0000;

  it("has the memory below at its base, and nothing elsewhere", () => {
    const below = new FlatMemory(SIZE);
    const memory = new OffsetMemory(below, BASE);
    expect([memory.base, memory.size]).toEqual([BASE, BASE + SIZE]);
    memory.storeUint32(BASE + 8, 0x0a0b_0c0d, "little");
    memory.write(BASE + SIZE - 2, Uint8Array.of(1, 2));
    expect([below.loadUint32(8, "little"), below.loadUint16(SIZE - 2, "big")]).toEqual([0x0a0b_0c0d, 0x0102]);
    expect([...memory.view(BASE + 8, 2)!]).toEqual([0x0d, 0x0c]);
    const spans = [0, 8, BASE - 1, BASE, BASE + SIZE - 8, BASE + SIZE - 7, BASE + SIZE, 2 ** 53, 2 ** 64].map((at) =>
      memory.contains(at, 8),
    );
    expect(spans).toEqual([false, false, false, true, true, false, false, false, false]);
  });

  it("shows its own addresses in errors and to observers", () => {
    const memory = new OffsetMemory(new FlatMemory(SIZE), BASE);
    for (const address of [0, 4, BASE - 4, BASE + SIZE]) {
      expect(() => memory.loadUint64(address, "big")).toThrow(
        expect.objectContaining({ code: "ERR_GUEST_MEMORY_RANGE", address, length: 8 }),
      );
    }
    const seen: number[][] = [];
    const stop = memory.observeWrites((...span) => seen.push(span));
    memory.fill(BASE + 4, 6, 1);
    stop();
    memory.fill(BASE, 1, 1);
    expect(seen).toEqual([[BASE + 4, 6]]);
  });

  it("refuses an offset that is no address", () => {
    for (const base of [-1, 0.5, Number.NaN, 2 ** 53 - SIZE])
      expect(() => new OffsetMemory(new FlatMemory(SIZE), base)).toThrow(RangeError);
  });
});

describe("ReversedMemory", () => {
  it("keeps guest byte A at top - A, so a big-endian value is one little-endian value", () => {
    const buffer = new ArrayBuffer(64);
    const memory = new ReversedMemory(buffer, 39, 32);
    memory.storeUint8(0, 1);
    expect(new Uint8Array(buffer)[39]).toBe(1);
    memory.storeUint32(5, 0x0a0b0c0d, "big");
    expect(new DataView(buffer).getUint32(39 - 5 - 3, true)).toBe(0x0a0b0c0d);
  });

  it("has no views", () => {
    expect(new ReversedMemory(new ArrayBuffer(64), 63, 64).view(0, 4)).toBeUndefined();
  });

  it("refuses a buffer that it does not fit", () => {
    expect(() => new ReversedMemory(new ArrayBuffer(64), 62, 64)).toThrow(RangeError);
    expect(() => new ReversedMemory(new ArrayBuffer(64), 64, 64)).toThrow(RangeError);
  });

  it("hands bulk copies of 64 bytes and more to the copier, after the check", () => {
    const memory = new ReversedMemory(new ArrayBuffer(SIZE), SIZE - 1, SIZE);
    const calls: [string, number, number][] = [];
    memory.useCopier({
      copyIn: (address, source) => calls.push(["in", address, source.length]),
      copyOut: (address, target) => calls.push(["out", address, target.length]),
    });
    memory.write(1, new Uint8Array(64));
    memory.read(2, new Uint8Array(65));
    memory.write(3, new Uint8Array(63));
    memory.read(4, new Uint8Array(63));
    expect(() => memory.write(SIZE - 63, new Uint8Array(64))).toThrow(GuestMemoryError);
    expect(calls).toEqual([
      ["in", 1, 64],
      ["out", 2, 65],
    ]);
  });
});
