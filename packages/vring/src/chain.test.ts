import { FlatMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "../test/raw-ring.ts";
import { type ChainReader, type ChainWriter, DescriptorChain } from "./chain.ts";
import { ChainRecord } from "./chain-record.ts";

function chainOf(memory: FlatMemory, pieces: readonly (readonly [number, number])[], writable: boolean): DescriptorChain {
  const record = new ChainRecord(memory, { closed: false }, 16);
  for (const [address, length] of pieces) record.add(address, length, writable);
  return new DescriptorChain(record);
}

/** Memory of 0, 1, 2, ... and a reader over the given pieces of it. */
function reader(...pieces: [number, number][]): ChainReader {
  const memory = new FlatMemory(Uint8Array.from({ length: 256 }, (_, i) => i));
  return chainOf(memory, pieces, false).readable;
}

describe("ChainReader", () => {
  it("RING-SPLIT-DEV-001: a value is the same however it is split over descriptors", () => {
    for (let cut = 0; cut <= 8; cut++) {
      const pieces: [number, number][] = [
        [16, cut],
        [100, 0],
        [16 + cut, 8 - cut],
      ];
      const whole = pieces.filter(([, length]) => length > 0);
      expect(reader(...whole).readUint64("big")).toBe(0x10_11_12_13 * 2 ** 32 + 0x14_15_16_17);
      expect(reader(...whole).readUint32("little")).toBe(0x13_12_11_10);
      expect(reader(...whole).readUint16("big")).toBe(0x1011);
      expect(reader(...whole).readUint8()).toBe(0x10);
    }
  });

  it("RING-SPLIT-DEV-001: a value over eight buffers of one byte each", () => {
    const bytes = Array.from({ length: 8 }, (_, i): [number, number] => [200 - 10 * i, 1]);
    expect(reader(...bytes).readUint32("big")).toBe((200 << 24) + (190 << 16) + (180 << 8) + 170 + 2 ** 32);
  });

  it("reads on from where it is, and less than asked for only at the end", () => {
    const r = reader([0, 5], [50, 5]);
    const target = new Uint8Array(4);
    expect([r.read(target), [...target], r.consumed, r.remaining]).toEqual([4, [0, 1, 2, 3], 4, 6]);
    r.skip(3);
    expect([r.read(target), [...target], r.consumed, r.remaining]).toEqual([3, [52, 53, 54, 3], 10, 0]);
    expect(r.read(target)).toBe(0);
  });

  it("refuses to go beyond the end with nothing consumed", () => {
    const r = reader([0, 3]);
    for (const action of [() => r.readUint32("big"), () => r.readExact(new Uint8Array(4)), () => r.skip(4), () => r.splitAt(4)]) {
      expect(codeOf(action)).toBe("ERR_VIRTQUEUE_MESSAGE_TOO_SHORT");
      expect([r.remaining, r.consumed]).toEqual([3, 0]);
    }
  });

  it("splitAt gives two readers that together see what one would (any pieces, any cut)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 6 }),
        fc.nat(100),
        fc.nat(240),
        (pieces, skip, cut) => {
          const whole = reader(...pieces);
          const expected = new Uint8Array(whole.remaining);
          whole.read(expected);
          const first = reader(...pieces);
          const skipped = Math.min(skip, first.remaining);
          first.skip(skipped);
          const at = Math.min(cut, first.remaining);
          const rest = first.splitAt(at);
          const a = new Uint8Array(first.remaining);
          const b = new Uint8Array(rest.remaining);
          expect(a.length).toBe(at);
          rest.readExact(b);
          first.readExact(a);
          expect([...a, ...b]).toEqual([...expected.subarray(skipped)]);
        },
      ),
    );
  });
});

describe("ChainWriter", () => {
  function writer(pieces: [number, number][]): { memory: FlatMemory; writer: ChainWriter } {
    const memory = new FlatMemory(512);
    return { memory, writer: chainOf(memory, pieces, true).writable };
  }

  it("RING-SPLIT-DEV-001: values, bytes and fills go over the borders of descriptors", () => {
    const { memory, writer: w } = writer([
      [10, 3],
      [20, 1],
      [30, 20],
    ]);
    w.writeUint16(0x0102, "big");
    w.writeUint32(0x0304_0506, "little");
    w.writeUint64(2 ** 40 + 7, "big");
    w.fill(9, 2);
    w.writeUint8(8);
    expect(w.written).toBe(17);
    expect(w.write(new Uint8Array(20).fill(5))).toBe(7);
    expect(w.remaining).toBe(0);
    expect([...memory.view(10, 3), ...memory.view(20, 1), ...memory.view(30, 20)]).toEqual([
      ...[1, 2, 6, 5, 4, 3],
      ...[0, 0, 1, 0, 0, 0, 0, 7],
      ...[9, 9, 8],
      ...[5, 5, 5, 5, 5, 5, 5],
    ]);
    expect(memory.view(0, 512).reduce((sum, byte) => sum + (byte ? 1 : 0), 0)).toBe(18);
  });

  it("refuses to go beyond the end with nothing written", () => {
    const { memory, writer: w } = writer([[10, 3]]);
    for (const action of [
      () => w.writeUint32(1, "big"),
      () => w.writeExact(new Uint8Array([1, 2, 3, 4])),
      () => w.fill(1, 4),
      () => w.splitAt(4),
    ]) {
      expect(codeOf(action)).toBe("ERR_VIRTQUEUE_MESSAGE_TOO_SHORT");
    }
    expect([w.written, memory.view(0, 512).some((byte) => byte !== 0)]).toEqual([0, false]);
  });

  it("splitAt: the parts write where one writer would", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }), fc.nat(60), (lengths, cut) => {
        const pieces = lengths.map((length, i): [number, number] => [i * 16, length]);
        const one = writer(pieces);
        const two = writer(pieces);
        const data = Uint8Array.from({ length: one.writer.remaining }, (_, i) => i + 1);
        one.writer.write(data);
        const at = Math.min(cut, data.length);
        const rest = two.writer.splitAt(at);
        rest.writeExact(data.subarray(at));
        two.writer.writeExact(data.subarray(0, at));
        expect(two.memory.view(0, 512)).toEqual(one.memory.view(0, 512));
      }),
    );
  });
});
