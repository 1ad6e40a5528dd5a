import { FlatMemory, ReversedMemory } from "@zarch/guest-memory";
import { ErrorLog, HostileDriver } from "@zarch/virtio-conformance";
import { connect, DirectTransport } from "@zarch/virtio-driver";
import type { EntropySource } from "@zarch/vmm-interface";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RngDevice } from "./rng-device.ts";

/** Counts up from 1, never 0, so that every byte given can be told from an untouched one. */
function counter(): EntropySource & { given: number } {
  return {
    given: 0,
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = (this.given++ % 255) + 1;
    },
  };
}

describe("entropy device", () => {
  it("RNG-FACT-DEV-001: device ID 4, one queue, no features, no configuration", async () => {
    const { frontend } = (await connect(new RngDevice({ source: counter() }))).transport;
    expect([frontend.deviceId, frontend.queueCount, frontend.configSize]).toEqual([4, 1, 0]);
    expect([frontend.deviceFeatures(0) & 0x00ff_ffff, frontend.deviceFeatures(2)]).toEqual([0, 0]);
  });

  it.each(["modern", "legacy"] as const)("RNG-DEV-001: every buffer gets random bytes, none left at 0 (%s)", async (driverInterface) => {
    const driver = await connect(new RngDevice({ source: counter() }), { driverInterface });
    const answers = await Promise.all([1, 7, 64, 5000].map((length) => driver.request(0, [], [length])));
    expect(answers.map(({ written }) => written)).toEqual([1, 7, 64, 5000]);
    expect(answers.every(({ data }) => data.every((byte) => byte !== 0))).toBe(true);
  });

  it("RNG-DEV-001: over several descriptors, and in reversed memory", async () => {
    const memory = new ReversedMemory(new ArrayBuffer(0x10_0000), 0xf_ffff, 0x10_0000);
    const driver = await connect(new RngDevice({ source: counter() }), { memory });
    const { data } = await driver.request(0, [], [3, 5, 1]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("RNG-DEV-002: no more than the limit is generated for one buffer, however long it is (length cap)", async () => {
    const source = counter();
    const driver = await connect(new RngDevice({ source }), { memory: new FlatMemory(8 << 20) });
    const { written, data } = await driver.request(0, [], [4 << 20]);
    expect([written, source.given]).toEqual([65536, 65536]);
    expect(data.subarray(65536).every((byte) => byte === 0)).toBe(true);
    const small = await connect(new RngDevice({ source, maxBytesPerBuffer: 10 }));
    expect((await small.request(0, [], [4, 100])).written).toBe(10);
  });

  it("a buffer with nothing to write into comes back empty; parts to be read are not touched", async () => {
    const driver = await connect(new RngDevice({ source: counter() }));
    expect((await driver.request(0, [new Uint8Array(8)])).written).toBe(0);
    expect((await driver.request(0, [new Uint8Array(8)], [3])).written).toBe(3);
  });

  it("answers again after a reset", async () => {
    const driver = await connect(new RngDevice({ source: counter() }));
    await driver.initialize();
    expect((await driver.request(0, [], [3])).written).toBe(3);
  });

  it("save and restore: a buffer that waited is filled by the restored device", async () => {
    const driver = await connect(new RngDevice({ source: counter() }));
    const { frontend } = driver.transport;
    expect(frontend.pause()).toBeUndefined();
    const answer = driver.request(0, [], [4]);
    driver.transport.replaceDevice(new RngDevice({ source: { fill: (bytes) => bytes.fill(9) } }));
    driver.transport.frontend.resume();
    expect([...(await answer).data]).toEqual([9, 9, 9, 9]);
    expect(driver.transport.frontend.save()).toMatchObject({ device: null, active: { state: null } });
  });
});

describe("entropy device: hostile guests", () => {
  it("whatever a guest does, nothing throws, and a good driver is served afterwards", async () => {
    const source = counter();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { size: "max", maxLength: 2000 }),
        fc.constantFrom("modern", "legacy"),
        async (choices, driverInterface) => {
          const device = new RngDevice({ source });
          const log = new ErrorLog();
          const transport = new DirectTransport(device, { driverInterface, logger: log });
          await new HostileDriver(transport, choices).run();
          expect([transport.frontend.status, log.errors]).toEqual([0, []]);
          expect((await (await connect(device)).request(0, [], [3])).written).toBe(3);
        },
      ),
      { numRuns: 60 },
    );
    expect(source.given).toBeGreaterThan(1000);
  });
});
