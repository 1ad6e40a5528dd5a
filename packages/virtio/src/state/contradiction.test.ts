import { describe, expect, it } from "vitest";
import { EchoDevice } from "../../test/echo-device.ts";
import { ACK, DRIVER, DRIVER_OK, FAILED, FEATURES_OK, legacyRig, NEEDS_RESET, READY, Rig } from "../../test/rig.ts";
import { F_SUSPEND, F_VERSION_1 } from "../features.ts";
import { contradiction } from "./contradiction.ts";
import type { VirtioState } from "./virtio-state.ts";

const SUSPEND = 16;

function modern(features = [F_VERSION_1, F_SUSPEND]): VirtioState {
  const rig = new Rig(new EchoDevice(), { extraFeatures: [F_SUSPEND] });
  rig.start(features);
  return rig.frontend.save();
}

function legacy(): VirtioState {
  const rig = legacyRig();
  rig.setUp(0, { size: 8, endian: "big" });
  rig.frontend.writeStatus(ACK | DRIVER | DRIVER_OK);
  return rig.frontend.save();
}

describe("what no device can have come to", () => {
  it("sound states are none of it", () => {
    const fresh = new Rig().frontend.save();
    for (const state of [fresh, modern(), legacy(), { ...modern(), status: READY | FAILED }]) expect(contradiction(state)).toBeUndefined();
    const broken = { ...modern(), broken: true, active: null, queues: [] };
    expect(contradiction({ ...broken, status: READY | NEEDS_RESET })).toBeUndefined();
    expect(contradiction({ ...legacy(), broken: true, active: null, queues: [] })).toBeUndefined();
    expect(contradiction({ ...legacy(), status: ACK | DRIVER })).toBeUndefined(); // in service before DRIVER_OK
  });

  const fresh = new Rig().frontend.save();
  const suspended = { status: (READY & ~DRIVER_OK) | SUSPEND, suspending: true };
  const frozen = { ...modern().config, frozen: "00" };
  const cases: readonly (readonly [reason: string, state: VirtioState])[] = [
    ["a device in service that is broken", { ...modern(), broken: true }],
    ["status bits that a legacy device does not have", { ...legacy(), status: legacy().status | FEATURES_OK }],
    ["features and service differ", { ...legacy(), features: null }],
    ["features and service differ", { ...legacy(), active: null }],
    ["DRIVER_OK without service", { ...legacy(), active: null, features: null }],
    ["unknown status bits", { ...modern(), status: READY | 0x20 }],
    ["FEATURES_OK and features differ", { ...modern(), features: null }],
    ["FEATURES_OK and features differ", { ...fresh, features: [] }],
    ["FEATURES_OK without DRIVER", { ...modern(), status: READY & ~DRIVER }],
    ["features without DRIVER", { ...fresh, driverFeatures: [0] }],
    ["DRIVER_OK with SUSPEND", { ...modern(), status: READY | SUSPEND }],
    ["DRIVER_OK without FEATURES_OK", { ...fresh, status: ACK | DRIVER | DRIVER_OK }],
    ["status and service differ", { ...modern(), active: null, queues: [] }],
    ["status and service differ", { ...modern(), status: READY & ~DRIVER_OK }],
    ["DEVICE_NEEDS_RESET without a reason, or not set", { ...modern(), status: READY | NEEDS_RESET }],
    ["DEVICE_NEEDS_RESET without a reason, or not set", { ...modern(), broken: true, active: null, queues: [] }],
    ["suspended without the feature", { ...modern([F_VERSION_1]), ...suspended, config: frozen }],
    ["suspended without service", { ...modern(), status: READY & ~DRIVER_OK, active: null, suspending: true }],
    ["suspended without being asked", { ...modern(), ...suspended, suspending: false, config: frozen }],
    ["SUSPEND and configuration differ", { ...modern(), ...suspended }],
    ["SUSPEND and configuration differ", { ...modern(), suspending: true, config: frozen }],
    ["queue 0 is set up before FEATURES_OK", { ...fresh, queues: modern().queues }],
    ["queue 0 is in use by a device that is not in service", { ...modern(), status: READY & ~DRIVER_OK, active: null }],
  ];
  for (const [reason, state] of cases) it(`${reason}: status ${state.status}`, () => expect(contradiction(state)).toBe(reason));
});
