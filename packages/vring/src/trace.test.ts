import { FlatMemory } from "@zarch/guest-memory";
import { describe, expect, it } from "vitest";
import { codeOf } from "../test/raw-ring.ts";
import type { DescriptorChain } from "./chain.ts";
import { createDeviceVirtqueue, createDriverVirtqueue } from "./create.ts";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import type { VirtqueueConfig } from "./layout.ts";
import { PackedDeviceVirtqueue } from "./packed-device.ts";
import { PackedDriverVirtqueue } from "./packed-driver.ts";
import { SplitDeviceVirtqueue } from "./split-device.ts";
import { SplitDriverVirtqueue } from "./split-driver.ts";
import type { VirtqueueTraceEvent } from "./trace.ts";

const AREAS = { descriptor: 0x1000, driver: 0x2000, device: 0x3000 };
const DATA = 0x8000;

function traced(config: Partial<VirtqueueConfig>) {
  const events: VirtqueueTraceEvent[] = [];
  const memory = new FlatMemory(0x10000);
  const all: VirtqueueConfig = { size: 8, areas: AREAS, endian: "little", trace: (event) => events.push(event), ...config };
  return { memory, events, config: all, driver: createDriverVirtqueue<string>(memory, all), device: createDeviceVirtqueue(memory, all) };
}

describe.each(["split", "packed"] as const)("the trace of a %s queue", (format) => {
  it("has one event for everything that happens, on both sides", () => {
    const { memory, events, driver, device } = traced({ format });
    driver.add([{ address: DATA, length: 5 }], [{ address: DATA, length: 16 }], "a");
    driver.kickPrepare();
    const chain = device.pop() as DescriptorChain;
    device.pop();
    device.push(chain, 3);
    device.flush();
    driver.getBuf();
    driver.getBuf();
    driver.disableCallbacks();
    driver.enableCallbacks();
    device.disableNotifications();
    device.enableNotifications();
    driver.add([{ address: memory.size, length: 1 }], [], "bad");
    driver.kickPrepare();
    expect(codeOf(() => device.pop())).toBe("ERR_VIRTQUEUE_BUFFER");
    device.reset();
    driver.reset();
    device.close();
    const slots = format === "packed" ? 2 : 1;
    expect(events).toEqual([
      { side: "driver", event: "add", token: "a", readable: 5, writable: 16, accepted: true },
      { side: "driver", event: "kick", published: 1, notify: true },
      { side: "device", event: "pop", id: 0, slots, descriptors: 2, readable: 5, writable: 16 },
      { side: "device", event: "empty" },
      { side: "device", event: "push", id: 0, written: 3 },
      { side: "device", event: "flush", published: 1, notify: true },
      { side: "driver", event: "get", token: "a", written: 3 },
      { side: "driver", event: "callbacks", wanted: false, used: false },
      { side: "driver", event: "callbacks", wanted: true, used: false },
      { side: "device", event: "notifications", wanted: false, available: false },
      { side: "device", event: "notifications", wanted: true, available: false },
      { side: "driver", event: "add", token: "bad", readable: 1, writable: 0, accepted: true },
      { side: "driver", event: "kick", published: 1, notify: true },
      { side: "device", event: "error", code: "ERR_VIRTQUEUE_BUFFER", message: "buffer at 0x10000, 1 bytes, is outside memory" },
      { side: "device", event: "reset" },
      { side: "driver", event: "reset" },
      { side: "device", event: "close" },
    ]);
  });

  it("counts what a flush publishes, also with IN_ORDER and after a restore", () => {
    const { memory, events, config, driver, device } = traced({ format, inOrder: true });
    for (const token of ["a", "b", "c"]) driver.add([{ address: DATA, length: 1 }], [], token);
    driver.kickPrepare();
    const [a, b, c] = [...device] as [DescriptorChain, DescriptorChain, DescriptorChain];
    device.push(b, 0);
    device.flush();
    device.push(a, 0);
    const restored = createDeviceVirtqueue(memory, config, { state: device.save() });
    restored.flush();
    device.push(c, 0);
    device.flush();
    const published = events.flatMap((event) => (event.event === "flush" ? event.published : []));
    expect(published).toEqual([0, 2, 3]);
    driver.add([{ address: DATA, length: 1 }], [], "d");
    const other = createDriverVirtqueue<string>(memory, config, { state: driver.save(String), restoreToken: String });
    other.kickPrepare();
    expect(events.at(-1)).toMatchObject({ event: "kick", published: 1 });
  });

  it.each([
    ["reset", (queue: DeviceVirtqueue) => queue.reset()],
    ["closed", (queue: DeviceVirtqueue) => queue.close()],
    ["stopped by an error", (queue: DeviceVirtqueue) => codeOf(() => queue.pop())],
  ])("counts nothing that was pushed before the queue was %s", (_, end) => {
    const { memory, events, driver, device } = traced({ format });
    driver.add([{ address: DATA, length: 1 }], [], "a");
    driver.add([{ address: memory.size, length: 1 }], [], "bad");
    driver.kickPrepare();
    device.push(device.pop() as DescriptorChain, 0);
    end(device);
    device.flush();
    expect(events.at(-1)).toEqual({ side: "device", event: "flush", published: 0, notify: false });
    driver.add([{ address: DATA, length: 1 }], [], "b");
    driver.reset();
    driver.kickPrepare();
    expect(events.at(-1)).toEqual({ side: "driver", event: "kick", published: 0, notify: false });
  });

  it("tells of a driver that meets a wrong device", () => {
    const { memory, events, driver } = traced({ format });
    driver.add([], [{ address: DATA, length: 1 }], "a");
    driver.kickPrepare();
    if (format === "split") memory.write(AREAS.device + 2, new Uint8Array([1, 0, 7]));
    else memory.write(AREAS.descriptor + 12, new Uint8Array([7, 0, 0x80, 0x80]));
    expect(codeOf(() => driver.getBuf())).toBe("ERR_VIRTQUEUE_USED");
    expect(events.at(-1)).toMatchObject({ side: "driver", event: "error", code: "ERR_VIRTQUEUE_USED" });
  });

  it("costs nothing when there is none: the queue is not wrapped, and looks for a trace only when it is made", () => {
    let looks = 0;
    const config: VirtqueueConfig = {
      format,
      size: 8,
      areas: AREAS,
      endian: "little",
      get trace() {
        looks++;
        return undefined as never;
      },
    };
    const memory = new FlatMemory(0x10000);
    const driver = createDriverVirtqueue<string>(memory, config);
    const device = createDeviceVirtqueue(memory, config);
    expect(device.constructor).toBe(format === "split" ? SplitDeviceVirtqueue : PackedDeviceVirtqueue);
    expect(driver.constructor).toBe(format === "split" ? SplitDriverVirtqueue : PackedDriverVirtqueue);
    const atStart = looks;
    for (let i = 0; i < 100; i++) {
      driver.add([{ address: DATA, length: 1 }], [], "a");
      driver.kickPrepare();
      for (const chain of device) device.push(chain, 0);
      device.flush();
      driver.getBuf();
    }
    expect(looks).toBe(atStart);
  });
});
