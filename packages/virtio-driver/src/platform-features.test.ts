import { F_ACCESS_PLATFORM, F_ORDER_PLATFORM, F_VERSION_1 } from "@zarch/virtio";
import { expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { connect } from "./index.ts";

it("CORE-RSVF-DEV-003, CORE-RSVF-DEV-004, CORE-RSVF-DEV-006, CORE-RSVF-DEV-007, CORE-RSVF-DEV-008: ACCESS_PLATFORM and ORDER_PLATFORM are the transport's to offer, the driver's to accept", async () => {
  const extraFeatures = [F_ACCESS_PLATFORM, F_ORDER_PLATFORM];
  const { frontend: offered } = (await connect(new EchoDevice(), { extraFeatures })).transport;
  expect([33, 36].map((bit) => offered.features.has(bit))).toEqual([true, true]);
  const { frontend: without } = (await connect(new EchoDevice(), { extraFeatures, selectFeatures: () => [F_VERSION_1] })).transport;
  expect([without.status, ...without.features]).toEqual([15, 32]);
});
