import type { GuestMemory } from "@zarch/guest-memory";
import { ChainWalker, chainOf, readDescriptor } from "./chain-walk.ts";
import type { DriverVirtqueueState } from "./driver-state.ts";
import { type CommonFacts, commonFacts, deviceProblems, isChanged, type UnfetchedBuffer, WaitingBuffers } from "./inspect-common.ts";
import type { VirtqueueConfig } from "./layout.ts";
import { advanceIndex, indexDistance, indexSlot } from "./ring-index.ts";
import type { BufferState, ChainSnapshot, SnapshotProblem, SplitSnapshot } from "./snapshot.ts";
import {
  AVAILABLE_FLAGS,
  AVAILABLE_INDEX,
  availableEntryOffset,
  availEventOffset,
  descriptorOffset,
  USED_ENTRY_ID,
  USED_ENTRY_LENGTH,
  USED_FLAGS,
  USED_INDEX,
  usedEntryOffset,
  usedEventOffset,
} from "./split-layout.ts";
import type { DeviceVirtqueueState } from "./virtqueue-state.ts";

type Rings = Pick<SplitSnapshot, "available" | "used">;

function readRings(memory: GuestMemory, { areas, endian, size }: VirtqueueConfig): Rings {
  const { driver, device } = areas;
  const slots = Array.from({ length: size }, (_, slot) => slot);
  return {
    available: {
      flags: memory.loadUint16(driver + AVAILABLE_FLAGS, endian),
      index: memory.loadUint16(driver + AVAILABLE_INDEX, endian),
      usedEvent: memory.loadUint16(driver + usedEventOffset(size), endian),
      heads: slots.map((slot) => memory.loadUint16(driver + availableEntryOffset(slot, size), endian)),
    },
    used: {
      flags: memory.loadUint16(device + USED_FLAGS, endian),
      index: memory.loadUint16(device + USED_INDEX, endian),
      availEvent: memory.loadUint16(device + availEventOffset(size), endian),
      entries: slots.map((slot) => {
        const at = device + usedEntryOffset(slot, size);
        return { id: memory.loadUint32(at + USED_ENTRY_ID, endian), length: memory.loadUint32(at + USED_ENTRY_LENGTH, endian) };
      }),
    },
  };
}

/** A chain to be followed: whose it is, and what is known besides. */
interface Claim {
  readonly head: number;
  readonly state: BufferState;
  readonly written?: number;
}

/** See `inspectVirtqueue`; the areas are known to be in memory. */
export function inspectSplit(
  memory: GuestMemory,
  config: VirtqueueConfig,
  device: DeviceVirtqueueState | undefined,
  driver: DriverVirtqueueState | undefined,
): SplitSnapshot {
  const { size, endian, areas } = config;
  const rings = readRings(memory, config);
  const problems = [...ringProblems(rings, config, device), ...deviceProblems(device)];
  const claims = claimsOf(rings, config, device?.closed ? undefined : device, driver, problems);

  const walker = new ChainWalker(memory, config);
  const savedChains = new Map(device?.chains.map((chain) => [chain.id, chain]));
  const states = new Map<number, BufferState>();
  const heads = new Set<number>();
  const chains: ChainSnapshot[] = [];
  for (const { head, state, written } of claims) {
    if (heads.has(head)) {
      problems.push({ code: "ERR_VIRTQUEUE_HEAD_IN_USE", message: `head ${head} is ${state} while it is not the driver's` });
      continue;
    }
    heads.add(head);
    if (walker.exhausted) break;
    const walked = walker.split(head);
    for (const slot of walked.slots) if (!states.has(slot)) states.set(slot, state);
    const saved = savedChains.get(head);
    const changed = saved !== undefined && (state === "in-flight" || state === "held") && isChanged(saved, walked.chain);
    const extra = changed ? { problems: [...walked.chain.problems, changed] } : {};
    chains.push(chainOf(walked, head, state, { ...extra, ...(written === undefined ? {} : { written }) }));
  }
  const descriptors = Array.from({ length: size }, (_, index) => ({
    ...readDescriptor(memory, endian, false, areas.descriptor + descriptorOffset(index)),
    state: states.get(index) ?? ("free" as const),
  }));
  const facts: CommonFacts = commonFacts(config, device, driver);
  return {
    format: "split",
    ...facts,
    ...rings,
    descriptors,
    chains,
    problems,
    truncated: walker.exhausted,
    ...(device && { device: { nextAvailable: device.nextAvailable, nextUsed: device.nextUsed } }),
    ...(driver && { driver: { nextAvailable: driver.nextAvailable, published: driver.published, nextUsed: driver.nextUsed } }),
  };
}

function ringProblems({ available, used }: Rings, config: VirtqueueConfig, device: DeviceVirtqueueState | undefined): SnapshotProblem[] {
  const problems: SnapshotProblem[] = [];
  const from = device?.nextAvailable ?? used.index;
  const ahead = indexDistance(from, available.index);
  if (ahead > config.size) {
    const message = `available index ${available.index} is ${ahead} ahead of ${device ? "the device's" : "used index"} ${from}, queue size ${config.size}`;
    problems.push({ code: "ERR_VIRTQUEUE_AVAILABLE_INDEX", message });
  }
  const reserved = (name: string, flags: number) => {
    const most = config.eventIndex ? 0 : 1;
    if (flags > most) problems.push({ code: "ERR_VIRTQUEUE_RESERVED", message: `${name} flags ${flags}, at most ${most} is defined` });
  };
  reserved("available ring", available.flags);
  reserved("used ring", used.flags);
  return problems;
}

/** The chains that are not free, as far as can be told, in the order of {@link SplitSnapshot.chains}. */
function claimsOf(
  { available, used }: Rings,
  { size, inOrder = false }: VirtqueueConfig,
  device: DeviceVirtqueueState | undefined,
  driver: DriverVirtqueueState | undefined,
  problems: SnapshotProblem[],
): Claim[] {
  const headsBetween = (from: number, to: number): number[] =>
    Array.from(
      { length: Math.min(indexDistance(from, to), size) },
      (_, i) => available.heads[indexSlot(advanceIndex(from, i), size)] as number,
    );
  const claims: Claim[] = [];
  if (device) {
    for (const { id, written } of device.chains) {
      claims.push(written === undefined ? { head: id, state: "in-flight" } : { head: id, state: "held", written });
    }
    for (const { id, written } of device.staged) claims.push({ head: id, state: "staged", written });
    if (indexDistance(device.nextAvailable, available.index) <= size) {
      for (const head of headsBetween(device.nextAvailable, available.index)) claims.push({ head, state: "available" });
    }
  }
  const waiting = driver && new WaitingBuffers(driver, inOrder);
  const unfetched = driver && waiting ? unfetchedBuffers(used, size, driver, waiting, problems) : [];
  const queued = driver ? headsBetween(driver.published, driver.nextAvailable) : [];
  if (!device) {
    for (const head of queued) waiting?.delete(head);
    const out = waiting ? Array.from(waiting.left, ({ id }) => id) : outstandingHeads({ available, used }, size, inOrder);
    for (const head of out) claims.push({ head, state: "outstanding" });
  }
  for (const head of queued) claims.push({ head, state: "queued" });
  for (const { buffer, written } of unfetched) claims.push({ head: buffer.id, state: "used", written });
  return claims;
}

/** The used entries that the driver did not fetch, without those that it does not wait for. */
function unfetchedBuffers(
  used: SplitSnapshot["used"],
  size: number,
  driver: DriverVirtqueueState,
  waiting: WaitingBuffers,
  problems: SnapshotProblem[],
): UnfetchedBuffer[] {
  const count = Math.min(indexDistance(driver.nextUsed, used.index), size);
  const found = driver.batch ? waiting.take(driver.batch.last, driver.batch.written) : [];
  while (found.length < count) {
    const { id, length } = used.entries[indexSlot(advanceIndex(driver.nextUsed, found.length), size)] as { id: number; length: number };
    const taken = waiting.take(id, length);
    found.push(...taken);
    if (taken.length > 0) continue;
    problems.push({ code: "ERR_VIRTQUEUE_USED", message: `used entry of buffer ${id}, which the driver does not wait for` });
    break;
  }
  return found;
}

/**
 * The heads that the device has, or could have, by memory alone: at most as many as the indices say, the newest of the last `size` that
 * were made available and are not among the last `size` that were used. An entry older than that is overwritten.
 */
function outstandingHeads({ available, used }: Rings, size: number, inOrder: boolean): number[] {
  const count = indexDistance(used.index, available.index);
  if (count > size) return [];
  const uses = new Map<number, number>();
  // With IN_ORDER the newest are the ones, and not every used buffer has an entry.
  for (let back = 1; !inOrder && back <= Math.min(size, used.index); back++) {
    const { id } = used.entries[indexSlot(advanceIndex(used.index, -back), size)] as { id: number };
    uses.set(id, (uses.get(id) ?? 0) + 1);
  }
  const out = new Set<number>();
  for (let back = 1; back <= size && out.size < count; back++) {
    const head = available.heads[indexSlot(advanceIndex(available.index, -back), size)] as number;
    const returned = uses.get(head) ?? 0;
    const choice = size - back + 1 > count - out.size;
    if (returned > 0 && choice) uses.set(head, returned - 1);
    else out.add(head);
  }
  return [...out].reverse();
}
