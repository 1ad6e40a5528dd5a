import { F_IN_ORDER, F_RING_PACKED, F_SUSPEND, HostileDriver } from "@zarch/virtio";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { connect } from "./index.ts";

describe("HostileDriver", () => {
  it("survived: whatever a guest does, the state machine holds, and a good driver is served afterwards", async () => {
    let served = 0;
    let broken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { size: "max", maxLength: 2000 }),
        fc.subarray([F_RING_PACKED, F_IN_ORDER, F_SUSPEND]),
        async (choices, extra) => {
          const device = new EchoDevice();
          const driver = new HostileDriver(device, choices, extra);
          const { activate } = device;
          device.activate = (context) => {
            const active = activate.call(device, context);
            return {
              ...active,
              notify: (index) => {
                active.notify(index);
                served++;
                if (driver.frontend.needsReset) broken++;
              },
            };
          };
          await driver.run();
          expect([driver.frontend.status, driver.hostErrors]).toEqual([0, []]);
          device.activate = activate;
          const good = await connect(device);
          expect((await good.request(0, [new Uint8Array([7])], [1])).data[0]).toBe(7);
        },
      ),
      { numRuns: 150 },
    );
    // The driver gets somewhere: into service, and into trouble.
    expect([served > 100, broken > 10], `${served}, ${broken}`).toEqual([true, true]);
  });
});
