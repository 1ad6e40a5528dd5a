import { F_NOTIFICATION_DATA } from "@zarch/virtio";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MmioGuest, RING_PACKED, settle, VERSION_1 } from "../test/mmio-guest.ts";
import { VirtioMmioRegister as Register, VirtioMmioLegacyRegister, type VirtioMmioOptions } from "./index.ts";

const anyOffset = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...Object.values(Register), ...Object.values(VirtioMmioLegacyRegister)) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 0x220 }) },
  { weight: 1, arbitrary: fc.constantFrom(-4, 0.5, 2 ** 31, 2 ** 32 + 4, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY) },
);
const anyWidth = fc.oneof(
  { weight: 12, arbitrary: fc.constant(4) },
  { weight: 2, arbitrary: fc.constantFrom(1, 2) },
  fc.constantFrom(0, 3, 8, -1, 64),
);
const anyValue = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 11, 15, 16, 64, 128, 4096),
  fc.constantFrom(0x1_0000, 0x1_1000, 0x1_2000, 0x4_0000, 0x7_fff0, 0x8_0000, 0x20_0000, 0x7fff_ffff, 0xffff_ffff),
  fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }),
);

type Step =
  | { do: "read"; offset: number; width: number }
  | { do: "write"; offset: number; width: number; value: number }
  | { do: "bring up" | "offer" | "send" | "hold" | "release" | "change" | "fail" | "wait" | "open the gate" | "close the gate" }
  | { do: "scribble"; at: number; value: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("read" as const), offset: anyOffset, width: anyWidth }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant("write" as const), offset: anyOffset, width: anyWidth, value: anyValue }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "bring up" as const,
        "offer",
        "send",
        "hold",
        "release",
        "change",
        "fail",
        "wait",
        "open the gate",
        "close the gate",
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("scribble" as const), at: fc.nat(0x2fff), value: fc.nat(255) }) },
);

const modes: Partial<VirtioMmioOptions>[] = [
  {},
  { ring: { packed: true }, extraFeatures: [F_NOTIFICATION_DATA] },
  { version: 1, legacyEndian: "big" },
  { version: 1, legacyEndian: "little" },
];

describe("a hostile guest", () => {
  it.each(modes)("gets a defined answer to all that it does, and then a good driver is served (property): %j", async (options) => {
    let served = 0;
    let broken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), fc.boolean(), async (steps, selfDma) => {
        const guest = new MmioGuest(options);
        const { device, memory, transport } = guest;
        const legacyEndian = options.version === 1 ? (options.legacyEndian ?? "big") : undefined;
        const start = () =>
          legacyEndian ? guest.startLegacy(legacyEndian) : guest.start(0, VERSION_1 | (options.ring?.packed ? RING_PACKED : 0));
        // The device's own answer hits its registers (CVE-2024-3446): notifications, a reset, configuration.
        let reentrant = 0;
        let token = 0;
        const stopObserving = memory.observeWrites((address) => {
          if (!selfDma || address < 0x4_0000 || ++reentrant > 50) return;
          for (const offset of [Register.queueNotify, Register.status, Register.config + 8]) transport.write(offset, 4, reentrant % 3);
        });
        let open = (): void => {};
        let ring = guest.ring();
        for (const each of steps) {
          switch (each.do) {
            case "read": {
              const value = transport.read(each.offset, each.width);
              expect(Number.isInteger(value) && value >= 0 && value < 2 ** 32).toBe(true);
              break;
            }
            case "write":
              expect(transport.write(each.offset, each.width, each.value)).toBe(undefined);
              break;
            case "scribble":
              memory.storeUint8(0x1_0000 + each.at, each.value);
              break;
            case "bring up":
              ring = start();
              break;
            case "offer":
            case "send":
              try {
                guest.offer(ring, token++ % 8);
              } catch {
                // The driver's half found its ring broken.
              }
              if (each.do === "send") guest.store(Register.queueNotify, 0);
              break;
            case "hold":
              device.hold = !device.hold;
              break;
            case "release":
              device.release();
              break;
            case "change":
              device.config.set({ capacity: steps.indexOf(each) });
              break;
            case "fail":
              device.context?.fail("test");
              break;
            case "wait":
              await settle();
              break;
            case "close the gate":
              device.resetGate ??= new Promise((resolve) => {
                open = resolve;
              });
              break;
            case "open the gate":
              device.resetGate = undefined;
              open();
          }
          // The line and InterruptStatus always say the same.
          expect(guest.line.at(-1) ?? false).toBe(transport.interruptPending);
          expect(guest.interruptStatus & ~3).toBe(0);
          if (transport.frontend.needsReset) broken++;
        }
        stopObserving();
        served += device.events.filter((event) => event.startsWith("notify")).length;
        expect(guest.log.filter((line) => line.startsWith("error") && !line.endsWith("needs a reset: test"))).toEqual([]);
        // However it went, a reset ends in bounded time, and then the device is as good as new.
        device.resetGate = undefined;
        device.hold = false;
        device.release();
        open();
        guest.status = 0;
        await settle();
        expect([guest.status, guest.interruptStatus, guest.transport.interruptPending]).toEqual([0, 0, false]);
        guest.send(start());
        expect([guest.answer(), guest.interruptStatus]).toEqual([[3, 2, 1], 1]);
      }),
      { numRuns: 250 },
    );
    // The guest gets somewhere: into service, and into trouble.
    expect([served > 100, broken > 50], `${served}, ${broken}`).toEqual([true, true]);
  });

  it.each([
    ["QueueNotify", Register.queueNotify, 0, [3, 2, 1]],
    ["QueueReady", Register.queueReady, 0, [0, 0, 0]],
    ["Status", Register.status, 0, [0, 0, 0]],
  ] as const)("a buffer that is the device's own %s harms nobody (CVE-2024-3446)", (_, register, value, second) => {
    const guest = new MmioGuest();
    const ring = guest.start();
    guest.offer(ring, 0);
    guest.offer(ring, 1);
    // A bus on which writes of the first answer arrive at a register.
    const stop = guest.memory.observeWrites((address) => address === 0x4_0003 && guest.store(register, value));
    guest.store(Register.queueNotify, 0);
    stop();
    expect([guest.answer(0), guest.answer(1)]).toEqual([[3, 2, 1], second]);
    expect(guest.log.filter((line) => line.startsWith("error"))).toEqual([]);
    guest.send(guest.start());
    expect(guest.answer()).toEqual([3, 2, 1]);
  });
});
