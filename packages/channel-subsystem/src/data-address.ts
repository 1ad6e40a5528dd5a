import { type Ccw, CcwFlags, isReadBackward } from "./ccw.ts";
import type { ChannelCheck, ChannelStorage } from "./channel-storage.ts";
import type { OperationRequestBlock } from "./orb.ts";
import { viewOf } from "./schib.ts";
import { SubchannelStatus } from "./subchannel-status.ts";

/**
 * The areas of storage that one CCW designates: directly, by indirect-data-address words of format 1 or 2, or by modified
 * indirect-data-address words (PoP chapter 15). Words of a list are fetched when their area is needed, each once.
 */
export class DataAddress {
  /** First byte of the current area; for read backward, its last byte. */
  address = 0;
  /** Bytes left in the current area. */
  left = 0;
  /** Whether the current area takes input without storing it. */
  skip = false;

  readonly #storage: ChannelStorage;
  readonly #ccw: Ccw;
  readonly #orb: OperationRequestBlock;
  readonly #backward: boolean;
  /** Bytes of the CCW's count that no area was found for yet. */
  #unassigned: number;
  #list: number;
  #words = 0;
  #lastWord = false;

  /** @param command the command in effect: that of the first CCW when data chaining */
  constructor(storage: ChannelStorage, ccw: Ccw, command: number, orb: OperationRequestBlock) {
    this.#storage = storage;
    this.#ccw = ccw;
    this.#orb = orb;
    this.#backward = isReadBackward(command);
    this.#unassigned = ccw.count;
    this.#list = ccw.address;
  }

  /** Moves on by `length` bytes, at most {@link left}. */
  consume(length: number): void {
    this.address += this.#backward ? -length : length;
    this.left -= length;
  }

  /** Finds the next area. Called when {@link left} is 0 and the CCW's count is not. */
  next(): ChannelCheck {
    const { flags } = this.#ccw;
    this.skip = (flags & CcwFlags.skip) !== 0;
    let check: ChannelCheck;
    if ((flags & CcwFlags.modifiedIndirectDataAddress) !== 0) check = this.#nextMidaw();
    else if ((flags & CcwFlags.indirectDataAddress) !== 0) check = this.#nextIdaw();
    else {
      this.address = this.#ccw.address;
      this.left = this.#unassigned;
      check = 0;
    }
    if (check === 0) this.#unassigned -= this.left;
    return check;
  }

  #nextIdaw(): ChannelCheck {
    const { format2Idaws, idawBlock } = this.#orb;
    const length = format2Idaws ? 8 : 4;
    if (this.#list % length !== 0) return SubchannelStatus.programCheck;
    const bytes = new Uint8Array(length);
    const check = this.#storage.fetchControl(this.#list, bytes);
    if (check !== 0) return check;
    const view = viewOf(bytes);
    const address = format2Idaws ? view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4) : view.getUint32(0);
    if (!format2Idaws && address >= 0x8000_0000) return SubchannelStatus.programCheck;
    const offset = address % idawBlock;
    const startsBlock = this.#backward ? offset === idawBlock - 1 : offset === 0;
    if (this.#words > 0 && !startsBlock) return SubchannelStatus.programCheck;
    this.#list += length;
    this.#words++;
    this.address = address;
    this.left = Math.min(this.#unassigned, this.#backward ? offset + 1 : idawBlock - offset);
    return 0;
  }

  #nextMidaw(): ChannelCheck {
    const first = this.#words === 0;
    // The list is on a quadword boundary and stays in its 4 KiB page.
    if (this.#lastWord || this.#list % 16 !== 0 || (!first && this.#list % 4096 === 0)) return SubchannelStatus.programCheck;
    const bytes = new Uint8Array(16);
    const check = this.#storage.fetchControl(this.#list, bytes);
    if (check !== 0) return check;
    const view = viewOf(bytes);
    const flags = view.getUint8(5);
    const count = view.getUint16(6);
    const reserved = view.getUint32(0) !== 0 || view.getUint8(4) !== 0 || (flags & ~midawFlags) !== 0;
    if (reserved || count === 0 || count > this.#unassigned) return SubchannelStatus.programCheck;
    this.#lastWord = (flags & midawLast) !== 0;
    // The counts of the list make up the count of the CCW, and the word that completes it says so.
    if (this.#lastWord !== (count === this.#unassigned)) return SubchannelStatus.programCheck;
    this.skip ||= (flags & midawSkip) !== 0;
    const address = view.getUint32(8) * 0x1_0000_0000 + view.getUint32(12);
    if (!this.skip && (address % 4096) + count > 4096) return SubchannelStatus.programCheck;
    this.#list += 16;
    this.#words++;
    this.address = address;
    this.left = count;
    return 0;
  }
}

const midawLast = 0x80;
const midawSkip = 0x40;
const midawDataTransferInterruption = 0x20;
const midawFlags = midawLast | midawSkip | midawDataTransferInterruption;
