import { HostError } from "@zarch/vmm-interface";

/**
 * Names of the virtio console ports of `zarch run`, in the order in which the host must open them: the guest uses the
 * others as soon as it can use the control port.
 */
export const RUN_PORTS = ["org.zarch.stdin", "org.zarch.stdout", "org.zarch.stderr", "org.zarch.control"] as const;

/** Kernel parameter that makes the default guest run one command instead of a shell on the console. */
export const RUN_KERNEL_PARAMETER = "zarch.run";

/** A command to run in the guest. Texts are sent as UTF-8; bytes are sent as they are. None may hold a zero byte. */
export interface RunRequest {
  /** The program, looked up in the guest's PATH if it has no slash, and its arguments. */
  readonly argv: readonly (string | Uint8Array)[];
  /** Variables added to the guest's environment. */
  readonly environment?: Readonly<Record<string, string | Uint8Array>>;
  /** Working directory; `/` when absent. */
  readonly directory?: string | Uint8Array;
}

/**
 * The message on the control port that asks the guest to run a command: `run <bytes>`, a newline, and a shell program of
 * that many bytes.
 * @throws HostError `ERR_ZARCH_RUN_REQUEST`
 */
export function encodeRunRequest(request: RunRequest): Uint8Array {
  if (request.argv.length === 0) throw new HostError("ERR_ZARCH_RUN_REQUEST", "there is no command to run");
  const program = new ShellText();
  if (request.directory !== undefined) program.text("cd -- ").word(request.directory).text(" || exit 125\n");
  for (const [name, value] of Object.entries(request.environment ?? {})) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new HostError("ERR_ZARCH_RUN_REQUEST", `"${name}" is not a name for an environment variable`);
    }
    program.text(`export ${name}=`).word(value).text("\n");
  }
  program.text("exec --");
  for (const argument of request.argv) program.text(" ").word(argument);
  const body = program.text("\n").bytes();
  return new ShellText().text(`run ${body.length}\n`).raw(body).bytes();
}

/** The message on the control port that sends a signal, by its Linux number, to the command's process group. */
export function encodeSignal(signal: number): Uint8Array {
  return utf8.encode(`signal ${signal}\n`);
}

/** The message that answers "exit", after everything from the stdout and stderr ports has been taken. */
export const RUN_BYE: Uint8Array = new TextEncoder().encode("bye\n");

/** What the guest says on the control port. */
export type RunMessage =
  /** The guest is ready for the request. */
  | { readonly type: "ready"; readonly version: number }
  /** The command has ended: 0 to 255, or 128 + signal. All its output is in the rings of the ports. Disks are unmounted. */
  | { readonly type: "exit"; readonly status: number };

/** Takes the bytes of the control port, in any portions, and gives the guest's messages. */
export class RunMessageParser {
  #line = "";

  /** @throws HostError `ERR_ZARCH_RUN_PROTOCOL` for what is not a message, or one of a later version */
  push(bytes: Uint8Array): RunMessage[] {
    const messages: RunMessage[] = [];
    for (const byte of bytes) {
      if (byte !== 0x0a) {
        this.#line += String.fromCharCode(byte);
        if (this.#line.length > 64) throw unexpected(this.#line);
      } else {
        messages.push(parse(this.#line));
        this.#line = "";
      }
    }
    return messages;
  }
}

function parse(line: string): RunMessage {
  const ready = /^zarch-guest (\d{1,4})$/.exec(line);
  if (ready?.[1] === "1") return { type: "ready", version: 1 };
  const exit = /^exit (\d{1,3})$/.exec(line);
  if (exit) return { type: "exit", status: Number(exit[1]) & 0xff };
  throw unexpected(line);
}

function unexpected(line: string): HostError {
  return new HostError("ERR_ZARCH_RUN_PROTOCOL", `the guest said ${JSON.stringify(line)} on the control port`);
}

/** A shell program under construction, as bytes: words may be any bytes but zero. */
class ShellText {
  readonly #parts: Uint8Array[] = [];

  text(text: string): this {
    return this.raw(utf8.encode(text));
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  /** A word in single quotes, in which the shell changes nothing. */
  word(value: string | Uint8Array): this {
    const bytes = typeof value === "string" ? utf8.encode(value) : value;
    if (bytes.includes(0)) throw new HostError("ERR_ZARCH_RUN_REQUEST", "an argument of a command cannot hold a zero byte");
    this.text("'");
    let start = 0;
    for (let quote = bytes.indexOf(QUOTE); quote >= 0; quote = bytes.indexOf(QUOTE, start)) {
      this.raw(bytes.subarray(start, quote)).text("'\\''");
      start = quote + 1;
    }
    return this.raw(bytes.subarray(start)).text("'");
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

const QUOTE = 0x27;
const utf8 = new TextEncoder();
