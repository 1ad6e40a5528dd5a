import { F_INDIRECT_DESC } from "@zarch/virtio";
import { type ConformanceCase, hostile, type Survival } from "../case.ts";
import type { Rig } from "../rig.ts";
import type { Sent, Session } from "../session.ts";
import { demand } from "../verdict.ts";

/** A field that changes as soon as the device has read all of it once. */
interface Trap {
  readonly address: number;
  readonly length: number;
  spring(): void;
}

/** Lets `action` run with traps set. Returns how many were sprung. */
async function trapped(session: Session, traps: readonly Trap[], action: () => void): Promise<number> {
  const set = new Map(traps.map((trap) => [trap, new Set<number>()]));
  let sprung = 0;
  session.watch.listener = ({ kind, address, length }) => {
    if (kind !== "read") return;
    for (const [trap, seen] of set) {
      for (let i = Math.max(address, trap.address); i < Math.min(address + length, trap.address + trap.length); i++) seen.add(i);
      if (seen.size < trap.length) continue;
      set.delete(trap);
      sprung++;
      trap.spring();
    }
  };
  try {
    action();
    await session.quiet();
  } finally {
    session.watch.listener = undefined;
  }
  return sprung;
}

/** The request has to be served as it was first read, or refused. */
async function consistent(session: Session, sent: Sent): Promise<Survival> {
  if (await session.needsReset()) return "REJECT";
  // Otherwise a device just stops.
  if (!session.tellsNeedsReset && !sent.ring.hasUsed()) return "REJECT";
  session.finish(sent, await session.used());
  return "PASS";
}

type Field = "address" | "length" | "flags" | "next";

/** Traps on one field of every descriptor from `table` on. */
function descriptorTraps(session: Session, field: Field, table: number, count: number): Trap[] {
  const decoy = session.arena.take(4096, "decoy");
  return Array.from({ length: count }, (_, i) => fieldTrap(session, field, table + 16 * i, decoy));
}

function fieldTrap({ arena, variant }: Session, field: Field, at: number, decoy: number): Trap {
  const packed = variant.format === "packed";
  switch (field) {
    case "address":
      return { address: at, length: 8, spring: () => arena.store64(at, decoy) };
    case "length":
      return { address: at + 8, length: 4, spring: () => arena.store32(at + 8, 2048) };
    case "flags": {
      const flags = at + (packed ? 14 : 12);
      // What was readable becomes writable and the other way round; the chain ends or goes on.
      return { address: flags, length: 2, spring: () => arena.store16(flags, arena.load16(flags) ^ 3) };
    }
    case "next": {
      // In a packed ring the buffer id.
      const next = at + (packed ? 12 : 14);
      return { address: next, length: 2, spring: () => arena.store16(next, 0x7fff) };
    }
  }
}

async function direct(rig: Rig, field: Field): Promise<Survival> {
  const session = await rig.start();
  const ring = session.ring();
  session.watch.newStep();
  const sent = session.prepare(session.message(1));
  await trapped(session, descriptorTraps(session, field, ring.areas.descriptor, sent.parts.length), () => session.kick());
  return consistent(session, sent);
}

async function indirect(rig: Rig, field: Field, where: "table" | "pointer"): Promise<Survival> {
  const session = await rig.start({ with: [F_INDIRECT_DESC] });
  session.watch.newStep();
  const message = session.message(1);
  const parts = session.place(message);
  const split = session.variant.format === "split";
  const table = split ? session.splitRing().table(parts) : session.packedRing().table(parts);
  const ring = session.ring();
  if (split) {
    session.splitRing().describe(0, { ...table, flags: 4 });
    session.splitRing().offer(0);
  } else {
    session.packedRing().place({ ...table, id: 6, flags: 4 }, true);
    session.packedRing().expect(6, 1);
  }
  const sent = { ring, id: split ? 0 : 6, message, parts };
  const traps =
    where === "table"
      ? descriptorTraps(session, field, table.address, parts.length)
      : descriptorTraps(session, field, ring.areas.descriptor, 1);
  await trapped(session, traps, () => session.kick());
  return consistent(session, sent);
}

const fields: readonly Field[] = ["address", "length", "flags", "next"];

export const hostileDoubleFetchCases: readonly ConformanceCase[] = [
  ...fields.map((field) => hostile("", `double fetch: ${field} of a descriptor changes when it was read`, {}, (rig) => direct(rig, field))),
  ...fields.map((field) =>
    hostile("", `double fetch: ${field} in an indirect table changes when it was read`, {}, (rig) => indirect(rig, field, "table")),
  ),
  ...fields.map((field) =>
    hostile("", `double fetch: ${field} of a descriptor that points to a table changes when it was read`, {}, (rig) =>
      indirect(rig, field, "pointer"),
    ),
  ),

  hostile("", "double fetch: the head in the available ring changes when it was read", { format: "split" }, async (rig) => {
    const session = await rig.start();
    session.watch.newStep();
    const sent = session.prepare(session.message(1));
    const at = session.splitRing().areas.driver + 4;
    await trapped(session, [{ address: at, length: 2, spring: () => session.arena.store16(at, 0x7fff) }], () => session.kick());
    return consistent(session, sent);
  }),

  hostile("", "double fetch: a head changes into one that is in flight", { format: "split" }, async (rig) => {
    const session = await rig.start();
    session.watch.newStep();
    const first = session.prepare(session.message(1));
    const second = session.prepare(session.message(2));
    const at = session.splitRing().areas.driver + 6;
    await trapped(session, [{ address: at, length: 2, spring: () => session.arena.store16(at, first.id) }], () => session.kick());
    if (await session.needsReset()) return "REJECT";
    for (let i = 0; i < 2; i++) {
      const used = await session.used();
      session.finish(used.id === first.id ? first : second, used);
    }
    return "PASS";
  }),

  hostile("", "double fetch: the available index jumps when it was read", { format: "split" }, async (rig) => {
    const session = await rig.start();
    session.watch.newStep();
    const sent = session.prepare(session.message(1));
    const at = session.splitRing().areas.driver + 2;
    const jump = (): void => session.arena.store16(at, session.splitRing().availableIndex + 0x4000);
    await trapped(session, [{ address: at, length: 2, spring: jump }], () => session.kick());
    if (await session.needsReset()) return "REJECT";
    // A device that looks again meets an impossible index: it may stop, but what it uses has to be right.
    const used = session.ring().take();
    if (used) session.finish(sent, used);
    return "PASS";
  }),

  hostile("", "double fetch: a header changes when it was read", { deviceId: 2 }, async (rig) => {
    const session = await rig.start();
    session.watch.newStep();
    const { disk } = session.controls;
    const before = await disk?.read(0, 8 * 512);
    const sent = session.prepare(session.message(1));
    const header = sent.parts[0]?.address ?? 0;
    await trapped(
      session,
      [
        { address: header, length: 4, spring: () => session.arena.store32(header, 1) },
        { address: header + 8, length: 8, spring: () => session.arena.store64(header + 8, 7) },
      ],
      () => session.kick(),
    );
    const survival = await consistent(session, sent);
    const after = await disk?.read(0, 8 * 512);
    demand(before === undefined || after === undefined || before.every((byte, i) => byte === after[i]), "the disk has changed");
    const data = session.answer(sent).subarray(0, 512);
    demand(before === undefined || survival === "REJECT" || data.every((byte, i) => byte === before[512 + i]), "another sector was read");
    return survival;
  }),
];
