import { F_INDIRECT_DESC } from "@zarch/virtio";
import { attack } from "../attack.ts";
import { type ConformanceCase, hostile, type Survival } from "../case.ts";
import { blkHeader, SECTOR_SIZE } from "../exchanges/blk.ts";
import type { Rig } from "../rig.ts";
import type { Session } from "../session.ts";
import { demand, needs, same } from "../verdict.ts";
import {
  BLK,
  capacity,
  content,
  F_DISCARD,
  F_WRITE_ZEROES,
  OK,
  pattern,
  perform,
  range,
  request,
  T_DISCARD,
  T_GET_ID,
  T_IN,
  T_OUT,
  T_WRITE_ZEROES,
  unchanged,
} from "./blk-requests.ts";

/** Requests that have to fail without a byte of the disk changed. */
async function failing(rig: Rig, make: (session: Session, sectors: number) => readonly ReturnType<typeof request>[]): Promise<Survival> {
  const session = await rig.start();
  const before = await content(session);
  for (const message of make(session, await capacity(session))) {
    const { status } = await perform(session, message);
    demand(status !== OK, "the request succeeds");
    demand(status === 1 || status === 2, `status ${status}`);
  }
  await unchanged(session, before);
  return "REJECT";
}

/** The same for ranges, on a disk that knows the request. */
async function failingRanges(
  rig: Rig,
  type: number,
  feature: number,
  make: (session: Session, sectors: number) => readonly Uint8Array[],
): Promise<Survival> {
  const session = await rig.open();
  await session.begin();
  needs((await session.offered()).has(feature), `feature ${feature} is not offered`);
  return failing(rig, (each, sectors) => make(each, sectors).map((ranges) => request(each, type, 0, ranges)));
}

function join(...pieces: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function beyond(session: Session, sectors: number): Uint8Array[] {
  return [
    range(session, sectors, 1),
    range(session, sectors - 1, 2),
    range(session, 0, 0xffff_ffff),
    range(session, 2n ** 64n - 1n, 1),
    range(session, 2n ** 55n, 1),
    join(range(session, 0, 1), range(session, sectors, 1)),
  ];
}

export const hostileBlkCases: readonly ConformanceCase[] = [
  hostile("", "blk: reads behind the end", BLK, (rig) =>
    failing(rig, (session, sectors) => [
      request(session, T_IN, sectors, SECTOR_SIZE),
      request(session, T_IN, sectors - 1, 2 * SECTOR_SIZE),
      request(session, T_IN, 2n ** 64n - 1n, SECTOR_SIZE),
      request(session, T_IN, 2n ** 63n, SECTOR_SIZE),
    ]),
  ),

  hostile("", "blk: sectors whose byte offset wraps around 2^64", BLK, (rig) =>
    failing(rig, (session) => [2n ** 55n, 2n ** 55n + 1n, 2n ** 64n - 2n].map((sector) => request(session, T_IN, sector, SECTOR_SIZE))),
  ),

  hostile("", "blk: writes behind the end", BLK, (rig) =>
    failing(rig, (session, sectors) => [
      request(session, T_OUT, sectors, pattern(1)),
      request(session, T_OUT, sectors - 1, pattern(1, 2)),
      request(session, T_OUT, 2n ** 55n, pattern(1)),
      request(session, T_OUT, 2n ** 64n - 1n, pattern(1)),
    ]),
  ),

  hostile("", "blk: lengths that are no multiple of 512", BLK, (rig) =>
    failing(rig, (session) => [
      request(session, T_IN, 0, 1),
      request(session, T_IN, 0, 511),
      request(session, T_IN, 0, 513),
      request(session, T_OUT, 0, new Uint8Array(100)),
      request(session, T_OUT, 0, new Uint8Array(SECTOR_SIZE + 1)),
    ]),
  ),

  hostile("", "blk: no room for the status", BLK, async (rig) => {
    const session = await rig.start();
    const before = await content(session);
    const header = blkHeader(T_OUT, 0, session.endian);
    session.ring().add([session.readable(header), session.readable(pattern(3))]);
    const survival = await attack(session, "any");
    // Whether the write is carried out is open, but nothing else may change.
    const after = await content(session);
    demand(before?.every((byte, i) => i < SECTOR_SIZE || byte === after?.[i]) ?? true, "another sector of the disk has changed");
    return survival;
  }),

  hostile("", "blk: a header alone", BLK, async (rig) => {
    const session = await rig.start();
    session.ring().add([session.readable(blkHeader(T_IN, 0, session.endian))]);
    return attack(session, "any");
  }),

  hostile("", "blk: headers that are too short", BLK, async (rig) => {
    for (let length = 0; length < 16; length += 5) {
      const session = await rig.start();
      const before = await content(session);
      const header = blkHeader(T_OUT, 0, session.endian).subarray(0, length);
      session.ring().add([...(length > 0 ? [session.readable(header)] : []), session.writable(1)]);
      await attack(session, "any");
      await unchanged(session, before);
    }
    return "REJECT";
  }),

  hostile("", "blk: the status byte alone", BLK, async (rig) => {
    const session = await rig.start();
    session.ring().add([session.writable(1)]);
    return attack(session, "any");
  }),

  hostile("", "blk: SCSI commands", BLK, async (rig) => {
    const session = await rig.start();
    const before = await content(session);
    for (const type of [2, 3]) {
      const { status } = await perform(session, request(session, type, 0, new Uint8Array(32)));
      demand(status !== OK, "the request succeeds");
    }
    await unchanged(session, before);
    return "REJECT";
  }),

  hostile("", "blk: an ID longer than there is room, and room longer than an ID", BLK, async (rig) => {
    const session = await rig.start();
    for (const room of [1, 19, 21, 100]) await perform(session, request(session, T_GET_ID, 0, room));
    return "PASS";
  }),

  hostile("", "blk: a barrier bit and a priority that nobody asked for", BLK, async (rig) => {
    const session = await rig.start();
    const before = await content(session);
    await perform(session, request(session, 0x8000_0001, 0, pattern(1)));
    same((await perform(session, request(session, T_IN, 0, SECTOR_SIZE, 0xffff_ffff))).status, OK, "status of a read with a priority");
    const after = await content(session);
    demand(before?.every((byte, i) => i < SECTOR_SIZE || byte === after?.[i]) ?? true, "another sector of the disk has changed");
    return "PASS";
  }),

  hostile("", "blk: discards of ranges behind the end, overflowing, or in part so", BLK, (rig) =>
    failingRanges(rig, T_DISCARD, F_DISCARD, beyond),
  ),
  hostile("", "blk: write zeroes of ranges behind the end, overflowing, or in part so", BLK, (rig) =>
    failingRanges(rig, T_WRITE_ZEROES, F_WRITE_ZEROES, beyond),
  ),
  hostile("", "blk: too many ranges, or none, or half a range", BLK, (rig) =>
    failingRanges(rig, T_WRITE_ZEROES, F_WRITE_ZEROES, (session) => [
      join(...Array.from({ length: 1000 }, () => range(session, 0, 0))),
      new Uint8Array(0),
      range(session, 0, 1).subarray(0, 15),
      join(range(session, 0, 1), new Uint8Array(1)),
    ]),
  ),

  hostile("", "blk: ranges that overlap", BLK, async (rig) => {
    const session = await rig.open();
    await session.begin();
    needs((await session.offered()).has(F_WRITE_ZEROES), "WRITE_ZEROES is not offered");
    await session.start();
    const ranges = join(range(session, 1, 3), range(session, 2, 3), range(session, 1, 1));
    const { status } = await perform(session, request(session, T_WRITE_ZEROES, 0, ranges));
    return status === OK ? "PASS" : "REJECT";
  }),

  hostile("", "blk: a read into the rings of its own queue", BLK, async (rig) => {
    const session = await rig.start();
    const { descriptor } = session.ring().areas;
    const { size } = session.ring();
    session.arena.open(descriptor, 16 * size);
    session
      .ring()
      .add([
        session.readable(blkHeader(T_IN, 0, session.endian)),
        { address: descriptor, length: Math.min(SECTOR_SIZE, 16 * size), write: true },
        session.writable(1),
      ]);
    return attack(session, "any");
  }),

  hostile("", "blk: a read into its own header and status", BLK, async (rig) => {
    const session = await rig.start();
    const both = session.writable(SECTOR_SIZE);
    session.arena.write(both.address, blkHeader(T_IN, 1, session.endian));
    session.ring().add([{ address: both.address, length: 16, write: false }, both, { address: both.address, length: 1, write: true }]);
    return attack(session, "any");
  }),

  hostile("", "blk: one byte per descriptor", BLK, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const message = session.message(1);
    const out = new Array<number>(16).fill(1);
    const into = new Array<number>(SECTOR_SIZE + 1).fill(1);
    return attack(session, "any", session.prepare(message, { out, into, indirect: out.length + into.length }));
  }),

  hostile("", "blk: as many reads in flight as the ring holds, and a reset", BLK, async (rig) => {
    const session = await rig.start();
    for (let i = 0; session.ring().free >= 3 && i < 100; i++) session.prepare(session.message(i));
    session.kick();
    await session.reset();
    return "PASS";
  }),
];
