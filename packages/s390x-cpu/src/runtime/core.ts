import type { ReversedMemory } from "@zarch/guest-memory";
import type {
  ChannelSubsystemPort,
  DiagnoseHandler,
  ExternalInterruption,
  ExternalInterruptionPort,
  PciPort,
  ServiceCallPort,
} from "@zarch/vmm-interface";
import { ProgramCode } from "../engine/context.ts";
import * as layout from "../engine/layout.ts";
import { facilityBits, facilityList, pciFacilityBits } from "./facilities.ts";
import type { CpuIdentity } from "./identity.ts";
import { Operands } from "./operands.ts";
import { programInterruption } from "./program-interruption.ts";
import { BASIC_ADDRESSING, isPswValid, Psw } from "./psw.ts";
import type { Registers } from "./registers.ts";
import type { EngineExports, OperandStorage } from "./storage.ts";
import { TranslationBanks } from "./translation-banks.ts";

/** What is around a CPU. All parts may be missing: the instructions that need them then say "not operational". */
export interface CpuPorts {
  readonly channelSubsystem?: ChannelSubsystemPort;
  readonly serviceCall?: ServiceCallPort;
  readonly externalInterruptions?: ExternalInterruptionPort;
  /** Without it the facilities of PCI are not offered, and their instructions are operation exceptions. */
  readonly pci?: PciPort;
  /** DIAGNOSE functions by code; a code without a handler is a specification exception. */
  readonly diagnose?: Pick<ReadonlyMap<number, DiagnoseHandler>, "get">;
}

/** What the CPU asks of the machine that it cannot do itself. */
export type StopRequest =
  /** SIGP stop, or stop and store status. */
  { readonly kind: "stopped" };

/** State and services that the runtime's halves of instructions share. One per CPU. */
export class CpuCore {
  readonly registers: Registers;
  readonly storage: OperandStorage;
  readonly memory: ReversedMemory;
  readonly engine: EngineExports;
  readonly ports: CpuPorts;
  readonly identity: CpuIdentity;
  readonly banks: TranslationBanks;
  readonly operands = new Operands();
  readonly storageKeys: Uint8Array;
  /** What STORE FACILITY LIST gives. */
  readonly facilities: Uint8Array;
  /** Record of the current instruction, while a helper runs. */
  record = 0;
  /** The helper changed the flow or the context: the engine reloads everything. */
  reload = false;
  stop: StopRequest | undefined;
  /** Emergency-signal and external-call conditions from this CPU to itself. */
  emergencySignal = false;
  externalCall = false;
  /** External interruptions that the machine queued, under the service-signal subclass mask. */
  readonly externalQueue: ExternalInterruption[] = [];
  /** Data of a monitor event, for the interruption that follows. */
  monitorClass = 0;
  monitorCodeHigh = 0;
  monitorCodeLow = 0;

  constructor(parts: {
    registers: Registers;
    storage: OperandStorage;
    memory: ReversedMemory;
    engine: EngineExports;
    ports: CpuPorts;
    identity: CpuIdentity;
    storageKeys: Uint8Array;
  }) {
    this.registers = parts.registers;
    this.storage = parts.storage;
    this.memory = parts.memory;
    this.engine = parts.engine;
    this.ports = parts.ports;
    this.facilities = facilityList(parts.ports.pci ? [...facilityBits, ...pciFacilityBits] : facilityBits);
    this.identity = parts.identity;
    this.storageKeys = parts.storageKeys;
    this.banks = new TranslationBanks(parts.registers, parts.engine);
  }

  // ---- addresses ----

  /** Effective address of base + index + displacement: left half. Call before {@link addressLow}, which it prepares. */
  #low = 0;

  addressHigh(base: number, displacement: number, index = 16): number {
    const { registers, storage } = this;
    // Register 16 reads as zero.
    let low = registers.low(base) + registers.low(index);
    let high = registers.high(base) + registers.high(index) + (low >= 0x1_0000_0000 ? 1 : 0);
    low = (low >>> 0) + (displacement >>> 0);
    high += (displacement < 0 ? 0xffff_ffff : 0) + (low >= 0x1_0000_0000 ? 1 : 0);
    this.#low = (low & storage.maskLow) >>> 0;
    return (high & storage.maskHigh) >>> 0;
  }

  /** Right half of the address that {@link addressHigh} computed last. */
  get addressLow(): number {
    return this.#low;
  }

  /** Address of the next sequential instruction, as halves: PSW_ADDRESS is set to it. */
  advance(): void {
    const { registers, record } = this;
    const bytes = this.storage.bytes[record + 2] as number;
    const deltaLow = registers.word(layout.PC_DELTA);
    const deltaHigh = registers.word(layout.PC_DELTA + 4);
    const low = deltaLow + (record >>> 3) + bytes;
    const high = deltaHigh + (low >= 0x1_0000_0000 ? 1 : 0);
    registers.setAddress((high & this.storage.maskHigh) >>> 0, (low & this.storage.maskLow) >>> 0);
  }

  /** Sets the instruction address, which must lie behind this instruction; wrapped by the engine. */
  branch(high: number, low: number): void {
    this.registers.setAddress(high, low);
    this.reload = true;
  }

  /** Length in bytes that an interruption reports for this instruction: under EXECUTE that of the EXECUTE. */
  ownLength(): number {
    return this.record === layout.EXECUTE_RECORD ? this.registers.word(layout.EXECUTE_LENGTH) : this.operands.length;
  }

  /** Length in bytes of the instruction that the exact engine just executed at an address (right half). */
  lengthOfExecuted(low: number): number {
    const page = this.registers.word(layout.RECORD_PAGE);
    const own = this.storage.bytes[page + (low & 0xffe) * 8 + 2] as number;
    // An instruction that reaches into the next page has its record elsewhere.
    return own !== 0 ? own : (this.storage.bytes[layout.CROSSING_RECORD + 2] as number);
  }

  /** Presents SUPERVISOR CALL; set by the CPU, which owns the interruption mechanism, as the three below. */
  supervisorCall: (code: number, length: number) => void = () => {};
  /** Presents a program interruption of the PSW that an instruction has just introduced. */
  interruptProgram: (code: number, length: number) => void = () => {};
  restart: () => void = () => {};
  reset: (kind: "cpu" | "initial-cpu") => void = () => {};

  /** Whether this instruction lies at or above an address below 2^32; under EXECUTE the EXECUTE counts. */
  isLocatedAtOrAbove(limit: number): boolean {
    const { registers, record } = this;
    if (record === layout.EXECUTE_RECORD)
      return registers.word(layout.EXECUTE_ADDRESS + 4) !== 0 || registers.word(layout.EXECUTE_ADDRESS) >= limit;
    const low = registers.word(layout.PC_DELTA) + (record >>> 3);
    const high = registers.word(layout.PC_DELTA + 4) + (low >= 0x1_0000_0000 ? 1 : 0);
    return (high & this.storage.maskHigh) !== 0 || (low & this.storage.maskLow) >>> 0 >= limit;
  }

  /** Refuses the instruction when the prefix area, to which it stores, is outside storage. */
  requirePrefixArea(): void {
    if (this.registers.prefix + 8192 > this.memory.size) this.program(ProgramCode.addressing);
  }

  /** Ends the instruction normally, with the engine told that translation, mode or pending interruptions may differ. */
  contextChanged(): void {
    this.advance();
    this.updateMode();
    this.reload = true;
  }

  /** Asks the engine to look for interruptions before the next instruction. */
  attention(): void {
    this.registers.setWord(layout.ATTENTION, 1);
    this.registers.setWord(layout.INTERRUPTION_PENDING, 1);
  }

  // ---- clocks ----

  /** Sets the TOD clock from the host's wall clock, in milliseconds since 1970. */
  setHostTime(milliseconds: number): void {
    // The TOD clock counts from 1900; 2208988800 s lie between. Leap seconds are left out, as hosts do.
    const units = BigInt(Math.round((milliseconds / 1000 + 2_208_988_800) * 1_000_000)) << 12n;
    this.engine.setTod(Number(BigInt.asUintN(32, units >> 32n)), Number(BigInt.asUintN(32, units)));
  }

  setCpuTimer(value: bigint): void {
    const sum = value + this.engine.tod();
    this.registers.setWord(layout.CPU_TIMER_SUM, Number(BigInt.asUintN(32, sum)));
    this.registers.setWord(layout.CPU_TIMER_SUM + 4, Number(BigInt.asUintN(32, sum >> 32n)));
  }

  // ---- PSW ----

  get problemState(): boolean {
    return (this.registers.pswHigh & Psw.problem) !== 0;
  }

  /** PSW bits 0-31 with the condition code in place. */
  currentPswHigh(): number {
    return ((this.registers.pswHigh & ~Psw.cc) | (this.registers.cc << Psw.ccShift)) >>> 0;
  }

  /**
   * Introduces a PSW. @returns whether it is valid; an invalid one is in place nevertheless and is to be answered by a
   * specification exception.
   */
  setPsw(high: number, low: number, addressHigh: number, addressLow: number): boolean {
    const { registers } = this;
    registers.pswHigh = high;
    registers.pswLow = low;
    registers.cc = (high & Psw.cc) >>> Psw.ccShift;
    registers.setAddress(addressHigh, addressLow);
    this.updateMode();
    this.attention();
    return isPswValid(high, low, addressHigh, addressLow);
  }

  /** Recomputes what depends on PSW and control registers: address mask, access key, bank. */
  updateMode(): void {
    const { registers, storage } = this;
    const high = registers.pswHigh;
    const extended = (high & Psw.extendedAddressing) !== 0;
    storage.maskHigh = extended ? 0xffff_ffff : 0;
    storage.maskLow = extended ? 0xffff_ffff : (registers.pswLow & BASIC_ADDRESSING) !== 0 ? 0x7fff_ffff : 0x00ff_ffff;
    registers.setWord(layout.ADDRESS_MASK, storage.maskLow);
    registers.setWord(layout.ADDRESS_MASK + 4, storage.maskHigh);
    registers.setWord(layout.ACCESS_KEY, (high & Psw.key) >>> Psw.keyShift);
    this.banks.select();
  }

  /**
   * Stores status (PoP chapter 4, "Store Status"): registers and clocks at their assigned locations relative to `base`, an
   * absolute address. With `forMachineCheck` the PSW and prefix, which a machine check saves elsewhere, are left out.
   */
  storeStatus(base: number, forMachineCheck: boolean): void {
    const { registers, memory } = this;
    const store = (offset: number, value: number): void => memory.storeUint32(base + offset, value >>> 0, "big");
    for (let n = 0; n < 16; n++) {
      store(0x1200 + n * 8, registers.floatHigh(n));
      store(0x1204 + n * 8, registers.floatLow(n));
      store(0x1280 + n * 8, registers.high(n));
      store(0x1284 + n * 8, registers.low(n));
      store(0x1340 + n * 4, registers.access(n));
      store(0x1380 + n * 8, registers.controlHigh(n));
      store(0x1384 + n * 8, registers.controlLow(n));
    }
    if (!forMachineCheck) {
      store(0x1300, this.currentPswHigh());
      store(0x1304, registers.pswLow);
      store(0x1308, registers.addressHigh);
      store(0x130c, registers.addressLow);
      store(0x1318, registers.prefix);
    }
    store(0x131c, registers.fpc);
    store(0x1324, registers.word(layout.TOD_PROGRAMMABLE));
    const timer = this.engine.cpuTimer();
    store(0x1328, Number(BigInt.asUintN(32, timer >> 32n)));
    store(0x132c, Number(BigInt.asUintN(32, timer)));
    // Bits 0-55 of the clock comparator, right-aligned behind a zero byte.
    const comparatorHigh = registers.word(layout.CLOCK_COMPARATOR + 4);
    const comparatorLow = registers.word(layout.CLOCK_COMPARATOR);
    store(0x1330, comparatorHigh >>> 8);
    store(0x1334, (comparatorHigh << 24) | (comparatorLow >>> 8));
  }

  // ---- refusals ----

  /** Refuses the instruction in the problem state. */
  privileged(): void {
    if (this.problemState) programInterruption(this.registers, ProgramCode.privilegedOperation);
  }

  program(code: number): never {
    return programInterruption(this.registers, code);
  }

  specificationIf(condition: boolean): void {
    if (condition) programInterruption(this.registers, ProgramCode.specification);
  }
}

/** The runtime's half of an instruction. It may throw a refusal; it reads its operand fields from `core.operands`. */
export type Helper = (core: CpuCore) => void;
export type HelperMap = Readonly<Record<string, Helper>>;
