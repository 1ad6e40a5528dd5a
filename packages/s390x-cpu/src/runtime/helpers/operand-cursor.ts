import type { CpuCore } from "../core.ts";
import { Psw } from "../psw.ts";
import { READ, type WRITE } from "../storage.ts";

/**
 * How far an instruction has come in an operand whose address is in a general register, and in the register after it the
 * length in bytes. Serves the instructions that may end or be interrupted in the middle: {@link advance} is to be called
 * only when the work up to there is complete, and leaves the registers as an interruption must show them.
 */
export class OperandCursor {
  /** Halves of the address, wrapped by the addressing mode. */
  high = 0;
  low = 0;
  #core!: CpuCore;
  #register = 0;

  load(core: CpuCore, register: number): void {
    const { registers, storage } = core;
    this.#core = core;
    this.#register = register;
    this.high = (registers.high(register) & storage.maskHigh) >>> 0;
    this.low = (registers.low(register) & storage.maskLow) >>> 0;
  }

  /** How many bytes one {@link resolve} is good for: up to the page's end, or to where fetch-protection override ends. */
  get room(): number {
    return this.high === 0 && this.low < 2048 ? 2048 - this.low : 4096 - (this.low & 0xfff);
  }

  /** Absolute address of the byte here, which may be accessed. */
  resolve(access: typeof READ | typeof WRITE): number {
    return this.#core.storage.resolve(this.high, this.low, access, this.#register);
  }

  /** Absolute address of the byte after the one here. For characters that lie in two pages. */
  resolveNext(access: typeof READ | typeof WRITE): number {
    const { storage } = this.#core;
    const carry = this.low === 0xffff_ffff ? 1 : 0;
    return storage.resolve(
      ((this.high + carry) & storage.maskHigh) >>> 0,
      ((this.low + 1) & storage.maskLow) >>> 0,
      access,
      this.#register,
    );
  }

  /** Goes on by `count` bytes (negative: back), and puts the address into the register. */
  advance(count: number): void {
    this.skip(count);
    this.save();
  }

  /** Goes on without a change of the register. */
  skip(count: number): void {
    const { storage } = this.#core;
    const low = this.low + count;
    const carry = low > 0xffff_ffff ? 1 : low < 0 ? -1 : 0;
    this.low = (low & storage.maskLow) >>> 0;
    this.high = ((this.high + carry) & storage.maskHigh) >>> 0;
  }

  /** Puts the address into the register, of which 24- and 31-bit mode change bits 32-63 only. */
  save(): void {
    putAddress(this.#core, this.#register, this.high, this.low);
  }

  /** Length in bytes: bits 32-63 of the odd register, all of it in 64-bit mode. Inexact, but too big for anything, beyond 2^53. */
  get length(): number {
    const { registers } = this.#core;
    const low = registers.low(this.#register + 1);
    return is64Bit(this.#core) ? registers.high(this.#register + 1) * 0x1_0000_0000 + low : low;
  }

  /** Takes `count` bytes, not more than there are, off the length. A negative count gives bytes back. */
  shorten(count: number): void {
    const { registers } = this.#core;
    const odd = this.#register + 1;
    const low = registers.low(odd) - count;
    registers.setLow(odd, low >>> 0);
    if (low < 0) registers.setHigh(odd, (registers.high(odd) - 1) >>> 0);
    else if (low > 0xffff_ffff) registers.setHigh(odd, (registers.high(odd) + 1) >>> 0);
  }
}

/**
 * How many of `count` bytes to process at once so that two-byte characters are done or undone as a whole, with `left` bytes
 * to go: an even number, but the halves of a character that lies in two pages, after a look at the second page.
 */
export function wholeCharacters(
  count: number,
  left: number,
  one: OperandCursor | undefined,
  other: OperandCursor | undefined,
  access: typeof READ | typeof WRITE,
): number {
  if ((left & 1) !== 0) return 1;
  if (count > 1) return count & ~1;
  if (one?.room === 1) one.resolveNext(access);
  if (other?.room === 1) other.resolveNext(READ);
  return 1;
}

/** Sets a general register to an address as most instructions do: in 24- and 31-bit mode bits 0-31 stay. */
export function putAddress(core: CpuCore, register: number, high: number, low: number): void {
  if (is64Bit(core)) core.registers.set(register, high, low);
  else core.registers.setLow(register, low);
}

export function is64Bit(core: CpuCore): boolean {
  return (core.registers.pswHigh & Psw.extendedAddressing) !== 0;
}
