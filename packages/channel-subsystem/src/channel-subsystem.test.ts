import { FlatMemory } from "@zarch/guest-memory";
import { HostError } from "@zarch/vmm-interface";
import { beforeEach, describe, expect, it } from "vitest";
import { type ChannelDevice, ChannelDriver, ChannelSubsystem, normalEnd } from "./index.ts";

class QuietDevice implements ChannelDevice {
  readonly senseId = { controlUnitType: 0x3832, controlUnitModel: 1 };
  execute() {
    return normalEnd;
  }
}

const REQUEST = 0x8000;
let memory: FlatMemory;
let channel: ChannelSubsystem;
let raised: number;

beforeEach(() => {
  memory = new FlatMemory(0x1_0000);
  raised = 0;
  channel = new ChannelSubsystem({ memory, attention: { raise: () => raised++ }, defer: (work) => void queueMicrotask(work) });
});

/** Issues CHSC; returns the response block. */
function chsc(
  command: number,
  words: number[] = [0, 0, 0],
  length = 4 + 4 * words.length,
): { code: number; parameter: number; data: DataView } {
  memory.fill(REQUEST, 4096, 0xee);
  memory.fill(REQUEST, length, 0);
  memory.storeUint16(REQUEST, length, "big");
  memory.storeUint16(REQUEST + 2, command, "big");
  for (const [index, word] of words.entries()) memory.storeUint32(REQUEST + 4 + 4 * index, word >>> 0, "big");
  expect(channel.channelSubsystemCall(REQUEST)).toBe(0);
  const response = REQUEST + length;
  const responseLength = memory.loadUint16(response, "big");
  const data = new Uint8Array(responseLength - 8);
  memory.read(response + 8, data);
  return {
    code: memory.loadUint16(response + 2, "big"),
    parameter: memory.loadUint32(response + 4, "big"),
    data: new DataView(data.buffer),
  };
}

const enableSubchannelSets = () => chsc(0x31, [2, ...new Array<number>(254).fill(0)]);

describe("attachment", () => {
  it("allots the lowest free device and subchannel numbers, in each subchannel set", () => {
    channel.attach(new QuietDevice(), { devno: 1, schid: 0 });
    const numbers = [channel.attach(new QuietDevice()), channel.attach(new QuietDevice()), channel.attach(new QuietDevice(), { ssid: 2 })];
    expect(numbers.map(({ deviceNumber, number, ssid }) => [deviceNumber, number, ssid])).toEqual([
      [0, 1, 0],
      [2, 2, 0],
      [0, 0, 2],
    ]);
    expect(numbers[2]!.subsystemId).toBe(0x0005_0000);
  });

  it.each([
    { devno: 7 },
    { schid: 3 },
    { devno: -1 },
    { devno: 0x1_0000 },
    { ssid: 4 },
    { cssid: 256 },
    { schid: 1.5 },
    { paths: [] },
    { paths: [{ chpid: 256, type: 0 }] },
  ])("refuses %j", (options) => {
    channel.attach(new QuietDevice(), { devno: 7, schid: 3 });
    expect(() => channel.attach(new QuietDevice(), options)).toThrow(HostError);
  });

  it("a detached device is gone, with its interruption, and its numbers are free", () => {
    const device = new QuietDevice();
    const { subsystemId } = channel.attach(device, { devno: 7 });
    const driver = new ChannelDriver(channel, memory, subsystemId);
    driver.enable();
    driver.writeProgram(0x1000, [Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0)]);
    driver.start({ channelProgram: 0x1000 });
    expect(channel.pendingInterruptionSubclasses()).not.toBe(0);
    channel.detach(device);
    channel.detach(device);
    expect(channel.pendingInterruptionSubclasses()).toBe(0);
    expect(driver.store()).toBe(3);
    expect(channel.attach(device, { devno: 7 }).number).toBe(0);
  });

  it("a command under way at a device that is taken away moves no data any more", async () => {
    let finish = () => {};
    let moved = -1;
    const device: ChannelDevice = {
      senseId: { controlUnitType: 1, controlUnitModel: 1 },
      execute: (_, data) =>
        new Promise((resolve) => {
          finish = () => {
            moved = data.write(Uint8Array.of(1, 2, 3, 4));
            resolve(normalEnd);
          };
        }),
    };
    const { subsystemId } = channel.attach(device);
    const driver = new ChannelDriver(channel, memory, subsystemId);
    driver.enable();
    driver.writeProgram(0x1000, [Uint8Array.of(2, 0, 0, 4, 0, 0, 0x20, 0)]);
    driver.start({ channelProgram: 0x1000 });
    channel.detach(device);
    finish();
    await channel.idle();
    expect(moved).toBe(0);
    expect(memory.loadUint32(0x2000, "big")).toBe(0);
  });
});

describe("PoP chapter 17: channel reports", () => {
  it("nothing is reported to a program that has not begun to look", () => {
    channel.attach(new QuietDevice());
    expect(channel.channelReportPending()).toBe(false);
    expect(channel.storeChannelReportWord()).toBe(0);
  });

  it("hot plug and unplug: installed parameters initialized, with the subchannel number", () => {
    chsc(0x10);
    const device = new QuietDevice();
    channel.attach(device, { schid: 0x0102 });
    channel.detach(device);
    expect(raised).toBe(1);
    expect(channel.channelReportPending()).toBe(true);
    expect([0, 1, 2].map(() => channel.storeChannelReportWord())).toEqual([0x0304_0102, 0x0304_0102, 0]);
    expect(channel.channelReportPending()).toBe(false);
  });

  it("the machine check comes once, until the program has found no more words", () => {
    chsc(0x10);
    channel.attach(new QuietDevice());
    channel.channelReportPresented();
    expect(channel.channelReportPending()).toBe(false);
    channel.attach(new QuietDevice());
    expect(channel.channelReportPending()).toBe(false);
    while (channel.storeChannelReportWord() !== 0);
    channel.attach(new QuietDevice());
    expect(channel.channelReportPending()).toBe(true);
  });

  it("with subchannel sets a second word is chained", () => {
    enableSubchannelSets();
    channel.attach(new QuietDevice(), { ssid: 3, schid: 9 });
    expect([0, 1, 2].map(() => channel.storeChannelReportWord())).toEqual([0x1304_0009, 0x0304_0030, 0]);
  });

  it("subchannel sets and images that the program cannot see are not reported", () => {
    chsc(0x10);
    channel.attach(new QuietDevice(), { ssid: 1 });
    channel.attach(new QuietDevice(), { cssid: 3 });
    expect(channel.storeChannelReportWord()).toBe(0);
  });

  it("too many reports: the last word that is kept says so", () => {
    chsc(0x10);
    for (let count = 0; count < 1000; count++) channel.attach(new QuietDevice());
    const words: number[] = [];
    for (let word = channel.storeChannelReportWord(); word !== 0; word = channel.storeChannelReportWord()) words.push(word);
    expect(words).toHaveLength(256);
    expect(words.filter((word) => (word & 0x2000_0000) !== 0)).toEqual([(0x2304_0000 | 255) >>> 0]);
  });

  it("channel paths that go and come", () => {
    channel.attach(new QuietDevice());
    chsc(0x10);
    channel.setChannelPathAvailable(0xfe, 0, false);
    channel.setChannelPathAvailable(0xfe, 0, true);
    expect([channel.storeChannelReportWord(), channel.storeChannelReportWord()]).toEqual([0x0407_0000, 0x0402_0000]);
  });
});

describe("PoP chapter 6: I/O interruptions", () => {
  const pend = (subclass: number) => {
    const { subsystemId } = channel.attach(new QuietDevice());
    const driver = new ChannelDriver(channel, memory, subsystemId);
    driver.enable(true, subclass);
    driver.run(0x1000, [{ command: 0x03 }]);
    driver.start({ channelProgram: 0x1000 });
    return subsystemId;
  };

  it("come by subclass, the lowest number first, as far as the mask enables them", () => {
    const [six, two] = [pend(6), pend(2)];
    expect(channel.pendingInterruptionSubclasses()).toBe(0x22);
    expect(channel.takeInterruption(0xdd)).toBe(undefined);
    expect(channel.takeInterruption(0x02)).toMatchObject({ subsystemId: six, identification: 6 << 27 });
    expect(channel.takeInterruption(0xff)).toMatchObject({ subsystemId: two, identification: 2 << 27 });
    expect(channel.pendingInterruptionSubclasses()).toBe(0);
  });

  it("the CPU is called once for an interruption, however much status comes to it", () => {
    const { subsystemId } = channel.attach(new QuietDevice());
    const driver = new ChannelDriver(channel, memory, subsystemId);
    driver.enable();
    driver.writeProgram(0x1000, [Uint8Array.of(3, 0x48, 0, 0, 0, 0, 0, 0), Uint8Array.of(3, 8, 0, 0, 0, 0, 0, 0)]);
    driver.start({ channelProgram: 0x1000 });
    expect(raised).toBe(1);
    expect(channel.takeInterruption(0xff)).toBeDefined();
    expect(channel.takeInterruption(0xff)).toBe(undefined);
  });

  it("within a subclass, in the order in which they became pending", () => {
    const ids = [pend(3), pend(3), pend(3)];
    expect(ids.map(() => channel.takeInterruption(0x10)!.subsystemId)).toEqual(ids);
  });

  it("adapter interruptions collapse by subclass", () => {
    channel.adapterInterruptions.raise(7);
    channel.adapterInterruptions.raise(7);
    channel.adapterInterruptions.raise(0);
    expect(channel.pendingInterruptionSubclasses()).toBe(0x81);
    expect(channel.takeInterruption(0xff)).toEqual({ subsystemId: 0, parameter: 0, identification: 0x8000_0000 });
    expect(channel.takeInterruption(0xff)).toEqual({ subsystemId: 0, parameter: 0, identification: (0x8000_0000 | (7 << 27)) >>> 0 });
    expect(channel.takeInterruption(0xff)).toBe(undefined);
    channel.adapterInterruptions.raise(7);
    expect(raised).toBe(3);
    expect(() => channel.adapterInterruptions.raise(8)).toThrow();
  });
});

describe("CHSC", () => {
  it.each([0, 15, 12, 17, 4090, 4096, 0xffff])("operand exception for a request length of %i", (length) => {
    memory.storeUint16(REQUEST, length, "big");
    expect(channel.channelSubsystemCall(REQUEST)).toBe(-0x15);
  });

  it("a block outside storage is an operand exception, not an access", () => {
    expect(channel.channelSubsystemCall(0x1_0000)).toBe(-0x15);
  });

  it.each([0x0000, 0x0012, 0x0016, 0x0021, 0x0024, 0x0026, 0x0032, 0x004c, 0xffff])("command %i is answered: not provided", (command) => {
    expect(chsc(command)).toMatchObject({ code: 4, parameter: 0 });
  });

  it("the longest request leaves room for a response header only", () => {
    expect(chsc(0x10, [0, 0, 0], 4088)).toMatchObject({ code: 3 });
    expect(chsc(0x0e, [0, 0, 0], 4088)).toMatchObject({ code: 5 });
  });

  it("store channel-subsystem characteristics", () => {
    const { code, data } = chsc(0x10);
    expect(code).toBe(1);
    expect(data.byteLength).toBe(4072);
    expect([data.getUint32(0), data.getUint32(4), data.getUint32(8), data.getUint32(12)]).toEqual([
      0x0300_0000, 0x0007_9000, 0, 0x0008_0000,
    ]);
    expect([data.getUint32(2040), data.getUint32(2052)]).toEqual([0x4000_0000, 0x0004_0000]);
    expect(chsc(0x10, [0x0001_0000, 0, 0]).code).toBe(7);
    expect(chsc(0x10, [1, 0, 0]).code).toBe(3);
    expect(chsc(0x10, [0x0000_0100, 0, 0]).code).toBe(8);
  });

  it("S002-028: store channel-path description, formats 0 and 1", () => {
    channel.attach(new QuietDevice(), {
      paths: [
        { chpid: 0, type: 0x32 },
        { chpid: 0x40, type: 0x1b },
      ],
    });
    channel.attach(new QuietDevice(), { paths: [{ chpid: 0, type: 0x32 }] });
    channel.attach(new QuietDevice(), { cssid: 1, paths: [{ chpid: 9, type: 1 }] });
    const all = chsc(0x02, [0, 0xff, 0]);
    expect(all).toMatchObject({ code: 1, parameter: 0 });
    expect(all.data.byteLength).toBe(16);
    expect([all.data.getUint32(0), all.data.getUint32(8)]).toEqual([0x8000_3200, 0x8000_1b40]);
    const one = chsc(0x02, [0x1000_0100 | 0x40, 0x40, 0]);
    expect(one).toMatchObject({ code: 1, parameter: 1 });
    expect([one.data.byteLength, one.data.getUint32(0)]).toEqual([32, 0x8000_1b40]);
    expect(chsc(0x02, [0x41, 0xff, 0]).data.byteLength).toBe(0);
    expect(chsc(0x02, [0x41, 0x40, 0]).code).toBe(3);
    expect(chsc(0x02, [0, 0, 1]).code).toBe(3);
    expect(chsc(0x02, [0x0100_0000, 0, 0]).code).toBe(7);
    expect(chsc(0x02, [0x0000_0300, 0, 0]).code).toBe(7);
    expect(chsc(0x02, [0x0001_0000, 0, 0]).code).toBe(8);
  });

  it("store subchannel description", () => {
    channel.attach(new QuietDevice(), {
      devno: 0xabcd,
      schid: 1,
      paths: [
        { chpid: 0x20, type: 0x1b },
        { chpid: 0x21, type: 0x1b },
      ],
    });
    const { code, data } = chsc(0x04, [0, 1, 0]);
    expect(code).toBe(1);
    expect(data.byteLength).toBe(64);
    expect([data.getUint32(0), data.getUint32(4)]).toEqual([0, 0]);
    expect([data.getUint32(32), data.getUint32(36), data.getUint32(40)]).toEqual([0xc000_abcd, 0xc000_0001, 0x2021_0000]);
    expect(chsc(0x04, [5, 1, 0]).code).toBe(3);
    expect(chsc(0x04, [0, 0xffff, 0]).data.byteLength).toBe(Math.floor((4096 - 16 - 8) / 32) * 32);
  });

  it("set domain attributes enables subchannel sets and channel-subsystem images", () => {
    const inSet1 = channel.attach(new QuietDevice(), { ssid: 1 });
    const schib = new Uint8Array(52);
    expect(channel.storeSubchannel(inSet1.subsystemId, schib)).toBe(-0x15);
    expect(enableSubchannelSets().code).toBe(1);
    expect(channel.storeSubchannel(inSet1.subsystemId, schib)).toBe(0);
    expect(channel.storeSubchannel(0x0005_0000, schib)).toBe(3);
    const elsewhere = channel.attach(new QuietDevice(), { cssid: 7 });
    expect(channel.storeSubchannel(0x0709_0000, schib)).toBe(-0x15);
    expect(chsc(0x31, [0, ...new Array<number>(254).fill(0)]).code).toBe(1);
    expect(channel.storeSubchannel(0x0709_0000, schib)).toBe(0);
    expect(channel.storeSubchannel(0xfe0b_0000, schib)).toBe(0);
    expect([schib[6], schib[7]]).toEqual([0, 0]);
    expect(elsewhere.cssid).toBe(7);
    expect(chsc(0x31, [2, 0, 0]).code).toBe(3);
    expect(chsc(0x31, [3, ...new Array<number>(254).fill(0)]).code).toBe(0x0101);
    expect(chsc(0x31, [0x0100_0002, ...new Array<number>(254).fill(0)]).code).toBe(7);
    channel.reset();
    expect(channel.storeSubchannel(inSet1.subsystemId, schib)).toBe(-0x15);
  });

  it("store event information", () => {
    expect(chsc(0x0e)).toMatchObject({ code: 5 });
    channel.postEvent(2, Uint8Array.of(0, 1, 2, 3));
    channel.postEvent(0, Uint8Array.of(0xff, 9));
    expect(channel.storeChannelReportWord()).toBe(0x0b00_0000);
    const first = chsc(0x0e, [0, 0x2000_0000, 0]);
    expect([first.code, first.parameter, first.data.getUint16(0)]).toEqual([1, 0, 0xbf09]);
    expect(chsc(0x0e).code).toBe(5);
    const second = chsc(0x0e, [0, 0x2000_0000, 0]);
    expect([second.code, second.parameter, second.data.getUint32(0)]).toEqual([1, 2, 0x0001_0203]);
    for (let count = 0; count < 300; count++) channel.postEvent(0, Uint8Array.of(0));
    expect(chsc(0x0e).data.getUint8(0)).toBe(0xc0);
    let left = 0;
    while (chsc(0x0e).code === 1) left++;
    expect(left).toBe(255);
  });
});
