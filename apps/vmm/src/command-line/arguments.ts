import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import type { CpuEngine } from "@zarch/machine";
import { type DiskOption, parseDiskOption } from "./disk-option.ts";
import { type ProfileOption, parseProfileOption, parseSymbolsOption, type SymbolsOption } from "./profile-option.ts";
import { parseSize } from "./size.ts";
import { UsageError } from "./usage-error.ts";
import { parseVirtioOption, type VirtioOption } from "./virtio-option.ts";

/** Where the guest's console is: an SCLP console (ASCII or line mode), or a virtio console. */
export type ConsoleKind = "sclp" | "sclp-line" | "virtio";

/** What all commands that start a guest have in common. */
export interface GuestOptions {
  /** Bytes. */
  readonly memory: number;
  readonly disks: readonly DiskOption[];
  /** How all virtio devices show themselves; a disk may add to it. */
  readonly virtio: VirtioOption;
  /** What executes the guest's instructions. */
  readonly engine: CpuEngine;
  /** Looks for a newer default guest than the one in the cache. */
  readonly refresh: boolean;
  /** Path of a socket on which the machine takes the commands of its command line. */
  readonly control: string | undefined;
  /** Where a profile of the session goes, and names for it. */
  readonly profile: ProfileOption | undefined;
  readonly symbols: readonly SymbolsOption[];
}

export interface BootOptions extends GuestOptions {
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  readonly append: string;
  readonly console: ConsoleKind;
  /** A reboot of the guest ends it. */
  readonly noReboot: boolean;
  readonly watchdog: boolean;
}

export interface StartOptions extends BootOptions {
  /** Whether the guest gets the disk that zarch makes. */
  readonly defaultDisk: boolean;
}

export interface RunOptions extends GuestOptions {
  /** Seconds, or undefined for no limit. */
  readonly timeout: number | undefined;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string | undefined;
  /** Kernel messages go to standard error. */
  readonly verbose: boolean;
}

const commandNames = ["boot", "demo", "run", "start"] as const;
export type CommandName = (typeof commandNames)[number];

export type Invocation =
  | { readonly command: "help"; readonly topic: CommandName | undefined }
  | { readonly command: "version" }
  | { readonly command: "boot"; readonly options: BootOptions }
  | { readonly command: "start"; readonly options: StartOptions }
  | { readonly command: "run"; readonly options: RunOptions }
  | { readonly command: "demo" };

const defaultMemory = "512M";

const guestOptions = {
  memory: { type: "string", short: "m" },
  disk: { type: "string", short: "d", multiple: true },
  virtio: { type: "string" },
  engine: { type: "string" },
  refresh: { type: "boolean" },
  control: { type: "string" },
  profile: { type: "string" },
  symbols: { type: "string", multiple: true },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

const bootOptions = {
  ...guestOptions,
  kernel: { type: "string", short: "k" },
  initrd: { type: "string", short: "i" },
  append: { type: "string", short: "a", multiple: true },
  console: { type: "string", short: "c" },
  "no-reboot": { type: "boolean" },
  watchdog: { type: "boolean" },
} as const satisfies ParseArgsOptionsConfig;

const startOptions = { ...bootOptions, "no-disk": { type: "boolean" } } as const satisfies ParseArgsOptionsConfig;

const runOptions = {
  ...guestOptions,
  timeout: { type: "string", short: "t" },
  env: { type: "string", short: "e", multiple: true },
  workdir: { type: "string", short: "w" },
  verbose: { type: "boolean", short: "v" },
} as const satisfies ParseArgsOptionsConfig;

const demoOptions = { help: guestOptions.help } as const satisfies ParseArgsOptionsConfig;

/**
 * Reads the arguments of the command `zarch`, without the names of Node and the script.
 * @throws {UsageError}
 */
export function parseCommandLine(args: readonly string[]): Invocation {
  const [name, ...rest] = args;
  switch (name) {
    case undefined:
      throw new UsageError(`a command is missing: ${commandList("or")}`);
    case "--help":
    case "-h":
      return { command: "help", topic: undefined };
    case "help":
      return { command: "help", topic: rest[0] === undefined ? undefined : commandName(rest[0]) };
    case "--version":
    case "-V":
    case "version":
      return { command: "version" };
    default:
      return parseCommand(commandName(name), rest);
  }
}

/** The commands as a list in words. */
function commandList(last: "and" | "or"): string {
  return `${commandNames.slice(0, -1).join(", ")} ${last} ${commandNames.at(-1)}`;
}

export function isCommandName(text: string | undefined): text is CommandName {
  return commandNames.some((name) => name === text);
}

function commandName(text: string): CommandName {
  if (isCommandName(text)) return text;
  throw new UsageError(text.startsWith("-") ? `unknown option ${text}` : `unknown command "${text}"; known are ${commandList("and")}`);
}

function parseCommand(command: CommandName, args: readonly string[]): Invocation {
  switch (command) {
    case "boot": {
      const { values } = parse(args, bootOptions, false);
      if (values.help) return { command: "help", topic: command };
      return { command, options: bootOptionsOf(values, "sclp") };
    }
    case "start": {
      const { values } = parse(args, startOptions, false);
      if (values.help) return { command: "help", topic: command };
      return { command, options: { ...bootOptionsOf(values, "virtio"), defaultDisk: values["no-disk"] !== true } };
    }
    case "run":
      return parseRun(args);
    case "demo": {
      const { values } = parse(args, demoOptions, false);
      return values.help ? { command: "help", topic: command } : { command };
    }
  }
}

function parse<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T, allowPositionals: boolean) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals, strict: true });
  } catch (error) {
    // Node's message is for people, but may go on with advice in further sentences.
    const [message = "bad arguments"] = (error as Error).message.split(/\.(?: |$)|\n/);
    throw new UsageError(message.charAt(0).toLowerCase() + message.slice(1), { cause: error });
  }
}

interface GuestValues {
  readonly memory?: string;
  readonly disk?: readonly string[];
  readonly virtio?: string;
  readonly engine?: string;
  readonly refresh?: boolean;
  readonly control?: string;
  readonly profile?: string;
  readonly symbols?: readonly string[];
}

function guestOptionsOf(values: GuestValues): GuestOptions {
  if (values.symbols !== undefined && values.profile === undefined)
    throw new UsageError("--symbols are for a profile; --profile is missing");
  return {
    memory: parseSize(values.memory ?? defaultMemory, "--memory"),
    disks: (values.disk ?? []).map(parseDiskOption),
    virtio: values.virtio === undefined ? {} : parseVirtioOption(values.virtio),
    engine: engine(values.engine ?? "jit"),
    refresh: values.refresh === true,
    control: values.control,
    profile: values.profile === undefined ? undefined : parseProfileOption(values.profile),
    symbols: (values.symbols ?? []).map(parseSymbolsOption),
  };
}

function engine(text: string): CpuEngine {
  if (text === "interpreter" || text === "jit" || text === "lockstep") return text;
  throw new UsageError(`--engine: "${text}" is not an engine; known are interpreter, jit and lockstep`);
}

interface BootValues extends GuestValues {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: readonly string[];
  readonly console?: string;
  readonly "no-reboot"?: boolean;
  readonly watchdog?: boolean;
}

function bootOptionsOf(values: BootValues, defaultConsole: ConsoleKind): BootOptions {
  return {
    ...guestOptionsOf(values),
    kernel: values.kernel,
    initrd: values.initrd,
    append: (values.append ?? []).join(" "),
    console: consoleKind(values.console ?? defaultConsole),
    noReboot: values["no-reboot"] === true,
    watchdog: values.watchdog === true,
  };
}

function consoleKind(text: string): ConsoleKind {
  if (text === "sclp" || text === "sclp-line" || text === "virtio") return text;
  throw new UsageError(`--console: "${text}" is not a console; known are sclp, sclp-line and virtio`);
}

/** Options of zarch end at `--` or at the first word that is none: what follows is the guest's. */
function parseRun(args: readonly string[]): Invocation {
  const end = endOfRunOptions(args);
  const { values } = parse(args.slice(0, end), runOptions, false);
  if (values.help) return { command: "help", topic: "run" };
  const command = args.slice(args[end] === "--" ? end + 1 : end);
  if (command.length === 0) throw new UsageError("run: there is no command; write it behind --");
  return {
    command: "run",
    options: {
      ...guestOptionsOf(values),
      timeout: values.timeout === undefined ? undefined : parseTimeout(values.timeout),
      command,
      environment: Object.fromEntries((values.env ?? []).map(parseVariable)),
      directory: values.workdir,
      verbose: values.verbose === true,
    },
  };
}

function endOfRunOptions(args: readonly string[]): number {
  const takesValue = new Set<string>();
  for (const [name, option] of Object.entries(runOptions) as [string, { type: string; short?: string }][])
    if (option.type === "string") takesValue.add(`--${name}`).add(`-${option.short}`);
  let index = 0;
  for (; index < args.length; index++) {
    const word = args[index]!;
    if (word === "--" || !word.startsWith("-")) break;
    if (takesValue.has(word)) index++;
  }
  return Math.min(index, args.length);
}

function parseTimeout(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds > 0 && seconds <= 2 ** 31)) throw new UsageError(`--timeout: "${text}" is not a number of seconds`);
  return seconds;
}

function parseVariable(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals <= 0) throw new UsageError(`--env: "${text}" is not NAME=VALUE`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
