import type { Message } from "../exchange.ts";
import { blkExchange, blkHeader, SECTOR_SIZE } from "../exchanges/blk.ts";
import type { Framing, Session } from "../session.ts";
import { demand } from "../verdict.ts";

export const BLK = { deviceId: blkExchange.deviceId } as const;

/** Feature bits (virtio 5.2.3). */
export const F_SIZE_MAX = 1;
export const F_SEG_MAX = 2;
export const F_GEOMETRY = 4;
export const F_RO = 5;
export const F_BLK_SIZE = 6;
export const F_FLUSH = 9;
export const F_TOPOLOGY = 10;
export const F_CONFIG_WCE = 11;
export const F_MQ = 12;
export const F_DISCARD = 13;
export const F_WRITE_ZEROES = 14;
export const F_LIFETIME = 15;
export const F_SECURE_ERASE = 16;
export const F_ZONED = 17;

/** Request types (virtio 5.2.6). */
export const T_IN = 0;
export const T_OUT = 1;
export const T_FLUSH = 4;
export const T_FLUSH_OUT = 5;
export const T_GET_ID = 8;
export const T_GET_LIFETIME = 10;
export const T_DISCARD = 11;
export const T_WRITE_ZEROES = 13;
export const T_SECURE_ERASE = 14;

export const OK = 0;
export const IOERR = 1;
export const UNSUPP = 2;

/** Offsets in the configuration (virtio 5.2.4). */
export const CONFIG_CAPACITY = 0;
export const CONFIG_BLK_SIZE = 20;
export const CONFIG_WRITEBACK = 32;
export const CONFIG_NUM_QUEUES = 34;

/** A request whose answer is not judged here. `data`: bytes to write, or their number to read. */
export function request(session: Session, type: number, sector: number | bigint, data: Uint8Array | number = 0, reserved = 0): Message {
  const header = blkHeader(type, sector, session.endian, reserved);
  const out = typeof data === "number" || data.length === 0 ? [header] : [header, data];
  const into = typeof data === "number" && data > 0 ? [data, 1] : [1];
  return { out, into, wrong: () => undefined };
}

export interface BlkAnswer {
  readonly status: number;
  readonly data: Uint8Array;
  readonly written: number;
}

export async function perform(session: Session, message: Message, framing: Framing = {}): Promise<BlkAnswer> {
  const mark = session.arena.mark();
  const sent = session.prepare(message, framing);
  session.kick();
  const used = await session.used();
  session.finish(sent, used);
  const answer = session.answer(sent);
  session.arena.rollback(mark);
  return { status: answer.at(-1) as number, data: answer.subarray(0, -1), written: used.written };
}

export async function read(session: Session, sector: number, sectors = 1): Promise<Uint8Array> {
  const { status, data, written } = await perform(session, request(session, T_IN, sector, sectors * SECTOR_SIZE));
  demand(status === OK, `status ${status} of a read`);
  demand(written === data.length + 1, `${written} bytes reported for a read of ${data.length} and the status`);
  return data;
}

export async function write(session: Session, sector: number, data: Uint8Array): Promise<void> {
  const { status } = await perform(session, request(session, T_OUT, sector, data));
  demand(status === OK, `status ${status} of a write`);
}

export async function flush(session: Session, type = T_FLUSH): Promise<void> {
  const { status } = await perform(session, request(session, type, 0));
  demand(status === OK, `status ${status} of a flush`);
}

/** One range of a discard, write-zeroes or secure-erase request. */
export function range(session: Session, sector: number | bigint, sectors: number, flags = 0): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  const little = session.endian === "little";
  view.setBigUint64(0, BigInt.asUintN(64, BigInt(sector)), little);
  view.setUint32(8, sectors, little);
  view.setUint32(12, flags, little);
  return new Uint8Array(view.buffer);
}

/** Sectors that can be told apart. */
export function pattern(seed: number, sectors = 1): Uint8Array {
  return Uint8Array.from({ length: sectors * SECTOR_SIZE }, (_, i) => seed + i + (i >> 8));
}

export async function capacity(session: Session): Promise<number> {
  return session.configField(CONFIG_CAPACITY, 8);
}

/** The whole disk, if the target shows it. */
export async function content(session: Session): Promise<Uint8Array | undefined> {
  const { disk } = session.controls;
  return disk ? Uint8Array.from(await disk.read(0, disk.size)) : undefined;
}

export async function unchanged(session: Session, before: Uint8Array | undefined): Promise<void> {
  if (!before) return;
  const after = await content(session);
  const at = before.findIndex((byte, i) => byte !== after?.[i]);
  demand(at < 0, `byte ${at} of the disk has changed`);
}
