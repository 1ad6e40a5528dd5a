import type { GuestMemory } from "@zarch/guest-memory";
import { DESCRIPTOR_SIZE } from "./descriptor.ts";
import { VirtqueueError } from "./errors.ts";

/**
 * Checks the position of an indirect table and returns its number of entries (2.7.5.3, 2.8.7). Its alignment is free.
 * @throws VirtqueueError ERR_VIRTQUEUE_INDIRECT
 */
export function indirectTableEntries(memory: GuestMemory, address: number, length: number): number {
  if (length === 0 || length % DESCRIPTOR_SIZE !== 0) {
    throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", `an indirect table has ${length} bytes, which is no multiple of 16 above 0`);
  }
  if (!memory.contains(address, length)) {
    throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", `indirect table at 0x${address.toString(16)}, ${length} bytes, is outside memory`);
  }
  return length / DESCRIPTOR_SIZE;
}
