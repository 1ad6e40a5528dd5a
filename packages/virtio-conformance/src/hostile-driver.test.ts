import { F_IN_ORDER, F_RING_PACKED, F_RING_RESET, F_SUSPEND } from "@zarch/virtio";
import { connect, DirectTransport } from "@zarch/virtio-driver";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EchoDevice, ErrorLog, HostileDriver } from "./index.ts";

describe("HostileDriver", () => {
  it("survived: whatever a guest does, the state machine holds, and a good driver is served afterwards", async () => {
    let served = 0;
    let broken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { size: "max", maxLength: 2000 }),
        fc.subarray([F_RING_PACKED, F_IN_ORDER, F_SUSPEND, F_RING_RESET]),
        fc.constantFrom("modern", "legacy"),
        async (choices, extraFeatures, driverInterface) => {
          const device = new EchoDevice();
          const log = new ErrorLog();
          const transport = new DirectTransport(device, { extraFeatures, driverInterface, logger: log });
          const activate = device.activate.bind(device);
          device.activate = (context) => {
            const active = activate(context);
            return {
              ...active,
              notify: (index) => {
                active.notify(index);
                served++;
                if (transport.frontend.needsReset) broken++;
              },
            };
          };
          await new HostileDriver(transport, choices).run();
          expect([transport.frontend.status, log.errors]).toEqual([0, []]);
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
