import { assemble } from "@zarch/s390x-isa";
import { type Cpu, type CpuState, createCpu, type JitOptions, type RunResult } from "../runtime/cpu.ts";

const clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };
const MEMORY_SIZE = 4 << 20;
const WAIT = 0x0002_0001_8000_0000n;
const MODE_64 = 0x0000_0001_8000_0000n;

const PAGE = 4096;
const MEBIBYTE = 1 << 20;
const TRANSLATION_ON = 1n << 58n;

/** Where an {@link EnginePair} has its program, and two pages of data. */
export const CODE = 0x1_0000;
export const DATA = 0x2_0000;
/** Frame of the second page of data when translation is on. */
const ELSEWHERE = 0x2_8000;
/** Tables for translation: one of segments, 4 KiB long, and the page tables behind it. */
const SEGMENT_TABLE = 0x20_0000;
const PAGE_TABLES = SEGMENT_TABLE + PAGE;
const PAGE_TABLE_SIZE = 2048;
const INVALID_SEGMENT = 0x20n;

export interface Start {
  readonly text: Uint8Array;
  readonly registers: readonly bigint[];
  /** Goes to {@link DATA}. */
  readonly storage: Uint8Array;
  /** Left half of the PSW; 64-bit mode if not given. */
  readonly psw?: bigint;
  /** With translation: all pages are where they are without, but for the second page of data, which is no neighbour of the first. */
  readonly isTranslated?: boolean;
}

export const assembled = (source: string): Uint8Array => assemble(source, { origin: CODE }).bytes;

/** Register values at which carries, signs and lengths change. */
export const edgeValues: readonly bigint[] = [
  ...[0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn],
  ...[0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn],
];

/** One CPU that compiles nearly all that it runs, perhaps in lockstep with its own interpreter, and one that interprets. */
export class EnginePair {
  readonly compiled: Cpu;
  readonly interpreted: Cpu = createCpu({ memorySize: MEMORY_SIZE, clock, jit: false });

  constructor(engine: "jit" | "lockstep", jit: JitOptions = {}) {
    const lockstep = engine === "lockstep";
    this.compiled = createCpu({ memorySize: MEMORY_SIZE, clock, jit: { interval: 1, threshold: 1, lockstep, ...jit } });
  }

  /** Runs a program on both, to its end by SVC or a program interruption, and tells what each left. */
  run(start: Start): { readonly compiled: Outcome; readonly interpreted: Outcome } {
    for (const cpu of [this.compiled, this.interpreted]) prepare(cpu, start);
    return { compiled: finish(this.compiled, start.isTranslated), interpreted: finish(this.interpreted, start.isTranslated) };
  }
}

export interface Outcome {
  readonly result: RunResult;
  readonly state: CpuState;
  /** Of both pages of data. */
  readonly storage: Uint8Array;
  readonly lowcore: Uint8Array;
}

/** Register 12 points to the start of a page of data, register 13 near its end; register 11 counts the rounds of a loop. */
export function prepare(cpu: Cpu, { text, registers, storage, psw = MODE_64, isTranslated = false }: Start): void {
  cpu.reset("clear");
  cpu.memory.write(CODE, text);
  cpu.memory.write(DATA, storage.subarray(0, PAGE));
  cpu.memory.write(isTranslated ? ELSEWHERE : DATA + PAGE, storage.subarray(PAGE));
  if (isTranslated) translate(cpu);
  for (const [number, value] of registers.entries()) cpu.setGeneral(number, value);
  cpu.setGeneral(11, 6n);
  cpu.setGeneral(12, BigInt(DATA));
  cpu.setGeneral(13, BigInt(DATA + 0xff0));
  // Supervisor calls and program interruptions end the program, each with an address of its own.
  for (const [place, address] of [
    [0x1c0, 0x111],
    [0x1d0, 0x222],
  ] as const) {
    cpu.memory.storeBigUint64(place, WAIT, "big");
    cpu.memory.storeBigUint64(place + 8, BigInt(address), "big");
  }
  cpu.setPsw(isTranslated ? psw | TRANSLATION_ON : psw, BigInt(CODE));
}

/** Builds the tables, and makes them those of the primary space. */
function translate(cpu: Cpu): void {
  for (let segment = 0; segment < PAGE / 8; segment++) {
    const table = PAGE_TABLES + segment * PAGE_TABLE_SIZE;
    const isThere = segment * MEBIBYTE < MEMORY_SIZE;
    cpu.memory.storeBigUint64(SEGMENT_TABLE + segment * 8, isThere ? BigInt(table) : INVALID_SEGMENT, "big");
    for (let page = 0; isThere && page < MEBIBYTE / PAGE; page++) {
      const address = segment * MEBIBYTE + page * PAGE;
      cpu.memory.storeBigUint64(table + page * 8, BigInt(address === DATA + PAGE ? ELSEWHERE : address), "big");
    }
  }
  cpu.setControl(1, BigInt(SEGMENT_TABLE));
}

/** Runs a program to its end, and tells all that it left. */
export function finish(cpu: Cpu, isTranslated = false): Outcome {
  for (let rounds = 0; rounds < 100; rounds++) {
    const result = cpu.run({ budget: 5000 });
    if (result.reason === "budget") continue;
    const storage = new Uint8Array(2 * PAGE);
    const lowcore = new Uint8Array(512);
    cpu.memory.read(DATA, storage.subarray(0, PAGE));
    cpu.memory.read(isTranslated ? ELSEWHERE : DATA + PAGE, storage.subarray(PAGE));
    cpu.memory.read(0, lowcore);
    return { result, state: cpu.state, storage, lowcore };
  }
  throw new Error("the program does not end");
}
