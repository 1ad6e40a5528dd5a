import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const QEMU = "qemu-system-riscv64";
const TIMEOUT_MS = 10_000;
const LIFETIME_S = 60;

/** Version of the emulator that is installed, if one is. */
export function qemuVersion(): string | undefined {
  const { stdout, status } = spawnSync(QEMU, ["--version"], { encoding: "utf8" });
  return status === 0 ? /version (\S+)/.exec(stdout)?.[1] : undefined;
}

/** The first of the eight places for virtio devices on QEMU's RISC-V board; the next one is 0x1000 bytes further. */
export const FIRST_SLOT = 0x1000_1000;
/** Where its RAM begins. */
export const RAM_BASE = 0x8000_0000;

/** wfi; j .-4 */
const IDLE_LOOP = Uint8Array.of(0x73, 0x00, 0x50, 0x10, 0x6f, 0xf0, 0xdf, 0xff);

export interface QtestOptions {
  /** Layout of the registers. */
  readonly version: 1 | 2;
  /** Bytes of the disk behind the block device. */
  readonly diskSize: number;
  /** Further properties of the devices, for instance `packed=on`. */
  readonly properties?: string;
}

/**
 * QEMU's RISC-V board with an idle processor, a block device and an entropy device, whose bus is at hand through the qtest protocol. All
 * calls are synchronous, as loads and stores are.
 */
export class Qtest implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "qtest-"));
  readonly #process: ChildProcess;
  readonly #commands: number;
  readonly #answers: number;
  readonly #buffer = new Uint8Array(1 << 16);
  #received = "";
  #errors = "";

  constructor({ version, diskSize, properties = "" }: QtestOptions) {
    const path = (name: string): string => join(this.#folder, name);
    const { status } = spawnSync("mkfifo", [path("qtest.in"), path("qtest.out")]);
    if (status !== 0) throw new Error("mkfifo failed");
    writeFileSync(path("disk.img"), new Uint8Array(diskSize));
    writeFileSync(path("idle.bin"), IDLE_LOOP);
    // Opened for both directions a pipe does not wait for its other end; without waiting a read can have an end in time.
    this.#commands = openSync(path("qtest.in"), constants.O_RDWR);
    this.#answers = openSync(path("qtest.out"), constants.O_RDWR | constants.O_NONBLOCK);
    const more = properties === "" ? "" : `,${properties}`;
    // An end even if this process is killed and cannot care for it.
    this.#process = spawn("timeout", [
      ...[String(LIFETIME_S), QEMU],
      ...["-machine", "virt", "-m", "64", "-display", "none", "-nodefaults", "-bios", path("idle.bin")],
      ...["-qtest", `pipe:${path("qtest")}`, "-qtest-log", "none"],
      ...["-global", `virtio-mmio.force-legacy=${version === 1}`],
      ...["-drive", `if=none,id=disk,format=raw,file=${path("disk.img")}`],
      ...["-device", `virtio-rng-device${more}`, "-device", `virtio-blk-device,drive=disk${more}`],
    ]);
    this.#process.stderr?.on("data", (text) => {
      this.#errors += text;
    });
  }

  #line(): string {
    const until = performance.now() + TIMEOUT_MS;
    while (!this.#received.includes("\n")) {
      const count = this.#receive();
      if (count === 0 && performance.now() > until) throw new Error(`no answer from ${QEMU}: ${this.#errors}`);
    }
    const end = this.#received.indexOf("\n");
    const line = this.#received.slice(0, end);
    this.#received = this.#received.slice(end + 1);
    return line;
  }

  #receive(): number {
    try {
      const count = readSync(this.#answers, this.#buffer);
      this.#received += new TextDecoder("latin1").decode(this.#buffer.subarray(0, count));
      return count;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      return 0;
    }
  }

  #command(text: string): string {
    writeSync(this.#commands, `${text}\n`);
    const [word, value = ""] = this.#line().split(" ");
    if (word !== "OK") throw new Error(`${QEMU} does not understand ${text}`);
    return value;
  }

  /** A load of 1, 2 or 4 bytes by the little-endian processor. */
  load(address: number, width: number): number {
    return Number(this.#command(`read${suffix(width)} 0x${address.toString(16)}`));
  }

  store(address: number, width: number, value: number): void {
    this.#command(`write${suffix(width)} 0x${address.toString(16)} 0x${(value >>> 0).toString(16)}`);
  }

  read(address: number, target: Uint8Array): void {
    if (target.length > 0) target.set(Buffer.from(this.#command(`read 0x${address.toString(16)} ${target.length}`).slice(2), "hex"));
  }

  write(address: number, source: Uint8Array): void {
    if (source.length > 0) this.#command(`write 0x${address.toString(16)} ${source.length} 0x${Buffer.from(source).toString("hex")}`);
  }

  [Symbol.dispose](): void {
    this.#process.kill();
    closeSync(this.#commands);
    closeSync(this.#answers);
    rmSync(this.#folder, { recursive: true });
  }
}

function suffix(width: number): string {
  const letter = { 1: "b", 2: "w", 4: "l", 8: "q" }[width];
  if (letter === undefined) throw new Error(`no access of ${width} bytes`);
  return letter;
}
