import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { DefaultGuest } from "../../../apps/vmm/src/guest/default-guest.ts";
import { writeGuest } from "../test-guest.ts";
import { ConsoleText } from "./console-text.ts";
import { DEFAULT_QUEUE_SIZE, DISK_SIZE, DISKS, MEMORY_SIZE, type RecordedDisk } from "./load.ts";
import type { QueueStatus, RecordingHost } from "./recording-host.ts";

/** What QMP says of a virtqueue, as far as it is needed. */
interface QmpQueueStatus {
  readonly "vring-num": number;
  readonly "vring-desc": number;
  readonly "vring-avail": number;
  readonly "vring-used": number;
  readonly "last-avail-idx": number;
  readonly "used-idx": number;
}

/** QEMU's s390-ccw-virtio machine as a {@link RecordingHost}: neither driver nor device is ours. */
export class QemuHost implements RecordingHost {
  readonly name: string;
  readonly letsFirstPass = true;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #console: ConsoleText;
  readonly #qmp: Qmp;
  readonly #memory: number;

  private constructor(folder: string, child: ChildProcess, text: ConsoleText, qmp: Qmp) {
    const [version = ""] =
      /QEMU emulator version \d+\.\d+\.\d+/.exec(execFileSync("qemu-system-s390x", ["--version"], { encoding: "utf8" })) ?? [];
    this.name = version.replace(" emulator version", "");
    this.#folder = folder;
    this.#child = child;
    this.#console = text;
    this.#qmp = qmp;
    this.#memory = openSync(join(folder, "memory"), "r");
  }

  static async boot(guest: DefaultGuest): Promise<QemuHost> {
    const folder = await mkdtemp(join(tmpdir(), "zarch-rings-"));
    const { kernel, initrd } = await writeGuest(guest, folder);
    const devices: string[] = [];
    for (const [index, disk] of DISKS.entries()) {
      const path = join(folder, `disk${index}`);
      await writeFile(path, new Uint8Array(DISK_SIZE));
      devices.push("-drive", `if=none,id=drive${index},format=raw,file=${path}`, "-device", deviceOption(disk, index));
    }
    const child = spawn(
      "qemu-system-s390x",
      [
        ...["-accel", "tcg", "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"],
        ...["-object", `memory-backend-file,id=memory,size=${MEMORY_SIZE},mem-path=${join(folder, "memory")},share=on`],
        ...["-machine", "s390-ccw-virtio,memory-backend=memory", "-m", String(MEMORY_SIZE >> 20)],
        ...["-qmp", `unix:${join(folder, "qmp")},server=on,wait=off`],
        ...["-kernel", kernel, "-initrd", initrd, "-append", "console=ttysclp0 quiet"],
        ...devices,
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const text = new ConsoleText();
    child.stdout!.on("data", (bytes: Buffer) => text.add(bytes));
    child.on("close", () => text.end());
    return new QemuHost(folder, child, text, await Qmp.connect(join(folder, "qmp")));
  }

  says(text: string): Promise<string> {
    return this.#console.says(text);
  }

  type(line: string): void {
    this.#child.stdin!.write(`${line}\r`);
  }

  readMemory(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (readSync(this.#memory, bytes, 0, length, address) !== length) throw new Error(`memory ends before ${address + length}`);
    return bytes;
  }

  /** One byte per second: after the first request, none is completed for as long as its bytes would have taken. */
  hold(): Promise<void> {
    return this.#throttle(1);
  }

  async #throttle(bytesPerSecond: number): Promise<void> {
    for (const index of DISKS.keys()) {
      const limits = { bps: bytesPerSecond, bps_rd: 0, bps_wr: 0, iops: 0, iops_rd: 0, iops_wr: 0 };
      await this.#qmp.execute("block_set_io_throttle", { device: `drive${index}`, ...limits });
    }
  }

  async status(index: number): Promise<QueueStatus> {
    const path = `/machine/peripheral/disk${index}/virtio-backend`;
    const status = (await this.#qmp.execute("x-query-virtio-queue-status", { path, queue: 0 })) as QmpQueueStatus;
    const size = status["vring-num"];
    const areas = { descriptor: status["vring-desc"], driver: status["vring-avail"], device: status["vring-used"] };
    const { "last-avail-idx": nextAvailable, "used-idx": nextUsed } = status;
    if (!DISKS[index]!.packed) return { size, areas, nextAvailable, nextUsed };
    return { size, areas, ...this.#withWrapCounters(size, areas.descriptor, nextAvailable, nextUsed) };
  }

  /** QMP does not tell the wrap counters: the last used descriptor does. */
  #withWrapCounters(size: number, ring: number, available: number, used: number): Pick<QueueStatus, "nextAvailable" | "nextUsed"> {
    // A buffer that is available begins at the used index, or else the one used last began somewhere before it.
    for (let back = 0; back < size; back++) {
      const slot = (used - back + size) % size;
      const flags = this.readMemory(ring + 16 * slot + 14, 2)[1]! * 0x100 + this.readMemory(ring + 16 * slot + 14, 2)[0]!;
      const avail = (flags & 0x80) !== 0;
      const isUsed = (flags & 0x8000) !== 0;
      if (back === 0 ? available === used || avail === isUsed : avail !== isUsed) continue;
      // Between the slot and the used index the counter flips at the end of the ring.
      const wrap = slot <= used ? avail : !avail;
      const nextUsed = used + (wrap ? 0 : size);
      return { nextUsed, nextAvailable: (nextUsed + ((available - used + size) % size)) % (2 * size) };
    }
    throw new Error("a ring without any descriptor in use");
  }

  /** QEMU completes everything, throttled or not, before it has stopped. */
  async complete(moment: () => Promise<void>): Promise<void> {
    await this.#qmp.execute("stop");
    await delay(100);
    await moment();
  }

  async resume(): Promise<void> {
    await this.#throttle(0);
    await this.#qmp.execute("cont");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeSync(this.#memory);
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function deviceOption({ packed, noIndirect, noEventIndex, legacy, queueSize = DEFAULT_QUEUE_SIZE }: RecordedDisk, index: number): string {
  const devno = (index + 1).toString(16).padStart(4, "0");
  return [
    `virtio-blk-ccw,id=disk${index},drive=drive${index},devno=fe.0.${devno},num-queues=1,queue-size=${queueSize}`,
    packed && "packed=on",
    noIndirect && "indirect_desc=off",
    noEventIndex && "event_idx=off",
    legacy && "max_revision=0",
  ]
    .filter(Boolean)
    .join(",");
}

/** QEMU's machine protocol. */
class Qmp {
  readonly #socket: Socket;
  readonly #answers: ((message: { return?: unknown; error?: { desc: string } }) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface(socket).on("line", (line) => {
      const message = JSON.parse(line) as { return?: unknown; error?: { desc: string } };
      // The rest are a greeting and events.
      if ("return" in message || message.error !== undefined) this.#answers.shift()?.(message);
    });
    socket.on("error", () => {});
  }

  static async connect(path: string): Promise<Qmp> {
    for (let tries = 0; ; tries++) {
      const socket = connect(path);
      const connected = await new Promise<boolean>((resolve) =>
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false)),
      );
      if (connected) {
        const qmp = new Qmp(socket);
        await qmp.execute("qmp_capabilities");
        return qmp;
      }
      if (tries > 100) throw new Error("QEMU has no QMP socket");
      await delay(50);
    }
  }

  execute(command: string, args: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#answers.push(({ return: value, error }) => {
        if (error === undefined) resolve(value);
        else reject(new Error(`${command}: ${error.desc}`));
      });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }
}
