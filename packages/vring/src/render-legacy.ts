import { legacyRingParts, legacyRingSize } from "./legacy-layout.ts";

/**
 * The contiguous legacy layout of a split ring (virtio 2.7.2) for a terminal: its parts in their order, and which of them begin a page
 * of `align` bytes. Plain ASCII; each line is ended by a newline.
 * @throws VirtqueueError ERR_VIRTQUEUE_AREA when `align` is no power of two
 */
export function renderLegacyRing(queueSize: number, align: number): string {
  const parts = legacyRingParts(queueSize, align);
  const total = legacyRingSize(queueSize, align);
  const pages = total / align;
  const lines = parts.map(({ name, offset, length }) => {
    const page = offset % align === 0 ? `page ${offset / align}` : "";
    return `${page.padEnd(12)}${`+${offset}`.padStart(9)}  ${name.padEnd(18)}${`${length}`.padStart(8)} bytes`;
  });
  const title = `split ring of ${queueSize}, aligned to ${align}: ${total} bytes, ${pages} ${pages === 1 ? "page" : "pages"}`;
  return [title, "", ...lines].map((line) => `${line}\n`).join("");
}
