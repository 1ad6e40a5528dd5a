import { DeviceStatus, StatusControl } from "@zarch/channel-subsystem";
import { F_NOTIFICATION_DATA } from "@zarch/virtio";
import { describe, expect, it } from "vitest";
import { bytes, CcwGuest, ReverseDevice } from "./ccw-guest.test-support.ts";
import { CcwNotifications, VirtioCcwCommand } from "./index.ts";

const ended = DeviceStatus.channelEnd | DeviceStatus.deviceEnd;
const done = { conditionCode: 0, deviceStatus: ended, subchannelStatus: 0 };
const rejected = { deviceStatus: expect.toSatisfy((status: number) => (status & DeviceStatus.unitCheck) !== 0) };
const QUEUES = 0x3000;
const CONFIG = 0x3008;
const SUMMARY = 0x3010;

const setIndicators = (guest: CcwGuest, address = QUEUES) => guest.command(VirtioCcwCommand.setIndicators, bytes("Q", address));
const setConfigIndicators = (guest: CcwGuest, address = CONFIG) => guest.command(VirtioCcwCommand.setConfigIndicators, bytes("Q", address));
const setAdapter = (guest: CcwGuest, firstBit = 0, subclass = 5, indicator = QUEUES, summary = SUMMARY) =>
  guest.command(VirtioCcwCommand.setAdapterIndicators, bytes("QQQB", summary, indicator, firstBit, subclass));

/** In service, with the given indicators set up. */
function running(prepare: (guest: CcwGuest) => void, device = new ReverseDevice()) {
  const guest = new CcwGuest({}, device);
  const ring = guest.initialize(2);
  prepare(guest);
  guest.driverOk(2);
  let token = 0;
  return {
    guest,
    request: () => {
      guest.offer(ring, token++);
      expect(guest.transport.notify(0)).toBe(0);
    },
  };
}

describe("4.3.2.6 setting up indicators", () => {
  it("CCW-IND-FACT-DEV-001, CCW-IND-DEV-001: SET_IND is rejected after SET_IND_ADAPTER", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    expect(setAdapter(guest)).toMatchObject(done);
    expect(setIndicators(guest)).toMatchObject(rejected);
  });

  it("CCW-IND-DEV-002: SET_IND_ADAPTER is rejected after SET_IND", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    expect(setIndicators(guest)).toMatchObject(done);
    expect(setAdapter(guest)).toMatchObject(rejected);
  });

  it("either kind can be taken back by address 0, and both end with a reset", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    setAdapter(guest);
    expect(setAdapter(guest, 0, 0, 0)).toMatchObject(done);
    expect(setIndicators(guest)).toMatchObject(done);
    expect(setIndicators(guest, 0)).toMatchObject(done);
    expect(setAdapter(guest)).toMatchObject(done);
    guest.command(VirtioCcwCommand.reset);
    expect(setIndicators(guest)).toMatchObject(done);
  });

  it.each([
    ["outside memory", 0x10_0000],
    ["across the end of memory", 0x10_0000 - 7],
    ["beyond all memory", 2 ** 52],
  ])("bad input: a classic indicator %s is rejected", (_, address) => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    expect(setIndicators(guest, address)).toMatchObject(rejected);
    expect(setConfigIndicators(guest, address)).toMatchObject(rejected);
  });

  it("bad input: an unaligned classic indicator is a legal address", () => {
    const { guest, request } = running((g) => setIndicators(g, 0x3003));
    request();
    expect(guest.memory.loadUint8(0x300a)).toBe(1);
  });

  it.each([
    ["a summary outside memory", 0, 5, QUEUES, 0x10_0000],
    ["an indicator outside memory", 0, 5, 0x10_0000, SUMMARY],
    ["bits that run out of memory", 8 * 0x1000, 5, 0xf_f000, SUMMARY],
    ["a bit number beyond all reason", 2 ** 53, 5, QUEUES, SUMMARY],
    ["an interruption subclass above 7", 0, 8, QUEUES, SUMMARY],
  ])("bad input: %s is rejected", (_, firstBit, subclass, indicator, summary) => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    expect(setAdapter(guest, firstBit, subclass, indicator, summary)).toMatchObject(rejected);
  });

  it("SET_IND is rejected when there are more queues than bits", () => {
    const device = new ReverseDevice();
    device.queueMaxSizes = new Array<number>(65).fill(16);
    const guest = new CcwGuest({}, device);
    guest.setRevision(2);
    expect(setIndicators(guest)).toMatchObject(rejected);
    expect(setAdapter(guest)).toMatchObject(done);
  });
});

describe("4.3.3.1.1 classic notifications", () => {
  it("CCW-IND-FACT-DEV-003, CCW-H2G-FACT-DEV-001: sets the queue's bit in the doubleword, then interrupts without being asked", () => {
    const { guest, request } = running(setIndicators);
    request();
    expect(guest.memory.loadUint64(QUEUES, "big")).toBe(1);
    expect(guest.channel.takeInterruption(0xff)).toEqual({ subsystemId: guest.driver.subsystemId, parameter: 0, identification: 3 << 27 });
    expect(guest.driver.test()).toMatchObject({
      conditionCode: 0,
      control: StatusControl.alert | StatusControl.pending,
      deviceStatus: 0,
      subchannelStatus: 0,
    });
  });

  it("CCW-H2G-FACT-DEV-001: queue n has the bit of value 2^n", () => {
    const device = new ReverseDevice();
    device.queueMaxSizes = new Array<number>(64).fill(16);
    const guest = new CcwGuest({}, device);
    guest.setRevision(2);
    guest.writeStatus(3);
    guest.writeFeatures(1, 1);
    guest.writeStatus(0x0b);
    setIndicators(guest);
    for (const index of [0, 9, 63]) guest.setVirtqueue(index, 16, { descriptor: 0x2_0000, driver: 0x2_1000, device: 0x2_2000 });
    guest.driverOk(2);
    for (const index of [0, 9, 63]) {
      guest.memory.fill(QUEUES, 8, 0);
      guest.memory.fill(0x2_0000, 0x3000, 0);
      guest.memory.storeUint16(0x2_1002, 1, "little");
      guest.memory.storeUint32(0x2_0008, 1, "little");
      guest.memory.storeUint32(0x2_0000, 0x8_0000, "little");
      expect(guest.transport.notify(index)).toBe(0);
      expect(guest.memory.loadBigUint64(QUEUES, "big")).toBe(1n << BigInt(index));
    }
  });

  it("CCW-H2G-FACT-DEV-002: no second interrupt while one is pending for the subchannel", () => {
    const { guest, request } = running(setIndicators);
    request();
    request();
    expect(guest.channel.takeInterruption(0xff)).toBeDefined();
    request();
    expect(guest.channel.takeInterruption(0xff)).toBe(undefined);
    expect(guest.driver.test().conditionCode).toBe(0);
    expect(guest.driver.test().conditionCode).toBe(1);
    request();
    expect(guest.channel.takeInterruption(0xff)).toBeDefined();
  });

  it("CCW-IND-FACT-DEV-004, CCW-H2G-FACT-DEV-003: a configuration change sets bit 0 of its own indicator", () => {
    const { guest } = running((g) => {
      setIndicators(g);
      setConfigIndicators(g);
    });
    guest.device.config.set({ level: 8 });
    expect(guest.memory.loadUint64(CONFIG, "big")).toBe(1);
    expect(guest.memory.loadUint64(QUEUES, "big")).toBe(0);
    expect(guest.driver.test()).toMatchObject({ conditionCode: 0, control: StatusControl.alert | StatusControl.pending });
  });

  it("CCW-IND-FACT-DEV-002, CCW-H2G-FACT-DEV-004: also when the queues use adapter interrupts", () => {
    const { guest } = running((g) => {
      setAdapter(g);
      setConfigIndicators(g);
    });
    guest.device.config.set({ level: 8 });
    expect(guest.memory.loadUint8(SUMMARY)).toBe(0);
    expect(guest.channel.takeInterruption(0xff)).toMatchObject({ subsystemId: guest.driver.subsystemId });
  });

  it("DEVICE_NEEDS_RESET is told as a configuration change", () => {
    const { guest } = running(setConfigIndicators);
    guest.device.context!.fail("test");
    expect(guest.memory.loadUint64(CONFIG, "big")).toBe(1);
  });

  it("nothing happens without indicators", () => {
    const { guest, request } = running(() => {});
    request();
    guest.device.config.set({ level: 8 });
    expect(guest.channel.pendingInterruptionSubclasses()).toBe(0);
  });
});

describe("4.3.3.1.2 adapter interrupts", () => {
  it("CCW-IND-FACT-DEV-006/007, CCW-H2G-FACT-DEV-005: the queue's bit from the left at its offset, the summary byte, then the interrupt", () => {
    const order: number[] = [];
    const { guest, request } = running((g) => setAdapter(g, 11));
    guest.memory.observeWrites((address) => {
      if (address >= QUEUES && address <= SUMMARY) order.push(address);
    });
    request();
    expect(order).toEqual([QUEUES + 1, SUMMARY]);
    expect([...guest.memory.view(QUEUES, 3)]).toEqual([0, 0x10, 0]);
    expect(guest.memory.loadUint8(SUMMARY)).toBe(0x01);
    expect(guest.channel.takeInterruption(0xff)).toEqual({ subsystemId: 0, parameter: 0, identification: (0x8000_0000 | (5 << 27)) >>> 0 });
  });

  it("CCW-IND-DEV-003: the subclass is its own, not that of the subchannel", () => {
    const { guest, request } = running((g) => setAdapter(g, 0, 7));
    request();
    expect(guest.channel.pendingInterruptionSubclasses()).toBe(0x80 >> 7);
  });

  it("CCW-H2G-DEV-001: no interrupt while the summary is set", () => {
    const { guest, request } = running(setAdapter);
    request();
    expect(guest.channel.takeInterruption(0xff)).toBeDefined();
    guest.memory.storeUint8(QUEUES, 0);
    request();
    expect(guest.memory.loadUint8(QUEUES)).toBe(0x80);
    expect(guest.channel.takeInterruption(0xff)).toBe(undefined);
    guest.memory.storeUint8(SUMMARY, 0);
    request();
    expect(guest.channel.takeInterruption(0xff)).toBeDefined();
  });

  it("other bits of the indicator stay", () => {
    const { guest, request } = running((g) => setAdapter(g, 3));
    guest.memory.storeUint8(QUEUES, 0x81);
    request();
    expect(guest.memory.loadUint8(QUEUES)).toBe(0x91);
  });
});

describe("4.3.3.2 notifications from the driver", () => {
  const registers = (...values: bigint[]) => {
    const file = new BigUint64Array(16);
    for (const [index, value] of values.entries()) file[index + 1] = value;
    return {
      file,
      high: (register: number) => Number(file[register]! >> 32n),
      low: (register: number) => Number(file[register]! & 0xffff_ffffn),
      set: (register: number, high: number, low: number) => {
        file[register] = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      },
    };
  };
  const call = (notifications: CcwNotifications, ...values: bigint[]) => {
    const file = registers(...values);
    expect(notifications.handler(file, 2, 4)).toBe(0);
    return BigInt.asIntN(64, file.file[2]!);
  };

  it("CCW-G2H-DEV-001/002: ignores the upper half of general register 2, and gives a cookie that may come back", () => {
    const { guest } = running(setIndicators);
    const notifications = new CcwNotifications(guest.channel);
    const schid = BigInt(guest.driver.subsystemId);
    guest.device.notified = [];
    const cookie = call(notifications, 3n, (0xffff_ffffn << 32n) | schid, 0n, 0n);
    expect(cookie).toBeGreaterThan(0n);
    expect(call(notifications, 3n, schid, 0n, cookie)).toBe(cookie);
    expect(guest.device.notified).toEqual([0, 0]);
  });

  it("a wrong cookie does no harm", () => {
    const { guest } = running(setIndicators);
    const notifications = new CcwNotifications(guest.channel);
    const schid = BigInt(guest.driver.subsystemId);
    const cookie = call(notifications, 3n, schid, 0n, 0n);
    for (const wrong of [99n, 2n ** 63n, 2n ** 64n - 1n]) expect(call(notifications, 3n, schid, 0n, wrong)).toBe(cookie);
    expect(call(notifications, 3n, schid + 1n, 0n, cookie)).toBe(-22n);
  });

  it.each([
    ["another function", [2n, 0x10000n, 0n]],
    ["an invalid subchannel word", [3n, 0n, 0n]],
    ["a subchannel that does not exist", [3n, 0x10009n, 0n]],
    ["a queue that does not exist", [3n, 0x10000n, 3n]],
    ["a queue that is not set up", [3n, 0x10000n, 1n]],
    ["a queue number of 64 bits", [3n, 0x10000n, 1n << 32n]],
  ])("%s gets -EINVAL in general register 2", (_, values) => {
    const { guest } = running(setIndicators);
    expect(call(new CcwNotifications(guest.channel), ...values)).toBe(-22n);
  });

  it("a device that is not a virtio device, or that was taken away, gets -EINVAL", () => {
    const { guest } = running(setIndicators);
    const notifications = new CcwNotifications(guest.channel);
    const schid = BigInt(guest.driver.subsystemId);
    const cookie = call(notifications, 3n, schid, 0n, 0n);
    guest.channel.detach(guest.transport);
    expect(call(notifications, 3n, schid, 0n, cookie)).toBe(-22n);
    guest.channel.attach({ senseId: { controlUnitType: 0x3990, controlUnitModel: 1 }, execute: () => ({ status: ended }) });
    expect(call(notifications, 3n, schid, 0n, cookie)).toBe(-22n);
  });

  it("with NOTIFICATION_DATA the index is in the rightmost 16 bits", () => {
    const guest = new CcwGuest({ extraFeatures: [F_NOTIFICATION_DATA] });
    guest.initialize(2, 0, (1 << 6) | 1);
    guest.driverOk(2);
    guest.device.notified = [];
    expect(guest.transport.notify(0x8123_0000)).toBe(0);
    expect(guest.transport.notify(0x8123_0001)).toBe(-22);
    expect(guest.device.notified).toEqual([0]);
  });

  it("a notification before DRIVER_OK reaches nobody", () => {
    const guest = new CcwGuest();
    guest.initialize(2);
    expect(guest.transport.notify(0)).toBe(0);
    expect(guest.device.activations).toBe(0);
  });
});
