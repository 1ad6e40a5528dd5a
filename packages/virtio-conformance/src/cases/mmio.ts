import { F_RING_RESET, STATUS_DRIVER_OK } from "@zarch/virtio";
import { type ConformanceCase, hostile, rule } from "../case.ts";
import type { Rig } from "../rig.ts";
import type { Session } from "../session.ts";
import type { MmioRegisters } from "../target.ts";
import { demand, needs, same } from "../verdict.ts";

const MMIO = { transport: "mmio" } as const;
const MODERN = { ...MMIO, driverInterface: "modern" } as const;
const LEGACY = { ...MMIO, driverInterface: "legacy" } as const;

/** Offsets of registers (virtio 4.2.2, 4.2.4). */
const MAGIC = 0x000;
const VERSION = 0x004;
const DEVICE_ID = 0x008;
const DEVICE_FEATURES = 0x010;
const DEVICE_FEATURES_SEL = 0x014;
const QUEUE_SEL = 0x030;
const QUEUE_SIZE_MAX = 0x034;
const QUEUE_PFN = 0x040;
const QUEUE_READY = 0x044;
const INTERRUPT_STATUS = 0x060;
const INTERRUPT_ACK = 0x064;
const STATUS = 0x070;
const SHM_SEL = 0x0ac;
const SHM_LENGTH = 0x0b0;
const SHM_BASE = 0x0b8;
const QUEUE_RESET = 0x0c0;

const USED_BUFFER = 1;
const CONFIG_CHANGE = 2;

interface Board {
  readonly session: Session;
  readonly registers: MmioRegisters;
  /** An aligned access of 32 bits. */
  read(offset: number): number;
  write(offset: number, value: number): void;
}

/** A device that is reset and not more. The case does not apply if its registers cannot be seen. */
async function board(rig: Rig): Promise<Board> {
  const session = await rig.open();
  const { registers } = session;
  needs(registers !== undefined, "the target shows no registers");
  await session.reset();
  return {
    session,
    registers,
    read: (offset) => registers.read(offset, 4) >>> 0,
    write: (offset, value) => registers.write(offset, 4, value),
  };
}

export const mmioCases: readonly ConformanceCase[] = [
  rule("MMIO-REG-DEV-001", "MagicValue is 0x74726976", MMIO, async (rig) => {
    const { read } = await board(rig);
    same(read(MAGIC), 0x7472_6976, "MagicValue");
  }),

  rule("MMIO-REG-DEV-002", "Version is 2", MODERN, async (rig) => {
    const { read } = await board(rig);
    same(read(VERSION), 2, "Version");
  }),

  rule("MMIO-LEGACY-FACT-DEV-001", "Version of the legacy interface is 1", LEGACY, async (rig) => {
    const { read } = await board(rig);
    same(read(VERSION), 1, "Version");
  }),

  rule("MMIO-REG-FACT-DEV-001", "DeviceID and the device's features lie where they should", MMIO, async (rig) => {
    const { session, read, write } = await board(rig);
    same(read(DEVICE_ID), rig.target.deviceId, "DeviceID");
    for (const word of session.legacy ? [0] : [0, 1, 2]) {
      write(DEVICE_FEATURES_SEL, word);
      same(read(DEVICE_FEATURES), (await session.deviceFeatures(word)) >>> 0, `DeviceFeatures ${word}`);
    }
  }),

  rule("MMIO-REG-FACT-DEV-005", "QueueSizeMax is 0 for a queue that is not there", MMIO, async (rig) => {
    const { session, read, write } = await board(rig);
    for (const queue of [0xffff, 0x1_0000, 0xffff_ffff]) {
      write(QUEUE_SEL, queue);
      same(read(QUEUE_SIZE_MAX), 0, `QueueSizeMax of queue ${queue}`);
    }
    write(QUEUE_SEL, session.exchange.queue);
    demand(read(QUEUE_SIZE_MAX) > 0, "QueueSizeMax is 0 for a queue that is there");
  }),

  rule("MMIO-REG-FACT-DEV-006", "QueueReady reads as it was written", MODERN, async (rig) => {
    const { session, read, write } = await board(rig);
    await session.start({ live: false });
    write(QUEUE_SEL, session.exchange.queue);
    same(read(QUEUE_READY), 1, "QueueReady of a queue that was set up");
  }),

  rule("MMIO-REG-FACT-DEV-007", "writing 0 to Status resets the device", MMIO, async (rig) => {
    const { session, read, write } = await board(rig);
    await session.start();
    demand((read(STATUS) & STATUS_DRIVER_OK) !== 0, "Status does not show DRIVER_OK");
    write(STATUS, 0);
    await session.patience.until(() => read(STATUS) === 0, "Status 0");
  }),

  rule("MMIO-REG-FACT-DEV-008", "length and base of a shared memory region that is not there are all ones", MODERN, async (rig) => {
    const { read, write } = await board(rig);
    write(SHM_SEL, 0xff);
    for (const register of [SHM_LENGTH, SHM_LENGTH + 4, SHM_BASE, SHM_BASE + 4]) {
      same(read(register), 0xffff_ffff, `register 0x${register.toString(16)}`);
    }
  }),

  rule("MMIO-REG-DEV-003 MMIO-REG-DEV-004", "an interrupt's bit stays until it is acknowledged, and others are 0", MMIO, async (rig) => {
    const { session, read } = await board(rig);
    await session.start();
    const seen: number[] = [];
    session.onQueueInterrupt = () => seen.push(read(INTERRUPT_STATUS), read(INTERRUPT_STATUS));
    await session.roundTrip(1);
    await session.patience.until(() => seen.length > 0, "a used buffer notification");
    // The transport acknowledges only after its driver has been told.
    same(seen[0], USED_BUFFER, "InterruptStatus");
    same(seen[1], USED_BUFFER, "InterruptStatus, read again");
    await session.quiet();
    same(read(INTERRUPT_STATUS), 0, "InterruptStatus after InterruptACK");
  }),

  rule("MMIO-REG-DEV-005", "a reset clears InterruptStatus and QueueReady", MODERN, async (rig) => {
    const { session, read, write } = await board(rig);
    await session.start();
    await session.roundTrip(1);
    await session.reset();
    same(read(INTERRUPT_STATUS), 0, "InterruptStatus");
    for (const queue of [0, 1]) {
      write(QUEUE_SEL, queue);
      same(read(QUEUE_READY), 0, `QueueReady of queue ${queue}`);
    }
  }),

  rule(
    "MMIO-LEGACY-FACT-DEV-002 MMIO-LEGACY-FACT-DEV-003",
    "QueuePFN tells that a queue is in use, and a reset clears it",
    LEGACY,
    async (rig) => {
      const { session, read, write } = await board(rig);
      write(QUEUE_SEL, session.exchange.queue);
      same(read(QUEUE_PFN), 0, "QueuePFN at first");
      await session.start();
      write(QUEUE_SEL, session.exchange.queue);
      demand(read(QUEUE_PFN) !== 0, "QueuePFN is 0 for a queue in use");
      await session.reset();
      write(QUEUE_SEL, session.exchange.queue);
      same(read(QUEUE_PFN), 0, "QueuePFN after a reset");
    },
  ),

  rule("MMIO-REG-DEV-006", "ConfigGeneration changes with the configuration", MODERN, async (rig) => {
    const { session, read } = await board(rig);
    const { changeConfig } = session.controls;
    needs(changeConfig !== undefined, "the target cannot change the configuration");
    await session.start();
    const before = read(0x0fc);
    await session.readConfig(0, 4);
    await changeConfig.call(session.controls);
    demand(read(0x0fc) !== before, "ConfigGeneration is the same as before");
  }),

  rule("MMIO-REG-DEV-008 MMIO-REG-DEV-009", "QueueReset reads 0 after a reset, and after a queue was enabled", MODERN, async (rig) => {
    const { session, read, write } = await board(rig);
    await session.begin();
    needs((await session.offered()).has(F_RING_RESET), "RING_RESET is not offered");
    write(QUEUE_SEL, session.exchange.queue);
    same(read(QUEUE_RESET), 0, "QueueReset after a reset");
    await session.start({ with: [F_RING_RESET] });
    write(QUEUE_SEL, session.exchange.queue);
    same(read(QUEUE_RESET), 0, "QueueReset of an enabled queue");
  }),

  rule(
    "MMIO-REG-DEV-010 MMIO-REG-DEV-012",
    "1 in QueueReset resets the queue; then QueueReset and QueueReady are 0",
    MODERN,
    async (rig) => {
      const { session, read, write } = await board(rig);
      await session.start({ with: [F_RING_RESET] });
      await session.roundTrip(1);
      write(QUEUE_SEL, session.exchange.queue);
      write(QUEUE_RESET, 1);
      await session.patience.until(() => read(QUEUE_RESET) === 0, "QueueReset 0");
      same(read(QUEUE_READY), 0, "QueueReady");
    },
  ),

  rule("MMIO-REG-DEV-011", "QueueReset reads 1 while the queue has requests in flight", MODERN, async (rig) => {
    const { session, read, write } = await board(rig);
    await session.start({ with: [F_RING_RESET] });
    const { hold, release } = session.controls;
    needs(hold !== undefined && release !== undefined, "the target cannot hold requests");
    hold.call(session.controls);
    session.prepare(session.message(1));
    session.kick();
    await session.quiet();
    write(QUEUE_SEL, session.exchange.queue);
    write(QUEUE_RESET, 1);
    same(read(QUEUE_RESET), 1, "QueueReset with a request in flight");
    await release.call(session.controls);
    await session.patience.until(() => read(QUEUE_RESET) === 0, "QueueReset 0");
  }),

  hostile("", "mmio: every register read and written at every width and offset", MMIO, async (rig) => {
    const { session, registers } = await board(rig);
    await session.start();
    for (let offset = 0; offset < 0x140; offset++) {
      // A notification of a queue in service, and a reset, are no misuse.
      if (offset === STATUS) continue;
      for (const width of [1, 2, 4] as const) {
        registers.read(offset, width);
        registers.write(offset, width, (0x0101_0101 * offset) >>> 0);
      }
    }
    return (await session.needsReset()) ? "REJECT" : "PASS";
  }),

  hostile("", "mmio: interrupts acknowledged that never were", MMIO, async (rig) => {
    const { session, read, write } = await board(rig);
    write(INTERRUPT_ACK, 0xffff_ffff);
    await session.start();
    write(INTERRUPT_ACK, CONFIG_CHANGE | 0xffff_fff0);
    await session.roundTrip(1);
    write(INTERRUPT_ACK, 0xffff_ffff);
    same(read(INTERRUPT_STATUS), 0, "InterruptStatus");
    await session.roundTrip(2);
    return "PASS";
  }),
];
