import { type CompressionOperands, CompressionResult, compress, expand } from "../../compression/index.ts";
import type { StorageOperand } from "../../decimal/index.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { dataException } from "../program-interruption.ts";
import { READ, WRITE } from "../storage.ts";
import { BYTE_LIMIT } from "./interruptible.ts";
import { OperandCursor } from "./operand-cursor.ts";

/** General register 0: symbol translation, format-1 sibling descriptors, expansion. */
const SYMBOL_TRANSLATION = 0x1_0000;
const FORMAT_1 = 0x200;
const EXPANSION = 0x100;
const LARGEST_CDSS = 5;
/** General-operand data exception. */
const DXC_GENERAL = 0;
/** Lengths beyond this need not be exact: no execution gets that far. */
const LONG_ENOUGH = 2 ** 40;
/** Bytes for which one translation is good: less than a page, because fetch-protection override ends at 2048. */
const BLOCK_SHIFT = 11;
const BLOCK_MASK = (1 << BLOCK_SHIFT) - 1;
/** Blocks that are known at a time: enough for both dictionaries of the largest size. A power of two. */
const BLOCKS = 64;

/** An operand of any length whose blocks are resolved when a byte in them is first asked for. */
class BlockOperand implements StorageOperand {
  #core!: CpuCore;
  #bytes!: Uint8Array;
  #access: typeof READ | typeof WRITE = READ;
  #register = 0;
  #high = 0;
  #low = 0;
  /** Offset of byte 0 in its block. */
  #start = 0;
  /** Block that each place holds, -1 for none, and where in the bytes of storage its offset 0 would be. */
  readonly #blocks = new Int32Array(BLOCKS).fill(-1);
  readonly #indices = new Float64Array(BLOCKS);
  /** Absolute addresses of those offsets 0, and the offsets between which bytes were stored. */
  readonly #origins = new Float64Array(BLOCKS);
  readonly #from = new Int32Array(BLOCKS);
  readonly #to = new Int32Array(BLOCKS);

  set(core: CpuCore, high: number, low: number, access: typeof READ | typeof WRITE, register: number): this {
    this.#core = core;
    this.#bytes = core.storage.bytes;
    this.#access = access;
    this.#register = register;
    this.#high = high;
    this.#low = low;
    this.#start = low & BLOCK_MASK;
    this.#blocks.fill(-1);
    return this;
  }

  load(index: number): number {
    const position = this.#start + index;
    return this.#bytes[this.#indices[this.#placeOf(position)]! - (position & BLOCK_MASK)]!;
  }

  store(index: number, byte: number): void {
    const position = this.#start + index;
    const offset = position & BLOCK_MASK;
    const place = this.#placeOf(position);
    this.#bytes[this.#indices[place]! - offset] = byte;
    if (offset < this.#from[place]!) this.#from[place] = offset;
    if (offset >= this.#to[place]!) this.#to[place] = offset + 1;
  }

  /** Tells what was stored. To be called when the operation is done. */
  changed(): void {
    for (let place = 0; place < BLOCKS; place++) if (this.#blocks[place] !== -1) this.#tell(place);
  }

  #tell(place: number): void {
    const from = this.#from[place]!;
    const length = this.#to[place]! - from;
    if (length > 0) this.#core.storage.changed(this.#origins[place]! + from, length);
  }

  #placeOf(position: number): number {
    const block = position >>> BLOCK_SHIFT;
    const place = block & (BLOCKS - 1);
    if (this.#blocks[place] !== block) this.#enter(block, place);
    return place;
  }

  #enter(block: number, place: number): void {
    const { storage } = this.#core;
    // The first block is asked for at the operand's start, the others at theirs.
    const asked = Math.max(0, (block << BLOCK_SHIFT) - this.#start);
    const low = this.#low + asked;
    const high = this.#high + (low > 0xffff_ffff ? 1 : 0);
    const absolute = storage.resolve((high & storage.maskHigh) >>> 0, (low & storage.maskLow) >>> 0, this.#access, this.#register);
    if (this.#blocks[place] !== -1) this.#tell(place);
    const offset = (this.#start + asked) & BLOCK_MASK;
    this.#indices[place] = storage.indexOf(absolute) + offset;
    this.#origins[place] = absolute - offset;
    this.#from[place] = BLOCK_MASK + 1;
    this.#to[place] = 0;
    this.#blocks[place] = block;
  }
}

const result = new CompressionResult();
const targetCursor = new OperandCursor();
const sourceCursor = new OperandCursor();
const target = new BlockOperand();
const source = new BlockOperand();
const dictionary = new BlockOperand();
const translation = new BlockOperand();

/** Operands as the registers tell them. Dictionary and symbol-translation table are in the second operand's space. */
function operandsOf(core: CpuCore, flags: number, symbolSize: number): CompressionOperands {
  const { operands, registers, storage } = core;
  const { r1, r2 } = operands;
  targetCursor.load(core, r1);
  sourceCursor.load(core, r2);
  const one = registers.low(1);
  const high = (registers.high(1) & storage.maskHigh) >>> 0;
  const origin = (one & storage.maskLow & ~0xfff) >>> 0;
  let table: BlockOperand | undefined;
  if ((flags & (SYMBOL_TRANSLATION | EXPANSION)) === SYMBOL_TRANSLATION) {
    const low = origin + ((one & 0xff8) << 4);
    const carry = low > 0xffff_ffff ? 1 : 0;
    table = translation.set(core, ((high + carry) & storage.maskHigh) >>> 0, (low & storage.maskLow) >>> 0, READ, r2);
  }
  return {
    target: target.set(core, targetCursor.high, targetCursor.low, WRITE, r1),
    targetLength: Math.min(targetCursor.length, LONG_ENOUGH),
    source: source.set(core, sourceCursor.high, sourceCursor.low, READ, r2),
    sourceLength: Math.min(sourceCursor.length, LONG_ENOUGH),
    dictionary: dictionary.set(core, high, origin, READ, r2),
    symbolSize,
    bitNumber: one & 7,
    format1: (flags & FORMAT_1) !== 0,
    translation: table,
  };
}

/** COMPRESSION CALL (PoP chapter 7). The registers show how far it came, also when an access or an entry is refused. */
export const compressionHelpers: HelperMap = {
  cmpsc(core) {
    const { registers } = core;
    const { r1, r2 } = core.operands;
    const flags = registers.low(0);
    const cdss = (flags >>> 12) & 0xf;
    core.specificationIf(((r1 | r2) & 1) !== 0 || cdss === 0 || cdss > LARGEST_CDSS);
    const operation = (flags & EXPANSION) !== 0 ? expand : compress;
    const operands = operandsOf(core, flags, cdss + 8);
    try {
      operation(result, operands, BYTE_LIMIT);
    } finally {
      target.changed();
      targetCursor.advance(result.produced);
      targetCursor.shorten(result.produced);
      sourceCursor.advance(result.consumed);
      sourceCursor.shorten(result.consumed);
      registers.setLow(1, ((registers.low(1) & ~7) | result.bitNumber) >>> 0);
    }
    if (result.exception !== 0) dataException(registers, DXC_GENERAL);
    registers.cc = result.cc;
  },
};
