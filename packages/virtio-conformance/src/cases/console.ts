import { attack } from "../attack.ts";
import { type ConformanceCase, hostile, rule } from "../case.ts";
import type { Message } from "../exchange.ts";
import { consoleExchange } from "../exchanges/console.ts";
import type { Rig } from "../rig.ts";
import type { Session, StartOptions } from "../session.ts";
import { demand, needs, same, sameBytes } from "../verdict.ts";

const CONSOLE = { deviceId: consoleExchange.deviceId } as const;

const F_SIZE = 0;
const F_MULTIPORT = 1;
const F_EMERG_WRITE = 2;

const RECEIVE = 0;
const TRANSMIT = 1;
const CONTROL_RECEIVE = 2;
const CONTROL_TRANSMIT = 3;

const EVENT_DEVICE_READY = 0;
const EVENT_DEVICE_ADD = 1;
const EVENT_DEVICE_REMOVE = 2;
const EVENT_PORT_READY = 3;
const EVENT_PORT_OPEN = 6;
const EVENT_PORT_NAME = 7;

const CONFIG_COLS = 0;
const CONFIG_ROWS = 2;
const CONFIG_MAX_PORTS = 4;
const CONFIG_EMERG_WR = 8;

/** Room for one input buffer. */
function room(length: number): Message {
  return { out: [], into: [length], wrong: () => undefined };
}

function output(bytes: Uint8Array): Message {
  return { out: [bytes], into: [], wrong: (written) => (written === 0 ? undefined : `${written} bytes reported`) };
}

/** A console without MULTIPORT: port 0 is open at once. */
function single(options: StartOptions = {}): StartOptions {
  return { ...options, without: [F_MULTIPORT, ...(options.without ?? [])] };
}

interface Control {
  readonly id: number;
  readonly event: number;
  readonly value: number;
  readonly payload: Uint8Array;
}

function control(session: Session, id: number, event: number, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  const little = session.endian === "little";
  view.setUint32(0, id, little);
  view.setUint16(4, event, little);
  view.setUint16(6, value, little);
  return new Uint8Array(view.buffer);
}

async function sendControl(session: Session, bytes: Uint8Array): Promise<void> {
  const sent = session.prepare(output(bytes), {}, CONTROL_TRANSMIT);
  session.kick(CONTROL_TRANSMIT);
  session.finish(sent, await session.used(session.ring(CONTROL_TRANSMIT)));
}

/** Gives the device buffers for control messages and returns those that come. */
async function receiveControls(session: Session, buffers = 8): Promise<() => Promise<Control[]>> {
  const little = session.endian === "little";
  const sent = Array.from({ length: buffers }, () => session.prepare(room(256), {}, CONTROL_RECEIVE));
  session.kick(CONTROL_RECEIVE);
  const ring = session.ring(CONTROL_RECEIVE);
  return async () => {
    await session.quiet();
    const messages: Control[] = [];
    for (let used = ring.take(); used; used = ring.take()) {
      const each = sent.find(({ id }) => id === used.id);
      demand(each !== undefined, `buffer ${used.id} comes back, which the device does not have`);
      session.finish(each, used);
      demand(used.written >= 8, `a control message of ${used.written} bytes`);
      const bytes = session.answer(each).subarray(0, used.written);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      messages.push({
        id: view.getUint32(0, little),
        event: view.getUint16(4, little),
        value: view.getUint16(6, little),
        payload: bytes.subarray(8),
      });
    }
    return messages;
  };
}

async function multiport(rig: Rig): Promise<Session> {
  const session = await rig.open();
  await session.begin();
  needs((await session.offered()).has(F_MULTIPORT), "MULTIPORT is not offered");
  await session.start();
  return session;
}

export const consoleCases: readonly ConformanceCase[] = [
  rule(
    "CONSOLE-FACT-DEV-001",
    "there is a receive and a transmit queue, and with MULTIPORT two queues for control",
    CONSOLE,
    async (rig) => {
      const session = await rig.open();
      await session.begin();
      for (const queue of [RECEIVE, TRANSMIT]) demand((await session.queueMaxSize(queue)) > 0, `there is no queue ${queue}`);
      if (!(await session.offered()).has(F_MULTIPORT)) return;
      for (const queue of [CONTROL_RECEIVE, CONTROL_TRANSMIT])
        demand((await session.queueMaxSize(queue)) > 0, `there is no queue ${queue}`);
    },
  ),

  rule("CONSOLE-FACT-DEV-002", "features and configuration lie where they should", CONSOLE, async (rig) => {
    const session = await rig.open();
    await session.begin();
    const offered = await session.offered();
    for (const bit of offered) demand(bit <= F_EMERG_WRITE || bit >= 24, `feature ${bit} is offered`);
    if (!offered.has(F_MULTIPORT)) return;
    const ports = await session.configField(CONFIG_MAX_PORTS, 4);
    demand(ports >= 1 && (await session.queueMaxSize(2 * Math.min(ports, 1000) + 2)) === 0, `${ports} ports and more queues than that`);
  }),

  rule("", "what the driver writes comes out, in order", CONSOLE, async (rig) => {
    const session = await rig.start(single());
    const { console } = session.controls;
    needs(console !== undefined, "the target does not show the console's output");
    const text = new TextEncoder().encode("hello, world\n");
    for (let i = 0; i < text.length; i += 4) {
      const sent = session.prepare(output(text.subarray(i, i + 4)));
      session.kick();
      session.finish(sent, await session.used());
    }
    await session.quiet();
    sameBytes(console.output(), text, "output");
  }),

  rule("", "input comes in, also when the buffers come later than the input", CONSOLE, async (rig) => {
    const session = await rig.start(single());
    const { console } = session.controls;
    needs(console !== undefined, "the target has no input");
    const text = new TextEncoder().encode("input");
    console.input(text);
    const sent = session.prepare(room(64), {}, RECEIVE);
    session.kick(RECEIVE);
    const used = await session.used(session.ring(RECEIVE));
    session.finish(sent, used);
    sameBytes(session.answer(sent).subarray(0, used.written), text, "input");
  }),

  rule("CONSOLE-DEV-003", "an emergency write is taken before any driver is there", CONSOLE, async (rig) => {
    const session = await rig.open();
    await session.reset();
    needs((await session.offered()).has(F_EMERG_WRITE), "EMERG_WRITE is not offered");
    needs(!session.transport.configWritesNeedStatus, "the transport tells of writes to the configuration only when there is a status");
    const { console } = session.controls;
    const bytes = new Uint8Array(4);
    bytes[session.endian === "little" ? 0 : 3] = 0x21;
    await session.writeConfig(CONFIG_EMERG_WR, bytes);
    await session.quiet();
    if (console?.emergencyOutput) sameBytes(console.emergencyOutput(), Uint8Array.of(0x21), "emergency output");
    await session.start(single());
    await session.roundTrip(1);
  }),

  rule("CONSOLE-DEV-004", "the low byte of an emergency write is what counts", CONSOLE, async (rig) => {
    const session = await rig.start(single());
    needs((await session.offered()).has(F_EMERG_WRITE), "EMERG_WRITE is not offered");
    const { console } = session.controls;
    needs(console?.emergencyOutput !== undefined, "the target does not show emergency writes");
    const bytes = Uint8Array.of(0x43, 0x02, 0x01, 0x00);
    await session.writeConfig(CONFIG_EMERG_WR, session.endian === "little" ? bytes : bytes.reverse());
    await session.quiet();
    sameBytes(console.emergencyOutput(), Uint8Array.of(0x43), "emergency output");
  }),

  rule("CONSOLE-FACT-DEV-003", "a new size is in the configuration and notified", CONSOLE, async (rig) => {
    const session = await rig.open();
    await session.begin();
    needs((await session.offered()).has(F_SIZE), "SIZE is not offered");
    await session.start(single());
    const resize = session.controls.console?.resize;
    needs(resize !== undefined, "the target cannot change the size");
    const before = session.configInterrupts;
    resize.call(session.controls.console, 101, 33);
    await session.patience.until(() => session.configInterrupts > before, "a configuration change notification");
    same(await session.configField(CONFIG_COLS, 2), 101, "columns");
    same(await session.configField(CONFIG_ROWS, 2), 33, "rows");
  }),

  rule("CONSOLE-DEV-002", "legacy: the size is in the guest's byte order", { ...CONSOLE, driverInterface: "legacy" }, async (rig) => {
    const session = await rig.start(single());
    needs((await session.offered()).has(F_SIZE), "SIZE is not offered");
    const resize = session.controls.console?.resize;
    needs(resize !== undefined, "the target cannot change the size");
    resize.call(session.controls.console, 0x0102, 0x0304);
    await session.quiet();
    const expected = session.endian === "big" ? [1, 2] : [2, 1];
    sameBytes(await session.readConfig(CONFIG_COLS, 2), Uint8Array.from(expected), "columns");
  }),

  rule(
    "CONSOLE-FACT-DEV-004",
    "a driver that says it is ready is told of the ports, and of each that it has set up",
    CONSOLE,
    async (rig) => {
      const session = await multiport(rig);
      const received = await receiveControls(session);
      await sendControl(session, control(session, 0, EVENT_DEVICE_READY, 1));
      const added = (await received()).filter(({ event }) => event === EVENT_DEVICE_ADD);
      demand(added.length > 0, "no DEVICE_ADD");
      for (const { id } of added) await sendControl(session, control(session, id, EVENT_PORT_READY, 1));
      const told = await received();
      demand(
        told.every(({ event }) => event >= 4 && event <= 7),
        () => `events ${told.map(({ event }) => event).join(", ")}`,
      );
    },
  ),

  rule("CONSOLE-DEV-006", "DEVICE_ADD names each port once, and none that cannot be", CONSOLE, async (rig) => {
    const session = await multiport(rig);
    const most = await session.configField(CONFIG_MAX_PORTS, 4);
    const received = await receiveControls(session);
    await sendControl(session, control(session, 0, EVENT_DEVICE_READY, 1));
    await sendControl(session, control(session, 0, EVENT_DEVICE_READY, 1));
    const ids = (await received()).filter(({ event }) => event === EVENT_DEVICE_ADD).map(({ id }) => id);
    same(new Set(ids).size, ids.length, "different ports in DEVICE_ADD");
    for (const id of ids) demand(id < most, `DEVICE_ADD of port ${id} of ${most}`);
  }),

  rule("CONSOLE-DEV-007", "DEVICE_REMOVE names only ports that were added", CONSOLE, async (rig) => {
    const session = await multiport(rig);
    const received = await receiveControls(session);
    await sendControl(session, control(session, 0, EVENT_DEVICE_READY, 1));
    const messages = await received();
    const added = new Set<number>();
    for (const { id, event } of messages) {
      if (event === EVENT_DEVICE_ADD) added.add(id);
      demand(event !== EVENT_DEVICE_REMOVE || added.has(id), `DEVICE_REMOVE of port ${id}`);
    }
  }),

  rule("CONSOLE-FACT-DEV-005", "a port's name is UTF-8 without a NUL", CONSOLE, async (rig) => {
    const session = await multiport(rig);
    const received = await receiveControls(session);
    await sendControl(session, control(session, 0, EVENT_DEVICE_READY, 1));
    for (const { id, event } of await received()) {
      if (event === EVENT_DEVICE_ADD) await sendControl(session, control(session, id, EVENT_PORT_READY, 1));
    }
    const names = (await received()).filter(({ event }) => event === EVENT_PORT_NAME);
    needs(names.length > 0, "no port has a name");
    for (const { payload } of names) {
      demand(!payload.includes(0), "a NUL in the name");
      demand(!new TextDecoder().decode(payload).includes("\ufffd"), "a name that is not UTF-8");
    }
  }),

  rule(
    "CONSOLE-DEV-008",
    "legacy: control messages are in the guest's byte order",
    { ...CONSOLE, driverInterface: "legacy" },
    async (rig) => {
      const session = await multiport(rig);
      const received = await receiveControls(session);
      await sendControl(session, control(session, 0, EVENT_DEVICE_READY, 1));
      demand(
        (await received()).some(({ id, event, value }) => event === EVENT_DEVICE_ADD && id < 64 && value === 1),
        "no DEVICE_ADD in the guest's byte order",
      );
    },
  ),

  hostile("", "console: a device-writable part in output", CONSOLE, async (rig) => {
    const session = await rig.start(single());
    return attack(session, "any", session.prepare({ ...output(new Uint8Array(8)), into: [32] }));
  }),

  hostile("", "console: a device-readable buffer for input", CONSOLE, async (rig) => {
    const session = await rig.start(single());
    session.prepare(output(new Uint8Array(16)), {}, RECEIVE);
    session.kick(RECEIVE);
    await session.quiet();
    session.controls.console?.input(new Uint8Array(100));
    await session.quiet();
    return (await session.needsReset()) ? "REJECT" : "PASS";
  }),

  hostile("", "console: all queues full of output at once", CONSOLE, async (rig) => {
    const session = await rig.start(single());
    const bytes = new Uint8Array(2000).fill(0x2e);
    for (let round = 0; round < 20; round++) {
      const mark = session.arena.mark();
      const sent = Array.from({ length: Math.min(16, session.ring().free) }, () => session.prepare(output(bytes)));
      session.kick();
      const waiting = new Map(sent.map((each) => [each.id, each]));
      while (waiting.size > 0) {
        const used = await session.used();
        session.finish(waiting.get(used.id) ?? (sent[0] as (typeof sent)[0]), used);
        waiting.delete(used.id);
      }
      session.arena.rollback(mark);
    }
    return "PASS";
  }),

  hostile("", "console: control messages about ports that do not exist", CONSOLE, async (rig) => {
    const session = await multiport(rig);
    const received = await receiveControls(session, 4);
    for (const id of [1, 31, 32, 1000, 0xffff_ffff]) {
      for (let event = 0; event < 9; event++) await sendControl(session, control(session, id, event, event & 1));
    }
    await sendControl(session, control(session, 0, 0xffff, 0xffff));
    await received();
    return (await session.needsReset()) ? "REJECT" : "PASS";
  }),

  hostile("", "console: control messages of every short length", CONSOLE, async (rig) => {
    const session = await multiport(rig);
    for (let length = 1; length < 8; length++) {
      if (await session.needsReset()) return "REJECT";
      await sendControl(session, control(session, 0, EVENT_DEVICE_READY, 1).subarray(0, length));
    }
    return (await session.needsReset()) ? "REJECT" : "PASS";
  }),

  hostile("", "console: control buffers too small for a message", CONSOLE, async (rig) => {
    const session = await multiport(rig);
    for (let length = 1; length < 8; length++) session.prepare(room(length), {}, CONTROL_RECEIVE);
    session.kick(CONTROL_RECEIVE);
    await sendControl(session, control(session, 0, EVENT_DEVICE_READY, 1));
    await session.quiet();
    return (await session.needsReset()) ? "REJECT" : "PASS";
  }),

  hostile("", "console: a port opened and closed a thousand times", CONSOLE, async (rig) => {
    const session = await multiport(rig);
    const mark = session.arena.mark();
    for (let i = 0; i < 1000; i++) {
      await sendControl(session, control(session, 0, EVENT_PORT_OPEN, i & 1));
      session.arena.rollback(mark);
    }
    return (await session.needsReset()) ? "REJECT" : "PASS";
  }),

  hostile("", "console: READY a thousand times, and no buffer for the answers", CONSOLE, async (rig) => {
    const session = await multiport(rig);
    const mark = session.arena.mark();
    for (let i = 0; i < 1000; i++) {
      await sendControl(session, control(session, 0, i & 1 ? EVENT_PORT_READY : EVENT_DEVICE_READY, 1));
      session.arena.rollback(mark);
    }
    return (await session.needsReset()) ? "REJECT" : "PASS";
  }),
];
