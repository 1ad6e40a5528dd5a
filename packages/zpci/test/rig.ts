import { FlatMemory } from "@zarch/guest-memory";
import { PciFunction, RamRegion } from "@zarch/pci";
import { type DmaMemory, INFORMATION_BLOCK_SIZE, ZpciBus, type ZpciFunction } from "../src/index.ts";

export const LIST = 2;
export const QUERY_FUNCTION = 3;
export const QUERY_GROUP = 4;
export const SET_FUNCTION = 5;

/** A machine with 1 MiB of storage and a bus, and a program that drives it. */
export class Rig {
  readonly memory = new FlatMemory(0x10_0000);
  /** Interruption subclasses in the order of their interruptions. */
  readonly interruptions: number[] = [];
  /** Events as content code, event code, handle, function ID. */
  readonly events: [number, number, number, number][] = [];
  /** DMA addresses of error events. */
  readonly failedAddresses: number[] = [];
  readonly resets: number[] = [];
  readonly bus = new ZpciBus({
    memory: this.memory,
    adapterInterruptions: { raise: (subclass) => void this.interruptions.push(subclass) },
    postEvent: (data) => {
      const view = new DataView(data.buffer, data.byteOffset);
      this.events.push([view.getUint8(3), view.getUint16(56 + 30), view.getUint32(56 + 4), view.getUint32(56 + 8)]);
      if (view.getUint8(3) === 1) this.failedAddresses.push(view.getUint32(56 + 16) * 2 ** 32 + view.getUint32(56 + 20));
    },
  });
  readonly data = new Uint32Array(2);

  attach(options: { id?: number; uid?: number; reset?: () => Promise<void> | undefined; announce?: boolean } = {}): {
    zpci: ZpciFunction;
    dma: DmaMemory;
    region: RamRegion;
  } {
    const region = new RamRegion(0x2000);
    const pciFunction = new PciFunction({
      identity: { vendorId: 0x1af4, deviceId: 0x1042, revisionId: 1, classCode: 0, subsystemVendorId: 0x1af4, subsystemId: 0x1100 },
      bars: [
        undefined,
        { kind: "memory32", size: 0x1000, region: new RamRegion(0x1000) },
        undefined,
        undefined,
        { kind: "memory64", size: 0x2000, region },
      ],
      msix: { vectors: 8, tableBar: 1, tableOffset: 0, pendingBar: 1, pendingOffset: 0x800 },
    });
    const dma = this.bus.createMemory();
    const { announce, reset, ...ids } = options;
    const zpci = this.bus.attach(
      pciFunction,
      {
        dma,
        ...ids,
        reset: () => {
          this.resets.push(zpci.id);
          return reset?.();
        },
      },
      announce,
    );
    return { zpci, dma, region };
  }

  /** CLP: gives the response code and the response. `fill` writes the request behind its header. */
  call(
    command: number,
    fill: (request: DataView) => void = () => {},
    responseLength = 4096,
    requestLength = 32,
  ): { code: number; response: DataView } {
    const block = new Uint8Array(requestLength + responseLength).fill(0xee, requestLength);
    const request = new DataView(block.buffer, 0, requestLength);
    request.setUint16(0, requestLength);
    request.setUint16(2, command);
    fill(request);
    const response = new DataView(block.buffer, requestLength);
    response.setUint16(0, responseLength);
    const cc = this.bus.callLogicalProcessor(2, block, requestLength);
    if (cc !== 0) throw new Error(`condition code ${cc}`);
    return { code: response.getUint16(2), response };
  }

  /** SET PCI FUNCTION. Returns response code and new handle. */
  set(handle: number, operation: number, addressSpaces = 1): [number, number] {
    const { code, response } = this.call(SET_FUNCTION, (request) => {
      request.setUint32(16, handle);
      request.setUint8(22, operation);
      request.setUint8(23, addressSpaces);
    });
    return [code, response.getUint32(16)];
  }

  /** Attaches a function and enables it. */
  enabled(options: Parameters<Rig["attach"]>[0] = {}): ReturnType<Rig["attach"]> & { handle: number } {
    const attached = this.attach(options);
    const [, handle] = this.set(attached.zpci.handle, 0);
    return { ...attached, handle };
  }

  /** Condition code, status, and the value loaded. */
  load(handle: number, space: number, offset: number, length: number): [number, number, number[]] {
    this.data.fill(0xdead);
    const result = this.bus.load(handle, ((space << 16) | length) >>> 0, Math.floor(offset / 2 ** 32), offset >>> 0, this.data);
    return [result < 0 ? result : result & 3, result < 0 ? 0 : result >> 8, [...this.data]];
  }

  store(handle: number, space: number, offset: number, length: number, low: number, high = 0): number {
    return this.bus.store(handle, ((space << 16) | length) >>> 0, Math.floor(offset / 2 ** 32), offset >>> 0, high, low);
  }

  modify(handle: number, operation: number, fill: (block: DataView) => void = () => {}, addressSpace = 0): number {
    const block = new Uint8Array(INFORMATION_BLOCK_SIZE);
    fill(new DataView(block.buffer));
    return this.bus.modifyControls(handle, ((addressSpace << 16) | operation) >>> 0, block);
  }

  stored(handle: number): { result: number; block: DataView } {
    const block = new Uint8Array(INFORMATION_BLOCK_SIZE).fill(0xee);
    const result = this.bus.storeControls(handle, 0, block);
    return { result, block: new DataView(block.buffer) };
  }

  /** Registers interruptions with bit vector 0x5000, summary bit 3 at 0x6000. */
  registerInterruptions(handle: number, { count = 8, subclass = 5, vectorOffset = 2, vector = 0x5000, summary = 0x6000 } = {}): number {
    return this.modify(handle, 2, (block) => {
      block.setUint32(40, ((subclass << 28) | (count << 16) | (vectorOffset << 8) | 0x80 | 3) >>> 0);
      block.setUint32(52, vector);
      block.setUint32(60, summary);
    });
  }

  /** Registers an address space from 4 GiB on with the tables at `anchor`. `dt`: 0 segment, 1 region-third, 2 region-second, 3 region-first. */
  registerAddressSpace(
    handle: number,
    { anchor = 0x8000, dt = 1, base = 2 ** 32, limit = 2 ** 32 + 0xff_ffff, operation = 4, flags = 0x800 } = {},
  ): number {
    return this.modify(handle, operation, (block) => {
      block.setUint32(16, Math.floor(base / 2 ** 32));
      block.setUint32(20, base >>> 0);
      block.setUint32(24, Math.floor(limit / 2 ** 32));
      block.setUint32(28, limit >>> 0);
      block.setUint32(36, anchor | flags | (dt << 2));
    });
  }

  /** Tables for 4 GiB + 16 MiB: region-third table at 0x8000, segment table at 0xc000, page table at 0x1_0000. */
  map(page: number, frame: number, flags = 0): void {
    const { memory } = this;
    memory.storeUint64(0x8000 + 8 * 2, 0xc000 | 0x07, "big");
    memory.storeUint64(0xc000, 0x1_0000, "big");
    memory.storeUint64(0x1_0000 + 8 * page, frame | flags, "big");
  }

  /** A message of a function, as its MSI-X sends it. */
  message(zpci: ZpciFunction, vector: number): void {
    const { pciFunction } = zpci;
    pciFunction.writeConfig(4, 2, 6);
    for (const [i, value] of [0, 0xfe00_0000, vector, 0].entries()) pciFunction.writeBar(1, 4 * i, 4, value);
    pciFunction.writeConfig(0x42, 2, 0x8000);
    pciFunction.msix?.trigger(0);
  }
}
