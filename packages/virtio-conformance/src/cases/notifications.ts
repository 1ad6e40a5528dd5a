import { F_EVENT_IDX, F_NOTIFY_ON_EMPTY } from "@zarch/virtio";
import { advice, type ConformanceCase, rule } from "../case.ts";
import type { Rig } from "../rig.ts";
import type { Session } from "../session.ts";
import { demand } from "../verdict.ts";

const SPLIT = { format: "split" } as const;
const PACKED = { format: "packed" } as const;
const LEGACY = { driverInterface: "legacy" } as const;

/** A message in one descriptor, so that a packed ring moves by one slot: an indirect one if need be. */
async function one(session: Session, number: number): Promise<void> {
  const message = session.message(number);
  const parts = message.out.length + message.into.length;
  await session.roundTrip(number, parts > 1 ? { indirect: parts } : {});
}

export const notificationCases: readonly ConformanceCase[] = [
  rule("RING-SPLIT-USEDNOTIF-DEV-003", "a used buffer is notified when the flags of the available ring are 0", SPLIT, async (rig) => {
    const session = await rig.start({ without: [F_EVENT_IDX] });
    for (let i = 0; i < 3; i++) {
      const before = session.queueInterrupts;
      await session.roundTrip(i);
      await session.interrupted(before, `for buffer ${i}`);
    }
  }),

  advice("RING-SPLIT-USEDNOTIF-DEV-002", "a used buffer is not notified when the flags of the available ring are 1", SPLIT, async (rig) => {
    const session = await rig.start({ without: [F_EVENT_IDX, F_NOTIFY_ON_EMPTY] });
    session.ring().wish("never");
    for (let i = 0; i < 3; i++) await session.roundTrip(i);
    await session.silent(0, "comes although the driver wants none");
    session.ring().wish("always");
    await session.roundTrip(4);
    await session.interrupted(0, "comes when they are wanted again");
  }),

  rule("RING-SPLIT-USEDNOTIF-DEV-001", "without EVENT_IDX used_event means nothing", SPLIT, async (rig) => {
    const session = await rig.start({ without: [F_EVENT_IDX] });
    session.splitRing().setUsedEvent(0x7000);
    await session.roundTrip(1);
    await session.interrupted(0, "comes when used_event names a buffer far away");
  }),

  rule("RING-SPLIT-USEDNOTIF-DEV-004", "with EVENT_IDX the flags of the available ring mean nothing", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_EVENT_IDX] });
    session.splitRing().setFlags(1);
    session.ring().wishAfter(1);
    await session.roundTrip(1);
    await session.interrupted(0, "comes when used_event asks for it and the flags do not");
  }),

  rule("RING-SPLIT-USEDNOTIF-FACT-DEV-001", "with used_event 0 the first used buffer is notified", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_EVENT_IDX] });
    await session.roundTrip(1);
    await session.interrupted(0, "comes for the first buffer");
  }),

  rule(
    "RING-SPLIT-USEDNOTIF-DEV-005",
    "the buffer that used_event names is notified, also in the middle of a batch",
    SPLIT,
    async (rig) => {
      const session = await rig.start({ with: [F_EVENT_IDX] });
      let before = session.queueInterrupts;
      session.ring().wishAfter(2);
      await session.roundTrip(1);
      await session.roundTrip(2);
      await session.interrupted(before, "comes for the second buffer");
      before = session.queueInterrupts;
      session.ring().wishAfter(2);
      await session.roundTrips(4, 10);
      await session.interrupted(before, "comes for a batch with the buffer");
    },
  ),

  advice("RING-SPLIT-USEDNOTIF-DEV-006", "buffers that used_event does not name are not notified", SPLIT, async (rig) => {
    const session = await rig.start({ with: [F_EVENT_IDX], without: [F_NOTIFY_ON_EMPTY] });
    session.ring().wishAfter(4);
    for (let i = 0; i < 3; i++) await session.roundTrip(i);
    await session.silent(0, "comes before the buffer that used_event names");
    await session.roundTrip(4);
    await session.interrupted(0, "comes for it");
    const before = session.queueInterrupts;
    for (let i = 5; i < 8; i++) await session.roundTrip(i);
    await session.silent(before, "comes after the buffer that used_event names");
  }),

  rule("RING-SPLIT-AVAILNOTIF-DEV-005", "notifications without a reason do no harm", SPLIT, (rig) => spurious(rig)),
  rule("", "notifications without a reason do no harm to a packed ring", PACKED, (rig) => spurious(rig)),

  rule("RING-PACKED-FACT-DEV-014", "flags 0 of the driver event area ask for notifications, flags 1 for none", PACKED, async (rig) => {
    const session = await rig.start();
    await session.roundTrip(1);
    await session.interrupted(0, "comes with flags 0");
    await session.quiet();
    const before = session.queueInterrupts;
    session.ring().wish("never");
    for (let i = 2; i < 5; i++) await session.roundTrip(i);
    await session.silent(before, "comes with flags 1");
  }),

  rule("RING-PACKED-FACT-DEV-015", "with EVENT_IDX the slot with the wrap counter that is named is notified", PACKED, async (rig) => {
    const session = await rig.start({ with: [F_EVENT_IDX], size: 8 });
    for (let round = 0; round < 9; round++) {
      const before = session.queueInterrupts;
      session.ring().wishAfter(3);
      await one(session, 3 * round);
      await one(session, 3 * round + 1);
      await session.silent(before, "comes before its slot");
      await one(session, 3 * round + 2);
      await session.interrupted(before, "comes for its slot");
    }
  }),

  rule("CORE-RSVF-DEV-012", "with NOTIFY_ON_EMPTY a queue that has run empty is notified, wanted or not", LEGACY, async (rig) => {
    const session = await rig.start({ with: [F_NOTIFY_ON_EMPTY], without: [F_EVENT_IDX] });
    session.ring().wish("never");
    await session.roundTrip(1);
    await session.interrupted(0, "comes when the queue is empty");
  }),
];

async function spurious(rig: Rig): Promise<void> {
  const session = await rig.start();
  for (let i = 0; i < 20; i++) session.notify();
  await session.quiet();
  demand(!session.ring().hasUsed(), "a buffer is used that never was");
  await session.roundTrip(1);
  session.notify();
  await session.quiet();
  demand(!session.ring().hasUsed(), "a buffer comes back twice");
  await session.roundTrip(2);
}
