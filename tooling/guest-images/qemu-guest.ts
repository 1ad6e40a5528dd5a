import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DefaultGuest } from "../../apps/vmm/src/guest/default-guest.ts";
import {
  encodeRunRequest,
  encodeSignal,
  RUN_BYE,
  RUN_KERNEL_PARAMETER,
  RUN_PORTS,
  RunMessageParser,
  type RunRequest,
} from "../../apps/vmm/src/guest/run-protocol.ts";
import { writeGuest } from "./test-guest.ts";

/** Whether this host has qemu-system-s390x. */
export function hasQemu(): boolean {
  try {
    execFileSync("qemu-system-s390x", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export interface QemuRunOptions {
  readonly request: RunRequest;
  /** Absent: standard input is open and silent. */
  readonly stdin?: Uint8Array;
  /** Further arguments for QEMU. */
  readonly arguments?: readonly string[];
  /** Called with all of standard output at each portion. */
  readonly onStdout?: (all: string, sendSignal: (signal: number) => void) => void;
  /** Milliseconds to let pass before the first byte of standard output is taken. */
  readonly stdoutDelay?: number;
}

export interface QemuRunResult {
  /** `undefined` if the guest ended without telling. */
  readonly status: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Everything on the SCLP console. */
  readonly console: string;
}

/** A word to wait for on the console, and what to type then. */
export type Dialogue = readonly (readonly [awaited: string, answer: string])[];

/** The guest on QEMU's s390-ccw-virtio machine. Each call of {@link run} and {@link boot} is a machine of its own. */
export class QemuGuest implements AsyncDisposable {
  readonly #guest: DefaultGuest;
  readonly #cleanUps: (() => Promise<void> | void)[] = [];

  constructor(guest: DefaultGuest) {
    this.#guest = guest;
  }

  /**
   * Boots with `parameters` on the kernel command line, and gives all that the console said until QEMU ended.
   * @param args the devices; an SCLP console on QEMU's standard input and output when absent
   */
  async boot(parameters: string, dialogue: Dialogue = [], args: readonly string[] = SCLP_CONSOLE): Promise<string> {
    const { kernel, initrd } = await writeGuest(this.#guest, await this.#folder());
    return consoleOf(this.#start(["-kernel", kernel, "-initrd", initrd, "-append", parameters, ...args]), dialogue);
  }

  /** `zarch run` with QEMU as the machine: the host's half of the protocol, with a Unix socket for each port. */
  async run(options: QemuRunOptions): Promise<QemuRunResult> {
    const folder = await this.#folder();
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let status: number | undefined;
    const parser = new RunMessageParser();
    const ended: Promise<unknown>[] = [];
    let controlSocket: Socket | undefined;
    let stdinSocket: Socket | undefined;
    const sendSignal = (signal: number) => void controlSocket?.write(encodeSignal(signal));
    const collect = (into: Buffer[]) => (socket: Socket) => {
      ended.push(new Promise((resolve) => socket.on("end", resolve)));
      const start = () =>
        socket.on("data", (bytes) => {
          into.push(bytes as Buffer);
          if (into === stdout) options.onStdout?.(Buffer.concat(stdout).toString("latin1"), sendSignal);
        });
      if (into === stdout && options.stdoutDelay) setTimeout(start, options.stdoutDelay);
      else start();
    };
    const handlers: Record<(typeof RUN_PORTS)[number], (socket: Socket) => void> = {
      "org.zarch.stdin": (socket) => {
        stdinSocket = socket;
      },
      "org.zarch.stdout": collect(stdout),
      "org.zarch.stderr": collect(stderr),
      "org.zarch.control": (socket) => {
        controlSocket = socket;
        socket.on("data", (bytes) => {
          for (const message of parser.push(bytes as Buffer)) {
            if (message.type === "ready") {
              socket.write(encodeRunRequest(options.request));
              if (options.stdin) stdinSocket?.end(options.stdin);
            } else {
              status = message.status;
              socket.write(RUN_BYE);
            }
          }
        });
      },
    };
    const args = [...SCLP_CONSOLE, "-device", "virtio-serial-ccw,max_ports=8"];
    for (const [index, name] of RUN_PORTS.entries()) {
      const path = join(folder, `port${index}`);
      await this.#listen(path, handlers[name]);
      args.push("-chardev", `socket,id=c${index},path=${path}`, "-device", `virtserialport,chardev=c${index},name=${name}`);
    }
    const text = await this.boot(`console=ttysclp0 ${RUN_KERNEL_PARAMETER} quiet`, [], [...args, ...(options.arguments ?? [])]);
    await Promise.all(ended);
    return { status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), console: text };
  }

  /** Ends machines that still run and removes their files. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const cleanUp of this.#cleanUps.splice(0).reverse()) await cleanUp();
  }

  async #folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "zarch-qemu-"));
    this.#cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  #start(args: readonly string[]): ChildProcess {
    const fixed = ["-accel", "tcg", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot"];
    const child = spawn("qemu-system-s390x", [...fixed, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    this.#cleanUps.push(() => void child.kill("SIGKILL"));
    return child;
  }

  async #listen(path: string, handler: (socket: Socket) => void): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {});
      this.#cleanUps.push(() => void socket.destroy());
      handler(socket);
    });
    this.#cleanUps.push(() => void server.close());
    await new Promise<void>((resolve) => server.listen(path, resolve));
  }
}

const SCLP_CONSOLE: readonly string[] = ["-serial", "stdio"];

/** Devices for a guest whose console is a virtio console; what it says on the SCLP console is lost. */
export const VIRTIO_CONSOLE: readonly string[] = [
  ...["-chardev", "stdio,id=console", "-device", "virtio-serial-ccw", "-device", "virtconsole,chardev=console"],
  ...["-chardev", "null,id=sclp", "-device", "sclpconsole,chardev=sclp"],
];

function consoleOf(child: ChildProcess, dialogue: Dialogue): Promise<string> {
  let text = "";
  let from = 0;
  let next = 0;
  child.stdout?.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
    for (let step = dialogue[next]; step && text.indexOf(step[0], from) >= 0; step = dialogue[next]) {
      from = text.indexOf(step[0], from) + step[0].length;
      next++;
      child.stdin?.write(step[1]);
    }
  });
  return new Promise((resolve) => child.on("close", () => resolve(text.replace(/KASLR disabled.*\r?\n/, ""))));
}
