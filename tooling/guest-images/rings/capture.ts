import { availableChains, blkRequest, type ForeignRing, type ReadMemory } from "../../../packages/vring/test/foreign-ring.ts";
import type { RingMoment } from "../../../packages/vring/test/ring-image.ts";
import type { QueueStatus, RecordingHost } from "./recording-host.ts";

type Span = readonly [start: number, end: number];

/** Sizes of the three areas (virtio 2.7, 2.8). */
function ringSpans({ packed, size, areas }: ForeignRing): Span[] {
  const lengths = packed ? [16 * size, 4, 4] : [16 * size, 6 + 2 * size, 6 + 8 * size];
  return [areas.descriptor, areas.driver, areas.device].map((start, i) => [start, start + lengths[i]!]);
}

/** The ring and the addresses that a decoder reads beyond it while it follows all buffers available from `position` on. */
export function spansOf(host: RecordingHost, ring: ForeignRing, position: number): { spans: Span[]; requests: number } {
  const seen: Span[] = ringSpans(ring);
  const read: ReadMemory = (address, length) => {
    seen.push([address, address + length]);
    return viewOf(host.readMemory(address, length));
  };
  const { chains } = availableChains(read, ring, position);
  for (const chain of chains) blkRequest(read, ring, chain);
  return { spans: merged(seen), requests: chains.length };
}

export function captureMoment(host: RecordingHost, spans: readonly Span[], status: QueueStatus): RingMoment {
  const { nextAvailable, nextUsed } = status;
  return {
    nextAvailable,
    nextUsed,
    spans: spans.map(([start, end]) => ({ address: start, bytes: host.readMemory(start, end - start) })),
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The same addresses, each once, in ascending order. */
function merged(spans: readonly Span[]): Span[] {
  const result: [number, number][] = [];
  for (const [start, end] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}
