import { F_IN_ORDER, F_INDIRECT_DESC, F_NOTIFICATION_DATA } from "@zarch/virtio";
import { isQueueSize } from "@zarch/vring";
import { advice, type ConformanceCase, rule } from "../case.ts";
import type { Rig } from "../rig.ts";
import type { Framing, Sent, Session } from "../session.ts";
import { demand, needs, same } from "../verdict.ts";

const MODERN = { driverInterface: "modern" } as const;
const SPLIT = { format: "split" } as const;
/** How the arena calls what {@link Session.writable} gives. */
const WRITABLE = "device-writable buffer";
const PACKED = { format: "packed" } as const;

function room(sent: Sent): number {
  return sent.parts.reduce((sum, { length, write }) => sum + (write ? length : 0), 0);
}

/** Framings that a driver may choose for the same message (2.7.4.1). */
function framings(session: Session): Framing[] {
  const message = session.message();
  const out = message.out.reduce((sum, { length }) => sum + length, 0);
  const into = message.into.reduce((sum, length) => sum + length, 0);
  const pieces = (total: number, ...first: number[]): number[] => {
    if (total === 0) return [];
    const lengths: number[] = [];
    let left = total;
    for (const length of first) {
      if (left <= length) break;
      lengths.push(length);
      left -= length;
    }
    if (left > 0) lengths.push(left);
    return lengths;
  };
  return [
    { out: pieces(out), into: pieces(into) },
    { out: pieces(out, 1, 3), into: pieces(into, 1) },
    { out: pieces(out, 7, 1, 1), into: pieces(into, 5, 1, 2) },
    { out: pieces(out, out - 1), into: pieces(into, into - 1) },
  ];
}

export const queueCases: readonly ConformanceCase[] = [
  rule("", "a request is served", {}, async (rig) => {
    const session = await rig.start();
    for (let i = 0; i < 3; i++) await session.roundTrip(i);
  }),

  rule("", "every buffer comes back exactly once, many at a time", {}, async (rig) => {
    const session = await rig.start();
    const each = session.message().out.length + session.message().into.length;
    for (let round = 0; round < 6; round++) await session.roundTrips(Math.floor(session.ring().free / each), 100 * round);
    await session.quiet();
    demand(!session.ring().hasUsed(), "a buffer comes back twice");
  }),

  rule("CORE-VQ-FACT-DEV-001", "there is no queue with the highest index", {}, async (rig) => {
    const session = await rig.open();
    await session.begin();
    same(await session.queueMaxSize(0xffff), 0, "size of queue 65535");
  }),

  rule("RING-SPLIT-FACT-DEV-002", "the largest queue size is a power of two, at most 32768", SPLIT, async (rig) => {
    const session = await rig.open();
    await session.begin();
    for (let queue = 0; queue < 8; queue++) {
      const size = await session.queueMaxSize(queue);
      demand(size === 0 || isQueueSize(size, "split"), `queue ${queue} has up to ${size} entries`);
    }
  }),

  rule("RING-PACKED-FACT-DEV-001", "a queue size need not be a power of two", PACKED, async (rig) => {
    const session = await rig.start({ size: 11 });
    for (let i = 0; i < 40; i++) await session.roundTrip(i);
    await session.restart({ size: 5 });
    for (let i = 0; i < 20; i++) await session.roundTrip(i);
  }),

  rule("", "a queue of the smallest and of the largest size is served", MODERN, async (rig) => {
    const session = await rig.open();
    await session.begin();
    const message = session.message();
    const least = rig.variant.format === "packed" ? 3 : 4;
    needs(message.out.length + message.into.length <= least, "the device's request has too many parts");
    const most = Math.min(1024, await session.queueMaxSize(session.exchange.queue));
    for (const size of [least, most]) {
      await session.restart({ live: false, size: 4 });
      session.arena.restart();
      await session.begin();
      demand(await session.negotiate(await session.choose()), "the features are refused");
      for (let queue = 0; queue < 8; queue++) {
        const max = await session.queueMaxSize(queue);
        if (max === 0) continue;
        const wanted = queue === session.exchange.queue ? size : Math.min(4, max);
        demand((await session.setUpQueue(queue, wanted)) !== undefined, `queue ${queue} is refused with ${wanted} entries`);
      }
      await session.addStatus(4);
      for (let i = 0; i < 9; i++) await session.roundTrip(i);
    }
  }),

  rule("RING-SPLIT-DEV-001", "nothing depends on how a message is cut into descriptors", SPLIT, async (rig) => {
    const session = await rig.start();
    for (const [i, framing] of framings(session).entries()) await session.roundTrip(i, framing);
  }),

  rule("", "nothing depends on how a message is cut into descriptors of a packed ring", PACKED, async (rig) => {
    const session = await rig.start();
    for (const [i, framing] of framings(session).entries()) await session.roundTrip(i, framing);
  }),

  rule("", "a message comes through an indirect table", {}, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    for (const [i, framing] of framings(session).entries()) {
      const indirect = (framing.out?.length ?? 0) + (framing.into?.length ?? 0);
      await session.roundTrip(i, { ...framing, indirect });
      // Its alignment is free.
      await session.roundTrip(i + 10, { ...framing, indirect, tableOffset: 2 * i + 1 });
    }
  }),

  rule("RING-SPLIT-DEV-003 RING-SPLIT-DEV-006", "neither device-readable buffers nor descriptors are written", SPLIT, async (rig) => {
    const session = await rig.start();
    const sent = Array.from({ length: 3 }, (_, i) => session.prepare(session.message(i)));
    const go = (): void => session.kick();
    if (session.watched) {
      for (const { kind, address, length } of await session.accesses(go)) {
        demand(kind === "read" || session.arena.isOpen(address, length), () => `the device writes to ${session.arena.describe(address)}`);
      }
    } else go();
    for (const { ring } of sent) await session.used(ring);
    session.check();
  }),

  rule("RING-PACKED-DEV-004", "device-readable buffers of a packed ring are not written", PACKED, async (rig) => {
    const session = await rig.start();
    await session.roundTrips(4);
    await session.quiet();
    session.check();
  }),

  advice("RING-SPLIT-DEV-004", "device-writable buffers are not read", SPLIT, (rig) => readsNothingWritable(rig)),
  advice("RING-PACKED-DEV-005", "device-writable buffers of a packed ring are not read", PACKED, (rig) => readsNothingWritable(rig)),

  rule("RING-SPLIT-DEV-010", "the reported length was written, from the first device-writable byte on", SPLIT, (rig) =>
    writesWhatItReports(rig),
  ),
  rule("", "the reported length was written, also in a packed ring", PACKED, (rig) => writesWhatItReports(rig)),

  rule("CORE-VQ-FACT-DEV-003", "the format that was negotiated is the one in use", {}, async (rig) => {
    const session = await rig.start();
    same(session.ring().format, rig.variant.format, "format");
    await session.roundTrip(1);
  }),

  rule("CORE-RSVF-DEV-005", "with IN_ORDER buffers are used in the order in which they came", MODERN, async (rig) => {
    const session = await rig.start({ with: [F_IN_ORDER] });
    const message = session.message();
    const each = message.out.length + message.into.length;
    for (let round = 0; round < 5; round++) {
      const count = Math.floor(session.ring().size / each);
      const sent = Array.from({ length: count }, (_, i) => session.prepare(session.message(10 * round + i)));
      const ring = session.ring();
      session.kick();
      while (sent.length > 0) {
        await session.patience.until(() => ring.hasUsed(), "a used buffer");
        const taken = ring.takeInOrder(sent.map(({ id }) => id));
        demand(taken !== undefined && taken.count > 0, `buffer ${taken?.used.id} is used out of order`);
        for (const [i, each] of sent.splice(0, taken.count).entries()) {
          // Buffers that were skipped count as wholly used.
          const used = i + 1 === taken.count ? taken.used : { id: each.id, written: room(each), hasWrite: true };
          session.finish(each, used);
        }
      }
    }
  }),

  rule("CORE-NOTIF-FACT-DEV-001", "notifications with data are understood", MODERN, async (rig) => {
    const session = await rig.start({ with: [F_NOTIFICATION_DATA] });
    for (let i = 0; i < 40; i++) await session.roundTrip(i);
  }),

  rule("CORE-NOTIF-FACT-DEV-002", "the data of a notification are index bits in a split ring", { ...SPLIT, ...MODERN }, async (rig) => {
    const session = await rig.start({ with: [F_NOTIFICATION_DATA], size: 4 });
    for (let i = 0; i < 10; i++) await session.roundTrip(i);
  }),

  rule("CORE-NOTIF-FACT-DEV-003", "the data of a notification are slot and wrap counter in a packed ring", PACKED, async (rig) => {
    const session = await rig.start({ with: [F_NOTIFICATION_DATA], size: 5 });
    for (let i = 0; i < 10; i++) await session.roundTrip(i);
  }),
];

async function readsNothingWritable(rig: Rig): Promise<void> {
  const session = await rig.start();
  needs(session.message().into.length > 0, "the device's request has nothing to write");
  session.watch.newStep();
  const sent = session.prepare(session.message(1));
  const seen = await session.accesses(() => session.kick());
  const bad = seen.find(({ kind, address }) => kind === "read" && session.arena.describe(address).startsWith(WRITABLE));
  demand(bad === undefined, () => `the device reads ${session.arena.describe(bad?.address ?? 0)}`);
  session.finish(sent, await session.used());
}

async function writesWhatItReports(rig: Rig): Promise<void> {
  const session = await rig.start();
  needs(session.message().into.length > 0, "the device's request has nothing to write");
  session.watch.newStep();
  for (const [number, framing] of framings(session).entries()) {
    const sent = session.prepare(session.message(number), framing);
    const written = new Set<number>();
    const seen = await session.accesses(async () => {
      session.kick();
      await session.patience.until(() => sent.ring.hasUsed(), "a used buffer");
    });
    for (const { kind, address, length } of seen) if (kind === "write") for (let i = 0; i < length; i++) written.add(address + i);
    const used = await session.used();
    demand(used.written <= room(sent), `${used.written} bytes reported in a buffer with room for ${room(sent)}`);
    let left = used.written;
    for (const { address, length } of sent.parts.filter(({ write }) => write)) {
      for (let i = 0; i < length && left > 0; i++, left--) {
        demand(written.has(address + i), `${used.written} bytes reported, but byte ${used.written - left} is not written`);
      }
    }
    session.finish(sent, used);
  }
}
