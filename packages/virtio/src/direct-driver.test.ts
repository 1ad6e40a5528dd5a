import { FlatMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { BufferPool } from "./buffer-pool.ts";
import { DirectDriver } from "./direct-driver.ts";
import { F_ACCESS_PLATFORM, F_IN_ORDER, F_ORDER_PLATFORM, F_RING_PACKED, F_VERSION_1 } from "./features.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = ({ data, written }: { data: Uint8Array; written: number }) => new TextDecoder().decode(data.subarray(0, written));

describe("DirectDriver", () => {
  it.each([
    ["modern, split", { driverInterface: "modern" as const }],
    ["modern, packed", { driverInterface: "modern" as const, extraFeatures: [F_RING_PACKED] }],
    ["modern, packed, in order", { driverInterface: "modern" as const, extraFeatures: [F_RING_PACKED, F_IN_ORDER] }],
    ["legacy, big-endian", { driverInterface: "legacy" as const }],
    ["legacy, little-endian", { driverInterface: "legacy" as const, legacyEndian: "little" as const }],
  ])("%s: brings a device up, and every request gets its own answer", async (_, options) => {
    const driver = new DirectDriver(new EchoDevice(), options);
    const texts = Array.from({ length: 40 }, (_, i) => `request ${i}`);
    const answers = await Promise.all(texts.map((text) => driver.request(0, [encode(text.slice(0, 3)), encode(text.slice(3))], [5, 20])));
    expect(answers.map(decode)).toEqual(texts);
    await driver.reset();
    driver.start();
    expect(decode(await driver.request(0, [encode("again")], [20]))).toBe("again");
  });

  it("CORE-RSVF-DEV-003, CORE-RSVF-DEV-004, CORE-RSVF-DEV-006, CORE-RSVF-DEV-007, CORE-RSVF-DEV-008: ACCESS_PLATFORM and ORDER_PLATFORM are the transport's to offer, the driver's to accept", () => {
    const extraFeatures = [F_ACCESS_PLATFORM, F_ORDER_PLATFORM];
    const offered = new DirectDriver(new EchoDevice(), { extraFeatures });
    expect([33, 36].map((bit) => offered.frontend.features.has(bit))).toEqual([true, true]);
    const without = new DirectDriver(new EchoDevice(), { extraFeatures, selectFeatures: () => [F_VERSION_1] });
    expect([without.frontend.status, ...without.frontend.features]).toEqual([15, 32]);
  });

  it("waits for room in the ring and in memory", async () => {
    const device = new EchoDevice();
    device.hold = true;
    const driver = new DirectDriver(device, { memory: new FlatMemory(16384), queueSize: 4 });
    const requests = Array.from({ length: 20 }, (_, i) => driver.request(0, [new Uint8Array(1000).fill(i)], [1000]));
    for (let i = 0; i < 40; i++) {
      device.release();
      await Promise.resolve();
    }
    const answers = await Promise.all(requests);
    expect(answers.map(({ data }) => data[999])).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it("says clearly what it cannot do", () => {
    const device = new EchoDevice();
    device.refuses = () => true;
    expect(() => new DirectDriver(device)).toThrow(/refuses FEATURES_OK/);
    const driver = new DirectDriver(new EchoDevice());
    expect(() => driver.ring(9)).toThrow(/no queue 9/);
    expect(() => new DirectDriver(new EchoDevice(), { memory: new FlatMemory(64) })).toThrow(/too little memory/);
  });
});

describe("BufferPool", () => {
  it("never hands out a byte twice, and gets all of it back (any sequence)", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 90 }), fc.constantFrom(1, 4, 16, 64))), (steps) => {
        const pool = new BufferPool(32, 1000);
        const taken: [number, number][] = [];
        for (const [take, length, align] of steps) {
          if (take) {
            const address = pool.take(length, align);
            if (address === undefined) continue;
            expect(address % align).toBe(0);
            expect(address >= 32 && address + length <= 1032).toBe(true);
            expect(taken.every(([start, size]) => address + length <= start || start + size <= address)).toBe(true);
            taken.push([address, length]);
          } else {
            const [span] = taken.splice(length % Math.max(1, taken.length), 1);
            if (span) pool.give(...span);
          }
        }
        for (const span of taken) pool.give(...span);
        expect(pool.take(1000, 1)).toBe(32);
      }),
    );
  });

  it("notices what is given back twice", () => {
    const pool = new BufferPool(0, 100);
    const address = pool.take(10) as number;
    pool.give(address, 10);
    expect(() => pool.give(address, 10)).toThrow(/twice/);
  });
});
