import { FlatMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  ActivityControl,
  type CcwDataStream,
  CcwFlags,
  type ChannelDevice,
  ChannelDriver,
  ChannelSubsystem,
  type ChannelSubsystemOptions,
  type CommandEnd,
  commandReject,
  DeviceStatus,
  encodeCcw,
  encodeFormat0Ccw,
  encodeOrb,
  FunctionControl,
  normalEnd,
  orbFormat1,
  ScswFlags,
  StatusControl,
  SubchannelStatus,
} from "./index.ts";

const { chainCommand: CC, chainData: CD, suppressLengthIndication: SLI, skip: SKIP, programControlledInterruption: PCI } = CcwFlags;
const { indirectDataAddress: IDA, modifiedIndirectDataAddress: MIDA, suspend: SUSPEND } = CcwFlags;
const ended = DeviceStatus.channelEnd | DeviceStatus.deviceEnd;
const finalStatus = StatusControl.primary | StatusControl.secondary | StatusControl.pending;

const WRITE = 0x01;
const READ = 0x02;
const READ_BACKWARD = 0x0c;
const WRITE_FIXED = 0x11; // takes exactly 16 bytes
const IMMEDIATE = 0x13;
const SEARCH = 0x31; // ends with status modifier
const REJECTED = 0xff;

/** Writes go to `written`; reads give 0, 1, 2, ... */
class EchoDevice implements ChannelDevice {
  readonly senseId = { controlUnitType: 0x3832, controlUnitModel: 2 };
  written: number[] = [];
  executed: number[] = [];
  readLength = 65536;

  execute(ccw: { command: number }, data: CcwDataStream): CommandEnd | Promise<CommandEnd> {
    this.executed.push(ccw.command);
    switch (ccw.command) {
      case WRITE: {
        const bytes = new Uint8Array(65536);
        this.written.push(...bytes.subarray(0, data.readUpTo(bytes)));
        return normalEnd;
      }
      case WRITE_FIXED: {
        const bytes = new Uint8Array(16);
        if (data.read(bytes) < 16) return commandReject;
        this.written.push(...bytes);
        return normalEnd;
      }
      case READ:
      case READ_BACKWARD:
        data.writeUpTo(Uint8Array.from({ length: this.readLength }, (_, index) => index));
        return normalEnd;
      case IMMEDIATE:
        return normalEnd;
      case SEARCH:
        return { status: ended | DeviceStatus.statusModifier };
      default:
        return commandReject;
    }
  }
}

const PROGRAM = 0x1000;
const DATA = 0x2000;

let memory: FlatMemory;
let device: EchoDevice;
let channel: ChannelSubsystem;
let driver: ChannelDriver;
let deferred: (() => void)[];

function build(options: Partial<ChannelSubsystemOptions> = {}): void {
  memory = new FlatMemory(0x10_0000);
  deferred = [];
  channel = new ChannelSubsystem({ memory, attention: { raise() {} }, defer: (work) => deferred.push(work), ...options });
  device = new EchoDevice();
  driver = new ChannelDriver(channel, memory, channel.attach(device).subsystemId);
  driver.enable();
}

beforeEach(() => build());

function bytesAt(address: number, length: number): number[] {
  const bytes = new Uint8Array(length);
  memory.read(address, bytes);
  return [...bytes];
}

const range = (length: number, from = 0): number[] => Array.from({ length }, (_, index) => (from + index) & 0xff);

describe("PoP chapter 15: channel-command words", () => {
  it("executes a format-1 write and a chained read", () => {
    memory.write(DATA, Uint8Array.from(range(16, 1)));
    const irb = driver.run(PROGRAM, [
      { command: WRITE, flags: CC, count: 16, address: DATA },
      { command: READ, count: 8, address: DATA + 0x100 },
    ]);
    expect(irb).toMatchObject({ conditionCode: 0, deviceStatus: ended, subchannelStatus: 0, count: 0, ccwAddress: PROGRAM + 16 });
    expect(irb.control).toBe(FunctionControl.start | finalStatus);
    expect(device.written).toEqual(range(16, 1));
    expect(bytesAt(DATA + 0x100, 9)).toEqual([...range(8), 0]);
  });

  it("executes format-0 words, with a 24-bit address and any high bits in a TIC", () => {
    driver.writeProgram(PROGRAM, [
      encodeFormat0Ccw({ command: IMMEDIATE, flags: CC | SLI, count: 1 }),
      encodeFormat0Ccw({ command: 0xf8, flags: 0xff, count: 0xffff, address: PROGRAM + 0x40 }),
    ]);
    driver.writeProgram(PROGRAM + 0x40, [encodeFormat0Ccw({ command: READ, count: 4, address: DATA })]);
    driver.start({ channelProgram: PROGRAM, word1: 0x0000_ff00 });
    expect(driver.test()).toMatchObject({ subchannelStatus: 0, ccwAddress: PROGRAM + 0x48 });
    expect(bytesAt(DATA, 4)).toEqual(range(4));
  });

  it("refuses a count of 0 in format 0, and takes it in format 1 without data chaining", () => {
    driver.writeProgram(PROGRAM, [encodeFormat0Ccw({ command: IMMEDIATE, count: 0 })]);
    driver.start({ channelProgram: PROGRAM, word1: 0x0000_ff00 });
    expect(driver.test()).toMatchObject({ subchannelStatus: SubchannelStatus.programCheck, deviceStatus: 0 });
    expect(driver.run(PROGRAM, [{ command: IMMEDIATE }]).subchannelStatus).toBe(0);
    expect(
      driver.run(PROGRAM, [
        { command: READ, flags: CD },
        { command: READ, count: 4 },
      ]).subchannelStatus,
    ).toBe(SubchannelStatus.programCheck);
  });

  it.each([
    ["command code 0", encodeCcw({ command: 0, count: 1 })],
    ["command code with zero low bits", encodeCcw({ command: 0xf0, count: 1 })],
    ["address with bit 0 one", encodeCcw({ command: IMMEDIATE, count: 1, address: 0x8000_0000 })],
    ["suspend flag without suspend control", encodeCcw({ command: IMMEDIATE, flags: SUSPEND })],
    ["MIDA flag without the ORB's permission", encodeCcw({ command: WRITE, flags: MIDA, count: 16, address: DATA })],
  ])("program check before the device sees the command: %s", (_, word) => {
    driver.writeProgram(PROGRAM, [word]);
    driver.start({ channelProgram: PROGRAM });
    const irb = driver.test();
    expect(irb).toMatchObject({ subchannelStatus: SubchannelStatus.programCheck, deviceStatus: 0, ccwAddress: PROGRAM + 8 });
    expect(irb.flags & ScswFlags.deferredConditionCode).toBe(1 << ScswFlags.deferredConditionCodeShift);
    expect(irb.control).toBe(FunctionControl.start | finalStatus | StatusControl.alert);
    expect(device.executed).toEqual([]);
  });

  it.each([
    ["outside storage", 0x20_0000],
    ["not on a doubleword", PROGRAM + 4],
    ["the last bytes of the address space", 0x7fff_fff8],
  ])("program check for a channel program %s", (_, address) => {
    driver.start({ channelProgram: address });
    expect(driver.test()).toMatchObject({ subchannelStatus: SubchannelStatus.programCheck, ccwAddress: address + 8 });
  });

  it("program check when a format-0 program runs out of its 24-bit address space", () => {
    driver.start({ channelProgram: 0x0100_0000, word1: 0x0000_ff00 });
    expect(driver.test().subchannelStatus).toBe(SubchannelStatus.programCheck);
  });
});

describe("PoP chapter 15: transfer in channel", () => {
  const tic = (address: number, extra = {}) => ({ command: 0x08, address, ...extra });

  it("is followed within command chaining and within data chaining", () => {
    memory.write(DATA, Uint8Array.from(range(24)));
    driver.writeProgram(PROGRAM + 0x100, [
      encodeCcw({ command: 0, flags: CD, count: 4, address: DATA + 16 }),
      encodeCcw(tic(PROGRAM + 0x200)),
    ]);
    driver.writeProgram(PROGRAM + 0x200, [encodeCcw({ count: 4, address: DATA + 20 })]);
    const irb = driver.run(PROGRAM, [{ command: WRITE, flags: CD, count: 16, address: DATA }, tic(PROGRAM + 0x100)]);
    expect(irb).toMatchObject({ subchannelStatus: 0, ccwAddress: PROGRAM + 0x208 });
    expect(device.written).toEqual(range(24));
  });

  it.each([
    ["as the first CCW", [tic(PROGRAM + 8), { command: IMMEDIATE }]],
    ["to a TIC", [{ command: IMMEDIATE, flags: CC }, tic(PROGRAM + 16), tic(PROGRAM + 24), { command: IMMEDIATE }]],
    ["to itself", [{ command: IMMEDIATE, flags: CC }, tic(PROGRAM + 8)]],
    ["with flags in format 1", [{ command: IMMEDIATE, flags: CC }, tic(PROGRAM + 16, { flags: SLI }), { command: IMMEDIATE }]],
    ["with a count in format 1", [{ command: IMMEDIATE, flags: CC }, tic(PROGRAM + 16, { count: 1 }), { command: IMMEDIATE }]],
    [
      "with a wrong high digit in format 1",
      [
        { command: IMMEDIATE, flags: CC },
        { command: 0x18, address: PROGRAM + 16 },
      ],
    ],
    ["to an odd address", [{ command: IMMEDIATE, flags: CC }, tic(PROGRAM + 17), { command: IMMEDIATE }]],
    ["out of storage", [{ command: IMMEDIATE, flags: CC }, tic(0x7fff_fff8)]],
  ])("TIC %s is a program check", (_, program) => {
    expect(driver.run(PROGRAM, program).subchannelStatus).toBe(SubchannelStatus.programCheck);
  });

  it("an endless loop of valid commands keeps giving way to other work, and CSCH ends it", () => {
    driver.writeProgram(PROGRAM, [encodeCcw({ command: IMMEDIATE, flags: CC }), encodeCcw(tic(PROGRAM))]);
    expect(driver.start({ channelProgram: PROGRAM })).toBe(0);
    for (let turn = 0; turn < 20; turn++) {
      expect(deferred).toHaveLength(1);
      deferred.shift()!();
    }
    expect(driver.test()).toMatchObject({ conditionCode: 1 });
    expect(driver.test().control & ActivityControl.subchannelActive).not.toBe(0);
    expect(channel.clearSubchannel(driver.subsystemId)).toBe(0);
    deferred.shift()!();
    expect(deferred).toHaveLength(0);
    expect(driver.test().control).toBe(FunctionControl.clear | StatusControl.pending);
  });
});

describe("PoP chapter 15: data chaining and command chaining", () => {
  it("spreads a read over the areas of a data chain", () => {
    const irb = driver.run(PROGRAM, [
      { command: READ, flags: CD, count: 3, address: DATA },
      { command: 0xff, flags: CD, count: 5, address: DATA + 0x100 },
      { flags: 0, count: 8, address: DATA + 0x200 },
    ]);
    expect(irb).toMatchObject({ subchannelStatus: 0, count: 0, ccwAddress: PROGRAM + 24 });
    expect([...bytesAt(DATA, 3), ...bytesAt(DATA + 0x100, 5), ...bytesAt(DATA + 0x200, 8)]).toEqual(range(16));
  });

  it("skips the next CCW after status modifier", () => {
    const program = [{ command: SEARCH, flags: CC }, { command: REJECTED, flags: CC }, { command: IMMEDIATE }];
    expect(driver.run(PROGRAM, program)).toMatchObject({ deviceStatus: ended, ccwAddress: PROGRAM + 24 });
  });

  it("stops chaining at unit check", () => {
    const irb = driver.run(PROGRAM, [{ command: REJECTED, flags: CC }, { command: IMMEDIATE }]);
    expect(irb).toMatchObject({ deviceStatus: DeviceStatus.unitCheck, ccwAddress: PROGRAM + 8 });
    expect(device.executed).toEqual([REJECTED]);
  });

  it("program check when a chained CCW is bad, after the data before it has moved", () => {
    const irb = driver.run(PROGRAM, [
      { command: WRITE, flags: CD, count: 4, address: DATA },
      { flags: SUSPEND, count: 4, address: DATA },
    ]);
    expect(irb).toMatchObject({ subchannelStatus: SubchannelStatus.programCheck, deviceStatus: ended, ccwAddress: PROGRAM + 16 });
    expect(device.written).toHaveLength(4);
  });
});

describe("PoP chapter 16: incorrect length", () => {
  const il = SubchannelStatus.incorrectLength;
  it.each([
    ["count too long", { count: 20 }, orbFormat1, il, 4],
    ["count too long, suppressed", { count: 20, flags: SLI }, orbFormat1, 0, 4],
    ["exact count", { count: 16 }, orbFormat1, 0, 0],
  ])("%s", (_, extra, word1, status, count) => {
    const irb = driver.run(PROGRAM, [{ command: WRITE_FIXED, address: DATA, ...extra }], word1);
    expect(irb).toMatchObject({ subchannelStatus: status, deviceStatus: ended, count });
  });

  it("count too short: incorrect length beside the device's own status, and no suppressed trace of it with SLI", () => {
    const short = { command: WRITE_FIXED, count: 10, address: DATA };
    expect(driver.run(PROGRAM, [short])).toMatchObject({ subchannelStatus: il, deviceStatus: ended | DeviceStatus.unitCheck });
    expect(driver.run(PROGRAM, [{ ...short, flags: SLI }])).toMatchObject({
      subchannelStatus: 0,
      deviceStatus: ended | DeviceStatus.unitCheck,
    });
  });

  it("ends command chaining unless suppressed", () => {
    driver.run(PROGRAM, [{ command: WRITE_FIXED, flags: CC, count: 20, address: DATA }, { command: IMMEDIATE }]);
    expect(device.executed).toEqual([WRITE_FIXED]);
    driver.run(PROGRAM, [{ command: WRITE_FIXED, flags: CC | SLI, count: 20, address: DATA }, { command: IMMEDIATE }]);
    expect(device.executed).toEqual([WRITE_FIXED, WRITE_FIXED, IMMEDIATE]);
  });

  it("is indicated in spite of SLI when data chaining is cut short", () => {
    const irb = driver.run(PROGRAM, [
      { command: WRITE_FIXED, flags: CD | SLI, count: 20, address: DATA },
      { count: 4, address: DATA },
    ]);
    expect(irb.subchannelStatus).toBe(il);
  });

  it("immediate operations: not in format 0, in format 1 unless the ORB's bit L suppresses it", () => {
    driver.writeProgram(PROGRAM, [encodeFormat0Ccw({ command: IMMEDIATE, count: 5 })]);
    driver.start({ channelProgram: PROGRAM, word1: 0x0000_ff00 });
    expect(driver.test().subchannelStatus).toBe(0);
    expect(driver.run(PROGRAM, [{ command: IMMEDIATE, count: 5 }]).subchannelStatus).toBe(il);
    expect(driver.run(PROGRAM, [{ command: IMMEDIATE, count: 5 }], orbFormat1 | 0x80).subchannelStatus).toBe(0);
    expect(driver.run(PROGRAM, [{ command: IMMEDIATE, count: 5, flags: SLI }]).subchannelStatus).toBe(0);
  });

  it("immediate operations with data chaining: always", () => {
    driver.writeProgram(PROGRAM, [encodeFormat0Ccw({ command: IMMEDIATE, flags: CD | SLI, count: 5 })]);
    driver.start({ channelProgram: PROGRAM, word1: 0x0000_ff00 });
    expect(driver.test().subchannelStatus).toBe(il);
    expect(driver.run(PROGRAM, [{ command: IMMEDIATE, count: 5, flags: CD | SLI }], orbFormat1 | 0x80).subchannelStatus).toBe(il);
  });
});

describe("PoP chapter 15: data addresses", () => {
  it("program check for data that runs out of storage, with what fits not moved beyond it", () => {
    const irb = driver.run(PROGRAM, [{ command: READ, count: 32, address: 0x10_0000 - 16 }]);
    expect(irb).toMatchObject({ subchannelStatus: SubchannelStatus.programCheck, deviceStatus: ended });
  });

  it("SKIP takes input without storing it and without looking at the address", () => {
    const irb = driver.run(PROGRAM, [
      { command: READ, flags: CD | SKIP, count: 4, address: 0x7000_0000 },
      { count: 4, address: DATA },
    ]);
    expect(irb.subchannelStatus).toBe(0);
    expect(bytesAt(DATA, 4)).toEqual(range(4, 4));
  });

  it("SKIP does not concern output", () => {
    driver.run(PROGRAM, [{ command: WRITE, flags: SKIP, count: 4, address: DATA }]);
    expect(device.written).toHaveLength(4);
  });

  it("read backward stores in descending addresses", () => {
    driver.run(PROGRAM, [
      { command: READ_BACKWARD, flags: CD, count: 4, address: DATA + 3 },
      { count: 2, address: DATA + 0x101 },
    ]);
    expect(bytesAt(DATA, 4)).toEqual([3, 2, 1, 0]);
    expect(bytesAt(DATA + 0x100, 2)).toEqual([5, 4]);
  });

  const idaws1 = (...words: number[]) => {
    for (const [index, word] of words.entries()) memory.storeUint32(0x3000 + 4 * index, word, "big");
  };
  const idaws2 = (...words: number[]) => {
    for (const [index, word] of words.entries()) memory.storeUint64(0x3000 + 8 * index, word, "big");
  };
  const viaIdaws = (word1 = orbFormat1, count = 4096, command = READ) =>
    driver.run(PROGRAM, [{ command, flags: IDA, count, address: 0x3000 }], word1);
  const FORMAT2 = 0x0002_0000;
  const BLOCKS_2K = 0x0001_0000;

  it("format-1 IDAWs designate 2 KiB blocks, the first one from anywhere", () => {
    idaws1(0x5100, 0x7000, 0x6000);
    expect(viaIdaws()).toMatchObject({ subchannelStatus: 0, count: 0 });
    const data = [...bytesAt(0x5100, 0x700), ...bytesAt(0x7000, 0x800), ...bytesAt(0x6000, 0x100)];
    expect(data).toEqual(range(4096));
    expect(memory.loadUint8(0x6100)).toBe(0);
  });

  it("format-2 IDAWs designate 4 KiB or 2 KiB blocks", () => {
    idaws2(0x5800, 0x8000);
    expect(viaIdaws(orbFormat1 | FORMAT2).subchannelStatus).toBe(0);
    expect([...bytesAt(0x5800, 0x800), ...bytesAt(0x8000, 0x800)]).toEqual(range(4096));
    idaws2(0x9800, 0xb800);
    expect(viaIdaws(orbFormat1 | FORMAT2 | BLOCKS_2K).subchannelStatus).toBe(0);
    expect([...bytesAt(0x9800, 0x800), ...bytesAt(0xb800, 0x800)]).toEqual(range(4096));
  });

  it("read backward with IDAWs goes down from the end of each block", () => {
    idaws1(0x5103, 0x7fff);
    expect(viaIdaws(orbFormat1, 0x104 + 2, READ_BACKWARD).subchannelStatus).toBe(0);
    expect(bytesAt(0x5100, 4)).toEqual([3, 2, 1, 0]);
    expect(bytesAt(0x7ffe, 2)).toEqual([5, 4]);
  });

  it.each([
    ["a later IDAW inside a block", () => idaws1(0x5000, 0x7004), orbFormat1],
    ["a format-1 IDAW with bit 0 one", () => idaws1(0x8000_5000), orbFormat1],
    ["a block that crosses the end of storage", () => idaws1(0x10_0000 - 0x400, 0x10_0000), orbFormat1],
    ["a format-2 IDAW beyond all storage", () => idaws2(2 ** 52), orbFormat1 | FORMAT2],
    ["a format-2 IDAW of all ones", () => memory.fill(0x3000, 8, 0xff), orbFormat1 | FORMAT2],
  ])("program check for %s", (_, prepare, word1) => {
    prepare();
    expect(viaIdaws(word1).subchannelStatus).toBe(SubchannelStatus.programCheck);
  });

  it("program check for a list that is not aligned or crosses the end of storage", () => {
    expect(driver.run(PROGRAM, [{ command: READ, flags: IDA, count: 4, address: 0x3002 }]).subchannelStatus).toBe(
      SubchannelStatus.programCheck,
    );
    const word1 = orbFormat1 | FORMAT2;
    expect(driver.run(PROGRAM, [{ command: READ, flags: IDA, count: 4, address: 0x3004 }], word1).subchannelStatus).toBe(
      SubchannelStatus.programCheck,
    );
    memory.storeUint32(0x10_0000 - 4, 0x5800, "big");
    expect(driver.run(PROGRAM, [{ command: READ, flags: IDA, count: 4096, address: 0x10_0000 - 4 }]).subchannelStatus).toBe(
      SubchannelStatus.programCheck,
    );
  });

  const MIDAWS = orbFormat1 | 0x40;
  const midaw = (index: number, flags: number, count: number, address: number) => {
    memory.storeUint64(0x3000 + 16 * index, flags * 65536 + count, "big");
    memory.storeUint64(0x3000 + 16 * index + 8, address, "big");
  };
  const viaMidaws = (count: number, command = READ, address = 0x3000) =>
    driver.run(PROGRAM, [{ command, flags: MIDA, count, address }], MIDAWS).subchannelStatus;

  it("MIDAWs designate areas of any length inside a page, and may skip", () => {
    midaw(0, 0, 3, 0x5001);
    midaw(1, 0x40, 4, 2 ** 60);
    midaw(2, 0x80, 9, 0x6ff7);
    expect(viaMidaws(16)).toBe(0);
    expect(bytesAt(0x5001, 4)).toEqual([0, 1, 2, 0]);
    expect(bytesAt(0x6ff7, 9)).toEqual(range(9, 7));
  });

  it.each([
    ["a count of 0", () => midaw(0, 0x80, 0, 0x5000)],
    ["a reserved flag", () => midaw(0, 0x81, 16, 0x5000)],
    ["reserved bytes", () => [midaw(0, 0x80, 16, 0x5000), memory.storeUint8(0x3000, 1)]],
    ["an area across a page", () => midaw(0, 0x80, 16, 0x5ff8)],
    ["counts below the CCW's", () => midaw(0, 0x80, 15, 0x5000)],
    ["counts above the CCW's", () => midaw(0, 0x80, 17, 0x5000)],
    ["no last word", () => midaw(0, 0, 16, 0x5000)],
    ["an area outside storage", () => midaw(0, 0x80, 16, 0x10_0000)],
  ])("program check for a MIDAW with %s", (_, prepare) => {
    prepare();
    expect(viaMidaws(16)).toBe(SubchannelStatus.programCheck);
  });

  it("program check for MIDAW lists that are unaligned or leave their page, for IDA and MIDA together, and for read backward", () => {
    midaw(0, 0x80, 16, 0x5000);
    expect(viaMidaws(16, READ, 0x3008)).toBe(SubchannelStatus.programCheck);
    expect(viaMidaws(16, READ_BACKWARD)).toBe(SubchannelStatus.programCheck);
    const both = driver.run(PROGRAM, [{ command: READ, flags: MIDA | IDA, count: 16, address: 0x3000 }], MIDAWS);
    expect(both.subchannelStatus).toBe(SubchannelStatus.programCheck);
    memory.storeUint64(0x3ff0, 1, "big");
    memory.storeUint64(0x3ff8, 0x5000, "big");
    expect(viaMidaws(16, READ, 0x3ff0)).toBe(SubchannelStatus.programCheck);
  });

  it("any way to designate storage moves the same bytes (property)", () => {
    const kind = fc.constantFrom("direct", "idaw1", "idaw2", "midaw");
    fc.assert(
      fc.property(fc.array(fc.tuple(kind, fc.integer({ min: 1, max: 3000 })), { minLength: 1, maxLength: 6 }), (parts) => {
        build();
        // One ORB holds one IDAW format, so both kinds of IDAW become format 2 here.
        let list = 0x8_0000;
        const expected: [number, number][] = [];
        const words = parts.map(([how, count], index) => {
          const address = 0x1_0000 + index * 0x4000 + 0x123;
          expected.push([address, count]);
          const flags = index < parts.length - 1 ? CD : 0;
          if (how === "direct") return encodeCcw({ command: READ, flags, count, address });
          const start = list;
          for (let done = 0; done < count; ) {
            const here = address + done;
            const length = Math.min(4096 - (here % 4096), count - done);
            if (how === "midaw") {
              memory.storeUint64(list, (done + length === count ? 0x80_0000 : 0) + length, "big");
              memory.storeUint64(list + 8, here, "big");
            } else memory.storeUint64(list, here, "big");
            list += how === "midaw" ? 16 : 8;
            done += length;
          }
          list = (list + 4095) & ~4095;
          return encodeCcw({ command: READ, flags: flags | (how === "midaw" ? MIDA : IDA), count, address: start });
        });
        driver.writeProgram(PROGRAM, words);
        driver.start({ channelProgram: PROGRAM, word1: MIDAWS | FORMAT2 });
        expect(driver.test()).toMatchObject({ subchannelStatus: 0, deviceStatus: ended, count: 0 });
        const moved = expected.flatMap(([address, count]) => bytesAt(address, count));
        expect(moved).toEqual(range(moved.length));
      }),
      { numRuns: 50 },
    );
  });
});

describe("PoP chapter 15: keys and address limits", () => {
  it("protection check where the key does not fit, for data, CCWs and IDAWs alike", () => {
    const asked: [number, number, boolean][] = [];
    build({
      storageKeys: {
        permits: (address, _length, key, store) => {
          asked.push([address, key, store]);
          return key === 0 || (address !== DATA && address !== 0x3000 && address !== PROGRAM + 0x100);
        },
      },
    });
    const key7 = (orbFormat1 | 0x7000_0000) >>> 0;
    const check = (ccw: object, word1: number) => driver.run(PROGRAM, [{ count: 4, ...ccw }], word1).subchannelStatus;
    expect(check({ command: READ, address: DATA }, key7)).toBe(SubchannelStatus.protectionCheck);
    expect(asked).toContainEqual([DATA, 7, true]);
    expect(check({ command: WRITE, address: DATA }, key7)).toBe(SubchannelStatus.protectionCheck);
    expect(check({ command: WRITE, flags: IDA, address: 0x3000 }, key7)).toBe(SubchannelStatus.protectionCheck);
    expect(check({ command: READ, address: DATA }, orbFormat1)).toBe(0);
    driver.start({ channelProgram: PROGRAM + 0x100, word1: key7 });
    const irb = driver.test();
    expect(irb.subchannelStatus).toBe(SubchannelStatus.protectionCheck);
    expect(irb.flags >> ScswFlags.keyShift).toBe(7);
  });

  it("asks for the key of every block of 4 KiB that an area touches, before it moves anything", () => {
    const asked: [number, number][] = [];
    build({
      storageKeys: {
        permits: (address, length, _key, store) => {
          if (store) asked.push([address, length]);
          return address !== 0x5000;
        },
      },
    });
    const irb = driver.run(PROGRAM, [{ command: READ, count: 0x3000, address: 0x3f00 }]);
    expect(irb.subchannelStatus).toBe(SubchannelStatus.protectionCheck);
    expect(asked).toEqual([
      [0x3f00, 0x100],
      [0x4000, 0x1000],
      [0x5000, 0x1000],
    ]);
    expect(memory.loadUint8(0x3f01)).toBe(0);
  });

  it("SAL with the limit mode and the ORB's bit A restricts data addresses", () => {
    expect(channel.setAddressLimit(0x4_0000)).toBe(0);
    const withMode = (mode: number) => driver.modify((view) => view.setUint16(4, (view.getUint16(4) & ~0x60) | mode));
    const read = (address: number, word1 = orbFormat1 | 0x0010_0000) =>
      driver.run(PROGRAM, [{ command: READ, count: 16, address }], word1).subchannelStatus;
    withMode(0x40);
    expect(read(0x3_fff0)).toBe(0);
    expect(read(0x3_fff8)).toBe(SubchannelStatus.programCheck);
    expect(read(0x3_fff8, orbFormat1)).toBe(0);
    withMode(0x20);
    expect(read(0x3_fff0)).toBe(SubchannelStatus.programCheck);
    expect(read(0x4_0000)).toBe(0);
  });
});

describe("PoP chapter 15: PCI flag, initial status, suspend and resume", () => {
  const suspendable = (orbFormat1 | 0x0800_0000) >>> 0;

  it("a PCI flag shows in the final status when it was not fetched before", () => {
    const irb = driver.run(PROGRAM, [{ command: IMMEDIATE, flags: PCI | CC }, { command: IMMEDIATE }]);
    expect(irb.subchannelStatus).toBe(SubchannelStatus.programControlledInterruption);
    expect(irb.control).toBe(FunctionControl.start | finalStatus | StatusControl.intermediate);
  });

  it("a PCI is intermediate status while the program goes on", () => {
    driver.writeProgram(PROGRAM, [encodeCcw({ command: IMMEDIATE, flags: CC | PCI }), encodeCcw({ command: 0x08, address: PROGRAM })]);
    driver.start({ channelProgram: PROGRAM, interruptionParameter: 0x1234 });
    expect(channel.takeInterruption(0x10)).toEqual({ subsystemId: driver.subsystemId, parameter: 0x1234, identification: 3 << 27 });
    const irb = driver.test();
    expect(irb.control & StatusControl.all).toBe(StatusControl.intermediate | StatusControl.pending);
    expect(irb.control & ActivityControl.subchannelActive).not.toBe(0);
    deferred.shift()!();
    expect(channel.pendingInterruptionSubclasses()).toBe(0x10);
    channel.clearSubchannel(driver.subsystemId);
  });

  it("initial-status interruption (ORB bit I): condition code 0 is reported with bit Z", () => {
    const irb = driver.run(PROGRAM, [{ command: READ, count: 4, address: DATA }], orbFormat1 | 0x0020_0000);
    expect(irb.flags & ScswFlags.zeroConditionCode).not.toBe(0);
    expect(irb.control & StatusControl.intermediate).not.toBe(0);
  });

  it("suspends at the flag, and resumes with the CCW fetched anew", () => {
    driver.writeProgram(PROGRAM, [
      encodeCcw({ command: IMMEDIATE, flags: CC }),
      encodeCcw({ command: READ, flags: SUSPEND, count: 4, address: DATA }),
    ]);
    driver.start({ channelProgram: PROGRAM, word1: suspendable });
    const irb = driver.test();
    expect(irb.control).toBe(FunctionControl.start | ActivityControl.suspended | StatusControl.intermediate | StatusControl.pending);
    expect(irb.ccwAddress).toBe(PROGRAM + 16);
    // Still flagged: suspended again.
    expect(channel.resumeSubchannel(driver.subsystemId)).toBe(0);
    expect(driver.test().control & ActivityControl.suspended).not.toBe(0);
    memory.storeUint8(PROGRAM + 9, 0);
    expect(channel.resumeSubchannel(driver.subsystemId)).toBe(0);
    expect(driver.test()).toMatchObject({ deviceStatus: ended, control: FunctionControl.start | finalStatus });
    expect(device.executed).toEqual([IMMEDIATE, READ]);
  });

  it("a suspension makes no interruption when the ORB's bit U suppresses it", () => {
    driver.writeProgram(PROGRAM, [encodeCcw({ command: READ, flags: SUSPEND, count: 4, address: DATA })]);
    driver.start({ channelProgram: PROGRAM, word1: suspendable | 0x0008_0000 });
    const irb = driver.test();
    expect(irb.conditionCode).toBe(1);
    expect(irb.control).toBe(FunctionControl.start | ActivityControl.suspended);
    expect(channel.cancelSubchannel(driver.subsystemId)).toBe(0);
    expect(driver.test()).toMatchObject({ conditionCode: 1, control: 0 });
  });

  it("RSCH: condition code 2 without suspend control, or without a start function", () => {
    expect(channel.resumeSubchannel(driver.subsystemId)).toBe(2);
    driver.writeProgram(PROGRAM, [encodeCcw({ command: IMMEDIATE, flags: CC }), encodeCcw({ command: 0x08, address: PROGRAM })]);
    driver.start({ channelProgram: PROGRAM });
    expect(channel.resumeSubchannel(driver.subsystemId)).toBe(2);
    channel.clearSubchannel(driver.subsystemId);
    expect(channel.resumeSubchannel(driver.subsystemId)).toBe(1);
  });

  it("RSCH ahead of the suspension makes the program look at the CCW again", () => {
    driver.writeProgram(PROGRAM, [
      ...Array.from({ length: 300 }, () => encodeCcw({ command: IMMEDIATE, flags: CC })),
      encodeCcw({ command: IMMEDIATE, flags: SUSPEND }),
    ]);
    driver.start({ channelProgram: PROGRAM, word1: suspendable });
    expect(channel.resumeSubchannel(driver.subsystemId)).toBe(0);
    expect(channel.resumeSubchannel(driver.subsystemId)).toBe(2);
    deferred.shift()!();
    memory.storeUint8(PROGRAM + 8 * 300 + 1, 0);
    deferred.shift()!();
    expect(driver.test()).toMatchObject({ conditionCode: 0, deviceStatus: ended });
  });
});

describe("PoP chapter 15: operation-request block", () => {
  it.each([
    ["transport mode", { word1: 0x0044_ff00 }],
    ["reserved bits of word 1", { word1: orbFormat1 | 0x02 }],
    ["a channel-program address with bit 0 one", { channelProgram: 0x8000_1000 }],
  ])("operand exception for %s", (_, fields) => {
    expect(channel.startSubchannel(driver.subsystemId, encodeOrb({ channelProgram: PROGRAM, ...fields }))).toBe(-0x15);
  });

  it("operand exception for reserved fields of the extension, only if the ORB has one", () => {
    const orb = encodeOrb({ channelProgram: PROGRAM, word1: orbFormat1 });
    driver.writeProgram(PROGRAM, [encodeCcw({ command: IMMEDIATE })]);
    orb[20] = 1;
    expect(channel.startSubchannel(driver.subsystemId, orb)).toBe(0);
    driver.test();
    orb[7] = 1;
    expect(channel.startSubchannel(driver.subsystemId, orb)).toBe(-0x15);
  });

  it("any 32 bytes and any program get a defined end (property)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.uint8Array({ minLength: 256, maxLength: 256 }), (head, program) => {
        build();
        memory.write(PROGRAM, program);
        const orb = encodeOrb({ channelProgram: PROGRAM });
        orb.set(head);
        const cc = channel.startSubchannel(driver.subsystemId, orb);
        expect([0, -0x15]).toContain(cc);
        for (let turn = 0; turn < 5; turn++) deferred.shift()?.();
        channel.clearSubchannel(driver.subsystemId);
        expect(driver.test()).toMatchObject({ conditionCode: 0 });
      }),
      { numRuns: 300 },
    );
  });
});
