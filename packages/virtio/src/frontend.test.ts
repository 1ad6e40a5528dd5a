import { FlatMemory } from "@zarch/guest-memory";
import { createDriverVirtqueue } from "@zarch/vring";
import { describe, expect, it } from "vitest";
import { EchoDevice, F_A, F_B, F_C, F_HIGH } from "../test/echo-device.ts";
import { ACK, AREAS, DRIVER, DRIVER_OK, FAILED, FEATURES_OK, legacyRig, NEEDS_RESET, READY, Rig } from "../test/rig.ts";
import { ConfigSpace } from "./config-space.ts";
import { F_ADMIN_VQ, F_IN_ORDER, F_NOTIFY_ON_EMPTY, F_RING_RESET, F_SUSPEND, FeatureSet } from "./features.ts";
import { VirtioFrontend } from "./frontend.ts";

describe("device status", () => {
  it("CORE-STATUS-FACT-DEV-001, CORE-STATUS-FACT-DEV-002: starts at 0, takes the bits step by step", () => {
    const { frontend } = new Rig();
    expect(frontend.status).toBe(0);
    for (const value of [ACK, ACK | DRIVER]) {
      expect(frontend.writeStatus(value)).toBe(true);
      expect(frontend.status).toBe(value);
    }
    frontend.setDriverFeatures(1, 1);
    for (const value of [ACK | DRIVER | FEATURES_OK, READY, READY | FAILED]) {
      expect(frontend.writeStatus(value)).toBe(true);
      expect(frontend.status).toBe(value);
    }
  });

  it("CORE-STATUS-DEV-001, CORE-STATUS-DEV-002: before DRIVER_OK no buffer is consumed and no notification sent", () => {
    const rig = new Rig();
    rig.negotiate();
    rig.setUp();
    rig.send("early");
    expect(rig.frontend.notify(0)).toBe(true);
    expect([rig.device.events, rig.interrupts, rig.received()]).toEqual([["negotiated 32"], [], []]);
    rig.frontend.writeStatus(READY);
    expect([rig.received(), rig.interrupts]).toEqual([["early:5"], ["queue 0"]]);
  });

  it("CORE-STATUS-DEV-003, CORE-STATUS-DEV-004: a malformed ring sets NEEDS_RESET and sends a configuration change notification", () => {
    const rig = new Rig();
    rig.start();
    rig.memory.storeUint16(AREAS.driver + 2, 0x8000, "little");
    rig.frontend.notify(0);
    expect([rig.frontend.status, rig.interrupts, rig.frontend.needsReset]).toEqual([READY | NEEDS_RESET, ["config"], true]);
    rig.frontend.notify(0);
    expect(rig.interrupts).toEqual(["config"]);
    expect(rig.logs.filter((line) => line.startsWith("warn"))).toHaveLength(1);
    expect(rig.frontend.writeStatus(READY)).toBe(true); // a driver that does not know of the bit
    expect(rig.frontend.status).toBe(READY | NEEDS_RESET);
    expect(rig.frontend.reset()).toBeUndefined();
    expect(rig.frontend.status).toBe(0);
    rig.start();
    rig.send("again");
    rig.frontend.notify(0);
    expect(rig.received()).toEqual(["again:5"]);
  });

  it("CORE-STATUS-DEV-003: also if the device only looks whether there is a buffer", () => {
    const rig = new Rig();
    rig.start();
    const queue = rig.device.context?.queue(0);
    rig.memory.storeUint16(AREAS.driver + 2, 0x8000, "little");
    expect([queue?.hasAvailable(), rig.frontend.status, rig.interrupts]).toEqual([false, READY | NEEDS_RESET, ["config"]]);
    expect([queue?.hasAvailable(), queue?.pop(), queue?.enableNotifications(), rig.interrupts]).toEqual([
      false,
      undefined,
      false,
      ["config"],
    ]);
  });

  it("CORE-STATUS-DEV-003: a device that cannot start needs a reset, too", () => {
    const rig = new Rig();
    rig.device.failActivation = true;
    rig.negotiate();
    rig.setUp();
    expect(rig.frontend.writeStatus(READY)).toBe(true);
    expect([rig.frontend.status, rig.interrupts]).toEqual([READY | NEEDS_RESET, ["config"]]);
    expect(rig.logs).toContain("error: virtio type 4242 device needs a reset: no backend");
  });

  it("CORE-STATUS-DEV-004: context.fail before and after reset: an old context has no effect", () => {
    const rig = new Rig();
    rig.start();
    const old = rig.device.context;
    void rig.frontend.reset();
    rig.start();
    old?.fail(new Error("late"));
    expect([rig.frontend.status, rig.interrupts, old?.queue(0)]).toEqual([READY, [], undefined]);
    rig.device.context?.fail(new Error("now"));
    expect([rig.frontend.status, rig.interrupts]).toEqual([READY | NEEDS_RESET, ["config"]]);
  });

  it("CORE-STATUS-DEV-003: a device that throws in its work needs a reset; told once, and nothing that it still has reaches the driver", () => {
    const rig = new Rig();
    rig.device.hold = true;
    rig.start();
    rig.send("held");
    rig.frontend.notify(0);
    rig.device.throwing = new Error("out of order");
    rig.frontend.notify(0);
    expect([rig.frontend.status, rig.interrupts]).toEqual([READY | NEEDS_RESET, ["config"]]);
    const before = rig.memory.view(0, rig.memory.size).slice();
    rig.device.release();
    rig.device.context?.fail(new Error("again"));
    expect(rig.memory.view(0, rig.memory.size)).toEqual(before);
    expect([rig.interrupts, rig.logs.filter((line) => line.startsWith("error"))]).toEqual([
      ["config"],
      ["error: virtio type 4242 device needs a reset: out of order"],
    ]);
  });

  it("bits that are set cannot be cleared one by one", () => {
    const rig = new Rig();
    rig.start();
    for (const value of [ACK, READY & ~FEATURES_OK, READY & ~ACK, DRIVER_OK]) expect(rig.frontend.writeStatus(value)).toBe(false);
    expect(rig.frontend.status).toBe(READY);
  });

  it("no stage before its time: FEATURES_OK needs DRIVER, DRIVER_OK needs FEATURES_OK, nothing after FAILED", () => {
    const { frontend } = new Rig();
    expect(frontend.writeStatus(ACK | FEATURES_OK)).toBe(false);
    expect(frontend.writeStatus(ACK | DRIVER | DRIVER_OK)).toBe(false);
    expect(frontend.status).toBe(0);
    expect(frontend.writeStatus(ACK | FAILED)).toBe(true);
    expect(frontend.writeStatus(ACK | FAILED | DRIVER)).toBe(false);
    expect(frontend.status).toBe(ACK | FAILED);
    expect(frontend.writeStatus(0)).toBe(true);
    expect(frontend.writeStatus(ACK | DRIVER)).toBe(true);
  });

  it("reserved bits, NEEDS_RESET and SUSPEND from a driver are ignored", () => {
    const { frontend } = new Rig();
    expect(frontend.writeStatus(ACK | 0x20 | NEEDS_RESET | 0x10)).toBe(true);
    expect(frontend.status).toBe(ACK);
  });
});

describe("feature bits", () => {
  it("CORE-FEAT-DEV-001: a feature whose prerequisite is missing is not offered", () => {
    const device = new EchoDevice();
    device.features = new FeatureSet([F_B]);
    expect(new Rig(device).frontend.deviceFeatures(0) & 0xff).toBe(0);
    device.features = new FeatureSet([F_B, F_C]);
    expect(new Rig(device).frontend.deviceFeatures(0) & 0xff).toBe(0b110);
    device.features = new FeatureSet([F_A, F_B]);
    expect(new Rig(device, { withoutFeatures: [F_A] }).frontend.deviceFeatures(0) & 0xff).toBe(0);
  });

  it("CORE-FEAT-DEV-002, CORE-RSVF-DEV-001: VERSION_1 is offered and every valid subset with it is accepted", () => {
    const offered = [F_A, F_B, 28, 29, 32, F_HIGH];
    for (let mask = 0; mask < 64; mask++) {
      const rig = new Rig();
      const subset = offered.filter((_, i) => (mask >> i) & 1);
      const valid = subset.includes(32) && (!subset.includes(F_B) || subset.includes(F_A));
      expect(rig.negotiate(subset)).toBe(valid);
      expect(rig.frontend.status).toBe(valid ? ACK | DRIVER | FEATURES_OK : ACK | DRIVER);
      expect([...rig.frontend.features]).toEqual(valid ? subset : []);
    }
  });

  it("CORE-FEAT-DEV-003: an unacceptable set leaves FEATURES_OK clear; the driver may try another one", () => {
    const rig = new Rig();
    rig.device.refuses = (features) => features.has(F_HIGH);
    expect(rig.negotiate([32, F_HIGH])).toBe(false);
    expect(rig.frontend.status).toBe(ACK | DRIVER);
    expect(rig.frontend.setDriverFeatures(2, 0)).toBe(true);
    expect(rig.frontend.writeStatus(ACK | DRIVER | FEATURES_OK)).toBe(true);
    expect(new Rig().negotiate([32, 3])).toBe(false); // not offered
    expect(new Rig().negotiate([32, 33])).toBe(false);
    expect(new Rig().negotiate([32, 127])).toBe(false);
  });

  it("CORE-FEAT-DEV-004, CORE-RSVF-DEV-010, CORE-RSVF-DEV-014, CORE-RSVF-FACT-DEV-001, CORE-RSVF-FACT-DEV-002: what nobody supports is not offered", () => {
    const { frontend } = new Rig();
    const words = Array.from({ length: 300 }, (_, word) => frontend.deviceFeatures(word));
    expect([words[0], words[1], words[2]]).toEqual([0x3000_0003, 1, 1 << 6]);
    expect(words.slice(3).every((word) => word === 0)).toBe(true);
    expect(frontend.deviceFeatures(0xffff_ffff)).toBe(0);
    expect(new Rig(undefined, { extraFeatures: [F_ADMIN_VQ] }).frontend.deviceFeatures(1)).toBe(1);
  });

  it("CORE-FEAT-DEV-005, CORE-FEAT-FACT-DEV-001: features are final until a reset; the same set is accepted again after it", () => {
    const rig = new Rig();
    rig.start([32, F_A]);
    expect(rig.frontend.setDriverFeatures(0, 0)).toBe(false);
    expect([...rig.frontend.features]).toEqual([F_A, 32]);
    for (let i = 0; i < 3; i++) {
      void rig.frontend.reset();
      expect([[...rig.frontend.features], rig.frontend.driverFeatures(1)]).toEqual([[], 0]);
      rig.start([32, F_A]);
    }
  });

  it("features are written after DRIVER only; each word reads back; the number of words is bounded", () => {
    const { frontend } = new Rig();
    expect(frontend.setDriverFeatures(0, 1)).toBe(false);
    frontend.writeStatus(ACK | DRIVER);
    for (const word of [0, 1, 7, 255, 0x1234_5678]) {
      expect(frontend.setDriverFeatures(word, 0x8765_4321)).toBe(true);
      expect(frontend.driverFeatures(word)).toBe(0x8765_4321);
    }
    let accepted = 5;
    for (let word = 1000; word < 3000; word++) if (frontend.setDriverFeatures(word, 1)) accepted++;
    expect(accepted).toBe(256);
    expect(frontend.writeStatus(ACK | DRIVER | FEATURES_OK)).toBe(false);
  });

  it("CORE-RSVF-DEV-002: no service without VERSION_1 on the modern interface", () => {
    expect(new Rig().negotiate([F_A])).toBe(false);
  });

  it("CORE-RSVF-DEV-005: IN_ORDER is offered when asked for, and buffers then come back in order", () => {
    const rig = new Rig(undefined, { extraFeatures: [F_IN_ORDER] });
    rig.device.hold = true;
    expect(rig.negotiate([32, F_IN_ORDER])).toBe(true);
    rig.setUp(0, { size: 8, inOrder: true });
    rig.frontend.writeStatus(READY);
    for (const token of ["a", "b", "c"]) rig.send(token);
    rig.frontend.notify(0);
    rig.device.held.reverse();
    for (const release of rig.device.held) release();
    expect(rig.received()).toEqual(["a:1", "b:1", "c:1"]);
  });
});

describe("reset", () => {
  it("CORE-RESET-DEV-001, CORE-RESET-FACT-DEV-001: status reads 0 when the reset is complete, not before", async () => {
    const rig = new Rig();
    rig.start();
    let open = (): void => {};
    rig.device.resetGate = new Promise((resolve) => {
      open = resolve;
    });
    expect(rig.frontend.writeStatus(0)).toBe(true);
    expect(rig.frontend.status).toBe(READY);
    const pending = rig.frontend.resetting;
    expect(rig.frontend.reset()).toBe(pending);
    // Nothing else is accepted in the meantime.
    expect([rig.frontend.writeStatus(READY), rig.setUp(1), rig.frontend.setDriverFeatures(0, 0), rig.frontend.disableQueue(0)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    rig.frontend.notify(0);
    open();
    await pending;
    expect([rig.frontend.status, rig.frontend.resetting]).toEqual([0, undefined]);
    expect(rig.device.events).toEqual(["negotiated 32", "activate", "notify 0", "active reset", "reset"]);
  });

  it("CORE-RESET-DEV-002, CORE-RESET-DEV-003: I/O that ends after the reset touches no queue, no buffer, and notifies nobody", () => {
    const rig = new Rig();
    rig.device.hold = true;
    rig.start();
    rig.send("late");
    rig.frontend.notify(0);
    void rig.frontend.reset();
    const before = rig.memory.view(0, rig.memory.size).slice();
    rig.device.release();
    expect(rig.memory.view(0, rig.memory.size)).toEqual(before);
    expect(rig.interrupts).toEqual([]);
    (rig.device.config as ConfigSpace<Record<string, { offset: number; width: 8 }>>).set({ large: 5 });
    rig.device.context?.fail("late");
    expect([rig.interrupts, rig.frontend.status]).toEqual([[], 0]);
  });

  it("CORE-RESET-DEV-001: a device whose reset fails is reset all the same", async () => {
    const rig = new Rig();
    rig.start();
    rig.device.resetGate = Promise.reject(new Error("disk on fire"));
    rig.device.reset = () => {
      throw new Error("still burning");
    };
    await rig.frontend.reset();
    expect(rig.frontend.status).toBe(0);
    expect(rig.logs.filter((line) => line.startsWith("error"))).toHaveLength(2);
  });

  it("CORE-STATUS-FACT-DEV-002: the driver finds a device as at first: no status, features or queues, and no notice of the past", () => {
    const rig = new Rig();
    rig.start([32, F_A]);
    void rig.frontend.pause();
    (rig.device.config as ConfigSpace<Record<string, { offset: number; width: 8 }>>).set({ large: 1 });
    void rig.frontend.reset();
    const { frontend } = rig;
    expect([frontend.status, frontend.driverFeatures(0), frontend.queueEnabled(0), frontend.queueSize(0)]).toEqual([0, 0, false, 0]);
    rig.start();
    frontend.resume();
    expect(rig.interrupts).toEqual([]);
  });

  it("re-initialisation after a failed one works", () => {
    const rig = new Rig();
    rig.negotiate([32, 3]);
    rig.frontend.writeStatus(ACK | DRIVER | FAILED);
    void rig.frontend.reset();
    rig.start();
    rig.send("ok");
    rig.frontend.notify(0);
    expect(rig.received()).toEqual(["ok:2"]);
  });
});

describe("configuration space", () => {
  it("CORE-CFG-DEV-001, CORE-CFG-DEV-002: readable before FEATURES_OK, fields of optional features included", () => {
    const rig = new Rig();
    (rig.device.config as ConfigSpace<Record<string, { offset: number; width: 2 }>>).set({ small: 0x1234 });
    const bytes = new Uint8Array(4);
    rig.frontend.readConfig(0, bytes);
    expect([...bytes]).toEqual([0x34, 0x12, 0, 0]);
    expect(rig.frontend.configSize).toBe(20);
  });

  it("CORE-CFG-FACT-DEV-001: in the guest's byte order for a legacy driver", () => {
    const rig = legacyRig();
    (rig.device.config as ConfigSpace<Record<string, { offset: number; width: 2 }>>).set({ small: 0x1234 });
    const bytes = new Uint8Array(2);
    rig.frontend.readConfig(0, bytes);
    expect([...bytes]).toEqual([0x12, 0x34]);
  });

  it("2.5: the generation changes between two reads if and only if the configuration did, however often", () => {
    const rig = new Rig();
    const config = rig.device.config as ConfigSpace<Record<string, { offset: number; width: 8 }>>;
    const first = rig.frontend.configGeneration;
    expect(rig.frontend.configGeneration).toBe(first);
    for (let i = 1; i <= 256; i++) config.set({ large: i });
    expect(rig.frontend.configGeneration & 0xff).not.toBe(first & 0xff);
  });

  it("2.3: a change is notified between DRIVER_OK and reset only", () => {
    const rig = new Rig();
    const config = rig.device.config as ConfigSpace<Record<string, { offset: number; width: 8 }>>;
    config.set({ large: 1 });
    rig.start();
    expect(rig.interrupts).toEqual([]);
    config.set({ large: 2 });
    config.set({ large: 2 });
    expect(rig.interrupts).toEqual(["config"]);
    void rig.frontend.reset();
    config.set({ large: 3 });
    expect(rig.interrupts).toEqual(["config"]);
  });
});

describe("queues", () => {
  it("CORE-VQ-FACT-DEV-001, CORE-VQ-FACT-DEV-003: sizes by index; 0 for what does not exist", () => {
    const { frontend } = new Rig();
    expect([0, 1, 2, 3, 65535, -1, 0.5].map((index) => frontend.queueMaxSize(index))).toEqual([8, 4, 0, 0, 0, 0, 0]);
    expect(frontend.queueCount).toBe(3);
  });

  it("set-up is refused for bad indexes, sizes and addresses, before FEATURES_OK, twice, and after DRIVER_OK", () => {
    const rig = new Rig();
    const setUp = (index: number, size: number, areas = AREAS): boolean => rig.frontend.setUpQueue(index, { size, areas });
    expect(setUp(0, 8)).toBe(false);
    rig.negotiate();
    expect([setUp(2, 4), setUp(3, 4), setUp(-1, 4), setUp(0, 16), setUp(0, 0), setUp(0, 3), setUp(1, 8)]).toEqual(Array(7).fill(false));
    for (const area of [{ descriptor: 0x1008 }, { driver: 0x2_0000 }, { device: 2 ** 60 }, { descriptor: Number.NaN }]) {
      expect(setUp(0, 8, { ...AREAS, ...area })).toBe(false);
    }
    expect(rig.frontend.queueEnabled(0)).toBe(false);
    expect(setUp(0, 8)).toBe(true);
    expect([rig.frontend.queueEnabled(0), rig.frontend.queueSize(0)]).toEqual([true, 8]);
    rig.frontend.writeStatus(READY);
    expect([setUp(0, 4), setUp(1, 4), rig.frontend.disableQueue(0)]).toEqual([false, false, false]);
    expect(rig.frontend.queueSize(0)).toBe(8); // CVE-2026-5747: the size of a queue in service cannot change
  });

  it("2.7.7: a device says when it needs no available buffer notifications, and looks when it needs them again", () => {
    const rig = new Rig();
    rig.device.hold = true;
    rig.start();
    const queue = rig.device.context?.queue(0);
    queue?.disableNotifications();
    expect(rig.send("quiet")).toBe(false);
    expect(queue?.enableNotifications()).toBe(true);
    rig.frontend.notify(0);
    expect(queue?.enableNotifications()).toBe(false);
    expect([rig.send("loud"), queue?.inFlight]).toEqual([true, 1]);
  });

  it.each(["stopQueue", "resetQueue"] as const)("CORE-SUSPEND-DEV-011: %s ends the wait for the buffers of a queue", (end) => {
    const rig = new Rig(undefined, { extraFeatures: [F_SUSPEND, F_RING_RESET] });
    rig.device.hold = true;
    rig.start([32, F_SUSPEND, F_RING_RESET]);
    rig.send("held");
    rig.frontend.notify(0);
    rig.frontend.writeStatus(READY | 16);
    expect(rig.frontend.status).toBe(READY);
    rig.frontend[end](0);
    expect(rig.frontend.status).toBe((READY & ~DRIVER_OK) | 16);
  });

  it("a queue can be disabled when not in service: after a reset, or before DRIVER_OK", () => {
    const rig = new Rig();
    expect([rig.frontend.disableQueue(0), rig.frontend.disableQueue(9)]).toEqual([true, false]);
    rig.negotiate();
    rig.setUp();
    expect(rig.frontend.disableQueue(0)).toBe(true);
    expect(rig.frontend.queueEnabled(0)).toBe(false);
    rig.frontend.writeStatus(READY);
    expect(rig.frontend.notify(0)).toBe(true);
    expect(rig.device.events).toEqual(["negotiated 32", "activate"]);
    expect(rig.frontend.disableQueue(0)).toBe(true);
  });

  it("4.2.2.1: a queue that is stopped gives and takes nothing more, and comes back with a reset of the device", () => {
    const rig = new Rig(undefined, { extraFeatures: [F_RING_RESET] });
    rig.device.hold = true;
    rig.start([32, F_RING_RESET]);
    rig.send("in work");
    rig.frontend.notify(0);
    expect([rig.frontend.stopQueue(0), rig.frontend.stopQueue(1), rig.frontend.stopQueue(7)]).toEqual([true, true, false]);
    rig.device.release();
    rig.send("late");
    expect(rig.frontend.notify(0)).toBe(true);
    expect([rig.received(), rig.interrupts]).toEqual([[], []]);
    expect([rig.frontend.stopQueue(0), rig.frontend.disableQueue(0), rig.setUp()]).toEqual([false, false, false]);
    void rig.frontend.reset();
    rig.device.hold = false;
    rig.start();
    rig.send("anew");
    rig.frontend.notify(0);
    expect(rig.received()).toEqual(["anew:4"]);
  });

  it("a queue that is not in service yet is only forgotten when stopped", () => {
    const rig = new Rig();
    rig.negotiate();
    rig.setUp();
    expect([rig.frontend.stopQueue(0), rig.frontend.queueEnabled(0), rig.setUp()]).toEqual([true, false, true]);
  });

  it("notifications of queues that do not exist are refused", () => {
    const rig = new Rig();
    rig.start();
    expect([0, 1, 2, 3, 65536, -1].map((index) => rig.frontend.notify(index))).toEqual([true, true, false, false, false, false]);
  });

  it("a device that notifies itself in the middle of a notification gets the call afterwards", () => {
    let depth = 0;
    let deepest = 0;
    let calls = 0;
    const frontend = new VirtioFrontend(
      {
        deviceId: 1,
        features: new FeatureSet(),
        queueMaxSizes: [4],
        config: new ConfigSpace({}),
        activate: () => ({
          notify: () => {
            deepest = Math.max(deepest, ++depth);
            if (++calls < 5) frontend.notify(0);
            depth--;
          },
          reset: () => {},
        }),
      },
      { memory: new FlatMemory(0x1_0000), interrupts: { queueInterrupt: () => {}, configInterrupt: () => {} } },
    );
    frontend.writeStatus(ACK | DRIVER);
    frontend.setDriverFeatures(1, 1);
    frontend.writeStatus(ACK | DRIVER | FEATURES_OK);
    frontend.setUpQueue(0, { size: 4, areas: AREAS });
    frontend.writeStatus(READY);
    expect([deepest, calls]).toEqual([1, 5]);
  });

  it("CORE-VQRESET-DEV-001, CORE-VQRESET-DEV-002, CORE-VQRESET-DEV-003, CORE-VQRESET-DEV-004: a queue alone is reset and enabled anew with another size", async () => {
    const rig = new Rig(undefined, { extraFeatures: [F_RING_RESET] });
    rig.device.hold = true;
    rig.start([32, F_RING_RESET]);
    rig.send("lost");
    rig.frontend.notify(0);
    let open = (): void => {};
    rig.device.resetGate = new Promise((resolve) => {
      open = resolve;
    });
    const pending = rig.frontend.resetQueue(0);
    expect(pending).toBeInstanceOf(Promise);
    expect(rig.frontend.queueEnabled(0)).toBe(true);
    rig.device.release();
    rig.send("after");
    rig.frontend.notify(0);
    open();
    await pending;
    expect([rig.frontend.queueEnabled(0), rig.received(), rig.interrupts]).toEqual([false, [], []]);
    rig.device.hold = false;
    expect(rig.setUp(0, { size: 8 })).toBe(true);
    rig.send("anew");
    rig.frontend.notify(0);
    expect([rig.received(), rig.frontend.queueSize(0)]).toEqual([["anew:4"], 8]);
  });

  it("a device that fails in the reset of a queue keeps nobody waiting", async () => {
    for (const async of [false, true]) {
      const rig = new Rig(undefined, { extraFeatures: [F_RING_RESET] });
      const { activate } = rig.device;
      rig.device.activate = (context) => ({
        ...activate.call(rig.device, context),
        resetQueue: () => {
          if (async) return Promise.reject(new Error("late"));
          throw new Error("at once");
        },
      });
      rig.start([32, F_RING_RESET]);
      await rig.frontend.resetQueue(0);
      expect([rig.frontend.queueEnabled(0), rig.logs.filter((line) => line.startsWith("error"))]).toEqual([false, [expect.anything()]]);
    }
  });

  it("CORE-VQRESET-DEV-001: refused without the feature, or for a queue not in service", () => {
    const rig = new Rig(undefined, { extraFeatures: [F_RING_RESET] });
    rig.start([32]);
    expect([rig.frontend.resetQueue(0), rig.frontend.resetQueue(1), rig.frontend.resetQueue(7)]).toEqual([false, false, false]);
  });
});

describe("legacy interface", () => {
  it("CORE-TERM-DEV-001, CORE-TERM-DEV-002, CORE-CONF-DEV-002: which interfaces a device has is fixed", () => {
    const modern = new Rig();
    expect([modern.frontend.driverInterface, modern.frontend.useInterface("legacy")]).toEqual(["modern", false]);
    const legacy = new Rig(undefined, { personality: "legacy", legacyEndian: "big" });
    expect([legacy.frontend.driverInterface, legacy.frontend.useInterface("modern")]).toEqual(["legacy", false]);
    const both = new Rig(undefined, { personality: "transitional", legacyEndian: "big" });
    expect([both.frontend.useInterface("legacy"), both.frontend.useInterface("modern")]).toEqual([true, true]);
    both.start();
    expect([both.frontend.useInterface("legacy"), both.frontend.useInterface("modern")]).toEqual([false, true]);
    expect(() => new Rig(undefined, { personality: "transitional" })).toThrow(/byte order/);
  });

  it("CORE-FEAT-DEV-006, CORE-FEAT-DEV-007, CORE-FEAT-DEV-008, CORE-RSVF-DEV-011, CORE-RSVF-DEV-013: offers 32 bits, ANY_LAYOUT and NOTIFY_ON_EMPTY among them", () => {
    const { frontend } = legacyRig();
    expect([0, 1, 2].map((word) => frontend.deviceFeatures(word))).toEqual([0x3900_0003, 0, 0]);
    const device = new EchoDevice();
    device.legacyFeatures = new FeatureSet([F_C]);
    expect(legacyRig(device).frontend.deviceFeatures(0) & 0xff).toBe(1 << F_C);
  });

  it("the other interface begins anew: what was written through the first is gone", () => {
    const { frontend } = legacyRig();
    frontend.setDriverFeatures(0, 1 << F_A);
    frontend.writeStatus(ACK | DRIVER);
    frontend.setUpLegacyQueue(0, { address: 0x1000, size: 8, align: 4096 });
    expect(frontend.useInterface("modern")).toBe(true);
    expect([frontend.status, frontend.driverFeatures(0), frontend.queueEnabled(0)]).toEqual([0, 0, false]);
  });

  it("CORE-INIT-DEV-001: configuration can be written before the features are read", () => {
    const rig = legacyRig();
    rig.frontend.writeConfig(16, new Uint8Array([1, 2, 3, 4]));
    expect((rig.device.config as ConfigSpace<Record<string, { offset: number; width: 4 }>>).get("knob")).toBe(0x0102_0304);
  });

  it("CORE-INIT-DEV-002: the device can be used before DRIVER_OK", () => {
    const rig = legacyRig();
    rig.frontend.writeStatus(ACK | DRIVER);
    rig.ring = createDriverVirtqueue(rig.memory, { endian: "big", size: 8, areas: { descriptor: 0x1000, driver: 0x1080, device: 0x2000 } });
    expect(rig.frontend.setUpLegacyQueue(0, { address: 0x1000, size: 8, align: 4096 })).toBe(true);
    rig.send("soon");
    rig.frontend.notify(0);
    expect([rig.received(), rig.interrupts]).toEqual([["soon:4"], ["queue 0"]]);
    // Queues that come later are served, too.
    const second = { descriptor: 0x4000, driver: 0x4040, device: 0x5000 };
    rig.ring = createDriverVirtqueue(rig.memory, { endian: "big", size: 4, areas: second });
    rig.send("second");
    expect(rig.frontend.setUpLegacyQueue(1, { address: 0x4000, size: 4, align: 4096 })).toBe(true);
    expect(rig.received()).toEqual(["second:6"]);
    expect(rig.frontend.writeStatus(ACK | DRIVER | DRIVER_OK)).toBe(true);
    expect(rig.device.events.filter((event) => event === "activate")).toHaveLength(1);
  });

  it("3.1.2: a boot loader that writes DRIVER_OK alone is served; bits not offered are ignored", () => {
    const rig = legacyRig();
    rig.frontend.setDriverFeatures(0, 0xffff_ffff);
    rig.ring = createDriverVirtqueue(rig.memory, { endian: "big", size: 8, areas: { descriptor: 0x1000, driver: 0x1080, device: 0x2000 } });
    rig.frontend.setUpLegacyQueue(0, { address: 0x1000, size: 8, align: 4096 });
    expect(rig.frontend.writeStatus(DRIVER_OK)).toBe(true);
    expect([...rig.frontend.features]).toEqual([F_A, F_B, 24, 27, 28, 29]);
    expect(rig.frontend.features.has(F_NOTIFY_ON_EMPTY)).toBe(true);
    rig.send("x");
    rig.frontend.notify(0);
    expect(rig.received()).toEqual(["x:1"]);
  });

  it("a bad alignment or address of the ring is refused", () => {
    const rig = legacyRig();
    for (const align of [0, 3, 0xffff_ffff]) expect(rig.frontend.setUpLegacyQueue(0, { address: 0x1000, size: 8, align })).toBe(false);
    expect(rig.frontend.setUpLegacyQueue(0, { address: 0x1_f000, size: 8, align: 4096 })).toBe(false);
    expect(rig.frontend.setUpLegacyQueue(0, { address: 0x1001, size: 8, align: 4096 })).toBe(false);
  });

  it("CORE-STATUS-DEV-003: after a malformed ring the device stops; the bit NEEDS_RESET is not for legacy drivers", () => {
    const rig = legacyRig();
    rig.ring = createDriverVirtqueue(rig.memory, { endian: "big", size: 8, areas: { descriptor: 0x1000, driver: 0x1080, device: 0x2000 } });
    rig.frontend.setUpLegacyQueue(0, { address: 0x1000, size: 8, align: 4096 });
    rig.frontend.writeStatus(READY & ~FEATURES_OK);
    rig.memory.storeUint16(0x1082, 0x7000, "big");
    rig.frontend.notify(0);
    rig.frontend.notify(0);
    expect([rig.frontend.needsReset, rig.frontend.status, rig.interrupts]).toEqual([true, ACK | DRIVER | DRIVER_OK, []]);
    void rig.frontend.reset();
    expect(rig.frontend.needsReset).toBe(false);
  });
});
