import { F_EVENT_IDX, F_INDIRECT_DESC } from "@zarch/virtio";
import { type ConformanceCase, rule } from "../case.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, type Part } from "../rings/raw-ring.ts";
import type { Session } from "../session.ts";
import { demand, needs, same } from "../verdict.ts";

const SPLIT = { format: "split" } as const;
const LEGACY = { driverInterface: "legacy" } as const;

/** A message in at least two parts, so that there is something to chain. */
function parts(session: Session, number: number) {
  const message = session.message(number);
  const pieces = message.out.length + message.into.length;
  const framing = pieces > 1 ? {} : message.out[0] ? { out: [1, message.out[0].length - 1] } : { into: [1, (message.into[0] ?? 0) - 1] };
  return { message, parts: session.place(message, framing) };
}

/** Shows a chain that was written by hand, and checks the answer. */
async function serve(session: Session, head: number, placed: ReturnType<typeof parts>): Promise<void> {
  const ring = session.splitRing();
  ring.offer(head);
  session.kick();
  const used = await session.used();
  session.finish({ ring, id: head, message: placed.message, parts: placed.parts }, used);
}

const flagsOf = (part: Part): number => (part.write ? DESC_F_WRITE : 0);

export const splitCases: readonly ConformanceCase[] = [
  rule(
    "RING-SPLIT-FACT-DEV-001",
    "the parts of the ring have the sizes that they should have, and nothing is written outside",
    SPLIT,
    async (rig) => {
      const session = await rig.start();
      const message = session.message();
      const each = message.out.length + message.into.length;
      // Every entry of the rings is used at least twice.
      for (let round = 0; round < 2 * each + 1; round++) await session.roundTrips(Math.floor(session.ring().size / each), round * 50);
      session.check();
    },
  ),

  rule("RING-SPLIT-FACT-DEV-005", "the used index starts at 0, counts buffers, and follows the available index", SPLIT, async (rig) => {
    const session = await rig.start();
    const ring = session.splitRing();
    same(ring.usedIndex, 0, "used index at first");
    for (let i = 1; i <= 40; i++) {
      await session.roundTrip(i);
      same(ring.usedIndex, i, "used index");
    }
  }),

  rule("RING-SPLIT-FACT-DEV-005", "both indices wrap at 65536", SPLIT, async (rig) => {
    const session = await rig.start({ size: 1024 });
    const ring = session.splitRing();
    const message = session.message(1);
    const mark = session.arena.mark();
    const placed = session.place(message);
    // The same buffer over and over, in as many chains as there is room for.
    const count = Math.floor(ring.size / placed.length);
    for (let i = 0; i < count * placed.length; i++) {
      const part = placed[i % placed.length] as Part;
      const last = (i + 1) % placed.length === 0;
      ring.describe(i, { ...part, flags: flagsOf(part) | (last ? 0 : DESC_F_NEXT), next: last ? 0 : i + 1 });
    }
    ring.wish("never");
    for (let done = 0; done < 0x1_0000 + count; done += count) {
      for (let i = 0; i < count; i++) ring.offer(i * placed.length);
      session.kick();
      const expected = ring.availableIndex;
      await session.patience.until(() => ring.usedIndex === expected, `used index ${expected}`);
    }
    for (const { address, length, write } of placed) if (write) session.arena.close(address, length);
    session.arena.rollback(mark);
    session.check();
  }),

  rule("", "descriptors are followed by their next fields, in whatever order they lie", SPLIT, async (rig) => {
    const session = await rig.start();
    const ring = session.splitRing();
    const placed = parts(session, 1);
    const slot = (i: number): number => ring.size - 1 - 2 * i;
    for (const [i, part] of placed.parts.entries()) {
      const last = i + 1 === placed.parts.length;
      ring.describe(slot(i), { ...part, flags: flagsOf(part) | (last ? 0 : DESC_F_NEXT), next: last ? 0xffff : slot(i + 1) });
    }
    await serve(session, slot(0), placed);
  }),

  rule("RING-SPLIT-DEV-007", "WRITE on a descriptor that points to an indirect table means nothing", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const message = session.message();
    const indirect = message.out.length + message.into.length;
    await session.roundTrip(1, { indirect, indirectFlags: DESC_F_WRITE });
    await session.roundTrip(2, { indirect });
  }),

  rule("RING-SPLIT-DEV-008", "normal descriptors may be followed by an indirect one", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const placed = parts(session, 3);
    const ring = session.splitRing();
    const first = placed.parts[0] as Part;
    const table = ring.table(placed.parts.slice(1));
    ring.describe(2, { ...first, flags: flagsOf(first) | DESC_F_NEXT, next: 5 });
    ring.describe(5, { ...table, flags: DESC_F_INDIRECT });
    await serve(session, 2, placed);
  }),

  rule("RING-SPLIT-FACT-DEV-004", "an indirect table starts at its entry 0 and is chained by its own next fields", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const placed = parts(session, 4);
    const ring = session.splitRing();
    // The suite's tables are chained backwards; their entries that the chain does not reach are no part of it.
    const table = ring.table(placed.parts);
    ring.describe(1, { ...table, flags: DESC_F_INDIRECT, next: 1 });
    await serve(session, 1, placed);
    const longer = session.arena.take(16 * 4, "indirect table");
    const again = parts(session, 5);
    needs(again.parts.length <= 3, "the device's request has too many parts");
    for (const [i, part] of again.parts.entries()) {
      const last = i + 1 === again.parts.length;
      ring.describe(i, { ...part, flags: flagsOf(part) | (last ? 0 : DESC_F_NEXT), next: i + 1 }, longer);
    }
    ring.describe(3, { address: 2n ** 63n, length: 0xffff_ffff, flags: 0xffff, next: 0xffff }, longer);
    ring.describe(1, { address: longer, length: 64, flags: DESC_F_INDIRECT });
    await serve(session, 1, again);
  }),

  rule("RING-SPLIT-DEV-009", "a used element is written before the used index", SPLIT, async (rig) => {
    const session = await rig.start();
    const sent = session.prepare(session.message(1));
    const { device } = session.splitRing().areas;
    session.watch.newStep();
    const writes = (
      await session.accesses(async () => {
        session.kick();
        await session.patience.until(() => sent.ring.hasUsed(), "a used buffer");
      })
    ).filter(({ kind }) => kind === "write");
    const covers = (address: number, length: number) => (at: { address: number; length: number }) =>
      at.address <= address && at.address + at.length >= address + length;
    const index = writes.findIndex(covers(device + 2, 2));
    const written = writes.findLastIndex(covers(device + 8, 4));
    const id = writes.findLastIndex(covers(device + 4, 4));
    demand(index >= 0, "the used index is not written");
    demand(written >= 0 && written <= index && id >= 0 && id <= index, "the used element is written after the used index");
    const late = writes.slice(index + 1).find(({ address }) => session.arena.describe(address).startsWith("device-writable buffer"));
    demand(late === undefined, "the buffer is written after the used index");
    session.finish(sent, await session.used());
  }),

  rule("RING-SPLIT-AVAILNOTIF-DEV-001", "without EVENT_IDX the flags of the used ring are 0 or 1", SPLIT, async (rig) => {
    const session = await rig.start({ without: [F_EVENT_IDX] });
    for (let i = 0; i < 5; i++) {
      await session.roundTrips(2, 2 * i);
      const flags = session.splitRing().usedFlags;
      demand(flags === 0 || flags === 1, `flags of the used ring are ${flags}`);
    }
  }),

  rule("RING-SPLIT-AVAILNOTIF-DEV-003", "with EVENT_IDX the flags of the used ring are 0", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_EVENT_IDX] });
    for (let i = 0; i < 5; i++) {
      await session.roundTrips(2, 2 * i);
      same(session.splitRing().usedFlags, 0, "flags of the used ring");
    }
  }),

  rule(
    "RING-SPLIT-LEGACY-DEV-001 RING-SPLIT-LEGACY-DEV-002",
    "the contiguous layout in the guest's byte order is understood",
    LEGACY,
    async (rig) => {
      const session = await rig.start();
      const { areas, size } = session.splitRing();
      same(areas.driver, areas.descriptor + 16 * size, "available ring");
      for (let i = 0; i < 5; i++) await session.roundTrip(i);
    },
  ),

  rule(
    "RING-SPLIT-LEGACY-FACT-DEV-001",
    "the used ring of a legacy queue begins at the next multiple of the alignment",
    LEGACY,
    async (rig) => {
      const session = await rig.start();
      const { areas, size } = session.splitRing();
      same(areas.device % 4096, 0, "used ring, modulo 4096");
      demand(areas.device >= areas.driver + 6 + 2 * size, "the rings overlap");
      await session.roundTrip(1);
      demand(session.splitRing().usedIndex === 1, "the used index is not where it should be");
    },
  ),
];
