/** Width of an access in bytes. Wider ones are made of these. */
export type AccessWidth = 1 | 2 | 4;

/**
 * Something that is read and written by offset, such as what a base address register maps. Values are unsigned and little-endian:
 * the byte at the lowest offset is the least significant. Never throws: what is not there reads as all ones, and writes to it are lost.
 */
export interface PciRegion {
  read(offset: number, width: AccessWidth): number;
  write(offset: number, width: AccessWidth, value: number): void;
}

/** What a read gives where nobody answers. */
export function allOnes(width: AccessWidth): number {
  return 0xffff_ffff >>> (32 - 8 * width);
}

/** Memory of a function: a region that keeps what is written to it. */
export class RamRegion implements PciRegion {
  readonly #view: DataView;

  /** @param size bytes */
  constructor(size: number) {
    this.#view = new DataView(new ArrayBuffer(size));
  }

  read(offset: number, width: AccessWidth): number {
    if (offset < 0 || offset + width > this.#view.byteLength) return allOnes(width);
    return load(this.#view, offset, width);
  }

  write(offset: number, width: AccessWidth, value: number): void {
    if (offset < 0 || offset + width > this.#view.byteLength) return;
    store(this.#view, offset, width, value);
  }
}

export function load(view: DataView, offset: number, width: AccessWidth): number {
  switch (width) {
    case 1:
      return view.getUint8(offset);
    case 2:
      return view.getUint16(offset, true);
    case 4:
      return view.getUint32(offset, true);
  }
}

export function store(view: DataView, offset: number, width: AccessWidth, value: number): void {
  switch (width) {
    case 1:
      view.setUint8(offset, value);
      break;
    case 2:
      view.setUint16(offset, value, true);
      break;
    case 4:
      view.setUint32(offset, value, true);
      break;
  }
}

/** A part of a {@link RegionMap}: offset and length in bytes. The region sees offsets from its own start. */
export interface RegionPart {
  readonly offset: number;
  readonly length: number;
  readonly region: PciRegion;
}

/** One region made of others. Of parts that overlap the first counts. An access that is in no part as a whole finds nobody. */
export class RegionMap implements PciRegion {
  readonly #parts: readonly RegionPart[];

  constructor(parts: readonly RegionPart[]) {
    this.#parts = parts;
  }

  #find(offset: number, width: AccessWidth): RegionPart | undefined {
    for (const part of this.#parts) if (offset >= part.offset && offset + width <= part.offset + part.length) return part;
    return undefined;
  }

  read(offset: number, width: AccessWidth): number {
    const part = this.#find(offset, width);
    return part ? part.region.read(offset - part.offset, width) : allOnes(width);
  }

  write(offset: number, width: AccessWidth, value: number): void {
    const part = this.#find(offset, width);
    part?.region.write(offset - part.offset, width, value);
  }
}

/** Nothing: reads as all ones. */
export const emptyRegion: PciRegion = { read: (_offset, width) => allOnes(width), write: () => {} };
