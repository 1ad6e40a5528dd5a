/** Which clusters of a store are present in an overlay: one bit for each, cluster 0 in the lowest bit of byte 0. */
export class ClusterMap {
  readonly bits: Uint8Array;
  readonly count: number;

  constructor(count: number, bits = new Uint8Array(Math.ceil(count / 8))) {
    this.count = count;
    this.bits = bits;
  }

  has(cluster: number): boolean {
    return (this.bits[cluster >>> 3]! & (1 << (cluster & 7))) !== 0;
  }

  add(cluster: number): void {
    this.bits[cluster >>> 3]! |= 1 << (cluster & 7);
  }

  /** The end of the run of clusters, at most `end`, that are like `cluster` in being present or absent. */
  runEnd(cluster: number, end: number): number {
    const present = this.has(cluster);
    let next = cluster + 1;
    while (next < end && this.has(next) === present) next++;
    return next;
  }

  /** The highest cluster present, or -1. */
  last(): number {
    for (let byte = this.bits.length - 1; byte >= 0; byte--) {
      const value = this.bits[byte]!;
      if (value !== 0) return byte * 8 + 31 - Math.clz32(value);
    }
    return -1;
  }
}
