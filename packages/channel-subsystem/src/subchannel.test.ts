import { FlatMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  ActivityControl,
  CcwFlags,
  type ChannelDevice,
  type ChannelDevicePort,
  ChannelDriver,
  ChannelSubsystem,
  type CommandEnd,
  commandReject,
  DeviceStatus,
  encodeCcw,
  FunctionControl,
  irbLength,
  normalEnd,
  orbFormat1,
  PmcwCharacteristics,
  PmcwFlags,
  ScswFlags,
  StatusControl,
  SubchannelStatus,
} from "./index.ts";

const ended = DeviceStatus.channelEnd | DeviceStatus.deviceEnd;
const finalStatus = StatusControl.primary | StatusControl.secondary | StatusControl.pending;
const PROGRAM = 0x1000;
const DATA = 0x2000;

const NOTHING = 0x13;
const SLOW = 0x23; // ends when the test says so
const CHANNEL_END_ONLY = 0x33;
const FAILS = 0x43;
const REJECTED = 0x53;

class ManualDevice implements ChannelDevice {
  readonly senseId = { controlUnitType: 0x1234, controlUnitModel: 0x56, deviceType: 0x789a, deviceModel: 0xbc };
  port: ChannelDevicePort | undefined;
  finish: (end: CommandEnd) => void = () => {};
  fail: (error: Error) => void = () => {};
  calls: string[] = [];

  attached(port: ChannelDevicePort | undefined): void {
    this.port = port;
  }

  execute(ccw: { command: number }): CommandEnd | Promise<CommandEnd> {
    this.calls.push(ccw.command.toString(16));
    if (ccw.command === NOTHING) return normalEnd;
    if (ccw.command === CHANNEL_END_ONLY) return { status: DeviceStatus.channelEnd };
    if (ccw.command === FAILS) throw new Error("broken");
    if (ccw.command !== SLOW) return commandReject;
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
  }

  halt(): void {
    this.calls.push("halt");
  }

  clear(): void {
    this.calls.push("clear");
  }

  reset(): void {
    this.calls.push("reset");
  }

  enabledChanged(enabled: boolean): void {
    this.calls.push(enabled ? "enabled" : "disabled");
  }
}

let memory: FlatMemory;
let device: ManualDevice;
let channel: ChannelSubsystem;
let driver: ChannelDriver;
let id: number;
let logged: string[];

beforeEach(() => {
  memory = new FlatMemory(0x1_0000);
  logged = [];
  const logger = { log: (_level: string, message: string) => void logged.push(message) };
  channel = new ChannelSubsystem({ memory, attention: { raise() {} }, defer: (work) => void queueMicrotask(work), logger });
  device = new ManualDevice();
  id = channel.attach(device, { devno: 0x4711 }).subsystemId;
  driver = new ChannelDriver(channel, memory, id);
  driver.enable();
});

const start = (command: number, flags = 0, word1 = orbFormat1) => {
  driver.writeProgram(PROGRAM, [encodeCcw({ command, flags }), encodeCcw({ command: NOTHING })]);
  return driver.start({ channelProgram: PROGRAM, interruptionParameter: 0xcafe, word1 });
};
const settle = () => channel.idle();
const orb = () => {
  const bytes = new Uint8Array(32);
  bytes.set([0, 0, 0, 0, 0, 0x80, 0xff, 0, 0, 0, 0x10, 0]);
  return bytes;
};

describe("PoP chapter 14: operands and condition codes", () => {
  const everyInstruction = (word: number): number[] => [
    channel.startSubchannel(word, orb()),
    channel.testSubchannel(word, new Uint8Array(irbLength)),
    channel.storeSubchannel(word, new Uint8Array(52)),
    channel.modifySubchannel(word, new Uint8Array(52)),
    channel.clearSubchannel(word),
    channel.haltSubchannel(word),
    channel.resumeSubchannel(word),
    channel.cancelSubchannel(word),
  ];

  it.each([
    ["bit 47 zero", 0x0000_0000],
    ["a reserved bit", 0x0011_0000],
    ["bit M without multiple channel subsystems", 0xfe09_0000],
    ["a channel subsystem without bit M", 0xfe01_0000],
    ["a subchannel set that was not enabled", 0x0003_0000],
  ])("operand exception for a subsystem-identification word with %s", (_, word) => {
    expect(everyInstruction(word)).toEqual(new Array(8).fill(-0x15));
  });

  it("condition code 3 for a subchannel that does not exist", () => {
    expect(everyInstruction(0x0001_0001)).toEqual(new Array(8).fill(3));
  });

  it("a number without a device below the highest one is a subchannel without a valid device number", () => {
    channel.attach(new ManualDevice(), { schid: 5 });
    const schib = new Uint8Array(52).fill(0xff);
    expect(channel.storeSubchannel(0x0001_0003, schib)).toBe(0);
    expect(schib.every((byte) => byte === 0)).toBe(true);
    expect(channel.modifySubchannel(0x0001_0003, schib)).toBe(0);
    expect(channel.startSubchannel(0x0001_0003, orb())).toBe(3);
    expect(channel.storeSubchannel(0x0001_0006, schib)).toBe(3);
  });

  it("all but STSCH and MSCH: condition code 3 while the subchannel is disabled", () => {
    driver.enable(false);
    expect(everyInstruction(id)).toEqual([3, 3, 0, 0, 3, 3, 3, 3]);
  });

  it("condition code 1 while status is pending: SSCH, MSCH, HSCH, RSCH, XSCH", () => {
    start(NOTHING);
    const [ssch, , , msch, , hsch, rsch, xsch] = [
      channel.startSubchannel(id, orb()),
      0,
      0,
      driver.enable(),
      0,
      channel.haltSubchannel(id),
      channel.resumeSubchannel(id),
      channel.cancelSubchannel(id),
    ];
    expect([ssch, msch, hsch, rsch, xsch]).toEqual([1, 1, 1, 1, 1]);
  });

  it("condition code 2 while a function is in progress: SSCH, MSCH; and where there is nothing to cancel or resume", () => {
    start(SLOW);
    expect(channel.startSubchannel(id, orb())).toBe(2);
    expect(driver.enable()).toBe(2);
    expect(channel.resumeSubchannel(id)).toBe(2);
    expect(channel.cancelSubchannel(id)).toBe(2);
  });

  it("STSCH shows the path-management-control word", () => {
    driver.modify((schib) => {
      schib.setUint32(0, 0x1122_3344);
      schib.setUint8(8, 0xc0);
      schib.setUint16(12, 0x55aa);
      schib.setUint8(14, 0xf0);
      schib.setUint32(40, 0x0102_0304);
    });
    const schib = driver.store() as Uint8Array;
    expect([...schib.subarray(0, 28)]).toEqual([
      0x11, 0x22, 0x33, 0x44, 0x18, 0x81, 0x47, 0x11, 0xc0, 0, 0, 0x80, 0x55, 0xaa, 0xf0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    ]);
    expect([...schib.subarray(40, 48)]).toEqual([1, 2, 3, 4, 0, 0, 0, 0]);
  });

  it("MSCH changes nothing else", () => {
    driver.modify((schib) => {
      schib.setUint16(4, PmcwFlags.enabled);
      schib.setUint16(6, 0xffff);
      for (const offset of [9, 10, 11, 15, 16, 23]) schib.setUint8(offset, 0xff);
      schib.setUint32(28, 0xffff_ffff);
    });
    const schib = driver.store() as Uint8Array;
    expect([...schib.subarray(4, 24)]).toEqual([0, 0x81, 0x47, 0x11, 0x80, 0, 0, 0x80, 0, 0, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...schib.subarray(28, 40)]).toEqual(new Array(12).fill(0));
  });

  it.each([
    ["reserved flags", (schib: DataView) => schib.setUint16(4, 0x8000)],
    ["limit mode 3", (schib: DataView) => schib.setUint16(4, 0x0060)],
    ["reserved characteristics", (schib: DataView) => schib.setUint32(24, 0x10)],
    ["extended measurement words, which are not provided", (schib: DataView) => schib.setUint32(24, 2)],
    ["an unaligned format-1 measurement block", (schib: DataView) => schib.setBigUint64(44 - 4, 0x20n)],
  ])("MSCH: operand exception for %s", (what, change) => {
    if (what.includes("format-1")) driver.modify((schib) => schib.setUint32(24, 4));
    expect(driver.modify(change)).toBe(-0x15);
  });

  it("SAL, SCHM, RCHP: operand exceptions and condition codes", () => {
    expect([0x8000_0000, 0x0000_8000, 0x0001_0001].map((limit) => channel.setAddressLimit(limit))).toEqual([-0x15, -0x15, -0x15]);
    expect(channel.setAddressLimit(0x7fff_0000)).toBe(0);
    expect(channel.setChannelMonitor(4, 0, 0)).toBe(-0x15);
    expect(channel.setChannelMonitor(2, 0, 0x10)).toBe(-0x15);
    expect(channel.setChannelMonitor(0, 0, 0x10)).toBe(0);
    expect([0x0100_0000, 0x0000_0100, 0x00fe_0000].map((path) => channel.resetChannelPath(path))).toEqual([-0x15, -0x15, -0x15]);
    expect(channel.resetChannelPath(7)).toBe(3);
    expect(channel.resetChannelPath(0)).toBe(0);
    expect(channel.storeChannelReportWord()).toBe(0x4402_0000);
  });
});

describe("PoP chapters 14 and 16: start, and the status of it", () => {
  it("one interruption, with the parameter of the ORB", () => {
    start(NOTHING);
    expect(channel.takeInterruption(0x10)).toEqual({ subsystemId: id, parameter: 0xcafe, identification: 3 << 27 });
    expect(channel.takeInterruption(0xff)).toBe(undefined);
    expect(driver.test()).toMatchObject({ conditionCode: 0, control: FunctionControl.start | finalStatus, deviceStatus: ended });
    expect(driver.test()).toMatchObject({ conditionCode: 1, control: 0, deviceStatus: 0, subchannelStatus: 0 });
  });

  it("TEST SUBCHANNEL takes the interruption back", () => {
    start(NOTHING);
    expect(channel.pendingInterruptionSubclasses()).toBe(0x10);
    driver.test();
    expect(channel.pendingInterruptionSubclasses()).toBe(0);
    expect(channel.takeInterruption(0xff)).toBe(undefined);
  });

  it("the SCSW repeats key, S, F, P, I, A and U of the ORB", () => {
    const word1 = 0xf8f8_ff00 | 0x0003_0000;
    start(NOTHING, 0, word1 >>> 0);
    expect(driver.test().flags & ~ScswFlags.zeroConditionCode).toBe(0xf8f8);
  });

  it("an asynchronous command keeps the subchannel active until it ends", async () => {
    expect(start(SLOW)).toBe(0);
    const active = FunctionControl.start | ActivityControl.subchannelActive | ActivityControl.deviceActive;
    expect(driver.test()).toMatchObject({ conditionCode: 1, control: active });
    device.finish(normalEnd);
    await settle();
    expect(driver.test()).toMatchObject({ conditionCode: 0, control: FunctionControl.start | finalStatus, deviceStatus: ended });
  });

  it("the path used is shown, in the PMCW and in the ESW", () => {
    start(NOTHING);
    const irb = new Uint8Array(irbLength);
    channel.testSubchannel(id, irb);
    expect([...irb.subarray(12, 16)]).toEqual([0, 0x80, 0, 0]);
    expect((driver.store() as Uint8Array)[10]).toBe(0x80);
  });

  it("deferred condition code 3 when no path of the logical-path mask is available", () => {
    expect(start(NOTHING, 0, 0x0080_4000)).toBe(0);
    const irb = driver.test();
    expect(irb.flags & ScswFlags.deferredConditionCode).toBe(ScswFlags.deferredConditionCode);
    expect(irb.flags & ScswFlags.pathNotOperational).not.toBe(0);
    expect(irb.control).toBe(FunctionControl.start | finalStatus | StatusControl.alert);
    expect(device.calls).not.toContain("13");
    channel.setChannelPathAvailable(0xfe, 0, false);
    start(NOTHING);
    expect(driver.test().flags & ScswFlags.pathNotOperational).not.toBe(0);
    channel.setChannelPathAvailable(0xfe, 0, true);
    start(NOTHING);
    expect(driver.test()).toMatchObject({ deviceStatus: ended });
  });

  it("paths are tried in the order of the mask", () => {
    const paths = [0x10, 0x20, 0x30].map((chpid) => ({ chpid, type: 0x1b }));
    const other = channel.attach(new ManualDevice(), { paths });
    const second = new ChannelDriver(channel, memory, other.subsystemId);
    second.enable();
    expect([...(second.store() as Uint8Array).subarray(8, 20)]).toEqual([0xe0, 0, 0, 0xe0, 0, 0, 0xff, 0xe0, 0x10, 0x20, 0x30, 0]);
    const used = (mask: number) => {
      second.run(PROGRAM, [{ command: NOTHING }], 0x0080_0000 | (mask << 8));
      return other.pmcw.lastPathUsedMask;
    };
    expect([used(0xff), used(0x60), used(0x20)]).toEqual([0x80, 0x40, 0x20]);
    channel.setChannelPathAvailable(0xfe, 0x10, false);
    expect(used(0xff)).toBe(0x40);
  });

  it("a device that throws or rejects gives unit check with equipment check, and is logged", async () => {
    start(FAILS);
    const irb = driver.test();
    expect(irb.deviceStatus).toBe(DeviceStatus.unitCheck);
    expect(irb.sense[0]).toBe(0x10);
    start(SLOW);
    device.fail(new Error("broken later"));
    await settle();
    expect(driver.test().sense[0]).toBe(0x10);
    expect(logged).toHaveLength(2);
  });
});

describe("PoP chapter 16: channel end before device end", () => {
  it("primary status first, secondary status later", () => {
    start(CHANNEL_END_ONLY);
    const first = driver.test();
    expect(first.control).toBe(FunctionControl.start | ActivityControl.deviceActive | StatusControl.primary | StatusControl.pending);
    expect(first.deviceStatus).toBe(DeviceStatus.channelEnd);
    expect(start(NOTHING)).toBe(2);
    device.port!.present(DeviceStatus.deviceEnd);
    expect(driver.test()).toMatchObject({ control: StatusControl.secondary | StatusControl.pending, deviceStatus: DeviceStatus.deviceEnd });
    expect(start(NOTHING)).toBe(0);
  });

  it("both in one, when the first was not fetched before the second came", () => {
    start(CHANNEL_END_ONLY);
    device.port!.present(DeviceStatus.deviceEnd | DeviceStatus.unitException);
    expect(driver.test()).toMatchObject({
      control: FunctionControl.start | finalStatus | StatusControl.alert,
      deviceStatus: ended | DeviceStatus.unitException,
    });
  });

  it("command chaining waits for device end", () => {
    start(CHANNEL_END_ONLY, CcwFlags.chainCommand);
    expect(driver.test().conditionCode).toBe(1);
    device.port!.present(DeviceStatus.deviceEnd);
    expect(driver.test()).toMatchObject({ deviceStatus: ended, ccwAddress: PROGRAM + 16 });
    expect(device.calls.slice(-2)).toEqual(["33", "13"]);
    start(CHANNEL_END_ONLY, CcwFlags.chainCommand);
    device.port!.present(DeviceStatus.deviceEnd | DeviceStatus.unitCheck, Uint8Array.of(0x40));
    const irb = driver.test();
    expect(irb).toMatchObject({ deviceStatus: ended | DeviceStatus.unitCheck, ccwAddress: PROGRAM + 8 });
    expect(irb.sense[0]).toBe(0x40);
  });
});

describe("PoP chapter 15: halt, clear, cancel", () => {
  it("HSCH on an idle subchannel: status pending alone", () => {
    expect(channel.haltSubchannel(id)).toBe(0);
    expect(driver.test().control).toBe(FunctionControl.halt | StatusControl.pending);
    expect(device.calls).toEqual(["enabled"]);
  });

  it("HSCH ends a command, whose late result goes nowhere, and the next command waits for it", async () => {
    start(SLOW);
    const finishFirst = device.finish;
    expect(channel.haltSubchannel(id)).toBe(0);
    expect(channel.haltSubchannel(id)).toBe(1);
    expect(driver.test()).toMatchObject({
      control: FunctionControl.start | FunctionControl.halt | finalStatus,
      deviceStatus: ended,
      ccwAddress: PROGRAM + 8,
    });
    expect(start(NOTHING)).toBe(0);
    expect(device.calls).toEqual(["enabled", "23", "halt"]);
    finishFirst(commandReject);
    await settle();
    await settle();
    expect(driver.test()).toMatchObject({ deviceStatus: ended, control: FunctionControl.start | finalStatus });
    expect(device.calls).toEqual(["enabled", "23", "halt", "13"]);
  });

  it("XSCH cancels a start that is still pending, and nothing else", () => {
    start(SLOW);
    expect(channel.cancelSubchannel(id)).toBe(2);
    channel.haltSubchannel(id);
    driver.test();
    start(NOTHING);
    expect(driver.test().control).toBe(FunctionControl.start | ActivityControl.startPending);
    expect(channel.cancelSubchannel(id)).toBe(0);
    expect(driver.test()).toMatchObject({ conditionCode: 1, control: 0 });
    expect(channel.cancelSubchannel(id)).toBe(2);
  });

  it("CSCH works in every state, clears status and path masks, and interrupts", async () => {
    start(NOTHING, 0, 0x0080_4000);
    expect(channel.clearSubchannel(id)).toBe(0);
    expect(driver.test()).toMatchObject({ control: FunctionControl.clear | StatusControl.pending, flags: 0, deviceStatus: 0 });
    start(SLOW);
    const finish = device.finish;
    expect(channel.clearSubchannel(id)).toBe(0);
    expect(channel.clearSubchannel(id)).toBe(0);
    expect(channel.takeInterruption(0xff)).toMatchObject({ subsystemId: id });
    expect(channel.haltSubchannel(id)).toBe(1);
    finish(normalEnd);
    await settle();
    expect(driver.test()).toMatchObject({ control: FunctionControl.clear | StatusControl.pending, deviceStatus: 0 });
    expect(driver.test().conditionCode).toBe(1);
  });

  it("HSCH while a clear waits for TSCH: condition code 1; after an untested intermediate status: accepted", () => {
    driver.writeProgram(PROGRAM, [encodeCcw({ command: SLOW, flags: CcwFlags.programControlledInterruption })]);
    driver.start({ channelProgram: PROGRAM });
    expect(channel.pendingInterruptionSubclasses()).toBe(0x10);
    expect(channel.haltSubchannel(id)).toBe(0);
    expect(driver.test().control & StatusControl.all).toBe(finalStatus);
  });
});

describe("PoP chapter 16: sense data", () => {
  it("concurrent sense comes with the interruption-response block, once", () => {
    start(REJECTED);
    const irb = driver.test();
    expect(irb.flags & ScswFlags.extendedControl).not.toBe(0);
    expect(irb.extendedReportWord).toBe(0x0120_0000);
    expect([...irb.sense]).toEqual([0x80, ...new Array(31).fill(0)]);
    expect(driver.run(PROGRAM, [{ command: 0x04, count: 32, address: DATA }]).deviceStatus).toBe(ended);
    expect(memory.loadUint8(DATA)).toBe(0);
  });

  it("without it, basic sense fetches the data, once", () => {
    driver.modify((schib) => schib.setUint32(24, 0));
    start(REJECTED);
    const irb = driver.test();
    expect(irb.flags & ScswFlags.extendedControl).toBe(0);
    expect(irb.extendedReportWord).toBe(0);
    const basicSense = { command: 0x04, flags: CcwFlags.suppressLengthIndication, count: 24, address: DATA };
    driver.run(PROGRAM, [basicSense]);
    expect(memory.loadUint8(DATA)).toBe(0x80);
    driver.run(PROGRAM, [basicSense]);
    expect(memory.loadUint8(DATA)).toBe(0);
  });

  it("the next command makes old sense data void", () => {
    driver.modify((schib) => schib.setUint32(24, 0));
    start(REJECTED);
    driver.test();
    start(NOTHING);
    driver.test();
    driver.run(PROGRAM, [{ command: 0x04, count: 32, address: DATA }]);
    expect(memory.loadUint8(DATA)).toBe(0);
  });

  it("SENSE ID shows control unit and device", () => {
    const irb = driver.run(PROGRAM, [{ command: 0xe4, flags: CcwFlags.suppressLengthIndication, count: 7, address: DATA }]);
    expect(irb).toMatchObject({ deviceStatus: ended, subchannelStatus: 0 });
    expect([...memory.view(DATA, 7)]).toEqual([0xff, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc]);
  });
});

describe("PoP chapter 16: status that nobody asked for", () => {
  it("is alert status", () => {
    device.port!.present(DeviceStatus.attention);
    expect(channel.takeInterruption(0xff)).toMatchObject({ subsystemId: id });
    expect(driver.test()).toMatchObject({ control: StatusControl.alert | StatusControl.pending, deviceStatus: DeviceStatus.attention });
  });

  it("waits for a function in progress and for pending status; sense data goes with it", async () => {
    start(SLOW);
    device.port!.present(DeviceStatus.attention);
    device.port!.present(DeviceStatus.unitCheck, Uint8Array.of(0x40));
    device.finish(normalEnd);
    await settle();
    expect(driver.test()).toMatchObject({ deviceStatus: ended });
    const irb = driver.test();
    expect(irb).toMatchObject({ conditionCode: 0, deviceStatus: DeviceStatus.attention | DeviceStatus.unitCheck });
    expect(irb.sense[0]).toBe(0x40);
    expect(driver.test().conditionCode).toBe(1);
  });

  it("a bare alert merges with whatever is pending, but not with an operation under way", async () => {
    start(NOTHING);
    device.port!.present(0);
    expect(driver.test()).toMatchObject({ deviceStatus: ended });
    expect(driver.test().conditionCode).toBe(1);
    start(SLOW);
    device.port!.present(0);
    device.finish(normalEnd);
    await settle();
    expect(driver.test()).toMatchObject({ deviceStatus: ended });
    expect(driver.test()).toMatchObject({ conditionCode: 0, control: StatusControl.alert | StatusControl.pending });
  });

  it("does not exist while the subchannel is disabled, and is dropped by CSCH", () => {
    driver.enable(false);
    device.port!.present(DeviceStatus.attention);
    driver.enable();
    expect(driver.test().conditionCode).toBe(1);
    start(SLOW);
    device.port!.present(DeviceStatus.attention);
    channel.clearSubchannel(id);
    driver.test();
    expect(driver.test().conditionCode).toBe(1);
  });
});

describe("PoP chapter 17: measurement", () => {
  const enableMeasurement = (characteristics: number, index: number, address: number) =>
    driver.modify((schib) => {
      schib.setUint16(4, schib.getUint16(4) | PmcwFlags.measurementBlockUpdate);
      schib.setUint16(12, index);
      schib.setUint32(24, characteristics);
      schib.setUint32(44, address);
    });

  it("counts operations in a format-0 block while SCHM has switched it on", () => {
    enableMeasurement(0, 3, 0);
    start(NOTHING);
    driver.test();
    channel.setChannelMonitor(2, 0, 0x4000);
    for (let count = 0; count < 2; count++) {
      start(NOTHING);
      driver.test();
    }
    expect([...memory.view(0x4060, 5)]).toEqual([0, 2, 0, 2, 0]);
    channel.setChannelMonitor(0, 0, 0);
    start(NOTHING);
    expect(memory.loadUint16(0x4060, "big")).toBe(2);
  });

  it("counts in a format-1 block at the address in the SCHIB", () => {
    enableMeasurement(PmcwCharacteristics.measurementBlockFormat1, 0, 0x5040);
    channel.setChannelMonitor(2, 0, 0);
    start(NOTHING);
    expect(memory.loadUint32(0x5040, "big")).toBe(1);
  });

  it("a block outside storage ends the measurement and does no harm", () => {
    enableMeasurement(0, 0xffff, 0);
    channel.setChannelMonitor(2, 0, 0x4000);
    start(NOTHING);
    expect(driver.test()).toMatchObject({ deviceStatus: ended });
    expect((driver.store() as Uint8Array)[5]! & PmcwFlags.measurementBlockUpdate).toBe(0);
  });
});

describe("PoP chapter 17: subsystem reset", () => {
  it("ends operations, disables subchannels, resets devices, and forgets interruptions and reports", () => {
    start(SLOW);
    channel.resetChannelPath(0);
    channel.adapterInterruptions.raise(1);
    channel.reset();
    expect(device.calls).toEqual(["enabled", "23", "disabled", "reset"]);
    expect(channel.pendingInterruptionSubclasses()).toBe(0);
    expect(channel.channelReportPending()).toBe(false);
    expect(channel.storeChannelReportWord()).toBe(0);
    const schib = driver.store() as Uint8Array;
    expect([...schib.subarray(0, 16)]).toEqual([0, 0, 0, 0, 0, 1, 0x47, 0x11, 0x80, 0, 0, 0x80, 0, 0, 0xff, 0x80]);
    expect([...schib.subarray(28, 40)]).toEqual(new Array(12).fill(0));
  });
});

describe("PoP chapters 14 to 16: any order of instructions and events (property)", () => {
  it("keeps the status valid and every instruction answered", async () => {
    const word1s = [orbFormat1, orbFormat1 | 0x0800_0000, orbFormat1 | 0x0028_0000, 0x0080_4000].map((word) => word >>> 0);
    const step = fc.oneof(
      fc.tuple(
        fc.constant("start"),
        fc.constantFrom(NOTHING, SLOW, CHANNEL_END_ONLY, FAILS, REJECTED, 0x04, 0xe4),
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom(...word1s),
      ),
      fc.tuple(
        fc.constantFrom("test", "halt", "clear", "resume", "cancel", "finish", "settle", "attention", "alert", "deviceEnd", "take"),
        fc.constant(0),
        fc.constant(0),
        fc.constant(0),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        channel.reset();
        device.finish(normalEnd);
        await settle();
        driver.enable();
        for (const [what, command, flags, word1] of steps) {
          if (what === "start") expect([0, 1, 2]).toContain(start(command, flags, word1));
          else if (what === "test") {
            const { conditionCode, control } = driver.test();
            expect((control & StatusControl.pending) !== 0).toBe(conditionCode === 0);
            const functions = control & FunctionControl.all;
            expect(functions === FunctionControl.clear || (functions & FunctionControl.clear) === 0).toBe(true);
          } else if (what === "halt") expect([0, 1, 2]).toContain(channel.haltSubchannel(id));
          else if (what === "clear") expect(channel.clearSubchannel(id)).toBe(0);
          else if (what === "resume") expect([0, 1, 2]).toContain(channel.resumeSubchannel(id));
          else if (what === "cancel") expect([0, 1, 2]).toContain(channel.cancelSubchannel(id));
          else if (what === "finish") device.finish(normalEnd);
          else if (what === "settle") {
            for (let turn = 0; turn < 10; turn++) await Promise.resolve();
          } else if (what === "attention") device.port!.present(DeviceStatus.attention);
          else if (what === "alert") device.port!.present(0);
          else if (what === "deviceEnd") device.port!.present(DeviceStatus.deviceEnd);
          else channel.takeInterruption(0xff);
        }
        // Whatever happened: after CSCH and the end of the device's last command the subchannel works.
        channel.clearSubchannel(id);
        expect(driver.test().conditionCode).toBe(0);
        device.finish(normalEnd);
        await settle();
        expect(start(NOTHING)).toBe(0);
        await settle();
        expect(driver.test()).toMatchObject({ conditionCode: 0, deviceStatus: ended, subchannelStatus: 0 });
      }),
      { numRuns: 200 },
    );
  });

  it("a program check shows in the status whatever the device says", () => {
    const irb = driver.run(PROGRAM, [{ command: NOTHING, flags: CcwFlags.chainCommand }, { command: 0 }]);
    expect(irb).toMatchObject({ subchannelStatus: SubchannelStatus.programCheck, deviceStatus: 0 });
    expect(irb.flags & ScswFlags.deferredConditionCode).toBe(0);
  });
});
