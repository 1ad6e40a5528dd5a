import { type Ccw, CcwFlags, isInput, isReadBackward } from "./ccw.ts";
import type { ChannelCheck, ChannelStorage } from "./channel-storage.ts";
import { DataAddress } from "./data-address.ts";
import type { OperationRequestBlock } from "./orb.ts";

/**
 * The data of one command, as a device moves it. Data chaining, indirect addresses, the skip flag, storage keys, limits and
 * residual counts stay behind it. The device sees one sequence of bytes, whose length it learns only by running into its end.
 *
 * Nothing here throws for what a channel program did. A transfer that the channel subsystem has to stop gives fewer bytes than
 * asked for, and the ending status tells the program why, whatever the device makes of it.
 */
export interface CcwDataStream {
  /** Bytes moved or passed over since the begin or the last {@link rewind}. */
  readonly position: number;
  /** Whether no more bytes can be moved: counts used up, a check, or the operation was halted or cleared. */
  readonly ended: boolean;
  /** Whether the channel subsystem stopped the transfer: a check, or the operation was halted or cleared. */
  readonly stopped: boolean;
  /** Bytes that are certainly left: those of the current CCW. 0 exactly if {@link ended}. */
  readonly remaining: number;
  /**
   * Moves bytes from storage to the device.
   * @returns how many. Fewer than `target.length`: the command is too long for its count, which becomes an incorrect-length
   * indication unless the program suppresses it.
   */
  read(target: Uint8Array): number;
  /** Moves bytes from the device to storage. As {@link read} with too few bytes. */
  write(source: Uint8Array): number;
  /** Moves as many of the bytes as the program has room for, without calling it incorrect length when not all fit. */
  writeUpTo(source: Uint8Array): number;
  /** As {@link writeUpTo}, in the other direction. */
  readUpTo(target: Uint8Array): number;
  /** Passes over bytes without an access to storage; they count as moved. As {@link read} with too few bytes. */
  skip(length: number): number;
  /** Back to the first byte of the command. What was moved once stays counted as moved. */
  rewind(): void;
}

/** Supplies the CCWs that data chaining goes on with. */
export type NextChainedCcw = () => Ccw | undefined;

/** {@link CcwDataStream} as the channel subsystem runs it. */
export class ChannelDataStream implements CcwDataStream {
  readonly #storage: ChannelStorage;
  readonly #orb: OperationRequestBlock;
  readonly #nextChained: NextChainedCcw;
  readonly #command: number;
  readonly #chain: Ccw[];
  #chainIndex = 0;
  #data: DataAddress;
  #count: number;
  #furthest = 0;
  #furthestIndex = 0;
  #furthestCount: number;
  #check: ChannelCheck = 0;
  #closed = false;
  position = 0;
  /** Whether the device wanted to move more than there was room for. */
  overrun = false;
  /** Whether the device tried to move anything. */
  used = false;

  constructor(storage: ChannelStorage, ccw: Ccw, orb: OperationRequestBlock, nextChained: NextChainedCcw) {
    this.#storage = storage;
    this.#orb = orb;
    this.#nextChained = nextChained;
    this.#command = ccw.command;
    this.#chain = [ccw];
    this.#count = ccw.count;
    this.#furthestCount = ccw.count;
    this.#data = new DataAddress(storage, ccw, ccw.command, orb);
  }

  get stopped(): boolean {
    return this.#check !== 0 || this.#closed;
  }

  get remaining(): number {
    return this.stopped ? 0 : this.#count;
  }

  get ended(): boolean {
    return this.remaining === 0;
  }

  /** Checks that stopped the transfer, as bits of the subchannel status. */
  get check(): ChannelCheck {
    return this.#check;
  }

  /** The CCW that was current when the transfer had gone furthest. */
  get ccw(): Ccw {
    return this.#chain[this.#furthestIndex]!;
  }

  /** Residual count of {@link ccw}. */
  get residual(): number {
    return this.#furthestCount;
  }

  /** Ends the life of the stream: a device that goes on with it moves nothing. */
  close(): void {
    this.#closed = true;
  }

  /** Reports a check from outside, for instance about a CCW that data chaining came to. */
  stop(check: ChannelCheck): void {
    this.#check |= check;
  }

  read(target: Uint8Array): number {
    const moved = this.readUpTo(target);
    if (moved < target.length) this.overrun = true;
    return moved;
  }

  write(source: Uint8Array): number {
    const moved = this.writeUpTo(source);
    if (moved < source.length) this.overrun = true;
    return moved;
  }

  readUpTo(target: Uint8Array): number {
    return this.#move(target.length, (offset, length) =>
      this.#storage.fetch(this.#lowest(length), target.subarray(offset, offset + length)),
    );
  }

  writeUpTo(source: Uint8Array): number {
    const backward = isReadBackward(this.#command);
    return this.#move(source.length, (offset, length) => {
      if (this.#data.skip && isInput(this.#command)) return 0;
      const bytes = source.subarray(offset, offset + length);
      return this.#storage.store(this.#lowest(length), backward ? bytes.slice().reverse() : bytes);
    });
  }

  skip(length: number): number {
    const moved = this.#move(length, () => 0);
    if (moved < length) this.overrun = true;
    return moved;
  }

  rewind(): void {
    this.#noteProgress();
    const first = this.#chain[0]!;
    this.position = 0;
    this.#chainIndex = 0;
    this.#count = first.count;
    this.#data = new DataAddress(this.#storage, first, this.#command, this.#orb);
  }

  #lowest(length: number): number {
    return isReadBackward(this.#command) ? this.#data.address - length + 1 : this.#data.address;
  }

  #move(length: number, transfer: (offset: number, length: number) => ChannelCheck): number {
    this.used = true;
    let moved = 0;
    while (moved < length && !this.ended) {
      if (this.#data.left === 0) {
        this.#check |= this.#data.next();
        if (this.#check !== 0) break;
      }
      const part = Math.min(length - moved, this.#data.left);
      const check = transfer(moved, part);
      if (check !== 0) {
        this.#check |= check;
        break;
      }
      this.#data.consume(part);
      this.#count -= part;
      this.position += part;
      moved += part;
      if (this.#count === 0) this.#chainData();
    }
    this.#noteProgress();
    return moved;
  }

  /** A CCW whose count is used up gives way to the next at once if it chains data. */
  #chainData(): void {
    const current = this.#chain[this.#chainIndex]!;
    this.#noteProgress();
    if ((current.flags & CcwFlags.chainData) === 0) return;
    let next = this.#chain[this.#chainIndex + 1];
    if (next === undefined) {
      next = this.#nextChained();
      if (next === undefined) return;
      this.#chain.push(next);
    }
    this.#chainIndex++;
    this.#count = next.count;
    this.#data = new DataAddress(this.#storage, next, this.#command, this.#orb);
    this.#noteProgress();
  }

  #noteProgress(): void {
    if (this.position < this.#furthest) return;
    this.#furthest = this.position;
    this.#furthestIndex = this.#chainIndex;
    this.#furthestCount = this.#count;
  }
}
