import { attack } from "../attack.ts";
import { type ConformanceCase, hostile } from "../case.ts";
import type { Session } from "../session.ts";

/** A part of what the device's request writes goes to another place. */
function prepareInto(session: Session, address: number, length: number): void {
  const message = session.message(1);
  session.arena.open(address, length);
  session.ring().add([...message.out.map((bytes) => session.readable(bytes)), { address, length, write: true }]);
}

export const hostileDmaCases: readonly ConformanceCase[] = [
  hostile("", "dma: the answer goes into the driver's half of the ring", {}, async (rig) => {
    const session = await rig.start();
    const { areas, size, format } = session.ring();
    prepareInto(session, areas.driver, format === "packed" ? 4 : 6 + 2 * size);
    return attack(session, "any");
  }),

  hostile("", "dma: the answer goes into the device's half of the ring", {}, async (rig) => {
    const session = await rig.start();
    const { areas, size, format } = session.ring();
    prepareInto(session, areas.device, format === "packed" ? 4 : 6 + 8 * size);
    return attack(session, "any");
  }),

  hostile("", "dma: the device notifies itself while it writes", {}, async (rig) => {
    const session = await rig.start();
    const { watch } = session;
    let depth = 0;
    // As if the address were that of the notification register.
    watch.listener = ({ kind, address }) => {
      if (kind !== "write" || depth > 3 || !session.arena.isOpen(address, 1)) return;
      depth++;
      session.transport.notify(session.exchange.queue);
      depth--;
    };
    try {
      for (let i = 0; i < 4; i++) {
        session.prepare(session.message(i));
        session.kick();
        await session.quiet();
      }
    } finally {
      watch.listener = undefined;
    }
    return (await session.needsReset()) ? "REJECT" : "PASS";
  }),

  hostile("", "dma: a reset in the middle of a write", {}, async (rig) => {
    const session = await rig.start();
    const { watch } = session;
    let resetting: Promise<void> | undefined;
    watch.listener = ({ kind, address }) => {
      if (resetting || kind !== "write" || !session.arena.isOpen(address, 1)) return;
      session.arena.disown();
      resetting = session.transport.reset();
    };
    try {
      session.prepare(session.message(1));
      session.kick();
      await session.quiet();
    } finally {
      watch.listener = undefined;
    }
    if (resetting) await session.patience.of(resetting, "reset of the device");
    return "PASS";
  }),
];
