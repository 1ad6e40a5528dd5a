import {
  F_EVENT_IDX,
  F_RING_PACKED,
  F_VERSION_1,
  FeatureSet,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
} from "@zarch/virtio";
import { outcome } from "../attack.ts";
import { type ConformanceCase, hostile, type Survival } from "../case.ts";
import type { Session } from "../session.ts";
import { demand, needs } from "../verdict.ts";

const MODERN = { driverInterface: "modern" } as const;
const ALL = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK;

async function alive(session: Session): Promise<Survival> {
  await session.quiet();
  return (await session.needsReset()) ? "REJECT" : "PASS";
}

function verdict(refused: boolean): Survival {
  return refused ? "REJECT" : "PASS";
}

export const hostileStateCases: readonly ConformanceCase[] = [
  hostile("", "state: a notification before anything else", {}, async (rig) => {
    const session = await rig.open();
    await session.reset();
    for (let queue = 0; queue < 4; queue++) session.notify(queue);
    return alive(session);
  }),

  hostile("", "state: notifications of queues that do not exist", {}, async (rig) => {
    const session = await rig.start();
    for (const queue of [200, 0x7fff, 0xffff]) session.notify(queue);
    await session.roundTrip(1);
    return alive(session);
  }),

  hostile("", "state: DRIVER_OK without a queue", {}, async (rig) => {
    const session = await rig.open();
    await session.begin();
    demand(await session.negotiate(await session.choose()), "the features are refused");
    await session.addStatus(STATUS_DRIVER_OK);
    for (let queue = 0; queue < 4; queue++) session.notify(queue);
    return alive(session);
  }),

  hostile("", "state: DRIVER_OK as the first status", MODERN, async (rig) => {
    const session = await rig.open();
    await session.reset();
    const shown = await session.addStatus(STATUS_DRIVER_OK);
    session.notify(0);
    await session.quiet();
    return verdict(!shown);
  }),

  hostile("", "state: FEATURES_OK before DRIVER", MODERN, async (rig) => {
    const session = await rig.open();
    await session.reset();
    return verdict(!(await session.addStatus(STATUS_FEATURES_OK)));
  }),

  hostile("", "state: features before DRIVER", MODERN, async (rig) => {
    const session = await rig.open();
    await session.reset();
    const word = await session.deviceFeatures(1);
    return verdict(!(await session.writeFeatures(1, word)));
  }),

  hostile("", "state: features in service", {}, async (rig) => {
    const session = await rig.start({ without: [F_EVENT_IDX] });
    await session.writeFeatures(0, 0xffff_ffff);
    await session.writeFeatures(1, 0xffff_ffff);
    // Nothing changes for the rings.
    for (let i = 0; i < 20; i++) await session.roundTrip(i);
    return alive(session);
  }),

  hostile("", "state: every feature word that there could be", {}, async (rig) => {
    const session = await rig.open();
    await session.begin();
    for (let word = 0; word < 512; word += 3) await session.writeFeatures(word & 0xff, 0xffff_ffff);
    if (session.legacy) return alive(session);
    demand(!(await session.addStatus(STATUS_FEATURES_OK)), "FEATURES_OK stays set with features that were not offered");
    return "REJECT";
  }),

  hostile("", "state: no feature at all", MODERN, async (rig) => {
    const session = await rig.open();
    await session.begin();
    return verdict(!(await session.negotiate(new FeatureSet())));
  }),

  hostile("", "state: a queue before FEATURES_OK", MODERN, async (rig) => {
    const session = await rig.open();
    await session.begin();
    const ring = await session.setUpQueue(session.exchange.queue, 8);
    session.notify();
    await session.quiet();
    return verdict(ring === undefined);
  }),

  hostile("", "state: a second set-up of a queue in service", MODERN, async (rig) => {
    const session = await rig.start();
    await session.roundTrip(1);
    const old = session.ring();
    const areas = session.layOut(4);
    for (const [address, length] of [
      [areas.descriptor, 64],
      [areas.driver, session.variant.format === "packed" ? 4 : 14],
      [areas.device, session.variant.format === "packed" ? 4 : 38],
    ] as const) {
      session.arena.fill(address, length, 0);
    }
    const taken = await session.offerQueue(session.exchange.queue, 4, areas);
    session.rings.set(session.exchange.queue, old);
    // The queue that was there goes on; its size does not change under its feet.
    for (let i = 0; i < 20; i++) await session.roundTrip(i);
    return verdict(!taken);
  }),

  hostile("", "state: queues of impossible sizes", {}, async (rig) => {
    const session = await rig.open();
    const max = await session.begin().then(() => session.queueMaxSize(session.exchange.queue));
    demand(await session.negotiate(await session.choose()), "the features are refused");
    const areas = session.layOut(session.legacy ? max : 16);
    let taken = 0;
    for (const size of [0, 3, max + 1, 2 * max, 32769, 0xffff]) {
      if (session.variant.format === "packed" && size <= max && size > 0) continue;
      if (await session.offerQueue(session.exchange.queue, size, areas)) taken++;
    }
    await session.addStatus(STATUS_DRIVER_OK);
    session.notify();
    await session.quiet();
    return verdict(taken === 0);
  }),

  hostile("", "state: queues outside of memory or askew", MODERN, async (rig) => {
    const session = await rig.open();
    await session.begin();
    demand(await session.negotiate(await session.choose()), "the features are refused");
    const { size } = session.transport.memory;
    const good = session.layOut(16);
    let taken = 0;
    for (const bad of [size, size - 8, 2 ** 40, 2 ** 52, good.descriptor + 1]) {
      for (const area of ["descriptor", "driver", "device"] as const) {
        if (await session.offerQueue(session.exchange.queue, 16, { ...good, [area]: bad })) taken++;
      }
    }
    await session.addStatus(STATUS_DRIVER_OK);
    session.notify();
    await session.quiet();
    return verdict(taken === 0);
  }),

  hostile("", "state: a queue that does not exist", {}, async (rig) => {
    const session = await rig.start({ live: false });
    const areas = session.layOut(16);
    let taken = 0;
    for (const queue of [100, 0x7fff, 0xffff]) if (await session.offerQueue(queue, 16, areas)) taken++;
    await session.addStatus(STATUS_DRIVER_OK);
    await session.roundTrip(1);
    return verdict(taken === 0);
  }),

  hostile("", "state: status bits taken back one by one", {}, async (rig) => {
    const session = await rig.start();
    await session.roundTrip(1);
    let taken = 0;
    for (const status of [ALL & ~STATUS_DRIVER_OK, STATUS_ACKNOWLEDGE | STATUS_DRIVER, STATUS_ACKNOWLEDGE]) {
      if (await session.writeStatus(status)) taken++;
      session.notify();
    }
    await session.quiet();
    return verdict(taken === 0);
  }),

  hostile("", "state: every status there is", {}, async (rig) => {
    const session = await rig.start();
    await session.roundTrip(1);
    for (let status = 255; status > 0; status--) await session.writeStatus((status * 167) & 0xff || 1);
    return alive(session);
  }),

  hostile("", "state: DRIVER_OK over and over", {}, async (rig) => {
    const session = await rig.start();
    for (let i = 0; i < 10; i++) await session.addStatus(STATUS_DRIVER_OK);
    await session.roundTrip(1);
    return alive(session);
  }),

  hostile("", "state: FAILED, and then on as if nothing were", {}, async (rig) => {
    const session = await rig.start();
    await session.addStatus(STATUS_FAILED);
    session.prepare(session.message(1));
    session.kick();
    await session.addStatus(STATUS_DRIVER_OK);
    return alive(session);
  }),

  hostile("", "state: initialization again after one that failed", MODERN, async (rig) => {
    const session = await rig.open();
    await session.begin();
    demand(!(await session.negotiate(new FeatureSet([F_VERSION_1, 44, 100]))), "FEATURES_OK stays set with features that were not offered");
    await session.addStatus(STATUS_FAILED);
    await session.start();
    await session.roundTrip(1);
    return "PASS";
  }),

  hostile("", "state: a hundred resets", {}, async (rig) => {
    const session = await rig.start();
    for (let i = 0; i < 100; i++) await session.reset();
    return alive(session);
  }),

  hostile("", "state: resets at every moment of a request", {}, async (rig) => {
    const session = await rig.open();
    for (let jobs = 0; jobs < 12; jobs++) {
      session.arena.restart();
      await session.start();
      session.prepare(session.message(jobs));
      session.kick();
      for (let i = 0; i < jobs; i++) await Promise.resolve();
      await session.reset();
      const damage = session.arena.damage();
      demand(damage === undefined, damage ?? "");
    }
    return alive(session);
  }),

  hostile("", "state: a reset with requests in flight", {}, async (rig) => {
    const session = await rig.start();
    session.controls.hold?.();
    const message = session.message();
    const parts = message.out.length + message.into.length;
    for (let i = 0; i < Math.floor(session.ring().free / parts); i++) session.prepare(session.message(i));
    session.kick();
    await session.quiet();
    const resetting = session.reset();
    await session.quiet();
    // Whatever the driver says meanwhile is not heard, or heard after the reset.
    const impatient = session.writeStatus(ALL);
    await session.quiet();
    await session.controls.release?.();
    await impatient;
    await resetting;
    return alive(session);
  }),

  hostile("", "state: as many requests in flight as a queue holds, several times over", {}, async (rig) => {
    const session = await rig.start();
    needs(session.controls.hold !== undefined, "the target cannot hold requests");
    session.controls.hold();
    const message = session.message();
    const parts = message.out.length + message.into.length;
    const count = Math.min(100, Math.floor(session.ring().free / parts));
    const sent = Array.from({ length: count }, (_, i) => session.prepare(session.message(i)));
    for (let i = 0; i < 5; i++) session.kick();
    await session.quiet();
    await session.controls.release?.();
    const waiting = new Map(sent.map((each) => [each.id, each]));
    while (waiting.size > 0) {
      const used = await session.used();
      const each = waiting.get(used.id);
      demand(each !== undefined, `buffer ${used.id} comes back, which the device does not have`);
      waiting.delete(used.id);
      session.finish(each, used);
    }
    return alive(session);
  }),

  hostile("", "state: packed rings that were not negotiated", { ...MODERN, format: "split" }, async (rig) => {
    const session = await rig.start({ without: [F_RING_PACKED] });
    // A packed descriptor where the first one of the table would be: flags and next of a split one are id and flags of it.
    const { address } = session.writable(64);
    session.splitRing().describe(0, { address, length: 64, flags: 5, next: 0x82 });
    session.notify();
    return outcome(session, "any");
  }),

  hostile("", "state: configuration written all over, at every width", {}, async (rig) => {
    const session = await rig.open();
    await session.begin();
    for (const width of [1, 2, 4]) {
      for (let offset = 0; offset < 96; offset += width) await session.writeConfig(offset, new Uint8Array(width).fill(0xff));
    }
    await session.writeConfig(0x400, new Uint8Array(4));
    return alive(session);
  }),

  hostile("", "state: configuration written all over in service", {}, async (rig) => {
    const session = await rig.start();
    for (let offset = 0; offset < 96; offset += 4) await session.writeConfig(offset, new Uint8Array(4).fill(offset));
    for (let i = 0; i < 3; i++) await session.roundTrip(i);
    return alive(session);
  }),
];
