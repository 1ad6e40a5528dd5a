import { describe, expect, it } from "vitest";
import { createDeviceVirtqueue, type DescriptorChain, type DeviceVirtqueue } from "../../../packages/vring/src/index.ts";
import { ByteInput } from "./byte-input.ts";
import { FuzzMemory } from "./fuzz-memory.ts";
import { HostileRing } from "./hostile-ring.ts";
import { RingModel } from "./ring-model.ts";

const AREAS = { descriptor: 0, driver: 0x400, device: 0x600 };

function setUp(format: "split" | "packed") {
  const memory = new FuzzMemory(0x2000);
  const config = { format, size: 4, areas: AREAS, endian: "little", indirect: true, inOrder: false, maxChainLength: 64 } as const;
  const ring = new HostileRing(memory, {
    ...config,
    tables: { address: 0xa00, length: 0x200 },
    buffers: { address: 0x1000, length: 0x1000 },
  });
  const model = new RingModel(memory, config);
  const device = createDeviceVirtqueue(memory, config);
  const pop = (queue: DeviceVirtqueue = device): DescriptorChain => {
    model.beforeCall();
    const chain = queue.pop();
    model.observeIndex();
    if (!chain) throw new Error("there is no chain");
    return chain;
  };
  // An input without bytes: everything at its first place, nothing damaged.
  const offer = (): void => ring.offer(new ByteInput(new Uint8Array()), [{ bytes: new Uint8Array(5) }, { room: 7 }]);
  return { memory, model, device, pop, offer };
}

describe.each(["split", "packed"] as const)("the model of a %s ring", (format) => {
  it("knows the chain, and where the device may write until it gives it back", () => {
    const { model, device, pop, offer } = setUp(format);
    offer();
    const chain = pop();
    const known = model.popped(chain);
    expect(known).toMatchObject({ id: chain.id, readable: [{ length: 5 }], writable: [{ length: 7 }], descriptors: 2 });
    const { address } = known!.writable[0]!;
    expect([model.mayWrite(address, 7), model.mayWrite(address, 8)]).toEqual([true, false]);
    device.push(chain, 7);
    model.pushed(chain.id);
    expect(model.mayWrite(address, 7)).toBe(false);
  });

  it("does not believe a chain that the ring did not have", () => {
    const { memory, model, pop, offer } = setUp(format);
    offer();
    const chain = pop();
    // As if the device had read the length of its second descriptor once more, after the guest had changed it.
    Object.defineProperty(chain, "writable", { value: { remaining: 100 } });
    memory.guest[16 + 8] = 100;
    expect(() => model.popped(chain)).toThrow("a chain has 100 bytes to write, in the ring 7");
  });

  it("complains of a good chain that is refused, and not of a bad one", () => {
    const { memory, model, offer } = setUp(format);
    offer();
    model.beforeCall();
    expect(() => model.refused("why")).toThrow("a good chain was refused: why");
    // The first descriptor's address.
    memory.guest[7] = 0xff;
    expect(() => model.refused("why")).not.toThrow();
  });

  it("has nothing against anything once it has given up", () => {
    const { model, device, pop, offer } = setUp(format);
    offer();
    const chain = pop();
    model.popped(chain);
    model.lose();
    device.push(chain, 0);
    device.flush();
    offer();
    expect([model.popped(pop()), model.inFlight.size, model.mayWrite(0x1f00, 16)]).toEqual([undefined, 0, true]);
  });
});
