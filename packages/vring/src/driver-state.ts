import { BugError } from "@zarch/vmm-interface";
import type { VirtqueueConfig, VirtqueueFormat } from "./layout.ts";
import { indexDistance } from "./ring-index.ts";
import { StateReader } from "./state-reader.ts";

/** A buffer that the driver added and did not get back. */
export interface SavedBuffer {
  /** Split: head descriptor. Packed: buffer id. */
  readonly id: number;
  /** Split: the descriptors of the ring that it takes, in the order of the chain. Packed: empty. */
  readonly descriptors: readonly number[];
  /** Places of the ring that it takes: 1 when split. */
  readonly slots: number;
  /** Bytes that the device may write. */
  readonly room: number;
  /** What `saveToken` made of the token. */
  readonly token: unknown;
}

/**
 * Everything that a {@link DriverVirtqueue} knows beyond its configuration and memory: plain data for JSON or structured cloning, if
 * the tokens are. Its size goes with the number of buffers that the device has.
 */
export interface DriverVirtqueueState {
  readonly version: 1;
  readonly side: "driver";
  readonly format: VirtqueueFormat;
  readonly size: number;
  /** The place of the next buffer. Split: available index, 16 bits. Packed: position, see `advancePosition`. */
  readonly nextAvailable: number;
  /** As {@link nextAvailable}, but for the next buffer that the device does not know of yet. */
  readonly published: number;
  /** The place of the next used buffer; units as {@link nextAvailable}. */
  readonly nextUsed: number;
  /** False between `disableCallbacks` and `enableCallbacks`. */
  readonly callbacks: boolean;
  /** The descriptor (split) or buffer id (packed) that is to be used next if it is free. */
  readonly firstFree: number;
  /** In the order of availability with IN_ORDER, otherwise by id. */
  readonly buffers: readonly SavedBuffer[];
  /** Packed: heads that are written but for their flags. */
  readonly pending: readonly { readonly slot: number; readonly flags: number }[];
  /** With IN_ORDER: the device returned all buffers up to this id with one used entry, and wrote so many bytes to the last. */
  readonly batch?: { readonly last: number; readonly written: number };
}

/**
 * Checks a saved state against the configuration.
 * @throws VirtqueueStateError
 */
export function readDriverState(value: unknown, config: VirtqueueConfig): DriverVirtqueueState {
  const { format = "split", size, inOrder = false } = config;
  const packed = format === "packed";
  const reader = new StateReader(value, "driver", config);
  const positions = packed ? 2 * size : 0x1_0000;
  const distance = (from: number, to: number) => (packed ? (to - from + 2 * size) % (2 * size) : indexDistance(from, to));
  const [nextAvailable, published, nextUsed] = ["nextAvailable", "published", "nextUsed"].map((name) =>
    reader.integer(name, 0, positions - 1),
  ) as [number, number, number];
  const ids = new Set<number>();
  const owned = new Set<number>();
  let slots = 0;
  const buffers = reader.list("buffers", size).map((entry): SavedBuffer => {
    const id = entry.integer("id", 0, size - 1);
    if (ids.has(id)) entry.refuse(`buffer ${id} is there twice`);
    ids.add(id);
    const own = entry.integer("slots", 1, packed ? size : 1);
    slots += own;
    const descriptors = entry.integers("descriptors", packed ? 0 : size, 0, size - 1);
    for (const descriptor of descriptors) {
      if (owned.has(descriptor)) entry.refuse(`descriptor ${descriptor} belongs to two buffers`);
      owned.add(descriptor);
    }
    if (!packed && descriptors[0] !== id) entry.refuse(`its first descriptor is not ${id}`);
    return { id, descriptors, slots: own, room: entry.integer("room", 0, 0x1_0000_0000), token: entry.value("token") };
  });
  if (slots > size || distance(nextUsed, nextAvailable) !== slots) {
    reader.refuse(`its buffers take ${slots} places of the ring, its positions say ${distance(nextUsed, nextAvailable)}`);
  }
  const queued = distance(published, nextAvailable);
  if (queued > slots) reader.refuse(`${queued} places of the ring are queued`);
  const pending = reader.list("pending", packed ? queued : 0).map((entry) => {
    const slot = entry.integer("slot", 0, size - 1);
    if ((slot - (published % size) + size) % size >= queued) entry.refuse(`slot ${slot} is not queued`);
    return { slot, flags: entry.integer("flags", 0, 0xffff) };
  });
  const batch = reader.has("batch") ? readBatch(reader.child("batch"), inOrder ? ids : new Set()) : undefined;
  return {
    version: 1,
    side: "driver",
    format,
    size,
    nextAvailable,
    published,
    nextUsed,
    callbacks: reader.boolean("callbacks"),
    firstFree: reader.integer("firstFree", 0, size - 1),
    buffers,
    pending,
    ...(batch && { batch }),
  };
}

function readBatch(entry: StateReader, ids: ReadonlySet<number>): { last: number; written: number } {
  const last = entry.integer("last", 0, 0xffff);
  if (!ids.has(last)) entry.refuse(`there is no buffer ${last}`);
  return { last, written: entry.integer("written", 0, 0xffff_ffff) };
}

/** Buffers that the device does not know of yet. */
export function queuedIn(state: DriverVirtqueueState | undefined): number {
  if (state === undefined) return 0;
  return state.format === "packed" ? state.pending.length : indexDistance(state.published, state.nextAvailable);
}

/** The numbers from 0 to `size` - 1 that are not `taken`, beginning with `first`. */
export function freeFrom(first: number, size: number, taken: Iterable<number>): number[] {
  const used = new Set(taken);
  return Array.from({ length: size }, (_, i) => (first + i) % size).filter((n) => !used.has(n));
}

/** What is needed to make tokens of saved ones, which only the owner of the queue can do. */
export function restoreToken<Token>(saved: unknown, restore: ((saved: unknown) => Token) | undefined): Token {
  if (!restore) throw new BugError("a driver's virtqueue with buffers is restored without restoreToken");
  return restore(saved);
}
