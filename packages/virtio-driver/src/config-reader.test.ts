import { describe, expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { tap } from "../test/tap.ts";
import { DirectTransport, type DriverTransport, VirtioDriver } from "./index.ts";

const layout = { low: { offset: 0, width: 4 }, high: { offset: 8, width: 8 } } as const;

/** A driver whose device changes its configuration while it is read, `changes` times. */
async function restless(changes: number, withGeneration: boolean) {
  const { transport: plain } = tap(new DirectTransport(new EchoDevice()));
  let value = 0;
  let generation = 7;
  const lies: Partial<DriverTransport> = {
    readConfig: async (_, length) => {
      const bytes = new Uint8Array(length).fill(value);
      if (value < changes) {
        value++;
        generation++;
      }
      return bytes;
    },
  };
  // Present or absent, as the transport has it.
  Object.assign(lies, { configGeneration: withGeneration ? async () => generation : undefined });
  const { transport, log } = tap(plain, lies);
  return { driver: await VirtioDriver.open(transport), log };
}

describe("configuration", () => {
  it("CORE-CFG-DRV-001, CORE-CFG-DRV-002: fields are read again until the generation stands still", async () => {
    const { driver, log } = await restless(3, true);
    expect(await driver.readConfigFields(layout)).toEqual({ low: 0x0303_0303, high: 0x0303_0303 * (2 ** 32 + 1) });
    expect(log.filter((line) => line.startsWith("readConfig ")).length).toBeGreaterThan(2);
  });

  it("CORE-CFG-DRV-006: without a generation, until two readings agree", async () => {
    const { driver } = await restless(5, false);
    expect(await driver.readConfigFields(layout)).toEqual({ low: 0x0505_0505, high: 0x0505_0505 * (2 ** 32 + 1) });
  });

  it.each([true, false])("a configuration that never comes to rest is an error (generation: %s)", async (withGeneration) => {
    const { driver } = await restless(Number.POSITIVE_INFINITY, withGeneration);
    await expect(driver.readConfig(0, 4)).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE" });
  });

  it("CORE-CFG-DRV-004, CORE-CFG-DRV-005: no size is too large, and padding does no harm", async () => {
    const { transport } = tap(new DirectTransport(new EchoDevice()));
    const driver = await VirtioDriver.open(transport);
    expect((await driver.readConfig(0, 5000)).byteLength).toBe(5000);
    expect(await driver.readConfigFields({ far: { offset: 100_000, width: 4 } })).toEqual({ far: 0 });
  });

  it("arrays of numbers, and fields with a byte order of their own", async () => {
    const { transport } = tap(new DirectTransport(new EchoDevice()), {
      readConfig: async (offset, length) => Uint8Array.from({ length }, (_, i) => offset + i),
    });
    const driver = await VirtioDriver.open(transport);
    const reading = await driver.readConfigFields({
      list: { offset: 2, width: 2, count: 3 },
      big: { offset: 0, width: 4, endian: "big" },
    });
    expect(reading).toEqual({ list: [0x0302, 0x0504, 0x0706], big: 0x0001_0203 });
  });
});
