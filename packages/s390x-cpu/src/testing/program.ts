import { assemble } from "@zarch/s390x-isa";
import type { Clock } from "@zarch/vmm-interface";
import { type Cpu, type CpuState, createCpu, type RunResult } from "../runtime/cpu.ts";

/** Where programs are assembled to and started. */
export const PROGRAM_ORIGIN = 0x1_0000;
const MEMORY_SIZE = 0x20_0000;
const MODE_64 = 0x0000_0001_8000_0000n;
const DISABLED_WAIT = 0x0002_0001_8000_0000n;
/** Control register 0 bit 45: AFP-register control. */
export const AFP_REGISTER_CONTROL = 0x4_0000n;
const SVC_NEW_PSW = 0x1c0;
const PROGRAM_NEW_PSW = 0x1d0;
/** Supervisor-call code by which a program ends. */
const END_CODE = 255;
/** Taken branches, or instructions with `exactly`, after which a program counts as endless. */
const BUDGET = 10_000_000;

/** What a program starts with. Registers that are not given are zero; all 64 bits of a register count. */
export interface ProgramSetup {
  readonly general?: Readonly<Record<number, bigint>>;
  readonly floatingPoint?: Readonly<Record<number, bigint>>;
  readonly access?: Readonly<Record<number, number>>;
  /** Without an entry for control register 0 the AFP-register control is on and everything else off. */
  readonly control?: Readonly<Record<number, bigint>>;
  readonly fpc?: number;
  /** Bits 0-63 of the PSW. Without it: 64-bit mode, supervisor state, no translation, condition code 0, interruptions off. */
  readonly psw?: bigint;
  /** Storage by absolute address, as bytes or hexadecimal digits (blanks are ignored). All other storage is zero. */
  readonly memory?: Readonly<Record<number, Uint8Array | string>>;
  /** Runs the exact engine instead of the fast one. */
  readonly exactly?: boolean;
}

/** The program interruption that ended a program. */
export interface ProgramInterruption {
  readonly code: number;
  /** Instruction length in bytes. */
  readonly length: number;
  /** Data-exception code, or vector-exception code. */
  readonly dxc: number;
  readonly translationException: bigint;
}

/** How a program ended. PSW and registers are those at its end, or at its program interruption (the old PSW). */
export interface ProgramState extends CpuState {
  readonly cc: number;
  /** Undefined when the program ran to its end. */
  readonly interruption: ProgramInterruption | undefined;
  /** Address of a label of the program. */
  address(label: string): number;
  /** `length` bytes of storage at an absolute address, as hexadecimal digits. */
  memory(address: number, length: number): string;
}

const stoppedClock: Clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };

let shared: Cpu | undefined;

/** A CPU with 2 MiB of storage and a clock that stands still, shared by all programs of a test file. */
export function sharedCpu(): Cpu {
  shared ??= createCpu({ memorySize: MEMORY_SIZE, clock: stoppedClock });
  return shared;
}

/**
 * The shared CPU after a clear reset, with the AFP-register control on, and new PSWs of supervisor call and program
 * interruption that are disabled waits at the address of that PSW, so that they tell which of them it was.
 */
export function resetSharedCpu(): Cpu {
  const cpu = sharedCpu();
  cpu.reset("clear");
  for (const place of [SVC_NEW_PSW, PROGRAM_NEW_PSW]) {
    const psw = (DISABLED_WAIT << 64n) | BigInt(place);
    cpu.memory.write(place, bytesOf(psw.toString(16).padStart(32, "0")));
  }
  cpu.setControl(0, AFP_REGISTER_CONTROL);
  return cpu;
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  if (typeof content !== "string") return content;
  return Uint8Array.from(content.replaceAll(/\s/g, "").match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

/**
 * Assembles a program in GNU syntax, runs it from its start until its end or until a program interruption, and tells the
 * state then. Each run begins with a clear reset.
 */
export function runProgram(source: string, setup: ProgramSetup = {}): ProgramState {
  const program = assemble(`${source}\n        svc ${END_CODE}\n`, { origin: PROGRAM_ORIGIN });
  const cpu = resetSharedCpu();
  const { memory } = cpu;
  const hex = (address: number, length: number): string => {
    const bytes = new Uint8Array(length);
    memory.read(address, bytes);
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const number64 = (address: number): bigint => BigInt(`0x${hex(address, 8)}`);
  memory.write(PROGRAM_ORIGIN, program.bytes);
  for (const [address, content] of Object.entries(setup.memory ?? {})) memory.write(Number(address), bytesOf(content));
  for (const [number, value] of Object.entries(setup.control ?? {})) cpu.setControl(Number(number), value);
  for (const [number, value] of Object.entries(setup.general ?? {})) cpu.setGeneral(Number(number), value);
  for (const [number, value] of Object.entries(setup.floatingPoint ?? {})) cpu.setFloatingPoint(Number(number), value);
  for (const [number, value] of Object.entries(setup.access ?? {})) cpu.setAccess(Number(number), value);
  cpu.setFpc(setup.fpc ?? 0);
  cpu.setPsw(setup.psw ?? MODE_64, BigInt(PROGRAM_ORIGIN));

  const result: RunResult = setup.exactly ? cpu.runExactly(BUDGET) : cpu.run({ budget: BUDGET });
  if (result.reason !== "disabled-wait") throw new Error(`the program ended with "${result.reason}"`);
  const ended = result.address === BigInt(SVC_NEW_PSW);
  const old = ended ? 0x140 : 0x150;
  const mask = number64(old);
  const atEnd = number64(old + 8);
  if (ended && memory.loadUint16(0x8a, "big") !== END_CODE) throw new Error("the program called the supervisor");
  return {
    ...cpu.state,
    // The SVC that ends a program is not part of it.
    psw: { mask, address: ended ? atEnd - 2n : atEnd },
    cc: Number((mask >> 44n) & 3n),
    interruption: ended
      ? undefined
      : {
          code: memory.loadUint16(0x8e, "big"),
          length: memory.loadUint16(0x8c, "big"),
          dxc: memory.loadUint32(0x90, "big"),
          translationException: number64(0xa8),
        },
    address: (label) => program.address(label),
    memory: hex,
  };
}
