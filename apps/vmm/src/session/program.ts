import { type IplProgram, isLinux, linux } from "@zarch/machine";
import type { ConsoleKind } from "../command-line/arguments.ts";
import type { ProgressListener } from "../guest/debian-packages.ts";
import { type DefaultGuest, loadDefaultGuest } from "../guest/default-guest.ts";
import { openImageFile, readWholeFile } from "../host/files.ts";
import type { HostProcess } from "../host/process.ts";

export interface ProgramOptions {
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  readonly append: string;
  readonly console: ConsoleKind;
  readonly refresh: boolean;
}

export interface BootProgram {
  readonly ipl: IplProgram;
  /** Whether it is the default guest, whose habits we know. */
  readonly isDefault: boolean;
}

/** The name that Linux has for each console. */
const consoleNames: Readonly<Record<ConsoleKind, string>> = { sclp: "ttysclp0", "sclp-line": "ttyS0", virtio: "hvc0" };

/**
 * What the machine is to be loaded with: the user's kernel, or the default guest.
 * @throws {HostError} when a file cannot be read or is not for this machine
 */
export async function bootProgram(options: ProgramOptions, host: HostProcess): Promise<BootProgram> {
  const initrd = options.initrd === undefined ? undefined : await openImageFile(options.initrd, "initrd");
  if (options.kernel !== undefined) {
    const kernel = await readWholeFile(options.kernel, "kernel");
    const parameter = `console=${consoleNames[options.console]}`;
    const commandLine = isLinux(kernel) ? withConsole(options.append, parameter) : options.append;
    return { ipl: linux({ kernel, commandLine, ...(initrd && { initrd }) }), isDefault: false };
  }
  const guest = await fetchDefaultGuest(options.refresh, host);
  const commandLine = withConsole(options.append, defaultGuestConsole(options.console));
  return { ipl: linux({ kernel: guest.kernel, initrd: initrd ?? guest.initramfs, commandLine }), isDefault: initrd === undefined };
}

/**
 * With a virtio console the kernel's messages still go to the SCLP: they begin long before the driver of that console is
 * there. The shell has the virtio console.
 */
function defaultGuestConsole(console: ConsoleKind): string {
  return console === "virtio" ? `console=${consoleNames.sclp} zarch.console=${consoleNames.virtio}` : `console=${consoleNames[console]}`;
}

function withConsole(append: string, parameter: string): string {
  if (/(^|\s)console=/.test(append)) return append;
  return append === "" ? parameter : `${parameter} ${append}`;
}

/** Fetches the default guest, telling the user what takes so long. */
export async function fetchDefaultGuest(refresh: boolean, host: HostProcess): Promise<DefaultGuest> {
  const abort = new AbortController();
  const stop = host.onEndingSignal((signal) => abort.abort(signal));
  const progress = new ProgressLine(host);
  try {
    return await loadDefaultGuest({ refresh, signal: abort.signal, progress: (event) => progress.show(event) });
  } finally {
    stop();
    progress.finish();
  }
}

/** A line of progress on standard error; on a terminal it is overwritten, elsewhere each new text is a line. */
class ProgressLine {
  readonly #host: HostProcess;
  #shown = "";

  constructor(host: HostProcess) {
    this.#host = host;
  }

  show({ text, fraction }: Parameters<ProgressListener>[0]): void {
    const onTerminal = process.stderr.isTTY === true;
    const part = onTerminal && fraction !== undefined ? ` ${Math.floor(100 * fraction)} %` : "";
    const line = `zarch: ${text}${part}`;
    if (line === this.#shown) return;
    this.#shown = line;
    void this.#host.printError(onTerminal ? `\r\x1b[K${line}` : `${line}\n`);
  }

  finish(): void {
    if (this.#shown !== "" && process.stderr.isTTY === true) void this.#host.printError("\r\x1b[K");
  }
}
