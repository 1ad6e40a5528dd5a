import { HostError } from "@zarch/vmm-interface";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIST, QUERY_FUNCTION, QUERY_GROUP, Rig, SET_FUNCTION } from "../test/rig.ts";
import { ClpResponse, ConfigureResponse, END_DMA, START_DMA } from "./index.ts";

const OPERAND = -0x15;
const SPECIFICATION = -0x06;
const ENABLED = 0x8000_0000;

describe("CALL LOGICAL PROCESSOR", () => {
  it("lists functions with vendor, device, state, ID and handle", () => {
    const rig = new Rig();
    rig.attach({ id: 7 });
    const { zpci } = rig.attach({ id: 3 });
    zpci.state = "standby";
    const { code, response } = rig.call(LIST);
    expect([code, response.getUint16(0), response.getUint32(16), response.getUint32(20)]).toEqual([ClpResponse.ok, 64, 0, 0]);
    expect([response.getUint8(30), response.getUint8(31)]).toEqual([1, 16]);
    const entries = [32, 48].map((at) =>
      [0, 2].map((i) => response.getUint16(at + i)).concat([4, 8, 12].map((i) => response.getUint32(at + i))),
    );
    expect(entries).toEqual([
      [0x1042, 0x1af4, 0x8000_0000, 7, 0x0002_0001],
      [0x1042, 0x1af4, 0, 3, 0x0002_0002],
    ]);
  });

  it("a list that does not fit goes on with its token; an unknown token is refused", () => {
    const rig = new Rig();
    for (let i = 0; i < 5; i++) rig.attach();
    const ids: number[] = [];
    let token = 0;
    do {
      const { code, response } = rig.call(LIST, (request) => request.setUint32(20, token), 64);
      expect(code).toBe(ClpResponse.ok);
      for (let at = 32; at < response.getUint16(0); at += 16) ids.push(response.getUint32(at + 8));
      token = response.getUint32(20);
    } while (token !== 0);
    expect(ids).toEqual([0, 1, 2, 3, 4]);
    expect(rig.call(LIST, (request) => request.setUint32(20, 99)).code).toBe(ClpResponse.unknownResumeToken);
    expect(rig.call(LIST, (request) => request.setUint32(16, 1)).code).toBe(ClpResponse.unknownResumeToken);
  });

  it("no functions: an empty list", () => {
    const { code, response } = new Rig().call(LIST);
    expect([code, response.getUint16(0)]).toEqual([ClpResponse.ok, 32]);
  });

  it("queries a function: IDs, group, sizes and values of base address registers, DMA addresses", () => {
    const rig = new Rig();
    const { zpci } = rig.attach({ id: 9, uid: 0x12 });
    const { code, response } = rig.call(QUERY_FUNCTION, (request) => request.setUint32(16, zpci.handle), 256);
    expect([code, response.getUint8(19), response.getUint32(20), response.getUint32(124)]).toEqual([ClpResponse.ok, 0xff, 9, 0x12]);
    expect([24, 25, 26, 27, 28, 29].map((at) => response.getUint8(at))).toEqual([0, 12, 0, 0, 13, 0]);
    expect([36, 48].map((at) => response.getUint32(at, true))).toEqual([0, 4]);
    expect([response.getBigUint64(64), response.getBigUint64(72)]).toEqual([BigInt(START_DMA), BigInt(END_DMA)]);
    expect(response.getUint8(62)).toBe(0);
  });

  it("queries the group: vectors, block size, message address", () => {
    const query = (group: number) => new Rig().call(QUERY_GROUP, (request) => request.setUint8(19, group), 64);
    const { code, response } = query(0xff);
    expect([code, response.getUint16(16), response.getUint16(20)]).toEqual([ClpResponse.ok, 128, 128]);
    expect(response.getBigUint64(40)).toBe(0xfe00_0000_0000_0000n);
    expect(query(0).code).toBe(ClpResponse.unknownGroup);
  });

  it("enables and disables, each with a new handle; the old one is no longer known", () => {
    const rig = new Rig();
    const { zpci } = rig.attach();
    const before = zpci.handle;
    const [code, handle] = rig.set(before, 0);
    expect([code, handle]).toEqual([ClpResponse.ok, (before | ENABLED) >>> 0]);
    expect(rig.set(before, 0)[0]).toBe(ClpResponse.invalidHandle);
    expect(rig.set(handle, 0)[0]).toBe(ClpResponse.handleNotValidForOperation);
    expect([rig.set(handle, 1), rig.resets]).toEqual([[ClpResponse.ok, before], [0]]);
    expect(rig.set(before, 1)[0]).toBe(ClpResponse.handleNotValidForOperation);
    expect([rig.set(before, 0, 0)[0], rig.set(before, 0, 2)[0], rig.set(before, 7)[0]]).toEqual([
      ClpResponse.invalidAddressSpaces,
      ClpResponse.insufficientResources,
      ClpResponse.handleNotValidForOperation,
    ]);
  });

  it("a function whose device is still in its reset is busy", async () => {
    const rig = new Rig();
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { zpci, handle } = rig.enabled({ reset: () => gate });
    rig.set(handle, 1);
    expect(rig.set(zpci.handle, 0)[0]).toBe(ClpResponse.functionBusy);
    open();
    await gate;
    await Promise.resolve();
    expect(rig.set(zpci.handle, 0)[0]).toBe(ClpResponse.ok);
  });

  it("refuses what it does not know: commands, formats, lengths, reserved fields", () => {
    const rig = new Rig();
    rig.attach();
    expect(rig.call(1).code).toBe(ClpResponse.unknownCommand);
    expect(rig.call(0x1234).code).toBe(ClpResponse.unknownCommand);
    expect(rig.call(LIST, () => {}, 4096, 40).code).toBe(ClpResponse.invalidLength);
    expect(rig.call(LIST, (request) => request.setUint8(4, 0x10)).code).toBe(ClpResponse.unsupportedFormat);
    expect(rig.call(LIST, (request) => request.setUint8(7, 1)).code).toBe(ClpResponse.reservedNotZero);
    expect(rig.call(LIST, (request) => request.setUint8(15, 1)).code).toBe(ClpResponse.reservedNotZero);
    expect([rig.call(LIST, () => {}, 40).code, rig.call(LIST, () => {}, 56).code]).toEqual([
      ClpResponse.invalidLength,
      ClpResponse.invalidLength,
    ]);
    expect(rig.call(QUERY_FUNCTION, (request) => request.setUint32(16, 0x0002_0001), 128).code).toBe(ClpResponse.invalidLength);
    expect(rig.call(SET_FUNCTION, (request) => request.setUint32(16, 0x0002_0001), 16).code).toBe(ClpResponse.invalidLength);
    expect(rig.call(QUERY_FUNCTION, (request) => request.setUint32(16, 0x0002_0009)).code).toBe(ClpResponse.invalidHandle);
  });
});

describe("PCI LOAD and PCI STORE", () => {
  it("values are byte-reversed: the byte at the lowest address is the leftmost", () => {
    const rig = new Rig();
    const { handle, region } = rig.enabled();
    region.write(8, 4, 0x4433_2211);
    region.write(12, 4, 0x8877_6655);
    expect(rig.load(handle, 4, 8, 8)).toEqual([0, 0, [0x1122_3344, 0x5566_7788]]);
    expect(rig.load(handle, 4, 8, 4)).toEqual([0, 0, [0, 0x1122_3344]]);
    expect(rig.load(handle, 4, 10, 2)).toEqual([0, 0, [0, 0x3344]]);
    expect(rig.load(handle, 4, 11, 1)).toEqual([0, 0, [0, 0x44]]);
    rig.store(handle, 4, 16, 8, 0x0506_0708, 0x0102_0304);
    expect([region.read(16, 4), region.read(20, 4)]).toEqual([0x0403_0201, 0x0807_0605]);
    rig.store(handle, 4, 24, 2, 0xffff_0102);
    expect(region.read(24, 4)).toBe(0x0201);
  });

  it("address space 15 is configuration space", () => {
    const rig = new Rig();
    const { handle } = rig.enabled();
    expect(rig.load(handle, 15, 0, 4)).toEqual([0, 0, [0, 0xf41a_4210]]);
    expect(rig.load(handle, 15, 2, 2)).toEqual([0, 0, [0, 0x4210]]);
    expect(rig.store(handle, 15, 4, 2, 0x0600)).toBe(0);
    expect(rig.load(handle, 15, 4, 2)[2]).toEqual([0, 0x0600]);
    expect(rig.load(handle, 15, 0x1000, 4)[2]).toEqual([0, 0xffff_ffff]);
  });

  it("lengths and offsets that are not allowed are operand exceptions", () => {
    const rig = new Rig();
    const { handle } = rig.enabled();
    for (const [space, offset, length] of [
      [4, 0, 0],
      [4, 0, 3],
      [4, 0, 9],
      [4, 4, 8],
      [4, 7, 2],
      [4, 0x2000, 4],
      [4, 2 ** 40, 4],
      [4, 2 ** 63, 1],
      [0, 0, 4],
      [5, 0, 4],
      [15, 0, 8],
      [15, 2, 4],
      [15, 3, 2],
      [15, 0, 0],
    ] as const) {
      expect([rig.load(handle, space, offset, length)[0], rig.store(handle, space, offset, length, 1)]).toEqual([OPERAND, OPERAND]);
    }
    for (const space of [6, 14]) {
      expect([rig.load(handle, space, 0, 4).slice(0, 2), rig.store(handle, space, 0, 4, 1)]).toEqual([[1, 20], 1 | (20 << 8)]);
    }
  });

  it("a handle that is stale, of another function or disabled is condition code 3", () => {
    const rig = new Rig();
    const { zpci, handle } = rig.enabled();
    const disabled = (handle & ~ENABLED) >>> 0;
    for (const wrong of [disabled, handle + 1, 0, 0xffff_ffff, (handle | 0x0100_0000) >>> 0]) {
      expect([rig.load(wrong, 4, 0, 4)[0], rig.store(wrong, 4, 0, 4, 0), rig.bus.checkStoreBlock(wrong, 0x4_0010, 0, 0)]).toEqual([
        3, 3, 3,
      ]);
      expect([rig.bus.refreshTranslations(wrong, 1, 0, 0, 4096), rig.modify(wrong, 3)]).toEqual([3, 3]);
    }
    rig.set(handle, 1);
    expect([rig.load(handle, 4, 0, 4)[0], rig.load(zpci.handle, 4, 0, 4)[0]]).toEqual([3, 3]);
  });
});

describe("PCI STORE BLOCK", () => {
  it("writes 16 to 128 bytes as they are", () => {
    const rig = new Rig();
    const { handle, region } = rig.enabled();
    const block = Uint8Array.from({ length: 128 }, (_, i) => i);
    expect(rig.bus.checkStoreBlock(handle, 0x4_0080, 0, 0x100)).toBe(0);
    expect(rig.bus.storeBlock(handle, 0x4_0080, 0, 0x100, block)).toBe(0);
    expect([region.read(0x100, 4), region.read(0x17c, 4)]).toEqual([0x0302_0100, 0x7f7e_7d7c]);
  });

  it("refuses other lengths, offsets, borders of pages, and what is outside of the register", () => {
    const rig = new Rig();
    const { handle } = rig.enabled();
    const check = (length: number, offset: number, space = 4): number =>
      rig.bus.checkStoreBlock(handle, ((space << 16) | length) >>> 0, Math.floor(offset / 2 ** 32), offset >>> 0);
    for (const length of [0, 8, 12, 136, 0x1ff8]) expect(check(length, 0)).toBe(SPECIFICATION);
    expect([check(16, 4), check(32, 0xff0), check(16, 0xff0)]).toEqual([SPECIFICATION, SPECIFICATION, 0]);
    expect([check(16, 0x2000), check(16, 0, 2), check(16, 0, 15)]).toEqual([OPERAND, OPERAND, 1 | (20 << 8)]);
  });
});

describe("interruptions", () => {
  it("a message sets the bits of vector and summary, and interrupts if the summary was clear", () => {
    const rig = new Rig();
    const { zpci, handle } = rig.enabled();
    expect(rig.registerInterruptions(handle)).toBe(0);
    rig.message(zpci, 5);
    expect([rig.memory.loadUint8(0x5000), rig.memory.loadUint8(0x6000), rig.interruptions]).toEqual([0x01, 0x10, [5]]);
    rig.message(zpci, 6);
    expect([rig.memory.loadUint8(0x5001), rig.interruptions]).toEqual([0x80, [5]]);
    rig.memory.storeUint8(0x6000, 0);
    rig.message(zpci, 6);
    expect(rig.interruptions).toEqual([5, 5]);
  });

  it("are registered once, and not where there is no storage", () => {
    const rig = new Rig();
    const { handle } = rig.enabled();
    expect(rig.modify(handle, 3)).toBe(1 | (24 << 8));
    expect(rig.registerInterruptions(handle, { vector: 0x10_0000 })).toBe(1 | (4 << 8));
    expect(rig.registerInterruptions(handle, { summary: 0xf_fffc })).toBe(1 | (4 << 8));
    expect([rig.registerInterruptions(handle), rig.registerInterruptions(handle)]).toEqual([0, 1 | (24 << 8)]);
    expect([rig.modify(handle, 3), rig.modify(handle, 3)]).toEqual([0, 1 | (24 << 8)]);
  });

  it("a message without registration, or with a vector that is none, is an error of the function", () => {
    const rig = new Rig();
    const { zpci, handle } = rig.enabled();
    rig.message(zpci, 0);
    expect([zpci.state, rig.events]).toEqual(["error", [[1, 0x10, handle, 0]]]);
    rig.modify(handle, 7);
    rig.registerInterruptions(handle);
    rig.message(zpci, 8);
    expect([zpci.state, rig.events[1], rig.interruptions]).toEqual(["error", [1, 0xa, handle, 0], []]);
  });

  it("SIC: in single mode one interruption, until the program asks for the next", () => {
    const rig = new Rig();
    const { zpci, handle } = rig.enabled();
    rig.registerInterruptions(handle);
    const fire = (): void => {
      rig.memory.storeUint8(0x6000, 0);
      rig.message(zpci, 0);
    };
    expect(rig.bus.setInterruptionControls(1, 5)).toBe(0);
    fire();
    fire();
    expect(rig.interruptions).toEqual([5]);
    rig.bus.setInterruptionControls(1, 5);
    fire();
    expect(rig.interruptions).toEqual([5, 5]);
    rig.bus.setInterruptionControls(0, 5);
    fire();
    fire();
    expect(rig.interruptions.length).toBe(4);
    expect(rig.bus.setInterruptionControls(4, 5)).toBe(OPERAND);
  });
});

describe("address spaces", () => {
  it("DMA goes through the registered tables", () => {
    const rig = new Rig();
    const { dma, handle } = rig.enabled();
    expect(rig.registerAddressSpace(handle)).toBe(0);
    rig.map(0, 0x2_0000);
    rig.map(1, 0x3_0000);
    dma.write(START_DMA + 0xffe, Uint8Array.of(1, 2, 3, 4));
    expect([...rig.memory.view(0x2_0ffe, 2), ...rig.memory.view(0x3_0000, 2)]).toEqual([1, 2, 3, 4]);
    expect([dma.loadUint32(START_DMA + 0xffe, "big"), dma.loadUint16(START_DMA + 0x1000, "little")]).toEqual([0x0102_0304, 0x0403]);
    const words = new Uint32Array(2);
    dma.loadUint32s(START_DMA + 0xffe, "big", words);
    expect([...words]).toEqual([0x0102_0304, 0]);
    dma.storeUint64(START_DMA + 0xffc, 0x1122_3344_5566, "big");
    expect([...rig.memory.view(0x2_0ffc, 4), ...rig.memory.view(0x3_0000, 4)]).toEqual([0, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66]);
  });

  it("tables of all four kinds, and frames of 1 MiB and 2 GiB", () => {
    const rig = new Rig();
    const { dma, handle } = rig.enabled();
    // Region-first and region-second tables above the region-third table at 0x8000.
    rig.map(3, 0x2_0000);
    rig.memory.storeUint64(0x2_8000, 0x8000 | 0x0b, "big");
    rig.memory.storeUint64(0x3_0000, 0x2_8000 | 0x0f, "big");
    rig.memory.storeUint32(0x2_0010, 0xcafe, "big");
    for (const [dt, anchor] of [
      [1, 0x8000],
      [2, 0x2_8000],
      [3, 0x3_0000],
    ] as const) {
      expect(rig.registerAddressSpace(handle, { dt, anchor, operation: dt === 1 ? 4 : 6 })).toBe(0);
      expect(dma.loadUint32(START_DMA + 0x3010, "big")).toBe(0xcafe);
    }
    // A segment table alone: 4 GiB is its entry 0 again.
    rig.registerAddressSpace(handle, { dt: 0, anchor: 0xc000, operation: 6 });
    expect(dma.loadUint32(START_DMA + 0x3010, "big")).toBe(0xcafe);
    // A frame of 1 MiB at 0.
    rig.memory.storeUint64(0xc000, 0x400, "big");
    rig.bus.refreshTranslations(handle, 1, 0, 0, 0x10_0000);
    expect(dma.loadUint32(START_DMA + 0x2_0010, "big")).toBe(0xcafe);
    rig.registerAddressSpace(handle, { operation: 6 });
    rig.memory.storeUint64(0x8000 + 16, 0x404, "big");
    expect(dma.loadUint32(START_DMA + 0x2_0010, "big")).toBe(0xcafe);
  });

  it("what has no translation puts the function into the error state with an event: reads give 0, writes are lost", () => {
    const cases: [string, (rig: Rig) => void, number, number][] = [
      ["page invalid", (rig) => rig.map(0, 0x2_0000, 0x400), 0x7, 0],
      ["segment invalid", (rig) => rig.memory.storeUint64(0xc000, 0x20, "big"), 0x7, 0],
      ["region invalid", (rig) => rig.memory.storeUint64(0x8010, 0x20, "big"), 0x7, 0],
      ["wrong type", (rig) => rig.memory.storeUint64(0x8010, 0xc000 | 0x08, "big"), 0x9, 0],
      ["table outside storage", (rig) => rig.memory.storeUint64(0xc000, 0x40_0000, "big"), 0x7, 0],
      ["frame outside storage", (rig) => rig.map(0, 0x40_0000), 0x7, 0],
      ["beyond the limit", () => {}, 0x2, 0x100_0000],
    ];
    for (const [name, spoil, code, offset] of cases) {
      const rig = new Rig();
      const { zpci, dma, handle } = rig.enabled();
      rig.registerAddressSpace(handle);
      rig.map(0, 0x2_0000);
      spoil(rig);
      rig.memory.storeUint32(0x2_0000, 0x1234, "big");
      dma.storeUint32(START_DMA + offset, 0xffff_ffff, "big");
      expect([name, dma.loadUint32(START_DMA + offset, "big"), zpci.state]).toEqual([name, 0, "error"]);
      expect([rig.events, rig.failedAddresses]).toEqual([[[1, code, handle, 0]], [START_DMA + offset]]);
      expect(rig.memory.loadUint32(0x2_0000, "big")).toBe(0x1234);
      const bytes = new Uint8Array(4).fill(9);
      dma.read(START_DMA, bytes);
      expect([...bytes]).toEqual([0, 0, 0, 0]);
    }
  });

  it("protection holds at every level", () => {
    for (const protect of [
      (rig: Rig) => rig.map(0, 0x2_0000, 0x200),
      (rig: Rig) => rig.memory.storeUint64(0xc000, 0x1_0200, "big"),
      (rig: Rig) => rig.memory.storeUint64(0x8010, 0xc000 | 0x207, "big"),
    ]) {
      const rig = new Rig();
      const { zpci, dma, handle } = rig.enabled();
      rig.registerAddressSpace(handle);
      rig.map(0, 0x2_0000);
      protect(rig);
      rig.memory.storeUint8(0x2_0000, 7);
      expect([dma.loadUint8(START_DMA), zpci.state]).toEqual([7, "enabled"]);
      dma.storeUint8(START_DMA, 8);
      expect([rig.memory.loadUint8(0x2_0000), zpci.state, rig.events[0]?.[1]]).toEqual([7, "error", 0x4]);
    }
  });

  it("translations are kept until RPCIT refreshes them", () => {
    const rig = new Rig();
    const { dma, handle } = rig.enabled();
    rig.registerAddressSpace(handle);
    rig.map(0, 0x2_0000);
    rig.memory.storeUint8(0x2_0000, 1);
    rig.memory.storeUint8(0x3_0000, 2);
    expect(dma.loadUint8(START_DMA)).toBe(1);
    rig.map(0, 0x3_0000);
    expect(rig.bus.refreshTranslations(handle, 1, 0, 0, 4096)).toBe(0);
    expect(dma.loadUint8(START_DMA)).toBe(2);
    rig.map(0, 0x2_0000);
    expect(rig.bus.refreshTranslations(handle, 1, 0, 0xffff_fff0, 0)).toBe(0);
    expect(dma.loadUint8(START_DMA)).toBe(1);
  });

  it("RPCIT outside of the address space, or without one, is an error of the function", () => {
    const rig = new Rig();
    const { zpci, handle } = rig.enabled();
    expect([rig.bus.refreshTranslations(handle, 1, 0, 0, 4096), zpci.state]).toEqual([1 | (8 << 8), "error"]);
    rig.modify(handle, 7);
    rig.registerAddressSpace(handle);
    expect([rig.bus.refreshTranslations(handle, 0, 0, 0, 4096), zpci.state]).toEqual([1 | (8 << 8), "error"]);
    expect(rig.bus.refreshTranslations(handle, 1, 0, 0, 4096)).toBe(1 | (40 << 8));
    expect(rig.events.map(([, code]) => code)).toEqual([0x1, 0x2]);
  });

  it("are registered once, between the limits of the function, with a table", () => {
    const rig = new Rig();
    const { handle } = rig.enabled();
    expect(rig.modify(handle, 5)).toBe(1 | (24 << 8));
    expect(rig.registerAddressSpace(handle, { operation: 6 })).toBe(1 | (24 << 8));
    expect([rig.registerAddressSpace(handle, { base: 0 }), rig.registerAddressSpace(handle, { limit: 2 ** 60 })]).toEqual([
      OPERAND,
      OPERAND,
    ]);
    expect(rig.registerAddressSpace(handle, { base: 2 ** 33, limit: 2 ** 32 })).toBe(OPERAND);
    expect([rig.registerAddressSpace(handle, { flags: 0 }), rig.registerAddressSpace(handle, { dt: 4 })]).toEqual([OPERAND, OPERAND]);
    expect(rig.modify(handle, 4, () => {}, 1)).toBe(1 | (28 << 8));
    expect([rig.registerAddressSpace(handle), rig.registerAddressSpace(handle)]).toEqual([0, 1 | (24 << 8)]);
    expect([rig.modify(handle, 5, () => {}, 1), rig.modify(handle, 5), rig.modify(handle, 5)]).toEqual([1 | (28 << 8), 0, 1 | (24 << 8)]);
  });

  it("contains: between the limits, whatever is mapped", () => {
    const rig = new Rig();
    const { dma, handle } = rig.enabled();
    expect(dma.contains(START_DMA, 1)).toBe(false);
    rig.registerAddressSpace(handle);
    expect([dma.contains(START_DMA, 0x100_0000), dma.contains(START_DMA, 0x100_0001), dma.contains(START_DMA - 1, 1)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([dma.contains(2 ** 60, 1), dma.contains(START_DMA + 0.5, 1)]).toEqual([false, false]);
  });
});

describe("states", () => {
  it("STPCIFC shows them", () => {
    const rig = new Rig();
    const { zpci, handle } = rig.enabled();
    const controls = (): number => rig.stored(handle).block.getUint8(8);
    expect(controls()).toBe(0x80);
    rig.registerAddressSpace(handle);
    rig.registerInterruptions(handle);
    const { result, block } = rig.stored(handle);
    expect([result, block.getUint8(8), block.getUint32(40)]).toEqual([0, 0x90, ((5 << 28) | (8 << 16) | (2 << 8) | 0x83) >>> 0]);
    expect([block.getBigUint64(16), block.getBigUint64(24), block.getBigUint64(32)]).toEqual([
      1n << 32n,
      (1n << 32n) + 0xff_ffffn,
      0x8804n,
    ]);
    expect([block.getBigUint64(48), block.getBigUint64(56)]).toEqual([0x5000n, 0x6000n]);
    zpci.fail(0xb, 0);
    expect([controls(), rig.load(handle, 4, 0, 4).slice(0, 2)]).toEqual([0xf0, [1, 12]]);
    expect([rig.modify(handle, 9), controls(), rig.load(handle, 4, 0, 4)[0]]).toEqual([0, 0xd0, 0]);
    expect([rig.modify(handle, 9), rig.modify(handle, 7), controls(), rig.modify(handle, 7)]).toEqual([
      1 | (24 << 8),
      0,
      0x90,
      1 | (24 << 8),
    ]);
  });

  it("STPCIFC with a handle from before: the result says that the function is enabled", () => {
    const rig = new Rig();
    const { zpci } = rig.attach();
    const before = zpci.handle;
    expect([rig.stored(before).result, rig.stored(before).block.getUint8(8)]).toEqual([0, 0]);
    const [, handle] = rig.set(before, 0);
    expect([rig.stored(before).result, rig.stored(handle).result]).toEqual([0x1_0000, 0]);
    rig.set(handle, 1);
    expect(rig.stored(handle).result).toBe(3);
    expect(rig.bus.storeControls(before, 1 << 16, new Uint8Array(80))).toBe(1 | (28 << 8));
  });

  it("measurement is accepted and does nothing; other operations and formats are operand exceptions", () => {
    const rig = new Rig();
    const { handle } = rig.enabled();
    expect([rig.modify(handle, 10), rig.modify(handle, 99), rig.modify(handle, 16)]).toEqual([0, OPERAND, OPERAND]);
    expect(rig.modify(handle, 2, (block) => block.setUint8(0, 1))).toBe(OPERAND);
  });

  it("reset disables all functions and resets their devices", () => {
    const rig = new Rig();
    const { zpci, dma, handle } = rig.enabled();
    rig.registerAddressSpace(handle);
    rig.registerInterruptions(handle);
    rig.bus.reset();
    expect([zpci.state, dma.enabled, zpci.indicators, rig.resets]).toEqual(["disabled", false, undefined, [0]]);
    rig.message(zpci, 0);
    expect([rig.interruptions, rig.events]).toEqual([[], []]);
  });
});

describe("plugging", () => {
  it("a function that comes later is announced as configured", () => {
    const rig = new Rig();
    rig.attach();
    const { zpci } = rig.attach({ announce: true });
    expect(rig.events).toEqual([[2, 0x0301, zpci.handle, 1]]);
  });

  it("one that is pulled out is gone, and the guest is told; what it does then has no effect", () => {
    const rig = new Rig();
    const { zpci, dma, handle } = rig.enabled();
    rig.registerAddressSpace(handle);
    rig.registerInterruptions(handle);
    rig.map(0, 0x2_0000);
    rig.bus.detach(zpci);
    expect(rig.events.map(([content, code, , id]) => [content, code, id])).toEqual([[2, 0x0304, 0]]);
    dma.storeUint8(START_DMA, 1);
    rig.message(zpci, 0);
    expect([rig.memory.loadUint8(0x2_0000), rig.interruptions, rig.load(handle, 4, 0, 4)[0]]).toEqual([0, [], 3]);
    rig.bus.detach(zpci);
    expect(rig.events.length).toBe(1);
  });

  it("the guest is asked, deconfigures, and then the function is out", async () => {
    const rig = new Rig();
    const { zpci, handle } = rig.enabled();
    let gone = false;
    const done = rig.bus.requestDetach(zpci).then(() => {
      gone = true;
    });
    expect(rig.events).toEqual([[2, 0x0303, handle, 0]]);
    await Promise.resolve();
    expect(gone).toBe(false);
    rig.set(handle, 1);
    expect(rig.bus.deconfigure(0)).toBe(ConfigureResponse.done);
    await done;
    expect([gone, rig.bus.functions, rig.events[1]?.[1]]).toEqual([true, [], 0x0308]);
  });

  it("the guest is asked twice to give a function up: both wait for the same", async () => {
    const rig = new Rig();
    const { zpci, handle } = rig.enabled();
    const both = Promise.all([rig.bus.requestDetach(zpci), rig.bus.requestDetach(zpci)]);
    rig.set(handle, 1);
    rig.bus.deconfigure(0);
    await both;
    expect(rig.events.map(([, code]) => code)).toEqual([0x0303, 0x0303, 0x0308]);
    await rig.bus.requestDetach(zpci);
    expect([rig.bus.functions, rig.events.length]).toEqual([[], 3]);
  });

  it("a function that the guest was asked for is out after a reset, which needs no event; so it is when it is pulled", async () => {
    const rig = new Rig();
    const { zpci } = rig.enabled();
    const asked = rig.bus.requestDetach(zpci);
    rig.bus.reset();
    await asked;
    expect([rig.bus.functions, rig.events.length]).toEqual([[], 1]);
    const other = rig.attach().zpci;
    const askedAgain = rig.bus.requestDetach(other);
    rig.bus.detach(other);
    await askedAgain;
    expect([rig.bus.functions, rig.events.map(([, code]) => code)]).toEqual([[], [0x0303, 0x0303, 0x0304]]);
  });

  it("SCLP configures and deconfigures", () => {
    const rig = new Rig();
    const { zpci } = rig.enabled();
    expect([rig.bus.configure(0), rig.bus.configure(5), rig.bus.deconfigure(5)]).toEqual([0x0120, 0x09f0, 0x09f0]);
    expect([rig.bus.deconfigure(0), zpci.state, rig.bus.deconfigure(0)]).toEqual([0x0020, "standby", 0x0120]);
    expect([rig.set(zpci.handle, 0)[0], rig.stored(zpci.handle).result]).toEqual([ClpResponse.handleNotValidForOperation, 3]);
    rig.bus.reset();
    expect([zpci.state, rig.bus.configure(0), zpci.state]).toEqual(["standby", 0x0020, "disabled"]);
  });

  it("IDs: the lowest free ones, or as wished; none twice", () => {
    const rig = new Rig();
    const ids = [rig.attach({ id: 1, uid: 2 }), rig.attach(), rig.attach()].map(({ zpci: { id, uid, index } }) => [id, uid, index]);
    expect(ids).toEqual([
      [1, 2, 1],
      [0, 1, 2],
      [2, 3, 3],
    ]);
    for (const options of [{ id: 1 }, { uid: 2 }, { uid: 0 }, { uid: 0x1_0000 }, { id: -1 }, { id: 2 ** 32 }]) {
      expect(() => rig.attach(options)).toThrow(HostError);
    }
  });
});

describe("any program", () => {
  it("random instructions never throw, and storage outside of what was registered stays", () => {
    const word = fc.oneof(fc.nat(0x20), fc.constantFrom(0x8002_0001, 0x0002_0001, 0x8002_0002), fc.nat(0xffff_ffff));
    const step = fc.record({ kind: fc.nat(7), a: word, b: word, c: word, d: word });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const rig = new Rig();
        rig.enabled();
        rig.attach();
        rig.memory.fill(0x8_0000, 0x8_0000, 0xa5);
        for (const { kind, a, b, c, d } of steps) {
          const block = new Uint8Array(new Uint32Array(Array.from({ length: 20 }, (_, i) => [a, b, c, d][i % 4]! >>> (i % 3))).buffer);
          if (kind === 0) rig.bus.load(a, b, c, d, rig.data);
          else if (kind === 1) rig.bus.store(a, b, c & 1, d, c, b);
          else if (kind === 2 && rig.bus.checkStoreBlock(a, b, 0, d) === 0) rig.bus.storeBlock(a, b, 0, d, new Uint8Array(b & 0x1fff));
          else if (kind === 3 && a % 0x100 !== 2) rig.bus.modifyControls(a, b, block);
          else if (kind === 4) rig.bus.storeControls(a, b, new Uint8Array(80));
          else if (kind === 5) rig.bus.refreshTranslations(a, b, c, d, a);
          else if (kind === 6) rig.bus.setInterruptionControls(b & 0xffff, c & 7);
          else if (kind === 7) {
            const call = new Uint8Array(32 + 64);
            call.set(block.subarray(0, 30), 2);
            call.set([0, 32], 0);
            call.set([0, 64], 32);
            expect(rig.bus.callLogicalProcessor(b & 3, call, 32)).toBe(0);
          }
        }
        expect(rig.memory.view(0x8_0000, 0x8_0000).every((byte) => byte === 0xa5)).toBe(true);
      }),
    );
  });
});
