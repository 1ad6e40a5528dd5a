import { FlatMemory } from "@zarch/guest-memory";
import { F_IN_ORDER, F_RING_PACKED } from "@zarch/virtio";
import { describe, expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { connect } from "./index.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = ({ data, written }: { data: Uint8Array; written: number }) => new TextDecoder().decode(data.subarray(0, written));

describe("VirtioDriver, direct", () => {
  it.each([
    ["modern, split", { driverInterface: "modern" as const }],
    ["modern, packed", { driverInterface: "modern" as const, extraFeatures: [F_RING_PACKED] }],
    ["modern, packed, in order", { driverInterface: "modern" as const, extraFeatures: [F_RING_PACKED, F_IN_ORDER] }],
    ["legacy, big-endian", { driverInterface: "legacy" as const }],
    ["legacy, little-endian", { driverInterface: "legacy" as const, legacyEndian: "little" as const }],
  ])("%s: brings a device up, and every request gets its own answer", async (_, options) => {
    const driver = await connect(new EchoDevice(), options);
    const texts = Array.from({ length: 40 }, (_, i) => `request ${i}`);
    const answers = await Promise.all(texts.map((text) => driver.request(0, [encode(text.slice(0, 3)), encode(text.slice(3))], [5, 20])));
    expect(answers.map(decode)).toEqual(texts);
    await driver.initialize();
    expect(decode(await driver.request(0, [encode("again")], [20]))).toBe("again");
  });

  it("waits for room in the ring and in memory", async () => {
    const device = new EchoDevice();
    device.hold = true;
    const driver = await connect(device, { memory: new FlatMemory(16384), queueSize: 4 });
    const requests = Array.from({ length: 20 }, (_, i) => driver.request(0, [new Uint8Array(1000).fill(i)], [1000]));
    for (let i = 0; i < 40; i++) {
      device.release();
      await Promise.resolve();
    }
    const answers = await Promise.all(requests);
    expect(answers.map(({ data }) => data[999])).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});
