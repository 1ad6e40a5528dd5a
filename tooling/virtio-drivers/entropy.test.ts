import { describe, expect, it } from "vitest";
import { RngDevice } from "../../packages/device-rng/src/index.ts";
import { EntropyDriver } from "../../packages/virtio-driver/src/index.ts";
import { openRig, ways } from "./rigs.ts";

describe.each(ways)("entropy device: %s", (_, way) => {
  it("RNG-FACT-DRV-001, RNG-DRV-001, RNG-DRV-002: as many bytes as asked for, however the device portions them", async () => {
    let given = 0;
    const source = {
      fill: (bytes: Uint8Array) => {
        for (let i = 0; i < bytes.length; i++) bytes[i] = given++;
      },
    };
    const { transport } = await openRig(new RngDevice({ source, maxBytesPerBuffer: 100 }), way);
    await using driver = await EntropyDriver.open(transport);
    expect(await driver.read(1000)).toEqual(Uint8Array.from({ length: 1000 }, (_, i) => i));
    expect(await driver.read(0)).toEqual(new Uint8Array(0));
    expect(given).toBe(1000);
  });
});
