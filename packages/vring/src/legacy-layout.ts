import { VirtqueueError } from "./errors.ts";
import type { VirtqueueAreas } from "./layout.ts";
import { isPowerOfTwo } from "./power-of-two.ts";
import { availableRingSize, descriptorTableSize, usedRingSize } from "./split-layout.ts";

/** A part of a split ring in the contiguous legacy layout: offset from the start of the ring and length, in bytes. */
export interface LegacyRingPart {
  readonly name: "descriptor table" | "available ring" | "padding" | "used ring";
  readonly offset: number;
  readonly length: number;
}

function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

function checkAlign(align: number): void {
  if (!isPowerOfTwo(align)) throw new VirtqueueError("ERR_VIRTQUEUE_AREA", `legacy ring alignment ${align} is not a power of two`);
}

/** Bytes of a whole split ring in the contiguous legacy layout (virtio 2.7.2). `align` in bytes: a power of two, given by the transport. */
export function legacyRingSize(queueSize: number, align: number): number {
  return roundUp(descriptorTableSize(queueSize) + availableRingSize(queueSize), align) + roundUp(usedRingSize(queueSize), align);
}

/**
 * The parts of a split ring in the contiguous legacy layout, in their order and without a gap between them (virtio 2.7.2): descriptor
 * table, available ring, padding up to a multiple of `align`, used ring, padding. The paddings are left out where they are empty.
 * With 256 entries and pages of 4096 bytes every one of the three parts begins a page.
 * @throws VirtqueueError ERR_VIRTQUEUE_AREA when `align` is no power of two
 */
export function legacyRingParts(queueSize: number, align: number): LegacyRingPart[] {
  checkAlign(align);
  const table = descriptorTableSize(queueSize);
  const availableEnd = table + availableRingSize(queueSize);
  const used = roundUp(availableEnd, align);
  const usedEnd = used + usedRingSize(queueSize);
  const parts: LegacyRingPart[] = [
    { name: "descriptor table", offset: 0, length: table },
    { name: "available ring", offset: table, length: availableEnd - table },
    { name: "padding", offset: availableEnd, length: used - availableEnd },
    { name: "used ring", offset: used, length: usedEnd - used },
    { name: "padding", offset: usedEnd, length: legacyRingSize(queueSize, align) - usedEnd },
  ];
  return parts.filter(({ length }) => length > 0);
}

/**
 * The areas of a split ring in the contiguous legacy layout (2.7.2): descriptor table and available ring at `address`,
 * the used ring at the next address that is a multiple of `align` bytes.
 * @throws VirtqueueError ERR_VIRTQUEUE_AREA when `align` is no power of two
 */
export function legacyAreas(address: number, queueSize: number, align: number): VirtqueueAreas {
  checkAlign(align);
  const driver = address + descriptorTableSize(queueSize);
  return { descriptor: address, driver, device: roundUp(driver + availableRingSize(queueSize), align) };
}
