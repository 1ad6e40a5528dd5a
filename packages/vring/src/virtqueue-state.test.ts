import { FlatMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "../test/raw-ring.ts";
import type { DescriptorChain } from "./chain.ts";
import { createDeviceVirtqueue, createDriverVirtqueue } from "./create.ts";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import type { DriverVirtqueue } from "./driver-virtqueue.ts";
import { VirtqueueStateError } from "./errors.ts";
import type { VirtqueueConfig } from "./layout.ts";
import type { DeviceVirtqueueState } from "./virtqueue-state.ts";

const DATA = 0x8000;
const AREAS = { descriptor: 0x1000, driver: 0x2000, device: 0x3000 };

interface Rig {
  readonly memory: FlatMemory;
  readonly config: VirtqueueConfig;
  readonly driver: DriverVirtqueue<number>;
  readonly device: DeviceVirtqueue;
}

function rig(config: Partial<VirtqueueConfig>): Rig {
  const memory = new FlatMemory(0x10000);
  const all: VirtqueueConfig = { size: 8, areas: AREAS, endian: "little", ...config };
  return { memory, config: all, driver: createDriverVirtqueue<number>(memory, all), device: createDeviceVirtqueue(memory, all) };
}

/** Buffer n: n + 1 bytes to read with the value n, and 10 * (n + 1) to write. */
function offer({ memory, driver }: Rig, ...tokens: number[]): void {
  for (const token of tokens) {
    memory.fill(DATA + 0x100 * token, token + 1, token);
    driver.add(
      [{ address: DATA + 0x100 * token, length: token + 1 }],
      [{ address: DATA + 0x100 * token + 0x80, length: 10 * (token + 1) }],
      token,
    );
  }
  driver.kickPrepare();
}

function take(device: DeviceVirtqueue): DescriptorChain {
  const chain = device.pop();
  if (!chain) throw new Error("nothing available");
  return chain;
}

function throughJson(state: DeviceVirtqueueState): DeviceVirtqueueState {
  return JSON.parse(JSON.stringify(state)) as DeviceVirtqueueState;
}

function restore({ memory, config }: Rig, state: unknown): DeviceVirtqueue {
  return createDeviceVirtqueue(memory, config, { state: state as DeviceVirtqueueState });
}

/** Chains in flight, held back and staged, wherever the configuration allows them. */
function busy(config: Partial<VirtqueueConfig>): Rig {
  const all = rig({ size: 16, ...config });
  offer(all, 0);
  all.device.push(take(all.device), 3);
  all.device.flush();
  all.driver.getBuf();
  offer(all, 1, 2, 3, 4);
  const chains = [take(all.device), take(all.device), take(all.device)] as const;
  all.device.push(chains[0], 7);
  all.device.push(chains[2], 9);
  return all;
}

describe.each(["split", "packed"] as const)("the saved state of a %s queue's device side", (format) => {
  it("gives the chains in flight again, from their beginning and in order, though the driver has overwritten their descriptors", () => {
    const all = rig({ format });
    offer(all, 0, 1, 2);
    const first = take(all.device);
    take(all.device).readable.skip(2);
    const state = throughJson(all.device.save());
    all.memory.fill(AREAS.descriptor, 8 * 16, 0xff);
    const restored = restore(all, state);
    expect([restored.inFlight, restored.hasAvailable()]).toEqual([0, true]);
    const again = [take(restored), take(restored)];
    expect(again.map((chain) => [chain.id, chain.readable.remaining, chain.writableLength])).toEqual([
      [first.id, 1, 10],
      [again[1]?.id, 2, 20],
    ]);
    expect(again[1]?.readable.readUint16("little")).toBe(0x0101);
    expect(restored.inFlight).toBe(2);
  });

  it("publishes what was pushed before, and the driver sees nothing but the one flush", () => {
    const all = rig({ format });
    offer(all, 0, 1);
    all.device.push(take(all.device), 4);
    const state = throughJson(all.device.save());
    all.device.close();
    const restored = restore(all, state);
    expect(all.driver.getBuf()).toBeUndefined();
    expect(restored.flush()).toBe(true);
    expect(all.driver.getBuf()).toEqual({ token: 0, written: 4 });
    restored.push(take(restored), 5);
    restored.flush();
    expect(all.driver.getBuf()).toEqual({ token: 1, written: 5 });
  });

  it("holds back, with IN_ORDER, what was held back", () => {
    const all = rig({ format, inOrder: true });
    offer(all, 0, 1, 2);
    const [, second, third] = [take(all.device), take(all.device), take(all.device)];
    all.device.push(third, 2);
    all.device.push(second, 1);
    const restored = restore(all, throughJson(all.device.save()));
    expect(restored.inFlight).toBe(2);
    expect(restored.flush()).toBe(false);
    restored.push(take(restored), 0);
    restored.flush();
    expect([all.driver.getBuf(), all.driver.getBuf(), all.driver.getBuf()]).toEqual([0, 1, 2].map((token) => ({ token, written: token })));
  });

  it("keeps a malformed ring's error, and a closed queue closed", () => {
    const all = rig({ format });
    const at = AREAS.descriptor;
    offer(all, 0);
    all.memory.storeUint64(at, 0xff_ffff, "little");
    expect(codeOf(() => all.device.pop())).toBe("ERR_VIRTQUEUE_BUFFER");
    const failed = restore(all, throughJson(all.device.save()));
    expect([failed.error?.code, failed.pop(), failed.flush()]).toEqual(["ERR_VIRTQUEUE_BUFFER", undefined, false]);
    const other = rig({ format });
    offer(other, 0);
    other.device.close();
    const closed = restore(other, throughJson(other.device.save()));
    closed.reset();
    expect([closed.error, closed.pop()]).toEqual([undefined, undefined]);
  });

  it.each([{}, { inOrder: true }, { inOrder: true, inOrderBatches: true }, { eventIndex: true }])(
    "is the same after a restore: %o",
    (features) => {
      const all = busy({ format, ...features });
      const state = throughJson(all.device.save());
      expect(state).toEqual(all.device.save());
      const accesses: number[] = [];
      all.memory.observeWrites((address) => accesses.push(address));
      expect(restore(all, state).save()).toEqual(state);
      expect(accesses).toEqual([]);
    },
  );

  it("is refused for another side, format, size or version", () => {
    const state = busy({ format }).device.save();
    const code = (change: object) => codeOf(() => restore(busy({ format }), { ...state, ...change }));
    expect(code({})).toBe("no error");
    expect(code({ version: 2 })).toBe("ERR_VIRTQUEUE_STATE_VERSION");
    for (const change of [{ side: "driver" }, { format: "other" }, { size: 8 }]) expect(code(change)).toBe("ERR_VIRTQUEUE_STATE_CONFIG");
    for (const value of [null, 1, "state", [], [state]]) expect(codeOf(() => restore(busy({ format }), value))).toBe("ERR_VIRTQUEUE_STATE");
  });

  it("is refused if a field is missing, or its positions and chains do not agree", () => {
    const all = busy({ format, inOrder: true });
    const state = throughJson(all.device.save());
    for (const field of Object.keys(state)) {
      const { [field as keyof DeviceVirtqueueState]: _, ...rest } = state;
      expect(codeOf(() => restore(all, rest))).toMatch(/^ERR_VIRTQUEUE_STATE/);
    }
    const [first, ...others] = state.chains;
    const wrong = [
      { chains: others },
      { chains: [...state.chains, first] },
      { chains: [{ ...first, id: 0x1_0000 }, ...others] },
      { chains: [{ ...first, written: 0 }, ...others] },
      { chains: [{ ...first, slots: 0 }, ...others] },
      { chains: [{ ...first, readable: [[0xffff, 2]] }, ...others] },
      { chains: [{ ...first, readable: [[-1, 2]] }, ...others] },
      { chains: [{ ...first, readable: [[0, 0]] }, ...others] },
      { chains: [{ ...first, readable: [[0, 1, 2]] }, ...others] },
      { chains: [{ ...first, descriptors: 0 }, ...others] },
      { chains: { length: 2 } },
      { staged: [] },
      { staged: [...state.staged, ...state.staged] },
      { nextAvailable: state.nextAvailable + 1 },
      { nextAvailable: 0x1_0000 },
      { nextUsed: -1 },
      { nextUsed: 0.5 },
      { armedAt: "0" },
      { notifications: 1 },
      { closed: true },
      { error: { code: "ERR_VIRTQUEUE_HEAD", message: "" } },
      { closed: true, chains: [], staged: [], error: { code: "rm", message: "" } },
    ];
    for (const change of wrong)
      expect([change, codeOf(() => restore(all, { ...state, ...change }))]).toEqual([change, "ERR_VIRTQUEUE_STATE"]);
  });

  it("random damage is refused, or gives a queue that stays inside memory and its rules", () => {
    const value = fc.oneof(fc.integer({ min: -2, max: 0x1_0001 }), fc.double(), fc.boolean(), fc.string(), fc.jsonValue(), fc.maxSafeNat());
    fc.assert(
      fc.property(
        fc.record({ eventIndex: fc.boolean(), inOrder: fc.boolean(), inOrderBatches: fc.boolean() }),
        fc.array(fc.tuple(fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }), value), { minLength: 1, maxLength: 4 }),
        (features, damage) => {
          const all = busy({ format, ...features });
          const state: unknown = throughJson(all.device.save());
          for (const [path, replacement] of damage) {
            let target = state as Record<string, unknown>;
            for (const step of path) {
              const keys = Object.keys(target);
              const key = keys[step % keys.length] as string;
              const inner = target[key];
              if (typeof inner !== "object" || inner === null || Object.keys(inner).length === 0 || step === path.at(-1)) {
                target[key] = replacement;
                break;
              }
              target = inner as Record<string, unknown>;
            }
          }
          let queue: DeviceVirtqueue;
          try {
            queue = restore(all, state);
          } catch (error) {
            expect(error).toBeInstanceOf(VirtqueueStateError);
            return;
          }
          try {
            for (let chain = queue.pop(); chain; chain = queue.pop()) {
              chain.readable.skip(chain.readable.remaining);
              chain.writable.fill(1, chain.writable.remaining);
              queue.push(chain, chain.writableLength);
            }
          } catch (error) {
            expect((error as { kind?: string }).kind).toBe("guest");
          }
          queue.flush();
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe.each(["split", "packed"] as const)("reset of a %s queue's device side", (format) => {
  it("starts anew, and what was in flight has no effect any more", () => {
    const all = busy({ format });
    const late = take(all.device);
    all.device.reset();
    expect([all.device.inFlight, all.device.flush()]).toEqual([0, false]);
    const driver = createDriverVirtqueue<number>(all.memory, all.config);
    expect(all.device.save()).toEqual(createDeviceVirtqueue(all.memory, all.config).save());
    offer({ ...all, driver }, 1);
    const chain = take(all.device);
    all.memory.fill(DATA, 0x1000, 0xee);
    late.writable.fill(1, late.writable.remaining);
    all.device.push(late, 5);
    expect(all.memory.view(DATA, 0x1000).every((byte) => byte === 0xee)).toBe(true);
    expect(all.device.flush()).toBe(false);
    all.device.push(chain, 6);
    all.device.flush();
    expect([driver.getBuf(), driver.getBuf()]).toEqual([{ token: 1, written: 6 }, undefined]);
  });

  it("forgets an error, and leaves a closed queue closed", () => {
    const all = rig({ format });
    offer(all, 0);
    all.memory.storeUint64(AREAS.descriptor, 0xff_ffff, "little");
    expect(codeOf(() => all.device.pop())).toBe("ERR_VIRTQUEUE_BUFFER");
    all.device.reset();
    const driver = createDriverVirtqueue<number>(all.memory, all.config);
    offer({ ...all, driver }, 0);
    expect([all.device.error, take(all.device).writableLength]).toEqual([undefined, 10]);
    all.device.close();
    all.device.reset();
    offer({ ...all, driver }, 1);
    expect(all.device.pop()).toBeUndefined();
  });
});
