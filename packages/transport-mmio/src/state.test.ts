import { VirtioStateError } from "@zarch/virtio";
import { legacyAreas } from "@zarch/vring";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACKNOWLEDGE, DRIVER, FEATURES_OK, gate, MmioGuest, PAGE, READY, RING_RESET, settle, VERSION_1 } from "../test/mmio-guest.ts";
import { ReverseDevice } from "../test/reverse-device.ts";
import { VirtioMmioRegister as Register, VirtioMmioLegacyRegister, type VirtioMmioOptions } from "./index.ts";

const LEGACY: Partial<VirtioMmioOptions> = { version: 1, legacyEndian: "big" };

/** The guest goes on with another device, which has the state of the first one. */
function moved(guest: MmioGuest, options: Partial<VirtioMmioOptions> = {}): MmioGuest {
  const next = new MmioGuest({ memory: guest.memory, ...options });
  Object.assign(next, { memory: guest.memory });
  next.transport.restore(JSON.parse(JSON.stringify(guest.transport.save())));
  next.transport.frontend.resume();
  return next;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof VirtioStateError ? error.code : `other error: ${String(error)}`;
  }
  return "no error";
}

describe("save and restore", () => {
  it("after any register write of the initialization, which goes on from there", () => {
    const writes: [number, number][] = [
      [Register.status, ACKNOWLEDGE],
      [Register.status, ACKNOWLEDGE | DRIVER],
      [Register.deviceFeaturesSel, 1],
      [Register.driverFeaturesSel, 1],
      [Register.driverFeatures, VERSION_1],
      [Register.status, ACKNOWLEDGE | DRIVER | FEATURES_OK],
      [Register.shmSel, 7],
      [Register.queueSel, 1],
      [Register.queueSize, 8],
      [Register.queueDescLow, 0x1_0000],
      [Register.queueDescHigh, 0],
      [Register.queueDriverLow, 0x1_1000],
      [Register.queueDeviceLow, 0x1_2000],
      [Register.queueReady, 1],
      [Register.status, READY],
    ];
    for (let at = 0; at <= writes.length; at++) {
      let guest = new MmioGuest();
      for (const [i, write] of writes.entries()) {
        if (i === at) guest = moved(guest);
        guest.store(...write);
      }
      if (at === writes.length) guest = moved(guest);
      expect([guest.status, guest.load(Register.queueReady), guest.load(Register.deviceFeatures)]).toEqual([
        READY,
        1,
        VERSION_1 | RING_RESET,
      ]);
      guest.offer(guest.ring());
      guest.store(Register.queueNotify, 1);
      expect([guest.answer(), guest.interruptStatus]).toEqual([[3, 2, 1], 1]);
    }
  });

  it("the legacy layout, too", () => {
    const writes: [number, number][] = [
      [VirtioMmioLegacyRegister.guestPageSize, PAGE],
      [Register.status, ACKNOWLEDGE | DRIVER],
      [Register.queueSel, 1],
      [Register.queueSize, 8],
      [VirtioMmioLegacyRegister.queueAlign, PAGE],
      [VirtioMmioLegacyRegister.queuePfn, 0x10],
      [Register.status, 7],
    ];
    for (let at = 0; at <= writes.length; at++) {
      let guest = new MmioGuest(LEGACY);
      for (const [i, write] of writes.entries()) {
        if (i === at) guest = moved(guest, LEGACY);
        guest.store(...write);
      }
      if (at === writes.length) guest = moved(guest, LEGACY);
      expect([guest.status, guest.load(VirtioMmioLegacyRegister.queuePfn)]).toEqual([7, 0x10]);
      guest.offer(guest.ring(8, legacyAreas(0x1_0000, 8, PAGE), "big"));
      guest.store(Register.queueNotify, 1);
      expect(guest.answer()).toEqual([3, 2, 1]);
    }
  });

  it("the line is active again if it was, and a stopped queue stays stopped", () => {
    const guest = new MmioGuest();
    const ring = guest.start();
    guest.send(ring);
    guest.device.config.set({ level: 3 });
    guest.store(Register.queueReady, 0);
    const next = moved(guest);
    expect([next.line, next.interruptStatus, next.load(Register.queueReady), next.setUp(0, 8)]).toEqual([[true], 3, 0, 0]);
    next.acknowledge(3);
    next.send(ring, 1);
    expect([next.line, next.answer(1)]).toEqual([
      [true, false],
      [0, 0, 0],
    ]);
    next.send(next.start());
    expect(next.answer()).toEqual([3, 2, 1]);
  });

  it("gives the same state again", () => {
    const guest = new MmioGuest();
    guest.send(guest.start());
    expect(moved(guest).transport.save()).toEqual(guest.transport.save());
  });

  it("not in the middle of a reset, nor over a device in use", async () => {
    const guest = new MmioGuest();
    const { closed, open } = gate();
    guest.device.resetGate = closed;
    guest.start(0, VERSION_1 | RING_RESET);
    const state = guest.transport.save();
    expect(codeOf(() => guest.transport.restore(state))).toBe("ERR_VIRTIO_STATE_BUSY");
    expect(guest.status).toBe(READY);
    guest.store(Register.queueReset, 1);
    expect(codeOf(() => guest.transport.save())).toBe("ERR_VIRTIO_STATE_BUSY");
    guest.status = 0;
    expect(codeOf(() => guest.transport.save())).toBe("ERR_VIRTIO_STATE_BUSY");
    open();
    await settle();
    expect(codeOf(() => guest.transport.save())).toBe("no error");
  });

  it("another layout, another version of the format, other queues are refused", () => {
    const guest = new MmioGuest();
    guest.start();
    const state = guest.transport.save();
    const legacy = new MmioGuest(LEGACY);
    expect(codeOf(() => legacy.transport.restore(state))).toBe("ERR_VIRTIO_STATE_DEVICE");
    expect(codeOf(() => guest.transport.restore({ ...state, version: 2 }))).toBe("ERR_VIRTIO_STATE_VERSION");
    const other = new MmioGuest({}, Object.assign(new ReverseDevice(), { queueMaxSizes: [8] }));
    expect(codeOf(() => other.transport.restore(state))).toBe("ERR_VIRTIO_STATE_DEVICE");
  });

  it("registers that contradict the queues are refused, and the device is as after a reset", () => {
    const guest = new MmioGuest();
    guest.negotiate();
    guest.setUp(0, 8);
    const early = guest.transport.save();
    guest.status = READY;
    for (const state of [early, guest.transport.save()]) {
      const queues = state.registers.queues as Record<string, unknown>[];
      for (const wrong of [
        [{ ...queues[0], ready: false }, queues[1]],
        [queues[0], { ...queues[1], ready: true }],
        [{ ...queues[0], size: -1 }, queues[1]],
        [queues[0]],
      ]) {
        const next = new MmioGuest({ memory: guest.memory });
        const code = codeOf(() => next.transport.restore({ ...state, registers: { ...state.registers, queues: wrong } }));
        expect(code).toMatch(/^ERR_VIRTIO_STATE/);
        expect([next.status, next.transport.frontend.paused, next.line]).toEqual([0, false, []]);
        Object.assign(next, { memory: guest.memory });
        next.send(next.start());
        expect(next.answer()).toEqual([3, 2, 1]);
      }
    }
  });

  it("a state of unknown origin restores or is refused, and the device can be used (property)", () => {
    let restored = 0;
    const paths = fc.array(fc.nat(20), { minLength: 1, maxLength: 6 });
    const junk = fc.oneof(fc.jsonValue(), fc.constantFrom(0, 1, -1, 2 ** 32, 2 ** 53, true, false, null, [], {}, 0x1_0000));
    fc.assert(
      fc.property(fc.constantFrom<Partial<VirtioMmioOptions>>({}, LEGACY), paths, junk, (options, path, value) => {
        const start = (guest: MmioGuest) => (options === LEGACY ? guest.startLegacy("big") : guest.start());
        const guest = new MmioGuest(options);
        guest.send(start(guest));
        const state = JSON.parse(JSON.stringify(guest.transport.save()));
        let at = state;
        for (const [depth, choice] of path.entries()) {
          const keys = Object.keys(at);
          const key = keys[choice % keys.length];
          if (key === undefined) break;
          if (depth === path.length - 1 || typeof at[key] !== "object" || at[key] === null) {
            at[key] = value;
            break;
          }
          at = at[key];
        }
        const next = new MmioGuest({ ...options, memory: guest.memory });
        Object.assign(next, { memory: guest.memory });
        const code = codeOf(() => next.transport.restore(state));
        expect(code).toMatch(/^(no error|ERR_VIRTIO_STATE.*)$/);
        if (code === "no error") {
          restored++;
          next.transport.frontend.resume();
        } else expect(next.status).toBe(0);
        next.status = 0;
        next.send(start(next));
        expect([next.answer(), next.interruptStatus]).toEqual([[3, 2, 1], 1]);
      }),
      { numRuns: 400 },
    );
    expect(restored).toBeGreaterThan(20);
  });
});
