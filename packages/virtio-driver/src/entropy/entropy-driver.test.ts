import { entropy } from "@zarch/virtio/device-types";
import { expect, it } from "vitest";
import { ScriptedDevice } from "../../test/scripted-device.ts";
import { DirectTransport, EntropyDriver } from "../index.ts";

it("RNG-DRV-001, RNG-DRV-002: only writable buffers; the used length says how much is random", async () => {
  const device = new ScriptedDevice({
    deviceId: entropy.ID,
    queues: [8],
    answer: (_, __, chain) => {
      chain.writable.write(Uint8Array.of(1, 2, 3).subarray(0, chain.writable.remaining));
      return chain.writable.written;
    },
  });
  const driver = await EntropyDriver.open(new DirectTransport(device));
  expect([...(await driver.read(7))]).toEqual([1, 2, 3, 1, 2, 3, 1]);
  expect(device.requests.map(({ data, room }) => [data.length, room])).toEqual([
    [0, 7],
    [0, 4],
    [0, 1],
  ]);
});

it("a device that gives nothing is not asked for ever", async () => {
  const device = new ScriptedDevice({ deviceId: entropy.ID, queues: [8], answer: () => 0 });
  const driver = await EntropyDriver.open(new DirectTransport(device));
  await expect(driver.read(4)).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE" });
});
