import fc from "fast-check";
import { BlkDevice } from "../../packages/device-blk/src/index.ts";
import { MemoryDisk } from "../../packages/device-blk/test/memory-disk.ts";
import type { Endian } from "../../packages/guest-memory/src/index.ts";
import { blk } from "../../packages/virtio/src/device-types/index.ts";
import { toHex } from "../../packages/virtio/src/index.ts";
import type { Play, Stage } from "./stage.ts";

const SECTORS = 32;

/** A block request in any framing, right or wrong. */
interface BlkRequest {
  readonly type: number;
  readonly sector: number;
  readonly sectors: number;
  /** Bytes of data beyond whole sectors, which no request may have. */
  readonly excess: number;
  /** Of DISCARD and WRITE_ZEROES; each further range begins behind the one before. */
  readonly ranges: number;
  readonly flags: number;
  readonly seed: number;
  /** Where the two halves of the buffer are cut into descriptors, taken modulo their lengths. */
  readonly cuts: readonly number[];
}

export type BlkScene =
  /** Several at once. */
  | { readonly does: "ask"; readonly requests: readonly BlkRequest[] }
  /** One of the operations that the backend has in work comes to its end, or fails. */
  | { readonly does: "finish"; readonly index: number; readonly fails: boolean }
  | { readonly does: "resize"; readonly sectors: number }
  | { readonly does: "writeback"; readonly value: number }
  | { readonly does: "look" }
  /** A buffer without room for the status, which no device can answer, and the way back. */
  | { readonly does: "break" }
  | { readonly does: "reset" };

const request: fc.Arbitrary<BlkRequest> = fc.record({
  type: fc.constantFrom(blk.T_IN, blk.T_IN, blk.T_OUT, blk.T_OUT, blk.T_FLUSH, blk.T_GET_ID, blk.T_DISCARD, blk.T_WRITE_ZEROES, 99),
  sector: fc.nat(SECTORS),
  sectors: fc.nat(5),
  excess: fc.constantFrom(0, 0, 0, 0, 1, 511),
  ranges: fc.constantFrom(1, 1, 2, 3),
  flags: fc.constantFrom(0, 0, blk.RANGE_F_UNMAP, 2),
  seed: fc.nat(255),
  cuts: fc.array(fc.nat(3000), { maxLength: 3 }),
});

export const blkScene: fc.Arbitrary<BlkScene> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant("ask" as const), requests: fc.array(request, { minLength: 1, maxLength: 6 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant("finish" as const), index: fc.nat(), fails: fc.constantFrom(false, false, true) }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("resize" as const), sectors: fc.integer({ min: 1, max: 2 * SECTORS }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("writeback" as const), value: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom("look" as const, "break" as const, "reset" as const) }) },
);

/** Features that a driver may do without. Without FLUSH there is no CONFIG_WCE: what that means depends on the interface (5.2.5.2, 5.2.5.3). */
export const blkFeatures: fc.Arbitrary<number[]> = fc
  .subarray([blk.F_SEG_MAX, blk.F_BLK_SIZE, blk.F_FLUSH, blk.F_CONFIG_WCE, blk.F_DISCARD, blk.F_WRITE_ZEROES])
  .map((features) => (features.includes(blk.F_FLUSH) ? features : features.filter((bit) => bit !== blk.F_CONFIG_WCE)));

/** A disk whose backend does nothing until it is told to, so that many requests are out and come back in any order. */
export class BlkPlay implements Play<BlkScene> {
  readonly config = blk.CONFIG;
  readonly device: BlkDevice;
  readonly #disk = new MemoryDisk(SECTORS * blk.SECTOR_SIZE);

  constructor() {
    this.#disk.hold = true;
    this.device = new BlkDevice({ backend: this.#disk, maxInFlight: 5 });
  }

  async perform(scene: BlkScene, stage: Stage): Promise<void> {
    const disk = this.#disk;
    switch (scene.does) {
      case "ask":
        for (const each of scene.requests)
          stage.request(0, cut(readable(each, stage.endian), each.cuts), lengths(writable(each), each.cuts));
        return;
      case "finish":
        disk.failing = () => scene.fails;
        await disk.finish(disk.waiting.length && scene.index % disk.waiting.length);
        disk.failing = undefined;
        return;
      case "resize":
        disk.resize(scene.sectors * blk.SECTOR_SIZE);
        return;
      case "writeback":
        return stage.writeConfig("writeback", scene.value);
      case "look":
        return stage.readConfig();
      case "break":
        stage.request(0, [new Uint8Array(blk.HEADER_SIZE)], []);
        return stage.reset();
      case "reset":
        return stage.reset();
    }
  }

  async proceed(): Promise<boolean> {
    if (this.#disk.waiting.length === 0) return false;
    await this.#disk.finish();
    return true;
  }

  outcome(): string[] {
    const { bytes, stable, calls } = this.#disk;
    return [...calls, `content ${toHex(bytes)}`, `stable ${toHex(stable)}`];
  }
}

function readable(asked: BlkRequest, endian: Endian): Uint8Array {
  const { type, sector, sectors, excess, ranges, flags, seed } = asked;
  const little = endian === "little";
  const changesRanges = type === blk.T_DISCARD || type === blk.T_WRITE_ZEROES;
  const dataLength = changesRanges ? ranges * blk.RANGE_SIZE + excess : type === blk.T_OUT ? sectors * blk.SECTOR_SIZE + excess : 0;
  const bytes = Uint8Array.from({ length: blk.HEADER_SIZE + dataLength }, (_, i) => i * 7 + (i >> 8) + seed);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, little);
  view.setUint32(4, 0);
  view.setBigUint64(8, BigInt(sector), little);
  for (let i = 0; changesRanges && i < ranges; i++) {
    const at = blk.HEADER_SIZE + i * blk.RANGE_SIZE;
    view.setBigUint64(at, BigInt(sector + i * sectors), little);
    view.setUint32(at + 8, sectors, little);
    view.setUint32(at + 12, flags, little);
  }
  return bytes;
}

/** Bytes for the answer, the status included. */
function writable({ type, sectors, excess }: BlkRequest): number {
  if (type === blk.T_IN) return sectors * blk.SECTOR_SIZE + excess + 1;
  return type === blk.T_GET_ID ? blk.ID_BYTES + 1 : 1;
}

/** Lengths of the pieces, none of them empty. */
function lengths(whole: number, cuts: readonly number[]): number[] {
  const ends = [...new Set([...cuts.map((at) => at % whole), whole])].filter((at) => at > 0).sort((a, b) => a - b);
  return ends.map((end, i) => end - (ends[i - 1] ?? 0));
}

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  let end = 0;
  return lengths(bytes.length, cuts).map((length) => {
    end += length;
    return bytes.subarray(end - length, end);
  });
}
