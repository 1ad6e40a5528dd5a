import type { ChainList } from "./chain-list.ts";
import type { ChainRecord, ChainSpan } from "./chain-record.ts";
import { VirtqueueError } from "./errors.ts";
import { defaultMaxChainLength, type VirtqueueConfig, type VirtqueueFormat } from "./layout.ts";
import { indexDistance } from "./ring-index.ts";
import { StateReader } from "./state-reader.ts";

/** A chain that the device had taken and not returned. Its descriptors are not read again: they may be overwritten by now (packed). */
export interface SavedChain {
  /** Split: head descriptor. Packed: buffer id. */
  readonly id: number;
  /** Ring slots (packed); 1 when split. */
  readonly slots: number;
  /** Descriptors that hold data, those of length 0 included, which {@link readable} and {@link writable} leave out. */
  readonly descriptors: number;
  readonly readable: readonly ChainSpan[];
  readonly writable: readonly ChainSpan[];
  /** With IN_ORDER: bytes written by a device that is done with it, while earlier chains hold it back. */
  readonly written?: number;
}

/** A chain that was pushed and not yet published. */
export interface SavedUse {
  readonly id: number;
  readonly slots: number;
  /** Bytes reported. */
  readonly written: number;
  /** The device wrote all that there was room for. */
  readonly full: boolean;
}

/**
 * Everything that a {@link DeviceVirtqueue} knows beyond its configuration and guest memory: plain data for JSON or structured
 * cloning, whose size goes with the number of chains in flight.
 */
export interface DeviceVirtqueueState {
  readonly version: 1;
  readonly side: "device";
  readonly format: VirtqueueFormat;
  readonly size: number;
  /** The next buffer to take. Split: available index, 16 bits. Packed: position, see `advancePosition`. */
  readonly nextAvailable: number;
  /** The next place for a used buffer as the driver sees it: what is staged comes behind. Units as {@link nextAvailable}. */
  readonly nextUsed: number;
  /** False between `disableNotifications` and `enableNotifications`. */
  readonly notifications: boolean;
  /** With EVENT_IDX: what the device last asked to be notified of. Split: avail_event. Packed: a position, or -1 for none. */
  readonly armedAt: number;
  /** In the order of availability. */
  readonly chains: readonly SavedChain[];
  /** In the order of publication. */
  readonly staged: readonly SavedUse[];
  /** The queue gives nothing and publishes nothing any more. */
  readonly closed: boolean;
  /** Why, if it met a malformed ring. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** What {@link readDeviceState} makes of a state. */
export interface RestoredDevice {
  readonly state: DeviceVirtqueueState;
  readonly error: VirtqueueError | undefined;
}

/** A chain as {@link DeviceVirtqueueState} holds it. */
export function saveChain(record: ChainRecord): SavedChain {
  const { id, slots, descriptors, written } = record;
  return { id, slots, descriptors, ...record.pairs(), ...(written < 0 ? {} : { written }) };
}

/**
 * Checks a saved state against configuration and memory, and puts its chains into `chains`. Nothing in it is trusted: every number has its
 * range, every span is in memory, and the positions agree with the chains between them.
 * @throws VirtqueueStateError
 */
export function readDeviceState(value: unknown, config: VirtqueueConfig, chains: ChainList): RestoredDevice {
  const { format = "split", size, inOrder = false } = config;
  const reader = new StateReader(value, "device", config);
  const positions = format === "packed" ? 2 * size : 0x1_0000;
  const nextAvailable = reader.integer("nextAvailable", 0, positions - 1);
  const nextUsed = reader.integer("nextUsed", 0, positions - 1);
  const armedAt = reader.integer("armedAt", format === "packed" ? -1 : 0, positions - 1);
  const notifications = reader.boolean("notifications");
  const closed = reader.boolean("closed");
  const maxChainLength = config.maxChainLength ?? defaultMaxChainLength(size);
  const ids = new Set<number>();
  let slots = 0;
  const occupy = (entry: StateReader): { id: number; slots: number } => {
    const id = entry.integer("id", 0, format === "packed" ? 0xffff : size - 1);
    const own = entry.integer("slots", 1, format === "packed" ? size : 1);
    if (ids.has(id)) entry.refuse(`buffer ${id} is there twice`);
    ids.add(id);
    slots += own;
    return { id, slots: own };
  };

  const saved = reader.list("chains", size).map((entry, i): SavedChain => {
    const place = occupy(entry);
    const descriptors = entry.integer("descriptors", 0, maxChainLength);
    const readable = entry.spans("readable", descriptors);
    const writable = entry.spans("writable", descriptors - readable.length);
    const record = chains.next();
    try {
      for (const [address, length] of readable) record.add(address, length, false);
      for (const [address, length] of writable) record.add(address, length, true);
      record.finish(place.id, place.slots);
    } catch (error) {
      if (error instanceof VirtqueueError) entry.refuse(error.message);
      throw error;
    }
    record.descriptors = descriptors;
    if (entry.has("written")) {
      if (!inOrder || i === 0) entry.refuse("it is done but not returned");
      record.written = entry.integer("written", 0, record.writableBytes);
    }
    chains.append();
    return saveChain(record);
  });
  const staged = reader.list("staged", size).map((entry): SavedUse => {
    return { ...occupy(entry), written: entry.integer("written", 0, 0xffff_ffff), full: entry.boolean("full") };
  });
  const distance = format === "packed" ? (nextAvailable - nextUsed + 2 * size) % (2 * size) : indexDistance(nextUsed, nextAvailable);
  if (!closed && distance !== slots) reader.refuse(`${slots} places of the ring belong to the device, its positions say ${distance}`);
  if (slots > size) reader.refuse(`${slots} places of the ring belong to the device`);
  if (closed && slots > 0) reader.refuse("a closed queue with chains");
  const error = reader.has("error") ? readError(reader, closed) : undefined;
  const state = { version: 1, side: "device", format, size, nextAvailable, nextUsed, notifications, armedAt } as const;
  return { state: { ...state, chains: saved, staged, closed }, error };
}

function readError(reader: StateReader, closed: boolean): VirtqueueError {
  if (!closed) reader.refuse("a queue with an error that is not closed");
  const entry = reader.child("error");
  const code = entry.string("code", /^ERR_VIRTQUEUE_[A-Z_]{1,40}$/);
  return new VirtqueueError(code as VirtqueueError["code"], entry.string("message", /^.{0,500}$/s));
}
