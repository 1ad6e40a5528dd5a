import { ConsoleDevice, type ConsolePort } from "@zarch/device-console";
import type { Machine, MachineExit } from "@zarch/machine";
import { ExitStatus, statusOfSignal } from "../command-line/exit-status.ts";
import type { VirtioOption } from "../command-line/virtio-option.ts";
import {
  encodeRunRequest,
  encodeSignal,
  RUN_BYE,
  RUN_PORTS,
  type RunMessage,
  RunMessageParser,
  type RunRequest,
} from "../guest/run-protocol.ts";
import type { HostProcess } from "../host/process.ts";
import type { EndingSignal } from "../host/signals.ts";
import { pumpInput } from "../terminal/input.ts";
import { consoleDeviceNumber, describeCrash } from "./console-session.ts";
import { onBus } from "./machine.ts";

const signalNumbers: Readonly<Record<EndingSignal, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
/** How long the guest's command may take to end after a signal was passed on to it, in ms. */
const graceTime = 5_000;

export interface CommandSessionOptions {
  readonly request: RunRequest;
  /** Seconds, or undefined for no limit. */
  readonly timeout: number | undefined;
  /** What the guest's console said, for the case that it fails. */
  readonly consoleText: () => string;
}

/** The host's side of `zarch run`: one command in the default guest, with its streams on ours. */
export class CommandSession {
  readonly #host: HostProcess;
  readonly #options: CommandSessionOptions;
  readonly #device = new ConsoleDevice({ ports: RUN_PORTS.map((name) => ({ name, console: false })) });
  readonly #stdin = this.#device.port("org.zarch.stdin");
  readonly #stdout = this.#device.port("org.zarch.stdout");
  readonly #stderr = this.#device.port("org.zarch.stderr");
  readonly #control = this.#device.port("org.zarch.control");
  readonly #ended = Promise.withResolvers<number>();
  readonly #parser = new RunMessageParser();
  readonly #cleanUps: (() => void)[] = [];
  #commandRuns = false;
  #signalled = false;

  constructor(host: HostProcess, options: CommandSessionOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** To be called before the machine runs. */
  attach(machine: Machine, virtio: VirtioOption): void {
    machine.attach(onBus(this.#device, virtio, consoleDeviceNumber));
  }

  /** Ends {@link run} with a status, whatever the guest does. */
  leave(status: number): void {
    this.#ended.resolve(status);
  }

  /**
   * Runs the machine until the command has ended and all its output is written.
   * @returns the exit status
   */
  async run(machine: Machine): Promise<number> {
    const { timeout } = this.#options;
    const drained = Promise.all([this.#streamOut(this.#stdout, this.#host.stdout), this.#streamOut(this.#stderr, this.#host.stderr)]);
    this.#control.onData = (bytes) => this.#receive(bytes, drained);
    this.#cleanUps.push(
      this.#host.keepAlive(),
      this.#host.onEndingSignal((signal) => this.#signal(signal)),
      this.#host.onOutputBroken(() => this.leave(statusOfSignal("SIGPIPE"))),
    );
    if (timeout !== undefined) this.#after(timeout * 1000, () => void this.#timeOut(timeout));
    try {
      machine.run().then(
        (exit) => this.#machineEnded(exit),
        (error) => this.#ended.reject(error),
      );
      return await this.#ended.promise;
    } finally {
      for (const cleanUp of this.#cleanUps) cleanUp();
    }
  }

  /** Settles when the guest has closed the port, after all that it wrote to it. */
  #streamOut(port: ConsolePort, output: HostProcess["stdout"]): Promise<void> {
    port.onData = (bytes) => output.write(bytes);
    return new Promise((resolve) => {
      port.onClose = resolve;
    });
  }

  #receive(bytes: Uint8Array, drained: Promise<unknown>): void {
    let messages: RunMessage[];
    try {
      messages = this.#parser.push(bytes);
    } catch (error) {
      this.#ended.reject(error);
      return;
    }
    for (const message of messages) {
      if (message.type === "ready") this.#start();
      else void drained.then(() => this.#finish(message.status));
    }
  }

  #start(): void {
    this.#commandRuns = true;
    this.#send(encodeRunRequest(this.#options.request));
    const stop = pumpInput(this.#host.stdin, {
      write: (bytes) => this.#stdin.write(bytes),
      end: () => this.#stdin.end(),
    });
    this.#cleanUps.push(stop);
    // Nobody in the guest reads any more: the rest is not read here either.
    this.#stdin.onClose = stop;
  }

  async #finish(status: number): Promise<void> {
    this.#send(RUN_BYE);
    await this.#host.flushed();
    this.leave(status);
  }

  #send(bytes: Uint8Array): void {
    this.#control.write(bytes).catch((error) => this.#ended.reject(error));
  }

  /** The first signal is the command's; if it does not end, or there is a second signal, the machine ends. */
  #signal(signal: EndingSignal): void {
    if (!this.#commandRuns || this.#signalled) {
      this.leave(statusOfSignal(signal));
      return;
    }
    this.#signalled = true;
    this.#send(encodeSignal(signalNumbers[signal]));
    this.#after(graceTime, () => this.leave(statusOfSignal(signal)));
  }

  #after(milliseconds: number, action: () => void): void {
    const timer = setTimeout(action, milliseconds);
    this.#cleanUps.push(() => clearTimeout(timer));
  }

  async #timeOut(seconds: number): Promise<void> {
    await this.#host.printError(`zarch: run: the time limit of ${seconds} s has passed\n`);
    this.leave(ExitStatus.timeout);
  }

  async #machineEnded(exit: MachineExit): Promise<void> {
    if (exit.reason === "closed") return;
    // A power-off may come together with the last words of the command, which are still being written.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const text = this.#options.consoleText().trimEnd();
    const crash = exit.reason === "disabled-wait" || exit.reason === "check-stop";
    const why = crash ? describeCrash(exit) : "the guest ended before the command had a status";
    await this.#host.printError(`${text}${text === "" ? "" : "\n"}zarch: run: ${why}\n`);
    this.leave(ExitStatus.noStatus);
  }
}
