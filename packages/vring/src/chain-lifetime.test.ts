import { FlatMemory } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import { describe, expect, it } from "vitest";
import type { DescriptorChain } from "./chain.ts";
import { createDeviceVirtqueue, createDriverVirtqueue } from "./create.ts";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import type { VirtqueueConfig } from "./layout.ts";

const DATA = 0x8000;

function rig(config: Partial<VirtqueueConfig>) {
  const memory = new FlatMemory(0x10000);
  const all: VirtqueueConfig = { size: 8, areas: { descriptor: 0x1000, driver: 0x2000, device: 0x3000 }, endian: "little", ...config };
  const driver = createDriverVirtqueue<number>(memory, all);
  const device = createDeviceVirtqueue(memory, all);
  /** Buffer n: four bytes of value n to read, four to write. */
  const offer = (...tokens: number[]): void => {
    for (const token of tokens) {
      const address = DATA + 16 * token;
      memory.fill(address, 4, token);
      driver.add([{ address, length: 4 }], [{ address: address + 8, length: 4 }], token);
    }
    driver.kickPrepare();
  };
  return { memory, driver, device, offer };
}

function take(device: DeviceVirtqueue): DescriptorChain {
  const chain = device.pop();
  if (!chain) throw new Error("nothing available");
  return chain;
}

describe.each([
  { format: "split" },
  { format: "packed" },
  { format: "split", inOrder: true },
  { format: "packed", inOrder: true },
] as const)("a chain of %o", (config) => {
  it("is worth nothing once it is returned, also when another chain has taken its place", () => {
    const { memory, device, offer } = rig(config);
    offer(1, 2);
    const old = take(device);
    const { readable, writable } = old;
    const rest = writable.splitAt(2);
    device.push(old, 2);
    const uses = [
      () => readable.readUint8(),
      () => readable.readUint32("little"),
      () => readable.read(new Uint8Array(1)),
      () => readable.skip(1),
      () => readable.splitAt(1),
      () => writable.writeUint8(9),
      () => writable.writeUint16(9, "big"),
      () => rest.write(new Uint8Array(2)),
      () => rest.fill(9, 1),
      () => rest.splitAt(0),
      () => old.spans(),
      () => device.push(old, 2),
    ];
    for (const use of uses) expect(use).toThrow(BugError);
    device.flush();
    // The same descriptors and the same memory of ours again.
    const next = take(device);
    offer(3);
    const third = take(device);
    for (const use of uses) expect(use).toThrow(BugError);
    expect([next.readable.readUint32("little"), third.readable.readUint32("little")]).toEqual([0x0202_0202, 0x0303_0303]);
    expect(memory.view(DATA, 0x100).includes(9)).toBe(false);
    expect(device.inFlight).toBe(2);
  });

  it("still says what was done with it, for those who report that later", () => {
    const { device, offer } = rig(config);
    offer(1);
    const chain = take(device);
    const { readable, writable } = chain;
    readable.skip(3);
    writable.writeUint8(1);
    device.push(chain, writable.written);
    expect([readable.consumed, readable.remaining, writable.written, writable.remaining]).toEqual([3, 1, 1, 3]);
  });

  it("stays what it is while others come and go", () => {
    const { memory, driver, device, offer } = rig({ ...config, inOrder: false });
    offer(1);
    const kept = take(device);
    kept.readable.skip(1);
    for (let round = 0; round < 50; round++) {
      offer(2, 3);
      const chains = [take(device), take(device)];
      for (const chain of chains) device.push(chain, 0);
      device.flush();
      expect([driver.getBuf()?.token, driver.getBuf()?.token]).toEqual([2, 3]);
    }
    expect(kept.readable.readUint16("little")).toBe(0x0101);
    expect(kept.spans()).toEqual({ readable: [[DATA + 16, 4]], writable: [[DATA + 24, 4]] });
    kept.writable.writeUint32(7, "little");
    device.push(kept, 4);
    device.flush();
    expect([driver.getBuf(), memory.loadUint32(DATA + 24, "little")]).toEqual([{ token: 1, written: 4 }, 7]);
  });

  it("of one queue is not accepted by another", () => {
    const one = rig(config);
    const other = rig(config);
    one.offer(1);
    other.offer(1);
    const chain = take(one.device);
    take(other.device);
    expect(() => other.device.push(chain, 0)).toThrow(BugError);
    one.device.push(chain, 0);
    one.device.flush();
    expect(one.driver.getBuf()?.token).toBe(1);
  });

  it("that was returned before the queue was closed writes nothing either", () => {
    const { memory, device, offer } = rig(config);
    offer(1);
    const chain = take(device);
    device.push(chain, 0);
    device.close();
    expect(() => chain.writable.fill(9, 4)).toThrow(BugError);
    device.push(chain, 0);
    expect(memory.view(DATA, 0x100).includes(9)).toBe(false);
  });
});

describe.each(["split", "packed"] as const)("a %s queue", (format) => {
  it("takes chains of up to the most descriptors, and short ones after them", () => {
    const { memory, device, driver } = rig({ format, size: 256 });
    for (const parts of [1, 4, 5, 64, 65, 200, 2]) {
      const spans = Array.from({ length: parts }, (_, i) => ({ address: DATA + 8 * i, length: 2 + (i % 3) }));
      const bytes = Uint8Array.from({ length: spans.reduce((sum, { length }) => sum + length, 0) }, (_, i) => i);
      let at = 0;
      for (const { address, length } of spans) {
        memory.write(address, bytes.subarray(at, at + length));
        at += length;
      }
      driver.add(spans, [], parts);
      driver.kickPrepare();
      const chain = take(device);
      const seen = new Uint8Array(bytes.length);
      chain.readable.readExact(seen);
      expect([chain.descriptorCount, chain.spans().readable.length, seen]).toEqual([parts, parts, bytes]);
      device.push(chain, 0);
      device.flush();
      expect(driver.getBuf()).toEqual({ token: parts, written: 0 });
    }
  });
});
