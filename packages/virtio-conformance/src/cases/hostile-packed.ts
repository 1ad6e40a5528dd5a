import { F_EVENT_IDX } from "@zarch/virtio";
import { attack, far, placed } from "../attack.ts";
import { type ConformanceCase, hostile, type Survival } from "../case.ts";
import type { Rig } from "../rig.ts";
import { DESC_F_AVAIL, DESC_F_USED } from "../rings/raw-packed-ring.ts";
import { DESC_F_NEXT, DESC_F_WRITE, type Part } from "../rings/raw-ring.ts";
import type { Session } from "../session.ts";

const PACKED = { format: "packed" } as const;

const flagsOf = (part: Part): number => (part.write ? DESC_F_WRITE : 0);

/** Puts parts into the ring as one chain that may go on. */
function chain(session: Session, parts: readonly Part[], id: number, goesOn = false): void {
  for (const [i, part] of parts.entries()) {
    const next = goesOn || i + 1 < parts.length ? DESC_F_NEXT : 0;
    session.packedRing().place({ ...part, id, flags: flagsOf(part) | next }, i === 0);
  }
  session.packedRing().expect(id, parts.length);
}

async function replaced(rig: Rig, change: (part: Part, session: Session) => Partial<Part>): Promise<Survival> {
  const session = await rig.start();
  const { parts, as } = placed(session);
  const index = Math.max(0, parts.length > 1 ? parts.findIndex(({ write }) => write) : 0);
  chain(
    session,
    parts.map((part, i) => (i === index ? { ...part, ...change(part, session) } : part)),
    9,
  );
  return attack(session, "refused", as(9));
}

export const hostilePackedCases: readonly ConformanceCase[] = [
  hostile("", "packed ring: descriptors with the wrong wrap counter", PACKED, async (rig) => {
    const session = await rig.start();
    const ring = session.packedRing();
    const { parts } = placed(session);
    for (const [i, part] of parts.entries()) ring.describe(i, { ...part, id: i, flags: flagsOf(part) | DESC_F_USED });
    return attack(session, "any");
  }),

  hostile("", "packed ring: every descriptor is available, for ever", PACKED, async (rig) => {
    const session = await rig.start({ size: 8 });
    const ring = session.packedRing();
    const { address } = session.writable(32);
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < ring.size; i++) {
        const flags = DESC_F_WRITE | (round % 2 === 0 ? DESC_F_AVAIL : DESC_F_USED);
        ring.describe(i, { address, length: 32, id: i, flags });
      }
      session.notify();
      if (round % 8 === 0) await session.quiet();
    }
    return attack(session, "any");
  }),

  hostile("", "packed ring: a driver that offers each descriptor again at once", PACKED, async (rig) => {
    const session = await rig.start({ size: 4 });
    const ring = session.packedRing();
    const { address } = session.writable(32);
    for (let i = 0; i < ring.size; i++) ring.describe(i, { address, length: 32, id: i, flags: DESC_F_WRITE | DESC_F_AVAIL });
    let offered = 0;
    session.watch.listener = (access) => {
      // As soon as the device has marked a descriptor as used, it is available in the next round.
      if (access.kind !== "write" || offered > 5000) return;
      const slot = Math.floor((access.address - ring.areas.descriptor) / 16);
      if (slot < 0 || slot >= ring.size) return;
      const at = ring.areas.descriptor + 16 * slot + 14;
      const flags = session.arena.load16(at);
      if (((flags & DESC_F_AVAIL) !== 0) !== ((flags & DESC_F_USED) !== 0)) return;
      offered++;
      session.arena.store16(at, DESC_F_WRITE | ((flags & DESC_F_USED) !== 0 ? DESC_F_USED : DESC_F_AVAIL));
    };
    try {
      session.notify();
      await session.quiet();
    } finally {
      session.watch.listener = undefined;
    }
    return (await session.needsReset()) ? "REJECT" : "PASS";
  }),

  hostile("", "packed ring: a chain over the whole ring that does not end", PACKED, async (rig) => {
    const session = await rig.start({ size: 8 });
    const ring = session.packedRing();
    const { address } = session.readable(new Uint8Array(8));
    const parts = Array.from({ length: ring.size }, () => ({ address, length: 1, write: false }));
    chain(session, parts, 3, true);
    return attack(session, "any");
  }),

  hostile("", "packed ring: a chain that goes on into descriptors that are not available", PACKED, async (rig) => {
    const session = await rig.start();
    const { parts } = placed(session);
    chain(session, parts, 3, true);
    return attack(session, "any");
  }),

  hostile("", "packed ring: a buffer id beyond the queue size", PACKED, async (rig) => {
    const session = await rig.start();
    const { parts, as } = placed(session);
    chain(session, parts, 0xffff);
    return attack(session, "any", as(0xffff));
  }),

  hostile("", "packed ring: one buffer id for several buffers", PACKED, async (rig) => {
    const session = await rig.start();
    session.controls.hold?.();
    for (let i = 0; i < 3; i++) chain(session, placed(session, i).parts, 7);
    session.kick();
    await session.quiet();
    await session.controls.release?.();
    return attack(session, "any");
  }),

  hostile("", "packed ring: a buffer beyond all memory", PACKED, (rig) => replaced(rig, (_, session) => ({ address: far(session) }))),
  hostile("", "packed ring: a buffer that wraps around 2^64", PACKED, (rig) =>
    replaced(rig, () => ({ address: 2n ** 64n - 16n, length: 64 })),
  ),
  hostile("", "packed ring: a buffer of 4 GiB", PACKED, (rig) => replaced(rig, () => ({ length: 0xffff_ffff }))),
  hostile("", "packed ring: a buffer that reaches over the end of memory", PACKED, async (rig) => {
    const { size } = (await rig.open()).transport.memory;
    return replaced(rig, (part) => ({ address: size - Math.min(8, part.length - 1), length: 4096 }));
  }),

  hostile("", "packed ring: device-readable after device-writable", PACKED, async (rig) => {
    const session = await rig.start();
    chain(session, [session.writable(16), session.readable(new Uint8Array(16)), session.writable(16)], 2);
    return attack(session, "any");
  }),

  hostile("", "packed ring: buffers that are the ring itself", PACKED, async (rig) => {
    const session = await rig.start();
    const ring = session.packedRing();
    session.arena.open(ring.areas.driver, 4);
    const { out } = session.message();
    chain(
      session,
      [
        ...out.map((bytes) => session.readable(bytes)),
        { address: ring.areas.descriptor, length: 16 * ring.size, write: true },
        { address: ring.areas.driver, length: 4, write: true },
        { address: ring.areas.device, length: 4, write: true },
      ],
      1,
    );
    return attack(session, "any");
  }),

  hostile("", "packed ring: wild event suppression", PACKED, async (rig) => {
    const session = await rig.start({ with: [F_EVENT_IDX] });
    for (let i = 0; i < 20; i++) {
      session.packedRing().setEvent(0xfff0 ^ (0x1111 * i), i);
      await session.roundTrip(i);
    }
    return "PASS";
  }),

  hostile("", "packed ring: reserved flags", PACKED, async (rig) => {
    const session = await rig.start();
    const { parts, as } = placed(session);
    for (const [i, part] of parts.entries()) {
      const next = i + 1 < parts.length ? DESC_F_NEXT : 0;
      session.packedRing().place({ ...part, id: 4, flags: flagsOf(part) | next | 0x7f78 }, i === 0);
    }
    session.packedRing().expect(4, parts.length);
    return attack(session, "any", as(4));
  }),
];
