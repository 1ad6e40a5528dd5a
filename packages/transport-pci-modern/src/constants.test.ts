import { expect, it } from "vitest";
import { CommonConfig, LEGACY_PAGE, LegacyRegister, VirtioPciCapability } from "./constants.ts";

it("S003-001..012, S004-059, S004-082: the legacy registers and the unit of a queue address", () => {
  expect(LegacyRegister).toEqual({
    deviceFeatures: 0,
    driverFeatures: 4,
    queueAddress: 8,
    queueSize: 12,
    queueSelect: 14,
    queueNotify: 16,
    deviceStatus: 18,
    isrStatus: 19,
    configMsixVector: 20,
    queueMsixVector: 22,
  });
  expect(LEGACY_PAGE).toBe(1 << 12);
});

it("S003-019..023, S004-066: the kinds of capability", () => {
  expect(VirtioPciCapability).toMatchObject({ common: 1, notify: 2, isr: 3, device: 4, configAccess: 5 });
});

it("S003-024..039: the common configuration structure", () => {
  expect(CommonConfig).toMatchObject({
    deviceFeatureSelect: 0,
    deviceFeature: 4,
    driverFeatureSelect: 8,
    driverFeature: 12,
    configMsixVector: 16,
    queueCount: 18,
    deviceStatus: 20,
    configGeneration: 21,
    queueSelect: 22,
    queueSize: 24,
    queueMsixVector: 26,
    queueEnable: 28,
    queueNotifyOffset: 30,
    queueDescriptorLow: 32,
    queueDescriptorHigh: 36,
    queueDriverLow: 40,
    queueDriverHigh: 44,
    queueDeviceLow: 48,
    queueDeviceHigh: 52,
  });
});
