import { decodeEbcdic, type EbcdicCodePage, encodeEbcdic } from "./ebcdic.ts";
import { type EventSource, EventType, eventHeaderLength, eventMask, storeEventHeader } from "./event-facility.ts";
import { LineEditor } from "./line-editor.ts";
import { messageLines } from "./message-data-block.ts";
import { ResponseCode } from "./sccb.ts";
import { encodeLatin1AsUtf8 } from "./utf8.ts";
import type { ConsoleHost } from "./vt220-console.ts";

export interface LineModeConsoleOptions extends ConsoleHost {
  /** Code page of the guest's text. Default 500, which Linux uses everywhere but under z/VM. */
  readonly codePage?: EbcdicCodePage;
  /** Most characters of finished lines held until the guest reads them. Default 4096. */
  readonly inputCapacity?: number;
  /** Whether typed characters are sent to the output at once, as a terminal in line mode would. Default false. */
  readonly echo?: boolean;
}

const gdsMultipleDomainSupportMessageUnit = 0x1310;
const gdsControlPointManagementServicesUnit = 0x1212;
const gdsTextCommand = 0x1320;
const keySelfDefiningTextMessage = 0x31;
const keyTextMessage = 0x30;
/** Headers before the text: event buffer, three GDS vectors of 4 bytes, two subvectors of 2 bytes. */
const commandOverhead = eventHeaderLength + 3 * 4 + 2 * 2;
/** A subvector counts its own length in one byte, and the outer one also holds the header of the inner one. */
const maximumText = 255 - 2 * 2;

/**
 * The line-mode (operator) console, which Linux calls ttyS0 or sclp_line0: messages out as message data blocks, input as
 * operator commands. Host side: UTF-8, lines ended by line feed. Guest side: EBCDIC.
 */
export class LineModeConsole implements EventSource {
  readonly sendMask = (eventMask(EventType.operatorCommand) | eventMask(EventType.priorityMessageCommand)) >>> 0;
  readonly receiveMask = (eventMask(EventType.message) | eventMask(EventType.priorityMessageCommand)) >>> 0;
  readonly #host: ConsoleHost;
  readonly #codePage: EbcdicCodePage;
  readonly #capacity: number;
  readonly #editor: LineEditor;
  #commands: string[] = [];
  #held = 0;
  #refused = false;
  #notify: () => void = () => {};

  constructor(options: LineModeConsoleOptions) {
    this.#host = options;
    this.#codePage = options.codePage ?? "500";
    this.#capacity = options.inputCapacity ?? 4096;
    this.#editor = new LineEditor(
      maximumText,
      (text) => this.#enqueue(text),
      options.echo === true ? (text) => this.#print(text) : undefined,
    );
  }

  /**
   * Offers input to the guest: UTF-8 text, a line at a time to the guest. Backspace (or delete) and Ctrl-U edit the
   * line; Ctrl-C, Ctrl-D and Ctrl-Z become the commands ^c, ^d and ^z, which Linux takes for these keys.
   * @returns bytes accepted; when that is fewer than offered, {@link ConsoleHost.inputReady} tells when to offer the rest
   */
  input(bytes: Uint8Array): number {
    let accepted = 0;
    // A finished line adds at most one command of the greatest length, so the bound is soft by that much.
    while (accepted < bytes.length && this.#held < this.#capacity) this.#editor.take(bytes[accepted++]!);
    this.#refused = accepted < bytes.length;
    if (this.#commands.length > 0) this.#notify();
    return accepted;
  }

  /** Ends the input: a line that lacks its line feed is delivered as it stands. */
  endOfInput(): void {
    this.#editor.end();
    if (this.#commands.length > 0) this.#notify();
  }

  connect(notify: () => void): void {
    this.#notify = notify;
  }

  pendingMask(): number {
    return this.#commands.length > 0 ? this.sendMask : 0;
  }

  read(mask: number, room: Uint8Array): number {
    const command = this.#commands[0]!;
    const length = commandOverhead + command.length;
    if (room.length < length) return 0;
    const plain = (mask & eventMask(EventType.operatorCommand)) !== 0;
    storeOperatorCommand(room, plain ? EventType.operatorCommand : EventType.priorityMessageCommand, encodeEbcdic(command, this.#codePage));
    this.#commands.shift();
    this.#held -= command.length + 1;
    if (this.#refused) {
      this.#refused = false;
      this.#host.inputReady?.();
    }
    return length;
  }

  write(_type: number, data: Uint8Array): number {
    const lines = messageLines(data);
    if (lines === undefined) return ResponseCode.inconsistentLengths;
    for (const line of lines) this.#print(`${decodeEbcdic(line, this.#codePage)}\n`);
    return ResponseCode.normalCompletion;
  }

  /** Input that was typed but not read outlives a reset, like keystrokes waiting in a terminal. */
  reset(): void {}

  #enqueue(command: string): void {
    this.#commands.push(command);
    this.#held += command.length + 1;
  }

  #print(text: string): void {
    this.#host.output(encodeLatin1AsUtf8(text));
  }
}

/** Event buffer > MDS-MU > CP-MSU > text command > self-defining text message > text message. Lengths are big-endian. */
function storeOperatorCommand(target: Uint8Array, type: number, text: Uint8Array): void {
  const length = commandOverhead + text.length;
  storeEventHeader(target, length, type);
  let offset = eventHeaderLength;
  for (const id of [gdsMultipleDomainSupportMessageUnit, gdsControlPointManagementServicesUnit, gdsTextCommand]) {
    const rest = length - offset;
    target.set([rest >> 8, rest & 0xff, id >> 8, id & 0xff], offset);
    offset += 4;
  }
  for (const key of [keySelfDefiningTextMessage, keyTextMessage]) {
    target.set([length - offset, key], offset);
    offset += 2;
  }
  target.set(text, offset);
}
