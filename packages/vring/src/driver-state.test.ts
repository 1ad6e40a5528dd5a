import { FlatMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "../test/raw-ring.ts";
import type { DescriptorChain } from "./chain.ts";
import { createDeviceVirtqueue, createDriverVirtqueue } from "./create.ts";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import type { DriverVirtqueueState } from "./driver-state.ts";
import type { DriverVirtqueue, DriverVirtqueueConfig } from "./driver-virtqueue.ts";
import { VirtqueueStateError } from "./errors.ts";

const AREAS = { descriptor: 0x1000, driver: 0x2000, device: 0x3000 };
const DATA = 0x8000;

interface Request {
  readonly name: string;
}

interface Rig {
  readonly memory: FlatMemory;
  readonly config: DriverVirtqueueConfig;
  readonly driver: DriverVirtqueue<Request>;
  readonly device: DeviceVirtqueue;
}

function rig(config: Partial<DriverVirtqueueConfig>): Rig {
  const memory = new FlatMemory(0x10000);
  const indirectTables = { address: 0x4000, entries: 4 };
  const all: DriverVirtqueueConfig = { size: 8, areas: AREAS, endian: "little", indirectTables, ...config };
  return { memory, config: all, driver: createDriverVirtqueue<Request>(memory, all), device: createDeviceVirtqueue(memory, all) };
}

function add(driver: DriverVirtqueue<Request>, name: string, parts: number): void {
  const into = Array.from({ length: parts }, (_, i) => ({ address: DATA + 0x10 * i, length: 8 }));
  expect(driver.add([], into, { name })).toBe(true);
}

function serve(device: DeviceVirtqueue, count: number): void {
  for (let i = 0; i < count; i++) {
    const chain = device.pop() as DescriptorChain;
    device.push(chain, chain.writableLength);
  }
  device.flush();
}

/** Buffers that came back, that are out, that are used and not fetched, and that are queued: near the end of the ring. */
function busy(config: Partial<DriverVirtqueueConfig>): Rig {
  const all = rig(config);
  for (const name of ["1", "2"]) add(all.driver, name, 2);
  all.driver.kickPrepare();
  serve(all.device, 2);
  all.driver.getBuf();
  all.driver.getBuf();
  add(all.driver, "a", 1);
  add(all.driver, "b", 1);
  all.driver.kickPrepare();
  serve(all.device, 1);
  add(all.driver, "c", 1);
  add(all.driver, "d", 2);
  return all;
}

function save({ driver }: Rig): DriverVirtqueueState {
  return JSON.parse(JSON.stringify(driver.save(({ name }) => name))) as DriverVirtqueueState;
}

function restore({ memory, config }: Rig, state: unknown): DriverVirtqueue<Request> {
  return createDriverVirtqueue<Request>(memory, config, {
    state: state as DriverVirtqueueState,
    restoreToken: (name) => ({ name: String(name) }),
  });
}

describe.each(["split", "packed"] as const)("the saved state of a %s queue's driver side", (format) => {
  it.each([{}, { indirect: true }, { eventIndex: true }, { inOrder: true }, { inOrder: true, indirect: true }])(
    "goes on where the other stopped, queued buffers included: %o",
    (features) => {
      const all = busy({ format, ...features });
      const state = save(all);
      const stores: number[] = [];
      all.memory.observeWrites((address) => stores.push(address));
      const driver = restore(all, state);
      expect(stores).toEqual([]);
      expect(driver.save(({ name }) => name)).toEqual(state);
      expect([driver.free, driver.nextAvailable]).toEqual([all.driver.free, all.driver.nextAvailable]);
      expect(driver.getBuf()).toEqual({ token: { name: "a" }, written: 8 });
      expect(driver.getBuf()).toBeUndefined();
      driver.kickPrepare();
      serve(all.device, 3);
      add(driver, "e", 2);
      driver.kickPrepare();
      serve(all.device, 1);
      expect(Array.from({ length: 5 }, () => driver.getBuf()?.token.name)).toEqual(["b", "c", "d", "e", undefined]);
      expect(driver.free).toBe(8);
    },
  );

  it("keeps a batch that is half fetched", () => {
    const all = rig({ format, inOrder: true, inOrderBatches: true });
    for (const name of ["a", "b", "c"]) add(all.driver, name, 1);
    all.driver.kickPrepare();
    serve(all.device, 3);
    expect(all.driver.getBuf()?.token.name).toBe("a");
    const state = save(all);
    expect(state.batch).toBeDefined();
    const driver = restore(all, state);
    expect([driver.getBuf(), driver.getBuf(), driver.getBuf()].map((used) => used?.token.name)).toEqual(["b", "c", undefined]);
  });

  it("needs restoreToken if there are buffers", () => {
    const all = busy({ format });
    const state = save(all);
    expect(codeOf(() => createDriverVirtqueue(all.memory, all.config, { state }))).toBe("ERR_ZARCH_BUG");
    const idle = rig({ format });
    expect(createDriverVirtqueue(idle.memory, idle.config, { state: save(idle) }).free).toBe(8);
  });

  it("is refused if it is another queue's, incomplete or contradictory", () => {
    const all = busy({ format, inOrder: true });
    const state = save(all);
    const code = (change: object) => codeOf(() => restore(all, { ...state, ...change }));
    expect(code({})).toBe("no error");
    expect(code({ version: 0 })).toBe("ERR_VIRTQUEUE_STATE_VERSION");
    for (const change of [{ side: "device" }, { size: 16 }, { format: "?" }]) expect(code(change)).toBe("ERR_VIRTQUEUE_STATE_CONFIG");
    for (const field of Object.keys(state)) {
      const { [field as keyof DriverVirtqueueState]: _, ...rest } = state;
      expect(codeOf(() => restore(all, rest))).toMatch(/^ERR_VIRTQUEUE_STATE/);
    }
    const [first, ...others] = state.buffers;
    const wrong = [
      { buffers: others },
      { buffers: [...state.buffers, first] },
      { buffers: [{ ...first, id: 8 }, ...others] },
      { buffers: [{ ...first, slots: 0 }, ...others] },
      { buffers: [{ ...first, room: -1 }, ...others] },
      { buffers: [{ ...first, descriptors: [8] }, ...others] },
      { buffers: [{ ...first, descriptors: "0" }, ...others] },
      { buffers: [{ ...first, descriptors: [first?.id, 0.5] }, ...others] },
      { buffers: [{ ...first, descriptors: [first?.id, 8] }, ...others] },
      { nextAvailable: state.nextAvailable + 1 },
      { nextUsed: 0x1_0000 },
      { published: state.nextUsed - 1 },
      { callbacks: 0 },
      { firstFree: 8 },
      { pending: [{ slot: 8, flags: 0 }] },
      { batch: { last: 99, written: 0 } },
      { batch: { last: state.buffers[0]?.id, written: -1 } },
    ];
    for (const change of wrong) expect([change, code(change)]).toEqual([change, "ERR_VIRTQUEUE_STATE"]);
    const plain = busy({ format });
    const batch = { last: plain.driver.save(() => 0).buffers[0]?.id, written: 0 };
    expect(codeOf(() => restore(plain, { ...save(plain), batch }))).toBe("ERR_VIRTQUEUE_STATE");
  });

  it("random damage is refused, or gives a queue that writes nothing but its ring", () => {
    const value = fc.oneof(fc.integer({ min: -2, max: 0x1_0001 }), fc.double(), fc.boolean(), fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(12), fc.nat(4), fc.nat(5), value), { minLength: 1, maxLength: 3 }),
        (inOrder, damage) => {
          const all = busy({ format, inOrder });
          const state = save(all) as unknown as Record<string, unknown>;
          for (const [field, entry, inner, replacement] of damage) {
            const name = Object.keys(state)[field % Object.keys(state).length] as string;
            const list = state[name];
            const item: unknown = Array.isArray(list) ? list[entry % (list.length || 1)] : undefined;
            if (typeof item !== "object" || item === null) state[name] = replacement;
            else (item as Record<string, unknown>)[Object.keys(item)[inner % Object.keys(item).length] ?? ""] = replacement;
          }
          let driver: DriverVirtqueue<Request>;
          try {
            driver = restore(all, state);
          } catch (error) {
            expect(error).toBeInstanceOf(VirtqueueStateError);
            return;
          }
          all.memory.observeWrites((address, length) => {
            const inside = (from: number, bytes: number) => address >= from && address + length <= from + bytes;
            expect(inside(AREAS.descriptor, 8 * 16) || inside(AREAS.driver, 22)).toBe(true);
          });
          try {
            driver.add([{ address: DATA, length: 1 }], [], { name: "new" });
            driver.kickPrepare();
            for (let i = 0; i < 10 && driver.getBuf(); i++);
          } catch (error) {
            expect((error as { kind?: string }).kind).toBe("guest");
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe.each(["split", "packed"] as const)("reset of a %s queue's driver side", (format) => {
  it.each([{}, { inOrder: true }, { eventIndex: true }])(
    "gives the tokens of all that is out and starts anew with the device: %o",
    (features) => {
      const all = busy({ format, ...features });
      all.driver.disableCallbacks();
      all.device.reset();
      const tokens = all.driver.reset().map(({ name }) => name);
      expect(features.inOrder ? tokens : tokens.toSorted()).toEqual(["a", "b", "c", "d"]);
      expect(all.driver.reset()).toEqual([]);
      const fresh = rig({ format, ...features });
      expect(all.driver.save(() => 0)).toEqual(fresh.driver.save(() => 0));
      const ring = (memory: FlatMemory) => [AREAS.descriptor, AREAS.driver, AREAS.device].map((at) => memory.view(at, 4));
      expect(ring(all.memory)).toEqual(ring(fresh.memory));
      expect(all.device.pop()).toBeUndefined();
      add(all.driver, "again", 3);
      expect(all.driver.kickPrepare()).toBe(true);
      serve(all.device, 1);
      expect(all.driver.getBuf()).toEqual({ token: { name: "again" }, written: 24 });
    },
  );
});
