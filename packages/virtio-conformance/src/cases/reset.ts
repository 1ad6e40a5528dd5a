import { F_RING_RESET, STATUS_DRIVER_OK } from "@zarch/virtio";
import { far } from "../attack.ts";
import { advice, type ConformanceCase, rule } from "../case.ts";
import type { Session } from "../session.ts";
import { demand, needs, same } from "../verdict.ts";

const MODERN = { driverInterface: "modern" } as const;
const LEGACY = { driverInterface: "legacy" } as const;

export const resetCases: readonly ConformanceCase[] = [
  rule("CORE-STATUS-DEV-001 CORE-STATUS-DEV-002", "before DRIVER_OK no buffer is taken and no notification sent", MODERN, async (rig) => {
    const session = await rig.start({ live: false });
    const sent = session.prepare(session.message(1));
    const interrupts = session.queueInterrupts;
    const go = (): void => session.kick();
    if (session.watched) {
      const touched = (await session.accesses(go))[0];
      demand(touched === undefined, () => `the device accesses memory before DRIVER_OK: ${session.arena.describe(touched?.address ?? 0)}`);
    } else go();
    await session.silent(interrupts, "comes before DRIVER_OK");
    demand(!session.ring().hasUsed(), "a buffer is used before DRIVER_OK");
    await session.addStatus(STATUS_DRIVER_OK);
    session.notify();
    session.finish(sent, await session.used());
  }),

  rule("CORE-RESET-DEV-002 CORE-RESET-DEV-003", "after a reset no queue is touched and no notification sent", {}, async (rig) => {
    const session = await rig.start();
    await session.roundTrip(1);
    session.prepare(session.message(2));
    const ring = session.ring();
    await session.reset();
    for (const { address, length } of ring.deviceSpans) session.arena.close(address, length);
    const interrupts = session.queueInterrupts;
    const changes = session.configInterrupts;
    ring.publish();
    const go = (): void => session.notify();
    if (session.watched) {
      const touched = (await session.accesses(go))[0];
      demand(touched === undefined, () => `the device accesses memory after a reset: ${session.arena.describe(touched?.address ?? 0)}`);
    } else go();
    await session.silent(interrupts, "comes after a reset");
    same(session.configInterrupts, changes, "configuration change notifications after a reset");
  }),

  rule("CORE-RESET-DEV-002 CORE-RESET-DEV-003", "requests in flight end with a reset, without a trace", {}, async (rig) => {
    const session = await rig.start();
    const { hold, release } = session.controls;
    needs(hold !== undefined && release !== undefined, "the target cannot hold requests");
    hold.call(session.controls);
    const sent = session.prepare(session.message(1));
    session.kick();
    await session.quiet();
    demand(!sent.ring.hasUsed(), "the request is not held");
    const resetting = session.reset();
    await session.quiet();
    const interrupts = session.queueInterrupts;
    await release.call(session.controls);
    await resetting;
    for (const { address, length } of sent.ring.deviceSpans) session.arena.close(address, length);
    for (const { address, length, write } of sent.parts) if (write) session.arena.close(address, length);
    await session.silent(interrupts, "comes after a reset");
    session.check();
    await session.restart();
    await session.roundTrip(2);
  }),

  rule("", "after a reset a queue starts with index 0 and in the first round", {}, async (rig) => {
    const session = await rig.start();
    for (let i = 0; i < 5; i++) await session.roundTrip(i);
    await session.restart();
    for (let i = 0; i < 5; i++) await session.roundTrip(i);
    await session.restart({ size: 8 });
    for (let i = 0; i < 20; i++) await session.roundTrip(i);
  }),

  rule("CORE-INIT-DEV-002", "a legacy driver can use a queue before DRIVER_OK", LEGACY, async (rig) => {
    const session = await rig.start({ live: false });
    await session.roundTrip(1);
    await session.addStatus(STATUS_DRIVER_OK);
    await session.roundTrip(2);
  }),

  advice("CORE-STATUS-DEV-003", "a ring that makes no sense leads to DEVICE_NEEDS_RESET", MODERN, async (rig) => {
    const session = await rig.start();
    needs(session.tellsNeedsReset, "the transport cannot read the status");
    breakRing(session);
    await session.quiet();
    demand(await session.needsReset(), "NEEDS_RESET is not set");
  }),

  rule("CORE-STATUS-DEV-004", "NEEDS_RESET after DRIVER_OK comes with a configuration change notification", MODERN, async (rig) => {
    const session = await rig.start();
    const before = session.configInterrupts;
    breakRing(session);
    await session.quiet();
    needs(await session.needsReset(), "the device does not set NEEDS_RESET");
    await session.patience.until(() => session.configInterrupts > before, "a configuration change notification");
  }),

  rule("CORE-VQRESET-DEV-003", "a queue that was reset starts with index 0 and in the first round", MODERN, async (rig) => {
    const session = await rig.start({ with: [F_RING_RESET] });
    const { queue } = session.exchange;
    for (let i = 0; i < 3; i++) await session.roundTrip(i);
    await resetQueue(session, queue);
    const { size } = session.ring();
    demand((await session.setUpQueue(queue, size)) !== undefined, "the queue cannot be enabled again");
    for (let i = 0; i < 3; i++) await session.roundTrip(i);
  }),

  rule("CORE-VQRESET-DEV-004", "a queue that was reset can come back with another size", MODERN, async (rig) => {
    const session = await rig.start({ with: [F_RING_RESET], size: 16 });
    const { queue } = session.exchange;
    await session.roundTrip(1);
    await resetQueue(session, queue);
    demand((await session.setUpQueue(queue, 4)) !== undefined, "the queue cannot be enabled with 4 entries");
    for (let i = 0; i < 10; i++) await session.roundTrip(i);
  }),

  rule("CORE-VQRESET-DEV-001 CORE-VQRESET-DEV-002", "a queue that was reset is not touched and not notified", MODERN, async (rig) => {
    const session = await rig.start({ with: [F_RING_RESET] });
    const { queue } = session.exchange;
    await session.roundTrip(1);
    const sent = session.prepare(session.message(2));
    await resetQueue(session, queue);
    const interrupts = session.queueInterrupts;
    sent.ring.publish();
    const go = (): void => session.notify();
    if (session.watched) {
      const touched = (await session.accesses(go))[0];
      demand(touched === undefined, () => `the device accesses ${session.arena.describe(touched?.address ?? 0)}`);
    } else go();
    await session.silent(interrupts, "comes for a queue that was reset");
    demand(!sent.ring.hasUsed(), "a buffer of a queue that was reset is used");
  }),

  rule("CORE-VQRESET-DEV-001", "requests in flight end with the reset of their queue, without a trace", MODERN, async (rig) => {
    const session = await rig.start({ with: [F_RING_RESET] });
    const { queue } = session.exchange;
    const { hold, release } = session.controls;
    needs(hold !== undefined && release !== undefined, "the target cannot hold requests");
    hold.call(session.controls);
    const sent = session.prepare(session.message(1));
    session.kick();
    await session.quiet();
    const resetting = resetQueue(session, queue);
    await session.quiet();
    await release.call(session.controls);
    await resetting;
    for (const { address, length } of sent.ring.deviceSpans) session.arena.close(address, length);
    for (const { address, length, write } of sent.parts) if (write) session.arena.close(address, length);
    await session.quiet();
    session.check();
    demand((await session.setUpQueue(queue, 8)) !== undefined, "the queue cannot be enabled again");
    await session.roundTrip(2);
  }),
];

async function resetQueue(session: Session, queue: number): Promise<void> {
  const { transport, patience } = session;
  needs(transport.resetQueue !== undefined, "the transport cannot reset a queue");
  demand(await patience.of(transport.resetQueue(queue), "reset of a queue"), "the reset of a queue is refused");
}

/** Offers something that cannot be a buffer. */
function breakRing(session: Session): void {
  const outside = { address: far(session), length: 64, write: session.message().into.length > 0 };
  session.ring().add([outside]);
  session.kick();
}
