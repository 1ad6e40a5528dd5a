import { F_INDIRECT_DESC } from "@zarch/virtio";
import { attack, type Expectation, far, placed } from "../attack.ts";
import { type ConformanceCase, hostile, type Survival } from "../case.ts";
import type { Rig } from "../rig.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, type Part } from "../rings/raw-ring.ts";
import type { Sent, Session } from "../session.ts";

interface Pointer {
  readonly address: number | bigint;
  readonly length: number;
  /** Beside INDIRECT. */
  readonly flags?: number;
}

const flagsOf = (part: Part): number => (part.write ? DESC_F_WRITE : 0);

/** Offers a descriptor with INDIRECT, in either format. Returns its id. */
function point(session: Session, { address, length, flags = 0 }: Pointer): number {
  const ring = session.ring();
  if (ring.format === "split") {
    const split = session.splitRing();
    split.describe(0, { address, length, flags: DESC_F_INDIRECT | flags, next: 1 });
    split.offer(0);
    return 0;
  }
  session.packedRing().place({ address, length, id: 5, flags: DESC_F_INDIRECT | flags }, true);
  session.packedRing().expect(5, 1);
  return 5;
}

/** A table with the device's request. */
function table(session: Session): { address: number; length: number; as: (id: number) => Sent } {
  const { parts, as } = placed(session);
  const made = session.variant.format === "split" ? session.splitRing().table(parts) : session.packedRing().table(parts);
  return { ...made, as };
}

/** An indirect descriptor that is right but for what `change` changes. */
async function pointed(rig: Rig, expected: Expectation, change: (table: Pointer, session: Session) => Pointer): Promise<Survival> {
  const session = await rig.start({ with: [F_INDIRECT_DESC] });
  const { address, length, as } = table(session);
  const id = point(session, change({ address, length }, session));
  return attack(session, expected, as(id));
}

const SPLIT = { format: "split" } as const;
const PACKED = { format: "packed" } as const;

export const hostileIndirectCases: readonly ConformanceCase[] = [
  hostile("", "indirect: a table in a table", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const inner = table(session);
    const outer = session.arena.take(16, "outer table");
    session.splitRing().describe(0, { ...inner, flags: DESC_F_INDIRECT }, outer);
    return attack(session, "refused", inner.as(point(session, { address: outer, length: 16 })));
  }),

  hostile("", "indirect: a table that names itself as its table", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const address = session.arena.take(16, "table");
    session.splitRing().describe(0, { address, length: 16, flags: DESC_F_INDIRECT }, address);
    point(session, { address, length: 16 });
    return attack(session, "any");
  }),

  hostile("", "indirect: a chain in the table that runs in a circle", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const { parts, as } = placed(session);
    const address = session.arena.take(16 * parts.length, "table");
    for (const [i, part] of parts.entries()) {
      session.splitRing().describe(i, { ...part, flags: flagsOf(part) | DESC_F_NEXT, next: (i + 1) % parts.length }, address);
    }
    return attack(session, "refused", as(point(session, { address, length: 16 * parts.length })));
  }),

  hostile("", "indirect: next beyond the table", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const { parts, as } = placed(session);
    const address = session.arena.take(16 * parts.length, "table");
    for (const [i, part] of parts.entries()) {
      session.splitRing().describe(i, { ...part, flags: flagsOf(part) | DESC_F_NEXT, next: i + 1 }, address);
    }
    return attack(session, "refused", as(point(session, { address, length: 16 * parts.length })));
  }),

  hostile("", "indirect: together with NEXT", {}, (rig) => pointed(rig, "any", (at) => ({ ...at, flags: DESC_F_NEXT }))),
  hostile("", "indirect: a table of no length", {}, (rig) => pointed(rig, "refused", (at) => ({ ...at, length: 0 }))),
  hostile("", "indirect: a table whose length is no multiple of 16", {}, (rig) =>
    pointed(rig, "any", (at) => ({ ...at, length: at.length + 7 })),
  ),
  hostile("", "indirect: a table shorter than one entry", {}, (rig) => pointed(rig, "refused", (at) => ({ ...at, length: 15 }))),
  hostile("", "indirect: a table beyond all memory", {}, (rig) =>
    pointed(rig, "refused", (at, session) => ({ ...at, address: far(session) })),
  ),
  hostile("", "indirect: a table that wraps around 2^64", {}, (rig) =>
    pointed(rig, "refused", (at) => ({ ...at, address: 2n ** 64n - 16n, length: 64 })),
  ),
  hostile("", "indirect: a table over the end of memory", {}, (rig) =>
    pointed(rig, "refused", (at, session) => ({ ...at, address: session.transport.memory.size - 16, length: 64 })),
  ),
  hostile("", "indirect: a table of 4 GiB", {}, (rig) => pointed(rig, "any", (at) => ({ ...at, length: 0xffff_fff0 }))),
  hostile("", "indirect: the ring as table", {}, (rig) =>
    pointed(rig, "any", (at, session) => {
      const { areas, size } = session.ring();
      return { ...at, address: areas.descriptor, length: 16 * size };
    }),
  ),

  hostile("", "indirect: not negotiated", {}, async (rig) => {
    const session = await rig.start({ without: [F_INDIRECT_DESC] });
    const { address, length, as } = table(session);
    // What is inside the table must not be taken for a request; what else comes of it is open.
    return attack(session, "refused", as(point(session, { address, length })));
  }),

  hostile("", "indirect: thousands of entries", {}, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const entries = 4096;
    const length = 16 * entries;
    const address = session.arena.take(length, "table");
    const { address: buffer } = session.readable(new Uint8Array(16));
    for (let i = 0; i < entries; i++) {
      if (session.variant.format === "split") {
        const last = i + 1 === entries;
        session.splitRing().describe(i, { address: buffer, length: 1, flags: last ? 0 : DESC_F_NEXT, next: i + 1 }, address);
      } else session.packedRing().describe(i, { address: buffer, length: 1, id: 0, flags: 0 }, address);
    }
    point(session, { address, length });
    return attack(session, "any");
  }),

  hostile("", "indirect: a stale NEXT in the last entry of a packed table", PACKED, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const { parts, as } = placed(session);
    const address = session.arena.take(16 * parts.length, "table");
    for (const [i, part] of parts.entries()) {
      session.packedRing().describe(i, { ...part, id: 0, flags: flagsOf(part) | DESC_F_NEXT }, address);
    }
    return attack(session, "any", as(point(session, { address, length: 16 * parts.length })));
  }),

  hostile("", "indirect: a table in a table of a packed ring", PACKED, async (rig) => {
    const session = await rig.start({ with: [F_INDIRECT_DESC] });
    const inner = table(session);
    const outer = session.arena.take(16, "outer table");
    session.packedRing().describe(0, { address: inner.address, length: inner.length, id: 0, flags: DESC_F_INDIRECT }, outer);
    // INDIRECT is to be ignored there, so that the inner table is a buffer; its entries must not count.
    return attack(session, "refused", inner.as(point(session, { address: outer, length: 16 })));
  }),
];
