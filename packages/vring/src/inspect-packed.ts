import type { GuestMemory } from "@zarch/guest-memory";
import { ChainWalker, chainOf, readDescriptor } from "./chain-walk.ts";
import { DESC_F_WRITE } from "./descriptor.ts";
import type { DriverVirtqueueState } from "./driver-state.ts";
import { commonFacts, deviceProblems, type UnfetchedBuffer, WaitingBuffers } from "./inspect-common.ts";
import type { VirtqueueConfig } from "./layout.ts";
import {
  advancePosition,
  DESC_F_AVAIL,
  DESC_F_USED,
  EVENT_DESC,
  EVENT_FLAGS,
  EVENT_POSITION,
  packedAvailableFlags,
  packedUsedFlags,
  parsePackedEvent,
} from "./packed-layout.ts";
import {
  type BufferState,
  type ChainPart,
  type ChainSnapshot,
  type EventSnapshot,
  MAX_PARTS,
  type PackedSnapshot,
  type SlotAndWrap,
  type SlotSnapshot,
  type SnapshotProblem,
} from "./snapshot.ts";
import { descriptorOffset } from "./split-layout.ts";
import type { DeviceVirtqueueState, SavedChain } from "./virtqueue-state.ts";

/** See `inspectVirtqueue`; the areas are known to be in memory. */
export function inspectPacked(
  memory: GuestMemory,
  config: VirtqueueConfig,
  device: DeviceVirtqueueState | undefined,
  driver: DriverVirtqueueState | undefined,
): PackedSnapshot {
  const { size, endian, areas } = config;
  const place = (position: number): SlotAndWrap => ({ slot: position % size, wrap: position < size });
  const eventAt = (address: number): EventSnapshot => ({
    ...parsePackedEvent(memory.loadUint16(address + EVENT_POSITION, endian)),
    flags: memory.loadUint16(address + EVENT_FLAGS, endian),
  });
  const descriptors = Array.from({ length: size }, (_, slot): SlotSnapshot => {
    return { ...readDescriptor(memory, endian, true, areas.descriptor + descriptorOffset(slot)), state: "free" };
  });
  const ring = new PackedRing(memory, config, descriptors);
  const chains: ChainSnapshot[] = [];
  const problems = deviceProblems(device);
  const live = device?.closed ? undefined : device;
  if (live) chains.push(...ring.ofDevice(live));
  if (driver) chains.push(...ring.ofDriver(driver, live !== undefined, problems));
  if (!live && !driver) chains.push(...ring.byLooks());
  const driverEvent = eventAt(areas.driver);
  const deviceEvent = eventAt(areas.device);
  for (const [name, event] of Object.entries({ driver: driverEvent, device: deviceEvent }))
    problems.push(...eventProblems(name, event, config));
  return {
    format: "packed",
    ...commonFacts(config, device, driver),
    driverEvent,
    deviceEvent,
    descriptors: ring.slots,
    chains,
    problems,
    truncated: ring.truncated,
    ...(device && { device: { nextAvailable: place(device.nextAvailable), nextUsed: place(device.nextUsed) } }),
    ...(driver && {
      driver: { nextAvailable: place(driver.nextAvailable), published: place(driver.published), nextUsed: place(driver.nextUsed) },
    }),
  };
}

function eventProblems(name: string, { flags, slot }: EventSnapshot, { eventIndex = false, size }: VirtqueueConfig): SnapshotProblem[] {
  if (flags > (eventIndex ? EVENT_DESC : EVENT_DESC - 1)) {
    return [{ code: "ERR_VIRTQUEUE_RESERVED", message: `${name} event flags ${flags} are reserved` }];
  }
  if (flags !== EVENT_DESC || slot < size) return [];
  return [{ code: "ERR_VIRTQUEUE_RESERVED", message: `${name} event at slot ${slot} of a ring of ${size}` }];
}

/** Tells whose the places of a packed ring are. */
class PackedRing {
  readonly slots: SlotSnapshot[];
  readonly #walker: ChainWalker;
  readonly #size: number;
  readonly #inOrder: boolean;

  constructor(memory: GuestMemory, config: VirtqueueConfig, slots: SlotSnapshot[]) {
    this.slots = slots;
    this.#walker = new ChainWalker(memory, config);
    this.#size = config.size;
    this.#inOrder = config.inOrder ?? false;
  }

  get truncated(): boolean {
    return this.#walker.exhausted;
  }

  #mark(position: number, count: number, state: BufferState): void {
    for (let i = 0; i < count; i++) {
      const slot = (position + i) % this.#size;
      this.slots[slot] = { ...(this.slots[slot] as SlotSnapshot), state };
    }
  }

  #flags(slot: number): number {
    return (this.slots[slot] as SlotSnapshot).flags & (DESC_F_AVAIL | DESC_F_USED);
  }

  #distance(from: number, to: number): number {
    return (to - from + 2 * this.#size) % (2 * this.#size);
  }

  /** Lists from `position` on that are available, over at most `slots` places. */
  #lists(
    position: number,
    slots: number,
    state: BufferState,
    isThere: (position: number) => boolean,
    unwritten?: ReadonlyMap<number, number>,
  ): ChainSnapshot[] {
    const chains: ChainSnapshot[] = [];
    let at = position;
    let left = slots;
    while (left > 0 && !this.truncated && isThere(at)) {
      const walked = this.#walker.packed(at % this.#size, left, unwritten);
      const count = walked.slots.length;
      if (count === 0) break;
      chains.push(chainOf(walked, walked.id, state, { slot: at % this.#size }));
      this.#mark(at, count, state);
      at = advancePosition(at, count, this.#size);
      left -= count;
    }
    return chains;
  }

  ofDevice(device: DeviceVirtqueueState): ChainSnapshot[] {
    const taken = this.#distance(device.nextUsed, device.nextAvailable);
    // Which of these places belong to which list cannot be told: used descriptors are written over them in another order.
    this.#mark(device.nextUsed, taken, "in-flight");
    const ids = new Set([...device.chains, ...device.staged].map(({ id }) => id));
    const isAvailable = (at: number) => this.#flags(at % this.#size) === packedAvailableFlags(at < this.#size);
    return [
      ...device.chains.map(remembered),
      ...device.staged.map(({ id, written }) => ({ ...NOTHING, id, state: "staged" as const, written })),
      ...this.#lists(device.nextAvailable, this.#size - taken, "available", isAvailable).map((chain) => {
        if (!ids.has(chain.id)) {
          ids.add(chain.id);
          return chain;
        }
        const twice: SnapshotProblem = { code: "ERR_VIRTQUEUE_HEAD_IN_USE", message: `buffer id ${chain.id} is made available twice` };
        return { ...chain, problems: [...chain.problems, twice] };
      }),
    ];
  }

  ofDriver(driver: DriverVirtqueueState, deviceKnown: boolean, problems: SnapshotProblem[]): ChainSnapshot[] {
    const unwritten = new Map(driver.pending.map(({ slot, flags }) => [slot, flags]));
    const slots = this.#distance(driver.published, driver.nextAvailable);
    const queued = this.#lists(driver.published, slots, "queued", () => true, unwritten);
    const waiting = new WaitingBuffers(driver, this.#inOrder);
    const used: ChainSnapshot[] = [];
    let at = driver.nextUsed;
    const fetch = (unfetched: readonly UnfetchedBuffer[]) => {
      for (const { buffer, written } of unfetched) {
        this.#mark(at, buffer.slots, "used");
        used.push({ ...NOTHING, id: buffer.id, state: "used", slot: at % this.#size, written });
        at = advancePosition(at, buffer.slots, this.#size);
      }
    };
    if (driver.batch) fetch(waiting.take(driver.batch.last, driver.batch.written));
    const isUsed = () => this.#flags(at % this.#size) === packedUsedFlags(at < this.#size);
    while (this.#distance(at, driver.published) > 0 && isUsed()) {
      const { link: id, flags, length } = this.slots[at % this.#size] as SlotSnapshot;
      const unfetched = waiting.take(id, flags & DESC_F_WRITE ? length : 0);
      if (unfetched.length === 0) {
        problems.push({ code: "ERR_VIRTQUEUE_USED", message: `used descriptor of buffer ${id}, which the driver does not wait for` });
        break;
      }
      fetch(unfetched);
    }
    if (deviceKnown) return [...queued, ...used];
    this.#mark(at, this.#distance(at, driver.published), "outstanding");
    for (const { id } of queued) waiting.delete(id);
    const outstanding = Array.from(waiting.left, ({ id, room }) => ({ ...NOTHING, id, state: "outstanding" as const, writable: room }));
    return [...outstanding, ...queued, ...used];
  }

  /** Without anybody to ask: what looks available in one round or the other. */
  byLooks(): ChainSnapshot[] {
    const chains: ChainSnapshot[] = [];
    const looks = (slot: number) => this.#flags(slot) === DESC_F_AVAIL || this.#flags(slot) === DESC_F_USED;
    for (let slot = 0; slot < this.#size && !this.truncated; ) {
      const found = looks(slot) ? this.#lists(slot, this.#size - slot, "outstanding", (at) => at === slot) : [];
      chains.push(...found);
      while (++slot < this.#size && found.length > 0 && this.slots[slot]?.state === "outstanding");
    }
    return chains;
  }
}

/** A chain of which nobody knows more than that it exists. */
const NOTHING = { parts: [], more: 0, readable: 0, writable: 0, problems: [] } as const;

/** A chain as the device remembers it. */
function remembered({ id, readable, writable, written }: SavedChain): ChainSnapshot {
  const part =
    (isWritable: boolean) =>
    ([address, length]: readonly [number, number]): ChainPart => ({ index: -1, indirect: false, address, length, writable: isWritable });
  const all = [...readable.map(part(false)), ...writable.map(part(true))];
  const sum = (spans: SavedChain["readable"]) => spans.reduce((total, [, length]) => total + length, 0);
  return {
    id,
    state: written === undefined ? "in-flight" : "held",
    parts: all.slice(0, MAX_PARTS),
    more: Math.max(0, all.length - MAX_PARTS),
    readable: sum(readable),
    writable: sum(writable),
    problems: [],
    ...(written === undefined ? {} : { written }),
  };
}
