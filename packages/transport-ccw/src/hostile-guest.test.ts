import { CcwFlags, DeviceStatus, StatusControl, SubchannelStatus } from "@zarch/channel-subsystem";
import type { LogLevel } from "@zarch/vmm-interface";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, CcwGuest } from "./ccw-guest.test-support.ts";
import { CcwNotifications, VirtioCcwCommand } from "./index.ts";

const { setRevision, setVirtqueue, setIndicators, setConfigIndicators, setAdapterIndicators, writeStatus, writeFeatures } =
  VirtioCcwCommand;

const address = fc.constantFrom(
  0,
  8,
  0x1000,
  0x3000,
  0x3003,
  0x1_0000,
  0x1_1000,
  0xf_f000,
  0xf_fff9,
  0xf_ffff,
  0x10_0000,
  2 ** 32,
  2 ** 52,
);
const small = fc.integer({ min: 0, max: 4 });
const size = fc.constantFrom(0, 1, 2, 3, 16, 64, 128, 0x8000, 0xffff);

/** Payloads that come near to making sense. */
const plausible: fc.Arbitrary<[number, Uint8Array]> = fc.oneof(
  fc.tuple(small, small).map(([revision, length]): [number, Uint8Array] => [setRevision, bytes("HH", revision, length)]),
  fc.constantFrom(0, 1, 3, 7, 0x0b, 0x0f, 0x4f, 0x80).map((status): [number, Uint8Array] => [writeStatus, Uint8Array.of(status)]),
  fc.tuple(fc.integer(), small).map(([word, index]): [number, Uint8Array] => {
    const payload = new Uint8Array(5);
    new DataView(payload.buffer).setInt32(0, word, true);
    payload[4] = index;
    return [writeFeatures, payload];
  }),
  fc
    .tuple(address, small, size, address, address)
    .map(([descriptor, index, entries, driver, device]): [number, Uint8Array] => [
      setVirtqueue,
      bytes("QIHHQQ", descriptor, 0, index, entries, driver, device),
    ]),
  fc
    .tuple(address, size, small, size)
    .map(([ring, align, index, entries]): [number, Uint8Array] => [setVirtqueue, bytes("QIHH", ring, align, index, entries)]),
  fc
    .tuple(fc.constantFrom(setIndicators, setConfigIndicators), address)
    .map(([command, at]): [number, Uint8Array] => [command, bytes("Q", at)]),
  fc
    .tuple(address, address, fc.constantFrom(0, 3, 8191, 2 ** 40, 2 ** 53), fc.integer({ min: 0, max: 9 }))
    .map(([summary, indicator, bit, subclass]): [number, Uint8Array] => [
      setAdapterIndicators,
      bytes("QQQB", summary, indicator, bit, subclass),
    ]),
);
const anything: fc.Arbitrary<[number, Uint8Array]> = fc.tuple(
  fc.oneof(fc.constantFrom(...Object.values(VirtioCcwCommand)), fc.integer({ min: 1, max: 255 })),
  fc.uint8Array({ maxLength: 40 }),
);

type Step =
  | { command: [number, Uint8Array]; flags: number }
  | { notify: [number, number] }
  | { what: "config" | "reset" | "reenable" | "take" | "fail" };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ command: plausible, flags: fc.constantFrom(0, 0x20) }) },
  { weight: 2, arbitrary: fc.record({ command: anything, flags: fc.integer({ min: 0, max: 255 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ notify: fc.tuple(fc.constantFrom(0, 1, 2, 3, 0xffff, 2 ** 32), fc.constantFrom(0, 1, 2, 2 ** 53)) }),
  },
  fc.record({ what: fc.constantFrom("config", "reset", "reenable", "take", "fail") }),
);

describe("a hostile guest", () => {
  it("gets a defined answer to every command, whatever it says (property)", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.uint8Array({ minLength: 4096, maxLength: 4096 }), (steps, ring) => {
        const errors: string[] = [];
        const logger = { log: (level: LogLevel, message: string) => void (level === "error" && errors.push(message)) };
        const guest = new CcwGuest({ logger });
        guest.memory.write(0x1_0000, ring);
        const notifications = new CcwNotifications(guest.channel);
        let level = 0;
        for (const each of steps) {
          if ("command" in each) {
            const [command, payload] = each.command;
            const irb = guest.command(command, payload, { flags: each.flags & ~CcwFlags.chainCommand });
            if (irb.conditionCode === 0) {
              expect(irb.control & StatusControl.pending).not.toBe(0);
              const good = irb.deviceStatus === (DeviceStatus.channelEnd | DeviceStatus.deviceEnd);
              const reject = (irb.deviceStatus & DeviceStatus.unitCheck) !== 0 && irb.sense[0] === 0x80;
              const check = (irb.subchannelStatus & SubchannelStatus.programCheck) !== 0;
              const alert = (irb.control & StatusControl.all) === (StatusControl.alert | StatusControl.pending);
              expect(good || reject || check || alert).toBe(true);
            }
          } else if ("notify" in each) {
            const result = notifications.notify(guest.driver.subsystemId, ...each.notify);
            expect(result === -22 || result > 0).toBe(true);
          } else if (each.what === "config") guest.device.config.set({ level: ++level & 0xffff });
          else if (each.what === "reset") guest.channel.reset();
          else if (each.what === "reenable") guest.driver.enable();
          else if (each.what === "fail") guest.device.context?.fail("test");
          else guest.channel.takeInterruption(0xff);
        }
        // The device complains of itself only where the test made it fail.
        expect(errors.filter((message) => !message.endsWith("needs a reset: test"))).toEqual([]);
        // And it can be used again.
        guest.channel.reset();
        guest.driver.enable();
        const fresh = guest.initialize(2);
        expect(guest.driverOk(2)).toMatchObject({ deviceStatus: DeviceStatus.channelEnd | DeviceStatus.deviceEnd });
        guest.memory.fill(0x1_0000, 0x3000, 0);
        guest.offer(fresh);
        expect(guest.transport.notify(0)).toBe(0);
        expect(guest.answer()).toEqual([3, 2, 1]);
      }),
      { numRuns: 300 },
    );
  });
});
