import { readFileSync } from "node:fs";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

/** A request that a program in the guest made and that is under way in the image. */
export interface ImageRequest {
  /** 0 read, 1 write (virtio 5.2.6). */
  readonly type: 0 | 1;
  readonly sector: number;
  /** Bytes. */
  readonly length: number;
}

/**
 * What the device knew of its queue. A position is the 16-bit index of a split ring; in a packed ring of n entries it is the slot, plus n
 * in a round whose wrap counter is 0.
 */
export interface DevicePositions {
  readonly nextAvailable: number;
  readonly nextUsed: number;
}

/** The memory of a virtqueue at one moment: the ring, the indirect tables, and of each request the header and the status byte. */
export interface RingMoment extends DevicePositions {
  readonly spans: readonly { readonly address: number; readonly bytes: Uint8Array }[];
}

/** The queue of a block device while requests went through it. Nothing else was under way. */
export interface RingImage {
  /** Kind of ring, and what happened before. */
  readonly name: string;
  /** Negotiated feature bits. */
  readonly features: readonly number[];
  readonly size: number;
  readonly areas: { readonly descriptor: number; readonly driver: number; readonly device: number };
  /** All requests that are available at the first moment, in no order. */
  readonly requests: readonly ImageRequest[];
  /**
   * First: all requests are available and none is used. Last: all are used, and the driver has not looked since. In between: some are
   * used. The guest did not run between the moments.
   */
  readonly moments: readonly RingMoment[];
}

/** Images from one run of a guest. */
export interface RingRecording {
  readonly driver: string;
  readonly device: string;
  /** Bytes of guest memory. */
  readonly memory: number;
  readonly rings: readonly RingImage[];
}

interface StoredMoment extends DevicePositions {
  readonly spans: readonly (readonly [address: number, length: number])[];
}

interface StoredRecording extends Omit<RingRecording, "rings"> {
  readonly rings: readonly (Omit<RingImage, "moments"> & {
    readonly moments: readonly StoredMoment[];
    /** The bytes of all spans of all moments, compressed together (Brotli, base64). */
    readonly content: string;
  })[];
}

const folder = new URL("images/", import.meta.url);

/** Where the recording of that name is kept. */
export function recordingUrl(name: string): URL {
  return new URL(`${name}.json`, folder);
}

export function loadRecording(name: string): RingRecording {
  const stored = JSON.parse(readFileSync(recordingUrl(name), "utf8")) as StoredRecording;
  return { ...stored, rings: stored.rings.map(({ content, ...ring }) => ({ ...ring, moments: unpack(ring.moments, content) })) };
}

/** The text of a file for {@link loadRecording}: JSON with a line for each ring. */
export function encodeRecording({ rings, ...head }: RingRecording): string {
  const lines = rings.map((ring) =>
    JSON.stringify({
      ...ring,
      moments: ring.moments.map((moment) => ({ ...moment, spans: moment.spans.map(({ address, bytes }) => [address, bytes.length]) })),
      content: pack(ring.moments),
    }),
  );
  return `${JSON.stringify(head).slice(0, -1)},"rings":[\n${lines.join(",\n")}\n]}\n`;
}

function pack(moments: readonly RingMoment[]): string {
  const all = Buffer.concat(moments.flatMap(({ spans }) => spans.map(({ bytes }) => bytes)));
  return brotliCompressSync(all, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 } }).toString(
    "base64",
  );
}

function unpack(moments: readonly StoredMoment[], content: string): RingMoment[] {
  const all = brotliDecompressSync(Buffer.from(content, "base64"));
  let at = 0;
  const take = (length: number) => {
    at += length;
    return Uint8Array.from(all.subarray(at - length, at));
  };
  return moments.map((moment) => ({ ...moment, spans: moment.spans.map(([address, length]) => ({ address, bytes: take(length) })) }));
}
