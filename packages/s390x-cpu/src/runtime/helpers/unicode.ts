import type { StorageOperand } from "../../decimal/index.ts";
import * as algorithms from "../../unicode/index.ts";
import { type UnicodeOperands, UnicodeResult } from "../../unicode/index.ts";
import type { CpuCore, Helper, HelperMap } from "../core.ts";
import { READ, WRITE } from "../storage.ts";
import { OperandCursor } from "./operand-cursor.ts";

/** Characters that one execution converts at most; then condition code 3 asks the program to repeat the instruction. */
const CHARACTER_LIMIT = 2048;
/** Lengths beyond this need not be exact: no execution gets that far. */
const LONG_ENOUGH = 2 ** 40;
/** M3 bit 3: well-formedness is checked. */
const WELL_FORMEDNESS = 1;
/** Bytes for which one translation is good: less than a page, because fetch-protection override ends at 2048. */
const BLOCK_SHIFT = 11;
const BLOCK_MASK = (1 << BLOCK_SHIFT) - 1;

const result = new UnicodeResult();

/** An operand that is resolved block by block as the conversion reaches it. At most two blocks are in use at a time. */
class ConvertedOperand implements StorageOperand {
  #core!: CpuCore;
  #bytes!: Uint8Array;
  #access: typeof READ | typeof WRITE = READ;
  #register = 0;
  #high = 0;
  #low = 0;
  /** Offset of byte 0 in its block. */
  #start = 0;
  /** The block used last and the one before it, and where in the bytes of storage their offset 0 would be. */
  #block = -1;
  #index = 0;
  #otherBlock = -1;
  #otherIndex = 0;

  set(core: CpuCore, cursor: OperandCursor, register: number, access: typeof READ | typeof WRITE): this {
    this.#core = core;
    this.#bytes = core.storage.bytes;
    this.#access = access;
    this.#register = register;
    this.#high = cursor.high;
    this.#low = cursor.low;
    this.#start = cursor.low & BLOCK_MASK;
    this.#block = -1;
    this.#otherBlock = -1;
    return this;
  }

  load(index: number): number {
    const position = this.#start + index;
    if (position >>> BLOCK_SHIFT !== this.#block) this.#enter(index);
    return this.#bytes[this.#index - (position & BLOCK_MASK)]!;
  }

  store(index: number, byte: number): void {
    const position = this.#start + index;
    const block = position >>> BLOCK_SHIFT;
    if (block !== this.#block) {
      // A character is stored from its end on: it must be accessible as a whole before any of it changes.
      if ((this.#start + result.produced) >>> BLOCK_SHIFT !== block) this.#enter(result.produced);
      this.#enter(index);
    }
    this.#bytes[this.#index - (position & BLOCK_MASK)] = byte;
  }

  /** Makes the block of a byte the one in use. */
  #enter(index: number): void {
    const block = (this.#start + index) >>> BLOCK_SHIFT;
    let found = this.#otherIndex;
    if (this.#otherBlock !== block) {
      // The first block is asked for at the operand's start, the others at theirs.
      const asked = Math.max(0, (block << BLOCK_SHIFT) - this.#start);
      found = this.#core.storage.indexOf(this.#resolve(asked)) + ((this.#start + asked) & BLOCK_MASK);
    }
    this.#otherBlock = this.#block;
    this.#otherIndex = this.#index;
    this.#block = block;
    this.#index = found;
  }

  #resolve(index: number): number {
    const { storage } = this.#core;
    const low = this.#low + index;
    const high = this.#high + (low > 0xffff_ffff ? 1 : 0);
    return storage.resolve((high & storage.maskHigh) >>> 0, (low & storage.maskLow) >>> 0, this.#access, this.#register);
  }

  /** Tells that the first `length` bytes were changed. */
  changed(length: number): void {
    for (let done = 0; done < length; ) {
      const part = Math.min(length - done, BLOCK_MASK + 1 - ((this.#start + done) & BLOCK_MASK));
      this.#core.storage.changed(this.#resolve(done), part);
      done += part;
    }
  }
}

const target = new ConvertedOperand();
const source = new ConvertedOperand();
const targetCursor = new OperandCursor();
const sourceCursor = new OperandCursor();

type Conversion = (result: UnicodeResult, operands: UnicodeOperands, limit: number, check: boolean) => void;

/** Runs a conversion for a while. The registers show how far it came, also when an access is refused. */
function converting(conversion: Conversion): Helper {
  return (core) => {
    const { r1, r2, m3 } = core.operands;
    targetCursor.load(core, r1);
    sourceCursor.load(core, r2);
    const operands = {
      target: target.set(core, targetCursor, r1, WRITE),
      targetLength: Math.min(targetCursor.length, LONG_ENOUGH),
      source: source.set(core, sourceCursor, r2, READ),
      sourceLength: Math.min(sourceCursor.length, LONG_ENOUGH),
    };
    try {
      conversion(result, operands, CHARACTER_LIMIT, (m3 & WELL_FORMEDNESS) !== 0);
    } finally {
      target.changed(result.produced);
      targetCursor.advance(result.produced);
      targetCursor.shorten(result.produced);
      sourceCursor.advance(result.consumed);
      sourceCursor.shorten(result.consumed);
    }
    core.registers.cc = result.cc;
  };
}

/** CONVERT UTF-8, UTF-16 and UTF-32 to each other (PoP chapter 7). */
export const unicodeHelpers: HelperMap = {
  cu12: converting(algorithms.convertUtf8ToUtf16),
  cu14: converting(algorithms.convertUtf8ToUtf32),
  cu21: converting(algorithms.convertUtf16ToUtf8),
  cu24: converting(algorithms.convertUtf16ToUtf32),
  cu41: converting(algorithms.convertUtf32ToUtf8),
  cu42: converting(algorithms.convertUtf32ToUtf16),
};
