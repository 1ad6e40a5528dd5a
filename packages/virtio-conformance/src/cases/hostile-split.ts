import { F_EVENT_IDX } from "@zarch/virtio";
import { attack, far, placed } from "../attack.ts";
import { type ConformanceCase, hostile, type Survival } from "../case.ts";
import type { Rig } from "../rig.ts";
import { DESC_F_NEXT, DESC_F_WRITE, type Part } from "../rings/raw-ring.ts";
import type { RawSplitRing } from "../rings/raw-split-ring.ts";
import type { Session } from "../session.ts";

const SPLIT = { format: "split" } as const;

const flagsOf = (part: Part): number => (part.write ? DESC_F_WRITE : 0);

/** Writes a chain that goes on after its last part to `next`. */
function chain(ring: RawSplitRing, parts: readonly Part[], next?: number): void {
  for (const [i, part] of parts.entries()) {
    const last = i + 1 === parts.length;
    const goesOn = !last || next !== undefined;
    ring.describe(i, { ...part, flags: flagsOf(part) | (goesOn ? DESC_F_NEXT : 0), next: last ? (next ?? 0) : i + 1 });
  }
}

/** A chain of the device's request, with whatever comes after its last part. */
async function chained(rig: Rig, next: (ring: RawSplitRing, length: number) => number): Promise<Survival> {
  const session = await rig.start();
  const ring = session.splitRing();
  const { parts, as } = placed(session);
  chain(ring, parts, next(ring, parts.length));
  ring.offer(0);
  return attack(session, "refused", as(0));
}

/** The device's request with one part replaced. */
async function replaced(rig: Rig, change: (part: Part, session: Session) => Partial<Part>): Promise<Survival> {
  const session = await rig.start();
  const ring = session.splitRing();
  const { parts, as } = placed(session);
  const at = parts.length > 1 ? parts.findIndex(({ write }) => write) : 0;
  const index = Math.max(0, at);
  chain(
    ring,
    parts.map((part, i) => (i === index ? { ...part, ...change(part, session) } : part)),
  );
  ring.offer(0);
  return attack(session, "refused", as(0));
}

async function jump(rig: Rig, index: (ring: RawSplitRing) => number): Promise<Survival> {
  const session = await rig.start();
  const ring = session.splitRing();
  // Its buffers stay the device's: stale entries of the ring name them again.
  session.prepare(session.message(1));
  session.kick();
  await session.used();
  ring.availableIndex = index(ring) & 0xffff;
  return attack(session, "any");
}

export const hostileSplitCases: readonly ConformanceCase[] = [
  hostile("", "split ring: a descriptor that is its own next", SPLIT, (rig) => chained(rig, (_, length) => length - 1)),
  hostile("", "split ring: a chain that runs in a circle", SPLIT, (rig) => chained(rig, () => 0)),
  hostile("", "split ring: next beyond the table", SPLIT, (rig) => chained(rig, (ring) => ring.size)),
  hostile("", "split ring: the highest next", SPLIT, (rig) => chained(rig, () => 0xffff)),

  hostile("", "split ring: a circle through all descriptors of the largest queue", SPLIT, async (rig) => {
    const session = await rig.start({ size: 1024 });
    const ring = session.splitRing();
    const { address } = session.writable(16);
    for (let i = 0; i < ring.size; i++) {
      ring.describe(i, { address, length: 0, flags: DESC_F_NEXT | DESC_F_WRITE, next: (i + 1) % ring.size });
    }
    ring.offer(0);
    return attack(session, "any");
  }),

  hostile("", "split ring: a head beyond the table", SPLIT, async (rig) => {
    const session = await rig.start();
    const ring = session.splitRing();
    ring.offer(ring.size);
    return attack(session, "any");
  }),

  hostile("", "split ring: the highest head", SPLIT, async (rig) => {
    const session = await rig.start();
    session.splitRing().offer(0xffff);
    return attack(session, "any");
  }),

  hostile("", "split ring: one head over and over", SPLIT, async (rig) => {
    const session = await rig.start();
    const ring = session.splitRing();
    const { parts } = placed(session);
    chain(ring, parts);
    for (let i = 0; i < ring.size; i++) ring.offer(0);
    return attack(session, "any");
  }),

  hostile("", "split ring: one head over and over while requests are in flight", SPLIT, async (rig) => {
    const session = await rig.start();
    session.controls.hold?.();
    const ring = session.splitRing();
    const { parts } = placed(session);
    chain(ring, parts);
    for (let i = 0; i < ring.size; i++) {
      ring.offer(0);
      session.kick();
    }
    await session.quiet();
    await session.controls.release?.();
    return attack(session, "any");
  }),

  hostile("", "split ring: the available index jumps ahead by more than the size", SPLIT, (rig) =>
    jump(rig, (ring) => ring.availableIndex + ring.size + 1),
  ),
  hostile("", "split ring: the available index jumps half way round", SPLIT, (rig) => jump(rig, (ring) => ring.availableIndex + 0x8000)),
  hostile("", "split ring: the available index goes back", SPLIT, (rig) => jump(rig, (ring) => ring.availableIndex - 1)),
  hostile("", "split ring: the available index jumps by exactly the size, over stale entries", SPLIT, (rig) =>
    jump(rig, (ring) => ring.availableIndex + ring.size),
  ),

  hostile("", "split ring: a buffer beyond all memory", SPLIT, (rig) => replaced(rig, (_, session) => ({ address: far(session) }))),
  hostile("", "split ring: a buffer that wraps around 2^64", SPLIT, (rig) =>
    replaced(rig, () => ({ address: 2n ** 64n - 16n, length: 64 })),
  ),
  hostile("", "split ring: a buffer that begins at the end of memory", SPLIT, async (rig) => {
    const { size } = (await rig.open()).transport.memory;
    return replaced(rig, () => ({ address: size }));
  }),
  hostile("", "split ring: a buffer that reaches over the end of memory", SPLIT, async (rig) => {
    const { size } = (await rig.open()).transport.memory;
    return replaced(rig, (part) => ({ address: size - Math.min(8, part.length - 1), length: 4096 }));
  }),
  hostile("", "split ring: a buffer of 4 GiB", SPLIT, (rig) => replaced(rig, () => ({ length: 0xffff_ffff }))),

  hostile("", "split ring: more than 4 GiB in one chain", SPLIT, async (rig) => {
    const session = await rig.start();
    const ring = session.splitRing();
    const { parts, as } = placed(session);
    const big = { ...(parts[0] as Part), length: 0xffff_fff0 };
    chain(ring, [big, big, ...parts]);
    ring.offer(0);
    return attack(session, "any", as(0));
  }),

  hostile("", "split ring: a buffer of no length", SPLIT, async (rig) => {
    const session = await rig.start();
    const ring = session.splitRing();
    ring.describe(0, { address: 0, length: 0, flags: 0 });
    ring.offer(0);
    return attack(session, "any");
  }),

  hostile("", "split ring: empty device-writable parts at wild addresses", SPLIT, async (rig) => {
    const session = await rig.start();
    const ring = session.splitRing();
    const { parts, as } = placed(session);
    chain(ring, [...parts, { address: far(session), length: 0, write: true }]);
    ring.offer(0);
    return attack(session, "any", as(0));
  }),

  hostile("", "split ring: device-readable after device-writable", SPLIT, async (rig) => {
    const session = await rig.start();
    const ring = session.splitRing();
    chain(ring, [session.writable(16), session.readable(new Uint8Array(16)), session.writable(16)]);
    ring.offer(0);
    return attack(session, "any");
  }),

  hostile("", "split ring: buffers that are the ring itself", SPLIT, async (rig) => {
    const session = await rig.start();
    const ring = session.splitRing();
    const { descriptor, driver, device } = ring.areas;
    // The device may write wherever the driver says, so the whole ring is open to it now.
    for (const [address, length] of [
      [descriptor, 16 * ring.size],
      [driver, 6 + 2 * ring.size],
    ] as const) {
      session.arena.open(address, length);
    }
    const { out } = session.message();
    chain(ring, [
      ...out.map((bytes) => session.readable(bytes)),
      { address: descriptor, length: 64, write: true },
      { address: driver, length: 6 + 2 * ring.size, write: true },
      { address: device, length: 6 + 8 * ring.size, write: true },
    ]);
    ring.offer(0);
    return attack(session, "any");
  }),

  hostile("", "split ring: a chain longer than the queue is large", SPLIT, async (rig) => {
    const session = await rig.start({ size: 8 });
    const ring = session.splitRing();
    const { address } = session.readable(new Uint8Array(16));
    for (let i = 0; i < ring.size; i++) ring.describe(i, { address, length: 1, flags: DESC_F_NEXT, next: i + 1 });
    ring.offer(0);
    return attack(session, "any");
  }),

  hostile("", "split ring: after a broken chain the good one behind it does no harm", SPLIT, async (rig) => {
    const session = await rig.start();
    const ring = session.splitRing();
    const { parts, as } = placed(session);
    ring.describe(ring.size - 1, { address: far(session), length: 64, flags: DESC_F_NEXT, next: ring.size - 1 });
    chain(ring, parts);
    ring.offer(ring.size - 1);
    ring.offer(0);
    const survival = await attack(session, "any", as(0));
    // An error that is met again with each notification must not be parsed again for ever.
    for (let i = 0; i < 50; i++) session.notify();
    await session.quiet();
    return survival;
  }),

  hostile("", "split ring: used_event and flags are wild", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_EVENT_IDX] });
    for (let i = 0; i < 20; i++) {
      session.splitRing().setUsedEvent(0x3779 * i);
      session.splitRing().setFlags(0xfffe ^ i);
      await session.roundTrip(i);
    }
    return "PASS";
  }),

  hostile("", "split ring: the driver writes into the used ring", SPLIT, async (rig) => {
    const session = await rig.start();
    await session.roundTrip(1);
    const ring = session.splitRing();
    session.arena.fill(ring.areas.device, 6 + 8 * ring.size, 0xa5);
    const { parts } = placed(session);
    chain(ring, parts);
    ring.offer(0);
    return attack(session, "any");
  }),
];
