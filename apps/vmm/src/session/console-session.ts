import { ConsoleDevice, type ConsolePort } from "@zarch/device-console";
import type { Machine, MachineExit, MachineOptions } from "@zarch/machine";
import type { ConsoleKind } from "../command-line/arguments.ts";
import { ExitStatus, statusOfSignal } from "../command-line/exit-status.ts";
import type { VirtioOption } from "../command-line/virtio-option.ts";
import type { HostProcess } from "../host/process.ts";
import { LineReader } from "../monitor/line-reader.ts";
import { answerMonitorLine, type MonitorTarget } from "../monitor/monitor.ts";
import { ChordFilter, chordHelp } from "../terminal/chord.ts";
import { type InputSink, OfferingSink, pumpInput } from "../terminal/input.ts";
import { PacedInput } from "../terminal/paced-input.ts";
import { onBus } from "./machine.ts";

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
/** Device number of the virtio console, away from those of disks. */
export const consoleDeviceNumber = 0xc000;

/** When the end of input that is no terminal is passed on as Ctrl-D: always, or only if there was any input. */
export type EndKey = "always" | "after-input";

/**
 * A guest's console on the streams of this process: the terminal with its key chords and the machine's command line, or
 * prepared input.
 */
export class ConsoleSession {
  readonly #host: HostProcess;
  readonly #kind: ConsoleKind;
  readonly #endKey: EndKey;
  readonly #offering = new OfferingSink();
  readonly #device: ConsoleDevice | undefined;
  readonly #port: ConsolePort | undefined;
  #sizeAnnounced = false;
  #paced: PacedInput | undefined;
  #stopInput: (() => void) | undefined;
  readonly #left = Promise.withResolvers<number>();

  constructor(host: HostProcess, kind: ConsoleKind, endKey: EndKey) {
    this.#host = host;
    this.#kind = kind;
    this.#endKey = endKey;
    if (kind !== "virtio") return;
    const { size } = host.terminal;
    this.#device = new ConsoleDevice(size ? { size } : {});
    this.#port = this.#device.port(0);
    this.#port.onData = (bytes) => {
      this.#announceSize();
      return this.#print(bytes);
    };
  }

  /** What the machine needs for this console. */
  machineOptions(withEarlyConsole: boolean): Pick<MachineOptions, "vt220Console" | "lineModeConsole"> {
    const { inputReady } = this.#offering;
    if (this.#kind === "sclp-line") {
      const output = (bytes: Uint8Array): void | Promise<void> => this.#print(this.#host.terminal.raw ? withCarriageReturns(bytes) : bytes);
      return { lineModeConsole: { output, inputReady, echo: this.#host.terminal.interactive } };
    }
    if (this.#kind === "virtio" && !withEarlyConsole) return {};
    return { vt220Console: { output: (bytes) => this.#print(bytes), inputReady } };
  }

  /** Plugs a virtio console in. To be called before the machine runs. */
  attach(machine: Machine, virtio: VirtioOption): void {
    if (this.#device !== undefined) machine.attach(onBus(this.#device, virtio, consoleDeviceNumber));
  }

  /**
   * Connects the streams and runs the machine until its guest ends, the user leaves, or a signal ends the session.
   * @returns the exit status
   */
  async run(target: Omit<MonitorTarget, "quit">): Promise<number> {
    const { machine } = target;
    const cleanUps = [
      this.#host.keepAlive(),
      this.#host.onEndingSignal((signal) => this.leave(statusOfSignal(signal))),
      this.#host.onOutputBroken(() => this.leave(statusOfSignal("SIGPIPE"))),
      this.#host.terminal.onResize(() => this.#resize()),
    ];
    machine.on("reset", () => {
      this.#sizeAnnounced = false;
    });
    this.#host.terminal.enterRaw();
    this.#connectInput({ ...target, quit: () => this.leave() });
    try {
      const ended = machine.run().then((exit) => this.#report(exit));
      return await Promise.race([ended, this.#left.promise]);
    } finally {
      for (const cleanUp of cleanUps) cleanUp();
      this.#paced?.stop();
      this.#stopInput?.();
    }
  }

  /** Ends {@link run} without the guest. */
  leave(status: number = ExitStatus.success): void {
    this.#left.resolve(status);
  }

  #connectInput(target: MonitorTarget): void {
    const { machine } = target;
    const console = machine.lineModeConsole ?? machine.vt220Console;
    if (console !== undefined) this.#offering.connect(console);
    const sink: InputSink = this.#port === undefined ? this.#offering : { write: (bytes) => this.#port!.write(bytes), end() {} };
    if (this.#host.terminal.interactive) {
      this.#stopInput = pumpInput(this.#host.stdin, this.#interactive(sink, target));
      return;
    }
    const activity = {
      idleTime: () => (machine.idleSince === undefined ? 0 : performance.now() - machine.idleSince / 1e6),
    };
    const paced = new PacedInput(sink, activity, this.#endKey);
    this.#paced = paced;
    machine.on("reset", () => paced.restart());
    this.#stopInput = pumpInput(this.#host.stdin, paced);
  }

  /** A person at a terminal: keys to the guest, chords to us, and lines to the machine when asked for. */
  #interactive(sink: InputSink, target: MonitorTarget): InputSink {
    let monitor: LineReader | undefined;
    const say = (text: string): void => void this.#host.stdout.write(text.replaceAll(/\r?\n/g, "\r\n"));
    const closeMonitor = (): void => {
      monitor = undefined;
      say("\n");
    };
    const onLine = (line: string): void => {
      if (line.trim() === "") {
        closeMonitor();
        return;
      }
      void answerMonitorLine(target, line).then(
        (answer) => say(`${answer}${answer === "" ? "" : "\n"}${monitor ? prompt : ""}`),
        (error) => queueMicrotask(() => Promise.reject(error)),
      );
    };
    const chords = new ChordFilter((command) => {
      if (command === "exit") target.quit();
      else if (command === "help") say(`\n${chordHelp.join("\n")}\n`);
      else if (monitor !== undefined) closeMonitor();
      else {
        monitor = new LineReader(say, onLine);
        say(`\n${prompt}`);
      }
    });
    return {
      write: async (bytes) => {
        let kept = chords.take(bytes);
        // What comes behind the end of the command line is the guest's again.
        for (; monitor !== undefined && kept.length > 0; kept = kept.subarray(1)) monitor.take(kept.subarray(0, 1));
        if (kept.length > 0) await sink.write(kept);
      },
      // The terminal has gone; a SIGHUP follows, or there is nobody left to ask.
      end() {},
    };
  }

  #print(bytes: Uint8Array): void | Promise<void> {
    this.#paced?.observeOutput(bytes);
    return this.#host.stdout.write(bytes);
  }

  /**
   * Linux asks for the size of a console only when it has changed, and not while it sets the device up; so the change is
   * feigned when the console is first used.
   */
  #announceSize(): void {
    const { size } = this.#host.terminal;
    if (this.#sizeAnnounced || size === undefined) return;
    this.#sizeAnnounced = true;
    this.#port?.resize(size.columns, size.rows + 1);
    this.#port?.resize(size.columns, size.rows);
  }

  #resize(): void {
    const { size } = this.#host.terminal;
    if (size !== undefined) this.#port?.resize(size.columns, size.rows);
  }

  async #report(exit: MachineExit): Promise<number> {
    switch (exit.reason) {
      case "power-off":
      case "reset":
      case "closed":
        return ExitStatus.success;
      case "disabled-wait":
      case "check-stop":
        await this.#host.printError(`\nzarch: ${describeCrash(exit)}\n`);
        return ExitStatus.guestCrash;
    }
  }
}

const prompt = "(zarch) ";

/** How a guest crashed, in words. */
export function describeCrash(exit: Extract<MachineExit, { reason: "disabled-wait" | "check-stop" }>): string {
  if (exit.reason === "disabled-wait") return `the guest crashed: disabled wait, code ${exit.code} (Linux: kernel panic)`;
  const { addressHigh, addressLow } = exit.psw;
  const address = addressHigh.toString(16).padStart(8, "0") + addressLow.toString(16).padStart(8, "0");
  return `the guest crashed: check stop, its interruptions lead to themselves (PSW address ${address})`;
}

function withCarriageReturns(bytes: Uint8Array): Uint8Array {
  const result: number[] = [];
  for (const byte of bytes) {
    if (byte === lineFeed) result.push(carriageReturn);
    result.push(byte);
  }
  return Uint8Array.from(result);
}
