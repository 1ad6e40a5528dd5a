import type { GuestMemory } from "@zarch/guest-memory";
import type { BufferSpan } from "@zarch/vring";

const PAGE = 4096;

/** All of a memory but its first page: address 0 means "none" to legacy transports. */
export function defaultRegion(memory: GuestMemory): BufferSpan {
  return { address: PAGE, length: Math.max(0, memory.size - PAGE) };
}
