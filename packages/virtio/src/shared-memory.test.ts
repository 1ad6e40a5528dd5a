import { describe, expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { Rig } from "../test/rig.ts";
import type { SharedMemoryRegion } from "./shared-memory.ts";

function frontend(sharedMemory?: readonly SharedMemoryRegion[]) {
  const device: EchoDevice & { sharedMemory?: readonly SharedMemoryRegion[] } = new EchoDevice();
  if (sharedMemory) device.sharedMemory = sharedMemory;
  return new Rig(device).frontend;
}

describe("shared memory regions", () => {
  it("2.10: a transport finds them all, or one by its id", () => {
    const regions = [
      { id: 0, address: 0x10_0000, length: 0x1000 },
      { id: 255, address: 2 ** 40, length: 2 ** 32 },
    ];
    const device = frontend(regions);
    expect([device.sharedMemory, device.sharedMemoryRegion(255), device.sharedMemoryRegion(1)]).toEqual([regions, regions[1], undefined]);
    expect([frontend().sharedMemory, frontend().sharedMemoryRegion(0)]).toEqual([[], undefined]);
  });

  it("2.10: ids are bytes and unique, regions have bytes and do not overlap", () => {
    const region = { id: 1, address: 0x1000, length: 0x1000 };
    const bad: SharedMemoryRegion[][] = [
      [{ ...region, id: -1 }],
      [{ ...region, id: 256 }],
      [{ ...region, id: 0.5 }],
      [region, { ...region, address: 0x8000 }],
      [{ ...region, length: 0 }],
      [{ ...region, address: -4096 }],
      [{ ...region, length: Number.NaN }],
      [{ ...region, address: 2 ** 53 - 1 }],
      [region, { id: 2, address: 0x1fff, length: 1 }],
      [region, { id: 2, address: 0, length: 0x1001 }],
    ];
    for (const regions of bad) expect(() => frontend(regions)).toThrow(/shared memory/);
    expect(frontend([region, { id: 2, address: 0x2000, length: 1 }, { id: 3, address: 0, length: 0x1000 }]).sharedMemory).toHaveLength(3);
  });
});
