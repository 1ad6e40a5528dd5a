import { F_EVENT_IDX, F_INDIRECT_DESC } from "@zarch/virtio";
import { type ConformanceCase, rule } from "../case.ts";
import { DESC_F_AVAIL, DESC_F_USED } from "../rings/raw-packed-ring.ts";
import { DESC_F_INDIRECT, DESC_F_WRITE } from "../rings/raw-ring.ts";
import type { Session } from "../session.ts";
import { demand, NotApplicable, needs, same } from "../verdict.ts";

const PACKED = { format: "packed" } as const;

/** Pieces of a message by the parts of which it would be whole. */
function partsOf(session: Session): number {
  const message = session.message();
  return message.out.length + message.into.length;
}

export const packedCases: readonly ConformanceCase[] = [
  rule(
    "RING-PACKED-FACT-DEV-002 RING-PACKED-FACT-DEV-003",
    "the device's wrap counter starts at 1 and toggles with each round",
    PACKED,
    async (rig) => {
      const session = await rig.start({ size: 7 });
      for (let i = 0; i < 40; i++) await session.roundTrip(i);
    },
  ),

  rule("RING-PACKED-FACT-DEV-004", "a used descriptor has AVAIL and USED as the device's wrap counter", PACKED, async (rig) => {
    const session = await rig.start({ size: 6 });
    const ring = session.packedRing();
    const each = partsOf(session);
    needs(6 % each === 0, "rounds of 6 slots do not fit the device's request");
    for (let i = 0; i < 24 / each; i++) {
      const slot = ring.nextSlot;
      const wrap = Math.floor((i * each) / 6) % 2 === 0;
      await session.roundTrip(i);
      const flags = session.arena.load16(ring.areas.descriptor + 16 * slot + 14) & (DESC_F_AVAIL | DESC_F_USED);
      same(flags, wrap ? DESC_F_AVAIL | DESC_F_USED : 0, `AVAIL and USED of slot ${slot}`);
    }
  }),

  rule(
    "RING-PACKED-FACT-DEV-005",
    "a chain comes back as one used descriptor, and the rest of its slots is skipped",
    PACKED,
    async (rig) => {
      const session = await rig.start({ size: 16 });
      const message = session.message();
      const bytes = message.out.reduce((sum, { length }) => sum + length, 0);
      const room = message.into.reduce((sum, length) => sum + length, 0);
      for (let i = 0; i < 20; i++) {
        // Chains of changing length, some of them over the end of the ring.
        const pieces = i % 4;
        const framing =
          bytes > 4 ? { out: new Array<number>(pieces).fill(1) } : { into: [...new Array<number>(pieces).fill(1), room - pieces] };
        await session.roundTrip(i, framing);
      }
    },
  ),

  rule("RING-PACKED-FACT-DEV-006", "WRITE in a used descriptor tells whether anything was written", PACKED, async (rig) => {
    const session = await rig.start();
    const used = await session.roundTrip(1);
    same(used.hasWrite, session.message().into.length > 0, "WRITE in the used descriptor");
  }),

  rule("RING-PACKED-FACT-DEV-007", "the buffer id is the one of the last descriptor in a chain", PACKED, async (rig) => {
    const session = await rig.start();
    const message = session.message();
    const total = message.out.reduce((sum, { length }) => sum + length, 0);
    // The other descriptors of the chain have other ids.
    await session.roundTrip(1, total > 2 ? { out: [1, 1] } : { into: [1, 1, (message.into[0] ?? 0) - 2] });
  }),

  rule("RING-PACKED-FACT-DEV-008", "a chain may have as many descriptors as the ring", PACKED, async (rig) => {
    const size = 6;
    const session = await rig.start({ size });
    const message = session.message();
    const total = message.out.reduce((sum, { length }) => sum + length, 0);
    const room = message.into.reduce((sum, length) => sum + length, 0);
    if (total <= size && (total > 0 || room < size)) throw new NotApplicable("the device's request is too short to be cut so often");
    for (let i = 0; i < 5; i++) {
      const out = total > size ? new Array<number>(size - 1 - message.into.length).fill(1) : undefined;
      const into = total > size ? undefined : [...new Array<number>(size - 1).fill(1), room - size + 1];
      await session.roundTrip(i, { ...(out ? { out } : {}), ...(into ? { into } : {}) });
    }
  }),

  rule(
    "RING-PACKED-FACT-DEV-009 RING-PACKED-FACT-DEV-011",
    "entries of an indirect table are used one after the other, and only their WRITE means anything",
    PACKED,
    async (rig) => {
      const session = await rig.start({ with: [F_INDIRECT_DESC] });
      const ring = session.packedRing();
      const message = session.message(5);
      const parts = session.place(message);
      const table = session.arena.take(16 * parts.length, "indirect table");
      for (const [i, part] of parts.entries()) {
        // NEXT, AVAIL, USED and the id are to be ignored.
        const noise = i % 2 === 0 ? 1 | DESC_F_AVAIL : DESC_F_USED;
        ring.describe(i, { ...part, id: 0x0102 + i, flags: (part.write ? DESC_F_WRITE : 0) | noise }, table);
      }
      ring.place({ address: table, length: 16 * parts.length, id: 77, flags: DESC_F_INDIRECT }, true);
      ring.expect(77, 1);
      session.kick();
      session.finish({ ring, id: 77, message, parts }, await session.used());
    },
  ),

  rule(
    "RING-PACKED-FACT-DEV-010",
    "WRITE on a descriptor that points to an indirect table means nothing in a packed ring",
    PACKED,
    async (rig) => {
      const session = await rig.start({ with: [F_INDIRECT_DESC] });
      await session.roundTrip(1, { indirect: partsOf(session), indirectFlags: DESC_F_WRITE });
      await session.roundTrip(2, { indirect: partsOf(session) });
    },
  ),

  rule(
    "RING-PACKED-FACT-DEV-016",
    "ring and event areas have the sizes that they should have, and nothing is written outside",
    PACKED,
    async (rig) => {
      const session = await rig.start({ with: [F_EVENT_IDX] });
      for (let round = 0; round < 12; round++) await session.roundTrips(Math.floor(session.ring().size / partsOf(session)), round * 50);
      session.check();
    },
  ),

  rule("RING-PACKED-DEV-006", "a descriptor is taken only when its AVAIL bit has changed", PACKED, async (rig) => {
    const session = await rig.start();
    const sent = session.prepare(session.message(1));
    // Everything is there but the flags of the first descriptor.
    session.notify();
    await session.quiet();
    demand(!sent.ring.hasUsed(), "a descriptor that is not available is used");
    session.kick();
    session.finish(sent, await session.used());
    session.notify();
    await session.quiet();
    demand(!sent.ring.hasUsed(), "a used descriptor is used again");
    await session.roundTrip(2);
  }),

  rule("RING-PACKED-DEV-007", "nothing in a descriptor changes after its USED bit", PACKED, async (rig) => {
    const session = await rig.start();
    const ring = session.packedRing();
    const sent = session.prepare(session.message(1));
    session.watch.newStep();
    const at = ring.areas.descriptor;
    const writes = (
      await session.accesses(async () => {
        session.kick();
        await session.patience.until(() => ring.hasUsed(), "a used buffer");
      })
    ).filter(({ kind, address, length }) => kind === "write" && address < at + 16 && address + length > at);
    const flags = writes.findIndex(({ address, length }) => address <= at + 14 && address + length >= at + 16);
    same(flags, writes.length - 1, "writes to the descriptor before its flags");
    session.finish(sent, await session.used());
  }),

  rule("RING-PACKED-DEV-008", "chained descriptors are used in the order in which they lie", PACKED, async (rig) => {
    const session = await rig.start();
    const message = session.message();
    const total = message.out.reduce((sum, { length }) => sum + length, 0);
    needs(total > 8, "the device's request has nothing to read");
    for (let i = 0; i < 4; i++) await session.roundTrip(i, { out: [1, 2, 3, 1] });
  }),

  rule("RING-PACKED-DEV-001", "available descriptors are taken in ring order", PACKED, async (rig) => {
    const session = await rig.start();
    session.watch.newStep();
    const ring = session.packedRing();
    const count = Math.floor(ring.size / partsOf(session));
    const sent = Array.from({ length: count }, (_, i) => session.prepare(session.message(i)));
    const seen = await session.accesses(() => session.kick());
    const slots = seen
      .filter(
        ({ kind, address }) => kind === "read" && address >= ring.areas.descriptor && address < ring.areas.descriptor + 16 * ring.size,
      )
      .map(({ address }) => Math.floor((address - ring.areas.descriptor) / 16));
    const firsts = [...new Set(slots)];
    demand(
      firsts.every((slot, i) => slot === i),
      () => `slots are read in the order ${firsts.join(", ")}`,
    );
    const byId = new Map(sent.map((each) => [each.id, each]));
    while (byId.size > 0) {
      const used = await session.used();
      const each = byId.get(used.id);
      demand(each !== undefined, `buffer ${used.id} comes back, which the device does not have`);
      byId.delete(used.id);
      session.finish(each, used);
    }
  }),
];
