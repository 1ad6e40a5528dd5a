import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlatMemory } from "../../packages/guest-memory/src/index.ts";
import { F_IN_ORDER, F_RING_PACKED, F_SUSPEND } from "../../packages/virtio/src/index.ts";
import { EchoDevice, ErrorLog, HostileDriver } from "../../packages/virtio-conformance/src/index.ts";
import { connect } from "../../packages/virtio-driver/src/index.ts";
import { carriers, legacyOnly } from "./carriers.ts";

describe.each(Object.entries(carriers))("a hostile driver over %s", (_, carrier) => {
  it("meets no exception, and a good driver is served afterwards", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { size: "max", maxLength: 1000 }),
        fc.subarray([F_RING_PACKED, F_IN_ORDER, F_SUSPEND]),
        legacyOnly.has(carrier) ? fc.constant("legacy") : fc.constantFrom("modern", "legacy"),
        async (choices, features, driverInterface) => {
          const device = new EchoDevice();
          const logger = new ErrorLog();
          const { transport } = await carrier(device, { driverInterface, features, memory: new FlatMemory(1 << 20), logger });
          await new HostileDriver(transport, choices).run();
          expect([await transport.readStatus(), logger.errors]).toEqual([0, []]);
          const good = await connect(device);
          expect((await good.request(0, [new Uint8Array([7])], [1])).data[0]).toBe(7);
        },
      ),
      { numRuns: 50 },
    );
  });
});
