import { setTimeout as delay } from "node:timers/promises";
import type { DefaultGuest } from "../../../apps/vmm/src/guest/default-guest.ts";
import { BlkDevice } from "../../../packages/device-blk/src/index.ts";
import { MemoryDisk } from "../../../packages/device-blk/test/memory-disk.ts";
import { ccw, createMachine, linux, type Machine } from "../../../packages/machine/src/index.ts";
import type { AttachedCcwDevice } from "../../../packages/transport-ccw/src/index.ts";
import { ConsoleText } from "./console-text.ts";
import { DEFAULT_QUEUE_SIZE, DISK_SIZE, DISKS, MEMORY_SIZE, type RecordedDisk } from "./load.ts";
import type { QueueStatus, RecordingHost } from "./recording-host.ts";

/** Requests that a disk takes at a time: fewer than come, so that some stay in the ring. */
const MAX_IN_FLIGHT = 4;

interface Disk {
  readonly backend: MemoryDisk;
  readonly attached: () => AttachedCcwDevice;
}

/** Our own machine as a {@link RecordingHost}. */
export class ZarchHost implements RecordingHost {
  readonly name = "zarch";
  readonly letsFirstPass = false;
  readonly #machine: Machine;
  readonly #disks: readonly Disk[];
  readonly #console: ConsoleText;

  private constructor(machine: Machine, disks: readonly Disk[], text: ConsoleText) {
    this.#machine = machine;
    this.#disks = disks;
    this.#console = text;
  }

  static async boot(guest: DefaultGuest): Promise<ZarchHost> {
    const text = new ConsoleText();
    const machine = await createMachine({
      memory: MEMORY_SIZE,
      ipl: linux({ kernel: guest.kernel, initrd: guest.initramfs, commandLine: "console=ttysclp0 quiet" }),
      vt220Console: { output: (bytes) => text.add(bytes) },
    });
    const host = new ZarchHost(
      machine,
      DISKS.map((disk, index) => attach(machine, disk, index + 1)),
      text,
    );
    void machine.run().finally(() => text.end());
    return host;
  }

  says(text: string): Promise<string> {
    return this.#console.says(text);
  }

  type(line: string): void {
    this.#machine.vt220Console!.input(new TextEncoder().encode(`${line}\r`));
  }

  readMemory(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#machine.memory.read(address, bytes);
    return bytes;
  }

  async hold(): Promise<void> {
    for (const { backend } of this.#disks) backend.hold = true;
  }

  async status(index: number): Promise<QueueStatus> {
    const [queue] = this.#disks[index]!.attached().transport.frontend.save().queues;
    if (!queue?.ring) throw new Error("the queue is not in use");
    const { size, areas, ring } = queue;
    return { size, areas, nextAvailable: ring.nextAvailable, nextUsed: ring.nextUsed };
  }

  async complete(moment: () => Promise<void>): Promise<void> {
    await this.#machine.pause();
    // Out of order: the last one taken first, then the first.
    for (const { backend } of this.#disks) {
      if (backend.waiting.length < 2) continue;
      await backend.finish(backend.waiting.length - 1);
      await backend.finish();
    }
    await delay(50);
    await moment();
    await this.#release();
    await moment();
  }

  async #release(): Promise<void> {
    for (const { backend } of this.#disks) {
      backend.hold = false;
      while (backend.waiting.length > 0) await backend.finish(backend.waiting.length - 1);
    }
    await delay(50);
  }

  async resume(): Promise<void> {
    void this.#machine.run();
    await this.#release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release();
    await this.#machine.close();
  }
}

function attach(machine: Machine, disk: RecordedDisk, devno: number): Disk {
  const backend = new MemoryDisk(DISK_SIZE);
  const blk = new BlkDevice({ backend, maxInFlight: MAX_IN_FLIGHT, queueSize: disk.queueSize ?? DEFAULT_QUEUE_SIZE });
  const device = ccw(blk, {
    devno,
    ...(disk.legacy && { maxRevision: 0 as const }),
    ring: { packed: disk.packed === true, indirect: !disk.noIndirect, eventIndex: !disk.noEventIndex },
  });
  let attached: AttachedCcwDevice | undefined;
  machine.attach({
    attach: (host) => {
      attached = device.attach(host);
      return attached;
    },
  });
  return { backend, attached: () => attached! };
}
