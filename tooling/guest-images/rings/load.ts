import type { ImageRequest, RingImage } from "../../../packages/vring/test/ring-image.ts";

/** A disk whose queue is recorded. */
export interface RecordedDisk {
  /** Kind of its ring, for the name of the image. */
  readonly name: string;
  readonly packed?: true;
  readonly noIndirect?: true;
  readonly noEventIndex?: true;
  /** Only revision 0 of virtio-ccw. */
  readonly legacy?: true;
  readonly queueSize?: number;
}

/** Bytes of each disk. */
export const DISK_SIZE = 2 << 20;

/** Bytes of guest memory: little, so that the images can be looked at in memory of the same size. */
export const MEMORY_SIZE = 128 << 20;

export const DEFAULT_QUEUE_SIZE = 256;

/** Their device numbers are 0.0.0001 and so on, in this order. */
export const DISKS: readonly RecordedDisk[] = [
  { name: "split" },
  { name: "packed", packed: true },
  { name: "split, no indirect", noIndirect: true },
  { name: "split, no event index", noEventIndex: true },
  { name: "packed, no indirect", packed: true, noIndirect: true },
  { name: "packed, no event index", packed: true, noEventIndex: true },
  { name: "legacy", legacy: true },
  { name: "legacy, no indirect, no event index", legacy: true, noIndirect: true, noEventIndex: true },
  { name: "split, 32 entries, no indirect", noIndirect: true, queueSize: 32 },
  { name: "packed, 32 entries, no indirect, no event index", packed: true, noIndirect: true, noEventIndex: true, queueSize: 32 },
];

interface Request {
  readonly write: boolean;
  /** Bytes. */
  readonly size: number;
  /** In units of `size`. */
  readonly block: number;
}

/** Far enough from each other that Linux cannot make one of two, and of whole pages, as the guest's dd wants it. */
const REQUESTS: readonly Request[] = [
  { write: false, size: 4096, block: 3 },
  { write: true, size: 4096, block: 5 },
  { write: false, size: 65536, block: 1 },
  { write: true, size: 4096, block: 100 },
  { write: false, size: 8192, block: 20 },
  { write: true, size: 16384, block: 16 },
  { write: false, size: 4096, block: 77 },
];

/** What fits a small ring without indirect descriptors. */
const FEW_REQUESTS: readonly Request[] = REQUESTS.filter(({ size }) => size <= 4096);

function requestsOf({ queueSize = DEFAULT_QUEUE_SIZE }: RecordedDisk): readonly Request[] {
  return queueSize < DEFAULT_QUEUE_SIZE ? FEW_REQUESTS : REQUESTS;
}

/** The requests as the image tells them. */
export function imageRequests(disk: RecordedDisk): ImageRequest[] {
  return requestsOf(disk).map(({ write, size, block }) => ({ type: write ? 1 : 0, sector: (size * block) / 512, length: size }));
}

/** The requests as ring-load.sh takes them. */
export function askWords(disk: RecordedDisk, block: string): string[] {
  return requestsOf(disk).map((request) => [block, request.write ? "w" : "r", request.size, request.block].join(":"));
}

/** Where the queue is to be when the requests come. */
export interface Round {
  readonly name: string;
  readonly disks: readonly RecordedDisk[];
  /** Requests to make first, given the device's position. */
  warmUp(disk: RecordedDisk, position: number): number;
}

/** Ring slots of a read of one sector. */
function slotsOfRead({ packed, noIndirect }: RecordedDisk): number {
  return packed && noIndirect ? 3 : 1;
}

export const ROUNDS: readonly Round[] = [
  { name: "after start", disks: DISKS, warmUp: () => 0 },
  {
    name: "over the end of the ring",
    disks: DISKS,
    warmUp(disk, position) {
      const size = disk.queueSize ?? DEFAULT_QUEUE_SIZE;
      const each = slotsOfRead(disk);
      // The requests begin a few slots before the end, in the second round of the ring.
      return Math.floor((2 * size - 4 - (position % size)) / each);
    },
  },
  {
    name: "over the end of the 16-bit index",
    disks: DISKS.slice(0, 1),
    warmUp: (_disk, position) => 0x1_0000 - 3 - position,
  },
];

/** Negotiated feature bits from the guest's text: a digit for each, bit 0 first. */
export function featureBits(text: string): number[] {
  return [...text].flatMap((digit, bit) => (digit === "1" ? [bit] : []));
}

export function imageName(disk: RecordedDisk, round: Round): RingImage["name"] {
  return `${disk.name}; ${round.name}`;
}
