import { BlkDevice } from "../../../packages/device-blk/src/index.ts";
import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import { type BlockBackend, HostError } from "../../../packages/vmm-interface/src/index.ts";
import { Finding } from "../engine/target.ts";
import type { ByteInput } from "../harness/byte-input.ts";
import type { Part } from "../harness/hostile-ring.ts";
import { microtasks, type Rig } from "../harness/rig.ts";

const SECTOR = 512;
const MAX_IN_FLIGHT = 6;
const QUEUES = 2;

/** Request types that there are, once were, or are for other disks. */
const TYPES = [0, 1, 4, 5, 8, 11, 13, 2, 3, 14, 15, 16, 17, 18, 24, 26, 0x8000_0000];

/** A disk whose operations end when the input says so, well or badly, and that is asked only for what is right. */
class MoodyDisk implements BlockBackend {
  size: number;
  readonly readOnly: boolean;
  readonly identity = "fuzz";
  readonly #waiting: ((error?: Error) => void)[] = [];
  readonly #resized = new Set<() => void>();
  #holding: boolean;
  finding: Finding | undefined;

  constructor(sectors: number, options: number) {
    this.size = sectors * SECTOR;
    this.readOnly = (options & 1) !== 0;
    this.#holding = (options & 2) !== 0;
  }

  protected async call(offset: number, length: number, change: boolean, effect?: () => void): Promise<void> {
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset % SECTOR === 0 && length % SECTOR === 0;
    if (!whole || offset < 0 || length < 0 || offset + length > this.size)
      this.#wrong(`asked for ${length} bytes at ${offset} of ${this.size}`);
    if (change && this.readOnly) this.#wrong("a read-only disk is to be changed");
    if (this.#holding) {
      const error = await new Promise<Error | undefined>((resolve) => this.#waiting.push(resolve));
      if (error) throw error;
    }
    effect?.();
  }

  #wrong(message: string): void {
    this.finding ??= new Finding("write", message);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  read(offset: number, target: Uint8Array): Promise<void> {
    return this.call(offset, target.length, false, () => void target.fill(0x5a));
  }

  write(offset: number, data: Uint8Array): Promise<void> {
    return this.call(offset, data.length, true);
  }

  flush(): Promise<void> {
    return this.call(0, 0, true);
  }

  onResize(listener: () => void): () => void {
    this.#resized.add(listener);
    return () => this.#resized.delete(listener);
  }

  finish(which: number, error?: Error): void {
    this.#waiting.splice(which % Math.max(1, this.#waiting.length), 1)[0]?.(error);
  }

  /** Only grows: whether a request that was checked against the old size still fits is not the disk's question. */
  grow(sectors: number): void {
    this.size += sectors * SECTOR;
    for (const listener of this.#resized) listener();
  }

  settle(): void {
    this.#holding = false;
    for (const finish of this.#waiting.splice(0)) finish();
  }
}

/** A disk that can give storage back. */
class ThinMoodyDisk extends MoodyDisk {
  discard(offset: number, length: number): Promise<void> {
    return this.call(offset, length, true);
  }

  writeZeroes(offset: number, length: number): Promise<void> {
    return this.call(offset, length, true);
  }
}

function header(input: ByteInput, endian: Endian, usual: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  const little = endian === "little";
  const type = input.below(8) === 1 ? input.pick(TYPES) : usual;
  const sector = input.below(8) === 1 ? input.u64() : input.below(40);
  view.setUint32(0, type, little);
  view.setBigUint64(8, BigInt(Math.min(sector, 0xffff_ffff_ffff_f800)), little);
  return new Uint8Array(view.buffer);
}

/** Ranges for discard and write zeroes. */
function ranges(input: ByteInput, endian: Endian): Uint8Array {
  const count = input.below(4) === 1 ? input.below(40) : 1;
  const view = new DataView(new ArrayBuffer(16 * count));
  const little = endian === "little";
  for (let i = 0; i < count; i++) {
    view.setBigUint64(16 * i, input.below(8) === 1 ? BigInt(input.u32()) << 31n : BigInt(input.below(40)), little);
    view.setUint32(16 * i + 8, input.below(8) === 1 ? input.u32() : input.below(16), little);
    view.setUint32(16 * i + 12, input.below(4) === 1 ? input.u8() : 0, little);
  }
  return new Uint8Array(view.buffer);
}

/** A message cut in pieces at other places than a driver would. */
function reframed(input: ByteInput, parts: readonly Part[]): readonly Part[] {
  if (input.below(4) !== 1) return parts;
  return parts.flatMap((part): Part[] => {
    const length = "bytes" in part ? part.bytes.length : part.room;
    const cut = input.below(Math.max(1, length));
    if (!("bytes" in part)) return [{ room: cut }, { room: length - cut }];
    return [{ bytes: part.bytes.subarray(0, cut) }, { bytes: part.bytes.subarray(cut) }];
  });
}

/** The block device. */
export function blkRig(input: ByteInput): Rig {
  const options = input.u8();
  const disk = new ((options & 4) !== 0 ? ThinMoodyDisk : MoodyDisk)(8 + (options >> 4), options);
  return {
    device: new BlkDevice({ backend: disk, queues: QUEUES, queueSize: 16, maxInFlight: MAX_IN_FLIGHT, writeCache: (options & 8) !== 0 }),
    message: (choices, _queue, endian) => {
      const shape = choices.u8();
      const length = (shape & 0x10) !== 0 ? choices.u16() % 1600 : SECTOR * (1 + (shape & 1));
      const [type, payload] = choices.pick<readonly [number, Part | undefined]>([
        [0, { room: length }],
        [0, { room: length }],
        [1, { bytes: new Uint8Array(length).fill(7) }],
        [1, { bytes: new Uint8Array(length).fill(7) }],
        [4, undefined],
        [8, { room: 20 }],
        [11, { bytes: ranges(choices, endian) }],
        [13, { bytes: ranges(choices, endian) }],
      ]);
      const parts: Part[] = [{ bytes: header(choices, endian, type) }];
      if (payload && (shape & 0xe0) !== 0x20) parts.push(payload);
      if ((shape & 0xe0) !== 0xe0) parts.push({ room: 1 });
      return reframed(choices, parts);
    },
    act: (choices) => {
      const what = choices.below(8);
      if (what === 0) disk.grow(choices.below(8));
      else if (what === 1) disk.finish(choices.u8(), new HostError("ERR_FUZZ", "the disk fails"));
      else disk.finish(choices.u8());
    },
    settle: () => disk.settle(),
    check: () => {
      if (disk.finding) throw disk.finding;
      if (disk.waiting > MAX_IN_FLIGHT) throw new Finding("memory", `${disk.waiting} operations at a time`);
    },
    prove: async (driver) => {
      driver.post(QUEUES - 1, new Uint8Array(16), SECTOR + 1);
      for (let i = 0; i < 3; i++) await microtasks();
      const answer = driver.answer(QUEUES - 1);
      if (answer.length !== SECTOR + 1 || answer[0] !== 0x5a || answer[SECTOR - 1] !== 0x5a || answer[SECTOR] !== 0) {
        throw new Finding("answer", `a sector is read wrongly: ${answer.length} bytes, status ${answer.at(-1)}`);
      }
    },
  };
}
