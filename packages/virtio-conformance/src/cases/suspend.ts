import { F_SUSPEND, STATUS_ACKNOWLEDGE, STATUS_DRIVER, STATUS_DRIVER_OK, STATUS_FEATURES_OK, STATUS_SUSPEND } from "@zarch/virtio";
import { advice, type ConformanceCase, rule } from "../case.ts";
import { blkExchange } from "../exchanges/blk.ts";
import { DEVICE_ID_ECHO } from "../exchanges/echo.ts";
import type { Rig } from "../rig.ts";
import type { Session, StartOptions } from "../session.ts";
import { demand, needs, same } from "../verdict.ts";
import { CONFIG_WRITEBACK, F_CONFIG_WCE } from "./blk-requests.ts";

const MODERN = { driverInterface: "modern" } as const;
const INITIALIZED = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK;

/** A byte of configuration that the driver may write, by device ID, and the features that this needs. */
const WRITABLE_FIELDS = new Map([
  [DEVICE_ID_ECHO, { offset: 16, needs: [] }],
  [blkExchange.deviceId, { offset: CONFIG_WRITEBACK, needs: [F_CONFIG_WCE] }],
]);

async function startSuspendable(rig: Rig, options: StartOptions): Promise<Session> {
  const session = await rig.start(options);
  needs(!session.transport.statusUnreadable, "the transport cannot read the status");
  return session;
}

async function statusBecomes(session: Session, bits: number, wanted: number, what: string): Promise<void> {
  for (let i = 0; i < 50; i++) {
    if (((await session.status()) & bits) === wanted) return;
    await session.quiet();
  }
  demand(false, what);
}

async function suspend(session: Session): Promise<void> {
  await session.writeStatus(INITIALIZED | STATUS_DRIVER_OK | STATUS_SUSPEND);
  await statusBecomes(session, STATUS_SUSPEND | STATUS_DRIVER_OK, STATUS_SUSPEND, "SUSPEND does not show, or DRIVER_OK is not gone");
}

async function resume(session: Session): Promise<void> {
  await session.writeStatus(INITIALIZED | STATUS_DRIVER_OK);
  await statusBecomes(session, STATUS_SUSPEND | STATUS_DRIVER_OK, STATUS_DRIVER_OK, "the device does not resume");
}

export const suspendCases: readonly ConformanceCase[] = [
  rule("CORE-SUSPEND-DEV-001", "SUSPEND means nothing before DRIVER_OK", MODERN, async (rig) => {
    const session = await startSuspendable(rig, { with: [F_SUSPEND], live: false });
    await session.writeStatus(INITIALIZED | STATUS_SUSPEND);
    same((await session.status()) & STATUS_SUSPEND, 0, "SUSPEND in the status");
    demand(await session.addStatus(STATUS_DRIVER_OK), "DRIVER_OK is refused");
    await session.roundTrip(1);
  }),

  rule("CORE-SUSPEND-DEV-008 CORE-SUSPEND-DEV-009", "a device suspends and resumes", MODERN, async (rig) => {
    const session = await startSuspendable(rig, { with: [F_SUSPEND] });
    await session.roundTrip(1);
    await suspend(session);
    await resume(session);
    await session.roundTrip(2);
  }),

  rule(
    "CORE-SUSPEND-DEV-003 CORE-SUSPEND-DEV-004",
    "a suspended device accesses no queue and sends no notification",
    MODERN,
    async (rig) => {
      const session = await startSuspendable(rig, { with: [F_SUSPEND] });
      await session.roundTrip(1);
      await suspend(session);
      const interrupts = session.queueInterrupts;
      const sent = session.prepare(session.message(2));
      const go = (): void => session.kick();
      if (session.watched) {
        const touched = (await session.accesses(go))[0];
        demand(touched === undefined, () => `a suspended device accesses ${session.arena.describe(touched?.address ?? 0)}`);
      } else go();
      await session.silent(interrupts, "comes from a suspended device");
      demand(!sent.ring.hasUsed(), "a suspended device uses a buffer");
      await resume(session);
      session.notify();
      session.finish(sent, await session.used());
    },
  ),

  advice(
    "CORE-SUSPEND-DEV-010 CORE-SUSPEND-DEV-011 CORE-SUSPEND-DEV-012 CORE-SUSPEND-DEV-013",
    "SUSPEND shows when all buffers in work are used and notified",
    MODERN,
    async (rig) => {
      const session = await startSuspendable(rig, { with: [F_SUSPEND] });
      const { hold, release } = session.controls;
      needs(hold !== undefined && release !== undefined, "the target cannot hold requests");
      hold.call(session.controls);
      const sent = session.prepare(session.message(1));
      session.kick();
      await session.quiet();
      await session.writeStatus(INITIALIZED | STATUS_DRIVER_OK | STATUS_SUSPEND);
      await session.quiet();
      same((await session.status()) & STATUS_SUSPEND, 0, "SUSPEND with a buffer in work");
      const interrupts = session.queueInterrupts;
      await release.call(session.controls);
      session.finish(sent, await session.used());
      await session.interrupted(interrupts, "comes for the last buffer");
      await statusBecomes(session, STATUS_SUSPEND, STATUS_SUSPEND, "SUSPEND does not show");
    },
  ),

  rule(
    "CORE-SUSPEND-DEV-005 CORE-SUSPEND-DEV-006 CORE-SUSPEND-DEV-007",
    "a change of the configuration of a suspended device shows and is notified when it resumes",
    MODERN,
    async (rig) => {
      const session = await startSuspendable(rig, { with: [F_SUSPEND] });
      const { changeConfig } = session.controls;
      needs(changeConfig !== undefined, "the target cannot change the configuration");
      await suspend(session);
      const before = session.configInterrupts;
      const old = await session.readConfig(0, 4);
      await changeConfig.call(session.controls);
      await session.quiet();
      same(session.configInterrupts, before, "configuration change notifications of a suspended device");
      same(String(await session.readConfig(0, 4)), String(old), "configuration of a suspended device");
      await resume(session);
      await session.patience.until(() => session.configInterrupts > before, "a configuration change notification");
    },
  ),

  advice("CORE-SUSPEND-DEV-002", "the configuration of a suspended device is not written", MODERN, async (rig) => {
    const field = WRITABLE_FIELDS.get(rig.target.deviceId);
    needs(field !== undefined, "the suite knows no writable field of such devices");
    const session = await startSuspendable(rig, { with: [F_SUSPEND, ...field.needs] });
    const old = await session.readConfig(field.offset, 1);
    await suspend(session);
    const other = Uint8Array.of((old[0] ?? 0) ^ 1);
    await session.writeConfig(field.offset, other);
    same(String(await session.readConfig(field.offset, 1)), String(old), "the field of a suspended device");
    await resume(session);
    same(String(await session.readConfig(field.offset, 1)), String(old), "the field after that");
    await session.writeConfig(field.offset, other);
    same(String(await session.readConfig(field.offset, 1)), String(other), "the field when it is written again");
  }),

  rule("", "a suspended device can be reset", MODERN, async (rig) => {
    const session = await startSuspendable(rig, { with: [F_SUSPEND] });
    await suspend(session);
    await session.restart();
    await session.roundTrip(1);
  }),
];
