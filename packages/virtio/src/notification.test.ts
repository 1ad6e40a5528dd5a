import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { Rig } from "../test/rig.ts";
import { F_NOTIFICATION_DATA, F_RING_PACKED, F_VERSION_1 } from "./features.ts";
import { packNotification, unpackNotification } from "./notification.ts";

const options = { extraFeatures: [F_NOTIFICATION_DATA, F_RING_PACKED] };

describe("notification data", () => {
  it("CORE-NOTIF-FACT-DEV-001: queue index in bits 0 to 15, offset in 16 to 30, wrap counter in 31", () => {
    expect(unpackNotification(0x8003_0001)).toEqual({ queue: 1, nextOffset: 3, nextWrap: 1 });
    expect(unpackNotification(0x7fff_ffff)).toEqual({ queue: 0xffff, nextOffset: 0x7fff, nextWrap: 0 });
    fc.assert(fc.property(fc.nat(0xffff_ffff), (value) => packNotification(unpackNotification(value)) === value));
  });

  it("CORE-FEAT-DEV-004: the feature is there only where the transport asks for it", () => {
    expect(new Rig().frontend.deviceFeatures(1) & (1 << (F_NOTIFICATION_DATA - 32))).toBe(0);
    expect(new Rig(undefined, options).frontend.deviceFeatures(1) & (1 << (F_NOTIFICATION_DATA - 32))).not.toBe(0);
  });

  it("CORE-NOTIF-FACT-DEV-002: split ring: the available index beside the queue index; without the feature the value is the index", () => {
    const rig = new Rig(undefined, options);
    rig.start([F_VERSION_1, F_NOTIFICATION_DATA]);
    rig.send("a");
    expect(rig.frontend.notifyValue(packNotification({ queue: 0, nextOffset: 1, nextWrap: 0 }))).toBe(true);
    expect(rig.received()).toEqual(["a:1"]);
    expect(rig.frontend.notifyValue(0x8000_0007)).toBe(false); // no queue 7

    const plain = new Rig(undefined, options);
    plain.start([F_VERSION_1]);
    plain.send("b");
    expect(plain.frontend.notifyValue(0x1_0000)).toBe(false);
    expect(plain.received()).toEqual([]);
    expect(plain.frontend.notifyValue(0)).toBe(true);
    expect(plain.received()).toEqual(["b:1"]);
  });

  it("CORE-NOTIF-FACT-DEV-003: packed ring: slot and wrap counter; what cannot be is logged, and the ring itself decides", () => {
    const rig = new Rig(new EchoDevice(), options);
    rig.start([F_VERSION_1, F_NOTIFICATION_DATA, F_RING_PACKED], { format: "packed" });
    rig.send("a");
    rig.frontend.notifyValue(packNotification({ queue: 0, nextOffset: 2, nextWrap: 1 }));
    expect(rig.received()).toEqual(["a:1"]);
    expect(rig.logs).toEqual([]);
    rig.send("b");
    rig.frontend.notifyValue(packNotification({ queue: 0, nextOffset: 0x7000, nextWrap: 0 }));
    expect(rig.received()).toEqual(["b:1"]);
    expect(rig.logs.some((line) => line.includes("beyond the ring"))).toBe(true);
    expect(rig.frontend.needsReset).toBe(false);
  });
});
