import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EchoDevice, F_A, F_C } from "../../test/echo-device.ts";
import { ACK, AREAS, DRIVER, DRIVER_OK, FEATURES_OK, legacyRig, NEEDS_RESET, READY, Rig, type RigOptions } from "../../test/rig.ts";
import type { ConfigSpace } from "../config-space.ts";
import type { ActiveDevice, DeviceContext } from "../device.ts";
import { F_RING_PACKED, F_RING_RESET, F_SUSPEND, F_VERSION_1, FeatureSet } from "../features.ts";
import { VirtioStateError } from "./errors.ts";
import { StateReader } from "./state-reader.ts";
import type { VirtioState } from "./virtio-state.ts";

const SUSPEND = 16;

function throughJson(state: VirtioState): VirtioState {
  return JSON.parse(JSON.stringify(state)) as VirtioState;
}

/** A second device over the memory and with the driver of the first. */
function successor(rig: Rig, device = new EchoDevice(), options: RigOptions = {}): Rig {
  const next = new Rig(device, { memory: rig.memory, extraFeatures: [F_SUSPEND, F_RING_PACKED, F_RING_RESET], ...options });
  next.ring = rig.ring;
  return next;
}

/** The same, with the state of the first. */
function moved(rig: Rig, device?: EchoDevice, options?: RigOptions): Rig {
  const next = successor(rig, device, options);
  next.frontend.restore(throughJson(rig.frontend.save()));
  return next;
}

function make(device = new EchoDevice()): Rig {
  return new Rig(device, { extraFeatures: [F_SUSPEND, F_RING_PACKED, F_RING_RESET] });
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof VirtioStateError ? error.code : `other error: ${String(error)}`;
  }
  return "no error";
}

type Config = ConfigSpace<{ small: { offset: 0; width: 2 }; large: { offset: 8; width: 8 } }>;

describe("pause", () => {
  it("no buffer is begun, work is finished and told of, and resume serves what came in the meantime", async () => {
    const rig = make();
    rig.device.hold = true;
    rig.start(undefined, { size: 8 });
    rig.send("one");
    rig.send("two");
    rig.frontend.notify(0);
    let settled = false;
    const pending = rig.frontend.pause();
    expect([pending, rig.frontend.paused]).toEqual([expect.any(Promise), true]);
    void pending?.then(() => {
      settled = true;
    });
    rig.send("three");
    rig.frontend.notify(0);
    rig.device.held.shift()?.();
    await Promise.resolve();
    expect([rig.device.held.length, settled, rig.received()]).toEqual([1, false, ["one:3"]]);
    rig.device.release();
    await pending;
    expect([rig.received(), rig.interrupts]).toEqual([["two:3"], ["queue 0", "queue 0"]]);
    expect(rig.frontend.pause()).toBeUndefined();
    rig.frontend.resume();
    rig.device.release();
    expect([rig.received(), rig.frontend.paused]).toEqual([["three:5"], false]);
    rig.frontend.resume();
  });

  it("settles at resume, too, and at the end of a reset", async () => {
    const rig = make();
    rig.device.hold = true;
    rig.start();
    rig.send("one");
    rig.frontend.notify(0);
    const first = rig.frontend.pause();
    rig.frontend.resume();
    await first;
    let open = (): void => {};
    rig.device.resetGate = new Promise((resolve) => {
      open = resolve;
    });
    void rig.frontend.reset();
    const second = rig.frontend.pause();
    expect(second).toBeInstanceOf(Promise);
    open();
    await second;
    expect(rig.frontend.status).toBe(0);
  });

  it("a device may come into service while paused; it begins at resume", () => {
    const rig = make();
    expect(rig.frontend.pause()).toBeUndefined();
    rig.start();
    rig.send("x");
    rig.frontend.notify(0);
    expect(rig.received()).toEqual([]);
    rig.frontend.resume();
    expect(rig.received()).toEqual(["x:1"]);
  });

  it("a change of the configuration is notified at resume, once", () => {
    const rig = make();
    rig.start();
    void rig.frontend.pause();
    (rig.device.config as unknown as Config).set({ small: 1 });
    (rig.device.config as unknown as Config).set({ small: 2 });
    expect(rig.interrupts).toEqual([]);
    rig.frontend.resume();
    expect(rig.interrupts).toEqual(["config"]);
  });
});

describe("save and restore", () => {
  it("at every stage of the initialization, which goes on from there", () => {
    const stages: ((rig: Rig) => void)[] = [
      ({ frontend }) => void frontend.writeStatus(ACK),
      ({ frontend }) => void frontend.writeStatus(ACK | DRIVER),
      ({ frontend }) => void frontend.setDriverFeatures(0, 1 << F_A),
      ({ frontend }) => void frontend.setDriverFeatures(1, 1),
      ({ frontend }) => void frontend.writeStatus(ACK | DRIVER | FEATURES_OK),
      (rig) => void rig.setUp(),
      ({ frontend }) => void frontend.writeStatus(READY),
    ];
    for (let at = 0; at <= stages.length; at++) {
      let rig = make();
      for (const [index, stage] of stages.entries()) {
        if (index === at) rig = moved(rig);
        stage(rig);
      }
      if (at === stages.length) rig = moved(rig);
      expect([rig.frontend.status, [...rig.frontend.features], rig.frontend.queueSize(0)]).toEqual([READY, [F_A, F_VERSION_1], 4]);
      rig.send("hello");
      rig.frontend.resume();
      rig.frontend.notify(0);
      expect(rig.received()).toEqual(["hello:5"]);
    }
  });

  it("gives the same state again", () => {
    for (const features of [[F_VERSION_1], [F_VERSION_1, F_SUSPEND, F_A], [F_VERSION_1, F_RING_PACKED]]) {
      const rig = make();
      rig.device.hold = true;
      rig.start(features, { format: features.includes(F_RING_PACKED) ? "packed" : "split" });
      rig.send("x");
      rig.frontend.notify(0);
      rig.frontend.writeStatus(READY | SUSPEND);
      const state = throughJson(rig.frontend.save());
      const next = successor(rig);
      const before = rig.memory.view(0, rig.memory.size).slice();
      next.frontend.restore(state);
      expect(throughJson(next.frontend.save())).toEqual(state);
      expect(rig.memory.view(0, rig.memory.size)).toEqual(before);
      expect([next.interrupts, next.device.events.filter((event) => event.startsWith("notify"))]).toEqual([[], []]);
    }
  });

  it.each(["split", "packed"] as const)("%s rings: buffers in work are begun anew after resume, and answered once", (format) => {
    const rig = make();
    rig.device.hold = true;
    rig.start(format === "packed" ? [F_VERSION_1, F_RING_PACKED] : [F_VERSION_1], { format });
    rig.send("held");
    rig.frontend.notify(0);
    const next = moved(rig);
    void rig.frontend.reset();
    rig.device.release(); // comes too late
    expect([next.frontend.paused, next.received()]).toEqual([true, []]);
    next.frontend.notify(0);
    expect(next.received()).toEqual([]);
    next.frontend.resume();
    expect([next.received(), next.interrupts]).toEqual([["held:4"], ["queue 0"]]);
    next.send("more");
    next.frontend.notify(0);
    expect(next.received()).toEqual(["more:4"]);
  });

  it("a buffer that is done but not published is published at resume, and not before", () => {
    const rig = make();
    rig.device.hold = true;
    rig.start([F_VERSION_1, F_SUSPEND]);
    rig.send("done");
    rig.frontend.notify(0);
    const queue = rig.device.context?.queue(0);
    rig.device.flushes = false;
    rig.device.release();
    rig.frontend.writeStatus(READY | SUSPEND);
    expect([queue?.inFlight, rig.received(), rig.frontend.status]).toEqual([0, [], READY]);
    const device = new EchoDevice();
    device.flushes = false;
    const next = moved(rig, device);
    expect([next.received(), next.interrupts]).toEqual([[], []]);
    next.frontend.resume();
    expect([next.received(), next.interrupts]).toEqual([["done:4"], ["queue 0"]]);
    expect(next.frontend.status).toBe((READY & ~DRIVER_OK) | SUSPEND);
  });

  it("of a configuration that is another one now the driver hears at resume", () => {
    const rig = make();
    rig.start();
    (rig.device.config as unknown as Config).set({ small: 7 });
    const generation = rig.frontend.configGeneration;
    const same = new EchoDevice();
    (same.config as unknown as Config).set({ small: 7 });
    const first = moved(rig, same);
    first.frontend.resume();
    expect([first.interrupts, first.frontend.configGeneration]).toEqual([[], generation]);
    const second = moved(rig, new EchoDevice());
    expect(second.interrupts).toEqual([]);
    second.frontend.resume();
    expect([second.interrupts, second.frontend.configGeneration]).toEqual([["config"], generation + 1]);
  });

  it("a suspended device stays so, and one on its way there finishes", () => {
    const rig = make();
    rig.device.hold = true;
    rig.start([F_VERSION_1, F_SUSPEND]);
    rig.send("x");
    rig.frontend.notify(0);
    rig.frontend.writeStatus(READY | SUSPEND);
    expect(rig.frontend.status).toBe(READY);
    const next = moved(rig);
    expect(next.frontend.status).toBe(READY);
    next.frontend.resume();
    expect([next.received(), next.frontend.status]).toEqual([["x:1"], (READY & ~DRIVER_OK) | SUSPEND]);
    (next.device.config as unknown as Config).set({ small: 3 });
    const third = moved(next);
    third.frontend.resume();
    const bytes = new Uint8Array(2);
    third.frontend.readConfig(0, bytes);
    third.send("later");
    third.frontend.notify(0);
    expect([[...bytes], third.received(), third.interrupts]).toEqual([[0, 0], [], []]);
    third.frontend.writeStatus(READY);
    expect([third.received(), third.interrupts]).toEqual([["later:5"], ["config", "queue 0"]]);
  });

  it("a broken device stays broken until its reset", () => {
    const rig = make();
    rig.start();
    rig.device.context?.fail(new Error("gone"));
    const next = moved(rig);
    next.frontend.resume();
    next.send("x");
    next.frontend.notify(0);
    expect([next.frontend.status, next.frontend.needsReset, next.device.events]).toEqual([READY | NEEDS_RESET, true, ["negotiated 32"]]);
    void next.frontend.reset();
    next.start();
    next.send("y");
    next.frontend.notify(0);
    expect(next.received()).toEqual(["y:1"]);
  });

  it("with a legacy driver that uses the device before DRIVER_OK", () => {
    const options = { personality: "transitional", legacyEndian: "big" } as const;
    const rig = legacyRig();
    rig.device.hold = true;
    rig.frontend.setDriverFeatures(0, 1 << F_A);
    rig.setUp(0, { size: 8, endian: "big" });
    rig.send("soon");
    rig.frontend.notify(0);
    const next = successor(rig, undefined, options);
    next.frontend.useInterface("legacy");
    next.frontend.setUpLegacyQueue(1, { address: 0x8000, size: 4, align: 4096 }); // forgotten
    next.frontend.restore(throughJson(rig.frontend.save()));
    expect(next.frontend.queueEnabled(1)).toBe(false);
    expect([next.frontend.driverInterface, [...next.frontend.features]]).toEqual(["legacy", [F_A]]);
    next.frontend.resume();
    expect(next.received()).toEqual(["soon:4"]);
    expect(codeOf(() => successor(rig).frontend.restore(rig.frontend.save()))).toBe("ERR_VIRTIO_STATE_DEVICE");
    const other = successor(rig, undefined, options).frontend;
    expect(codeOf(() => other.restore({ ...rig.frontend.save(), active: null }))).toBe("ERR_VIRTIO_STATE");
    expect(other.driverInterface).toBe("modern");
  });

  it("a queue that was taken out of service is out of it", () => {
    const rig = make();
    rig.start();
    rig.frontend.stopQueue(0);
    const next = moved(rig);
    next.frontend.resume();
    next.send("x");
    next.frontend.notify(0);
    expect([next.frontend.queueEnabled(0), next.received()]).toEqual([true, []]);
  });

  it("not during a reset, and not into a device in use", async () => {
    const rig = make();
    rig.start([F_VERSION_1, F_RING_RESET]);
    const state = rig.frontend.save();
    expect(codeOf(() => rig.frontend.restore(state))).toBe("ERR_VIRTIO_STATE_BUSY");
    let open = (): void => {};
    rig.device.resetGate = new Promise((resolve) => {
      open = resolve;
    });
    const queueReset = rig.frontend.resetQueue(0);
    expect(codeOf(() => rig.frontend.save())).toBe("ERR_VIRTIO_STATE_BUSY");
    const paused = rig.frontend.pause();
    expect(paused).toBeInstanceOf(Promise);
    open();
    await queueReset;
    await paused;
    expect(rig.frontend.save().queues[0]).toBeNull();
    rig.frontend.resume();
    rig.device.resetGate = Promise.resolve();
    const reset = rig.frontend.reset();
    expect(codeOf(() => rig.frontend.save())).toBe("ERR_VIRTIO_STATE_BUSY");
    expect(codeOf(() => rig.frontend.restore(state))).toBe("ERR_VIRTIO_STATE_BUSY");
    await reset;
    rig.frontend.restore(state);
    expect(rig.frontend.status).toBe(READY);
  });
});

describe("a state of its own", () => {
  /** Counts the buffers that it saw, in all its life and in this activation; the driver can set an offset. */
  class Counter extends EchoDevice {
    total = 0;
    now = 0;
    override activate(context: DeviceContext): ActiveDevice {
      const { restored } = context;
      this.now = restored === undefined ? 0 : new StateReader(restored, "counter").integer("now", 0, 1000);
      const echo = super.activate(context);
      return {
        ...echo,
        notify: (index) => {
          this.total++;
          this.now++;
          echo.notify(index);
        },
        save: () => ({ now: this.now }),
      };
    }
    save(): unknown {
      return { total: this.total };
    }
    restore(state: unknown): void {
      this.total = new StateReader(state, "counter").integer("total", 0, 1000);
    }
    override reset(): void {
      this.total = 0;
    }
  }

  it("goes with that of the frontend", () => {
    const rig = make(new Counter());
    rig.start();
    const next = new Counter();
    moved(rig, next);
    expect([next.total, next.now]).toEqual([1, 1]);
  });

  it("is checked by the device; a refusal leaves it as after a reset", () => {
    const rig = make(new Counter());
    rig.start();
    const state = throughJson(rig.frontend.save());
    for (const bad of [{ device: { total: -1 } }, { device: null }, { active: { state: { now: "1" } } }, { active: { state: null } }]) {
      const next = successor(rig, new Counter());
      expect(codeOf(() => next.frontend.restore({ ...state, ...bad }))).toBe("ERR_VIRTIO_STATE");
      expect([next.frontend.status, (next.device as Counter).total, next.frontend.paused]).toEqual([0, 0, false]);
      next.start();
      next.send("x");
      next.frontend.notify(0);
      expect(next.received()).toEqual(["x:1"]);
    }
    const plain = successor(rig);
    expect(codeOf(() => plain.frontend.restore(state))).toBe("ERR_VIRTIO_STATE_DEVICE");
  });

  it("an error of the device itself is a refusal with a cause", () => {
    const rig = make();
    rig.start();
    const next = successor(rig);
    next.device.failActivation = true;
    expect(codeOf(() => next.frontend.restore(rig.frontend.save()))).toBe("ERR_VIRTIO_STATE");
    expect([next.frontend.status, next.frontend.paused]).toEqual([0, false]);
    void next.frontend.pause();
    expect(codeOf(() => next.frontend.restore(rig.frontend.save()))).toBe("ERR_VIRTIO_STATE");
    expect(next.frontend.paused).toBe(true);
  });
});

describe("states of unknown origin", () => {
  const rig = make();
  rig.device.hold = true;
  rig.start([F_VERSION_1, F_SUSPEND, F_A]);
  rig.send("x");
  rig.frontend.notify(0);
  const state = throughJson(rig.frontend.save());
  const refusal = (change: object, device?: EchoDevice) => codeOf(() => successor(rig, device).frontend.restore({ ...state, ...change }));

  it("of another version, device, offer or size are refused for that", () => {
    expect(refusal({})).toBe("no error");
    expect([refusal({ version: 2 }), refusal({ version: undefined })]).toEqual(["ERR_VIRTIO_STATE_VERSION", "ERR_VIRTIO_STATE_VERSION"]);
    expect(refusal({ deviceId: 2 })).toBe("ERR_VIRTIO_STATE_DEVICE");
    expect(refusal({ driverInterface: "legacy" })).toBe("ERR_VIRTIO_STATE_DEVICE");
    const poorer = new EchoDevice();
    poorer.features = new FeatureSet([F_C]);
    expect(refusal({}, poorer)).toBe("ERR_VIRTIO_STATE_DEVICE");
    const smaller = new EchoDevice();
    smaller.queueMaxSizes = [2];
    expect(refusal({}, smaller)).toBe("ERR_VIRTIO_STATE_DEVICE");
  });

  it("that contradict themselves are refused", () => {
    const [queue] = state.queues;
    const changes: object[] = [
      { status: READY | 0x20 },
      { status: READY & ~FEATURES_OK },
      { status: READY & ~DRIVER },
      { status: READY & ~DRIVER_OK },
      { status: READY | SUSPEND },
      { status: (READY & ~DRIVER_OK) | SUSPEND },
      { status: READY | NEEDS_RESET },
      { status: 0 },
      { broken: true },
      { broken: true, active: null, status: READY },
      { features: null },
      { active: null },
      { suspending: true, features: [F_VERSION_1], driverFeatures: [F_VERSION_1] },
      { config: { ...state.config, frozen: state.config.bytes } },
      { queues: [{ ...queue, areas: { ...AREAS, device: 0x2_0000 } }] },
      { queues: [{ ...queue, size: 8 }] },
      { queues: [queue, queue, queue] },
      { features: [F_VERSION_1] },
      { driverFeatures: [F_VERSION_1, 3], features: [F_VERSION_1, 3] },
    ];
    for (const change of changes) expect(refusal(change), JSON.stringify(change)).toMatch(/^ERR_VIRTIO_STATE(_DEVICE)?$/);
  });

  it("that are truncated are refused, whatever is missing", () => {
    for (const name of Object.keys(state)) expect(refusal({ [name]: undefined }), name).toMatch(/^ERR_VIRTIO_STATE/);
    for (const value of [undefined, null, 1, "", [], {}, "x".repeat(100)]) {
      expect(codeOf(() => successor(rig).frontend.restore(value))).toMatch(/^ERR_VIRTIO_STATE/);
    }
  });

  it("survived: whatever is changed in one, it is restored or refused, nothing else happens, and the device can be used", () => {
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value !== "object" || value === null) return;
      for (const key of Object.keys(value)) walk((value as Record<string, unknown>)[key], [...path, key]);
    };
    walk(state, []);
    const junk = fc.oneof(
      fc.constantFrom<unknown>(undefined, null, true, "", "zz", -1, 0, 1, 0.5, 2 ** 31, 2 ** 53, Number.NaN, {}, [], [null]),
      fc.nat(0x2_0000),
      fc.array(fc.nat(100), { maxLength: 4 }),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...paths), junk), { minLength: 1, maxLength: 3 }), (changes) => {
        const hostile = throughJson(state) as unknown as Record<string | number, unknown>;
        for (const [path, value] of changes) {
          let at: Record<string | number, unknown> | undefined = hostile;
          for (const key of path.slice(0, -1)) at = at?.[key] as typeof at;
          if (typeof at === "object" && at !== null) at[path.at(-1) as string] = value;
        }
        const next = successor(rig);
        const before = rig.memory.view(0, rig.memory.size).slice();
        const untouched = () => rig.memory.view(0, rig.memory.size).every((byte, at) => byte === before[at]);
        const code = codeOf(() => next.frontend.restore(hostile));
        expect(code === "no error" || code.startsWith("ERR_VIRTIO_STATE")).toBe(true);
        expect(untouched()).toBe(true);
        if (code === "no error") next.frontend.resume();
        for (let queue = 0; queue < 3; queue++) next.frontend.notify(queue);
        rig.memory.write(0, before);
        void next.frontend.reset();
        expect(next.frontend.status).toBe(0);
        expect(next.negotiate()).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a life with moves", () => {
  type Step = "send" | "release" | "pause" | "resume" | "move";
  it.each(["split", "packed"] as const)("%s rings: every buffer is answered exactly once, whenever the device is moved", (format) => {
    const features = format === "packed" ? [F_VERSION_1, F_RING_PACKED] : [F_VERSION_1];
    const steps = fc.array(fc.constantFrom<Step>("send", "release", "pause", "resume", "move"), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (list) => {
        let rig = make();
        rig.device.hold = true;
        rig.start(features, { format, size: 8 });
        const sent: string[] = [];
        const answers: string[] = [];
        for (const step of [...list, "resume" as const]) {
          if (step === "send" && sent.length - answers.length < 4) {
            sent.push(`${sent.length}:1`);
            rig.send(
              String(sent.length - 1)
                .slice(-1)
                .padStart(1),
            );
            rig.frontend.notify(0);
          } else if (step === "release") rig.device.release();
          else if (step === "pause") void rig.frontend.pause();
          else if (step === "resume") rig.frontend.resume();
          else if (step === "move") {
            const device = new EchoDevice();
            device.hold = true;
            const next = moved(rig, device);
            void rig.frontend.reset();
            rig.device.release();
            rig = next;
          }
          answers.push(...rig.received());
        }
        rig.device.release();
        answers.push(...rig.received());
        expect(answers.length).toBe(sent.length);
      }),
    );
  });
});
