import { type Ccw, CcwFlags, CommonCommand, decodeCcw, isReadBackward, isTransferInChannel } from "./ccw.ts";
import type { ChannelCheck, ChannelStorage } from "./channel-storage.ts";
import type { OperationRequestBlock } from "./orb.ts";
import { viewOf } from "./schib.ts";
import { SubchannelStatus } from "./subchannel-status.ts";

const ccwLength = 8;

/**
 * Fetches the channel-command words of one channel program, each once, follows transfers in channel, and judges the words
 * (PoP chapter 15, "Channel-Command Word" and "Program Check").
 */
export class ChannelProgram {
  /** Address of the word fetched last. */
  current: number;
  /** Why the last fetch failed. */
  check: ChannelCheck = 0;

  readonly #storage: ChannelStorage;
  readonly #orb: OperationRequestBlock;
  readonly #end: number;
  readonly #bytes = new Uint8Array(ccwLength);
  readonly #view = viewOf(this.#bytes);
  #next: number;
  #transferAllowed = false;

  constructor(storage: ChannelStorage, orb: OperationRequestBlock) {
    this.#storage = storage;
    this.#orb = orb;
    this.#end = orb.format1 ? 0x8000_0000 : 0x0100_0000;
    this.#next = orb.channelProgram;
    this.current = orb.channelProgram;
  }

  /** The next word that is not a transfer in channel; undefined with {@link check} set if there is none. Words are not yet judged. */
  fetch(): Ccw | undefined {
    for (;;) {
      const ccw = this.#fetchWord();
      if (ccw === undefined) return undefined;
      if (!isTransferInChannel(ccw.command)) {
        this.#transferAllowed = true;
        return ccw;
      }
      // Neither the first word of a program nor the target of a transfer may be another transfer: no endless loop here.
      if (!this.#transferAllowed || !this.#isValidTransfer(ccw)) return this.#fail(SubchannelStatus.programCheck);
      this.#transferAllowed = false;
      this.#next = ccw.address;
    }
  }

  /** Has the word fetched last fetched again: it suspended the program. */
  refetch(): void {
    this.#next = this.current;
  }

  /** Passes over a word: the device ended the last command with status modifier. */
  skip(): void {
    this.#next += ccwLength;
  }

  /** Whether a word that came by command chaining, or first, can be executed; 0 if so. */
  judgeCommand(ccw: Ccw): ChannelCheck {
    if ((ccw.command & 0x0f) === 0) return SubchannelStatus.programCheck;
    if ((ccw.flags & CcwFlags.suspend) !== 0 && !this.#orb.suspendControl) return SubchannelStatus.programCheck;
    const countless = ccw.count === 0 && (!this.#orb.format1 || (ccw.flags & CcwFlags.chainData) !== 0);
    return countless ? SubchannelStatus.programCheck : this.#judgeAddress(ccw, ccw.command);
  }

  /** Whether a word that came by data chaining can be used; its command code means nothing. `command`: that of the first word. */
  judgeChainedData(ccw: Ccw, command: number): ChannelCheck {
    if (ccw.count === 0 || (ccw.flags & CcwFlags.suspend) !== 0) return SubchannelStatus.programCheck;
    return this.#judgeAddress(ccw, command);
  }

  #judgeAddress(ccw: Ccw, command: number): ChannelCheck {
    if (ccw.address >= 0x8000_0000) return SubchannelStatus.programCheck;
    if ((ccw.flags & CcwFlags.modifiedIndirectDataAddress) === 0) return 0;
    const usable = this.#orb.modifiedIndirectAddressing && (ccw.flags & CcwFlags.indirectDataAddress) === 0 && !isReadBackward(command);
    return usable ? 0 : SubchannelStatus.programCheck;
  }

  #isValidTransfer(ccw: Ccw): boolean {
    return !this.#orb.format1 || (ccw.command === CommonCommand.transferInChannel && ccw.flags === 0 && ccw.count === 0);
  }

  #fetchWord(): Ccw | undefined {
    const address = this.#next;
    this.current = address;
    if (address % ccwLength !== 0 || address >= this.#end) return this.#fail(SubchannelStatus.programCheck);
    const check = this.#storage.fetchControl(address, this.#bytes);
    if (check !== 0) return this.#fail(check);
    this.#next = address + ccwLength;
    return decodeCcw(this.#view, this.#orb.format1);
  }

  #fail(check: ChannelCheck): undefined {
    this.check = check;
    return undefined;
  }
}
