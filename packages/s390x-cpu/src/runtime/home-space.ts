import * as layout from "../engine/layout.ts";
import type { CpuCore } from "./core.ts";
import type { READ, WRITE } from "./storage.ts";

/** A 64-bit virtual address of the home space, as unsigned halves. */
export interface HomeAddress {
  readonly high: number;
  readonly low: number;
}

/** The address `bytes` (of either sign, below 2^32) further on, wrapping at 2^64. */
export function offsetBy({ high, low }: HomeAddress, bytes: number): HomeAddress {
  const sum = low + bytes;
  return { high: (high + Math.floor(sum / 0x1_0000_0000)) >>> 0, low: sum >>> 0 };
}

/** Bytes of the home space, at most a page of them, that may be accessed: absolute addresses of their one or two parts. */
export interface HomeSpan {
  readonly first: number;
  readonly firstLength: number;
  readonly second: number;
}

/**
 * Makes sure of access to bytes of the home space, which the linkage stack and the trap save area are in, whatever the
 * address-space control says; refuses the instruction otherwise. @param key access key, 0 for the linkage stack
 */
export function homeSpan(core: CpuCore, at: HomeAddress, length: number, access: typeof READ | typeof WRITE, key = 0): HomeSpan {
  const { registers, storage } = core;
  const resolve = ({ high, low }: HomeAddress): number =>
    storage.resolveIn(high, low, access, 3, registers.controlHigh(13), registers.controlLow(13));
  const saved = registers.word(layout.ACCESS_KEY);
  registers.setWord(layout.ACCESS_KEY, key);
  registers.setWord(layout.EXCEPTION_ACCESS, 0);
  try {
    const room = 4096 - (at.low & 0xfff);
    const first = resolve(at);
    const second = length > room ? resolve(offsetBy(at, room)) : 0;
    return { first, firstLength: Math.min(room, length), second };
  } finally {
    registers.setWord(layout.ACCESS_KEY, saved);
  }
}

/** Stores into a span from its start; no more bytes than it was made for. */
export function storeSpan(core: CpuCore, span: HomeSpan, bytes: Uint8Array): void {
  core.memory.write(span.first, bytes.subarray(0, span.firstLength));
  if (bytes.length > span.firstLength) core.memory.write(span.second, bytes.subarray(span.firstLength));
}

/** Fetches the bytes of a span. */
export function fetchSpan(core: CpuCore, span: HomeSpan, length: number): DataView {
  const bytes = new Uint8Array(length);
  core.memory.read(span.first, bytes.subarray(0, span.firstLength));
  if (length > span.firstLength) core.memory.read(span.second, bytes.subarray(span.firstLength));
  return new DataView(bytes.buffer);
}
