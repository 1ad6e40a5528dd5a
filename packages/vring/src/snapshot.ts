import type { Endian } from "@zarch/guest-memory";
import type { VirtqueueErrorCode } from "./errors.ts";
import type { VirtqueueAreas, VirtqueueFormat } from "./layout.ts";

/** What is wrong in a ring, or may be, as data. */
export interface SnapshotProblem {
  readonly code:
    | VirtqueueErrorCode
    /** The driver changed the descriptors of a buffer that the device has. The device does not look at them again. */
    | "ERR_VIRTQUEUE_CHANGED"
    /** A field has a value that the specification reserves. */
    | "ERR_VIRTQUEUE_RESERVED";
  readonly message: string;
}

/**
 * Whose a buffer, or its descriptors, are.
 *
 * | state | |
 * |---|---|
 * | `free` | the driver's, without a buffer |
 * | `queued` | added by the driver, not yet shown to the device |
 * | `available` | shown to the device, not yet taken |
 * | `in-flight` | taken by the device |
 * | `held` | the device is done with it, earlier buffers hold it back (IN_ORDER) |
 * | `staged` | pushed by the device, not yet shown to the driver |
 * | `used` | shown to the driver, not yet fetched |
 * | `outstanding` | available, in flight, held or staged: not to be told apart without the device side |
 */
export type BufferState = "free" | "queued" | "available" | "in-flight" | "held" | "staged" | "used" | "outstanding";

/** A descriptor as it is in memory. An address of 2^53 or more is inexact. */
export interface DescriptorSnapshot {
  readonly address: number;
  readonly length: number;
  /** All 16 flag bits. */
  readonly flags: number;
  /** Split: the `next` field. Packed: the buffer id. */
  readonly link: number;
}

/** A place of the descriptor table (split) or ring (packed). */
export interface SlotSnapshot extends DescriptorSnapshot {
  readonly state: BufferState;
}

/** A buffer of a chain: of a descriptor of the ring, or of its indirect table. */
export interface ChainPart {
  /** Index in the ring or in the indirect table; -1 if only the device remembers it. */
  readonly index: number;
  readonly indirect: boolean;
  readonly address: number;
  readonly length: number;
  readonly writable: boolean;
}

export interface ChainSnapshot {
  /** Split: head. Packed: buffer id. */
  readonly id: number;
  readonly state: BufferState;
  /** First place in the packed ring, if known. */
  readonly slot?: number;
  /** At most {@link MAX_PARTS}. */
  readonly parts: readonly ChainPart[];
  /** Parts that are left out above. */
  readonly more: number;
  readonly indirectTable?: { readonly address: number; readonly entries: number };
  /** Bytes in the device-readable and the device-writable part. */
  readonly readable: number;
  readonly writable: number;
  /** Bytes that the device has reported, in the states `held`, `staged` and `used`. */
  readonly written?: number;
  readonly problems: readonly SnapshotProblem[];
}

/** Parts of one chain that a snapshot has. */
export const MAX_PARTS = 64;

/** A place in a packed ring. */
export interface SlotAndWrap {
  readonly slot: number;
  readonly wrap: boolean;
}

interface CommonSnapshot {
  readonly size: number;
  readonly endian: Endian;
  readonly areas: VirtqueueAreas;
  readonly indirect: boolean;
  readonly eventIndex: boolean;
  readonly inOrder: boolean;
  /** Made with the help of the device side, of the driver side. Without both some states are a guess. */
  readonly sources: { readonly device: boolean; readonly driver: boolean };
  /** All places, in order. Empty if the ring itself is not in memory. */
  readonly descriptors: readonly SlotSnapshot[];
  /** In the order: in flight and held, staged, available, queued, used. */
  readonly chains: readonly ChainSnapshot[];
  /** What is wrong with the ring as a whole. What is wrong with a chain is there. */
  readonly problems: readonly SnapshotProblem[];
  /** Chains are left out, or not followed to their end, because there was too much to follow. */
  readonly truncated: boolean;
}

export interface SplitSnapshot extends CommonSnapshot {
  readonly format: "split";
  /** The available ring: its fields, and the heads of all its slots. */
  readonly available: { readonly flags: number; readonly index: number; readonly usedEvent: number; readonly heads: readonly number[] };
  /** The used ring: its fields, and all its slots. */
  readonly used: {
    readonly flags: number;
    readonly index: number;
    readonly availEvent: number;
    readonly entries: readonly { readonly id: number; readonly length: number }[];
  };
  /** Where the device side is: 16-bit indices. */
  readonly device?: { readonly nextAvailable: number; readonly nextUsed: number };
  /** Where the driver side is: 16-bit indices. */
  readonly driver?: { readonly nextAvailable: number; readonly published: number; readonly nextUsed: number };
}

/** An event suppression structure. `flags`: 0 enable, 1 disable, 2 at the place, 3 reserved. */
export interface EventSnapshot extends SlotAndWrap {
  readonly flags: number;
}

export interface PackedSnapshot extends CommonSnapshot {
  readonly format: "packed";
  readonly driverEvent: EventSnapshot;
  readonly deviceEvent: EventSnapshot;
  readonly device?: { readonly nextAvailable: SlotAndWrap; readonly nextUsed: SlotAndWrap };
  readonly driver?: { readonly nextAvailable: SlotAndWrap; readonly published: SlotAndWrap; readonly nextUsed: SlotAndWrap };
}

/** A ring that cannot be looked at: its size or its areas are impossible. */
export interface UnreadableSnapshot {
  readonly format: VirtqueueFormat;
  readonly size: number;
  readonly endian: Endian;
  readonly areas: VirtqueueAreas;
  readonly unreadable: true;
  readonly problems: readonly SnapshotProblem[];
}

export type VirtqueueSnapshot = SplitSnapshot | PackedSnapshot | UnreadableSnapshot;
