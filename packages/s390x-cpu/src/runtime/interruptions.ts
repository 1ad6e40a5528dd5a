import type { ExternalInterruption } from "@zarch/vmm-interface";
import { ProgramCode } from "../engine/context.ts";
import * as layout from "../engine/layout.ts";
import type { CpuCore } from "./core.ts";
import { ProgramEvents } from "./program-events.ts";
import { Psw } from "./psw.ts";

/** Real addresses of old and new PSWs and of interruption codes (PoP chapter 3, "Assigned Storage Locations"). */
export const Lowcore = {
  externalParameter: 0x80,
  externalCpuAddress: 0x84,
  externalCode: 0x86,
  svcLength: 0x88,
  svcCode: 0x8a,
  programLength: 0x8c,
  programCode: 0x8e,
  dataExceptionCode: 0x90,
  monitorClass: 0x94,
  perCode: 0x96,
  perAddress: 0x98,
  exceptionAccess: 0xa0,
  perAccess: 0xa1,
  operandAccess: 0xa2,
  translationException: 0xa8,
  monitorCode: 0xb0,
  subsystemId: 0xb8,
  ioParameter: 0xbc,
  ioIdentification: 0xc0,
  machineCheckCode: 0xe8,
  failingAddress: 0xf8,
  breakingEvent: 0x110,
  restartOldPsw: 0x120,
  externalOldPsw: 0x130,
  svcOldPsw: 0x140,
  programOldPsw: 0x150,
  machineCheckOldPsw: 0x160,
  ioOldPsw: 0x170,
  restartNewPsw: 0x1a0,
  externalNewPsw: 0x1b0,
  svcNewPsw: 0x1c0,
  programNewPsw: 0x1d0,
  machineCheckNewPsw: 0x1e0,
  ioNewPsw: 0x1f0,
  externalParameter64: 0x11b8,
} as const;

export const ExternalCode = {
  interruptKey: 0x0040,
  emergencySignal: 0x1201,
  externalCall: 0x1202,
  clockComparator: 0x1004,
  cpuTimer: 0x1005,
  serviceSignal: 0x2401,
} as const;

/** Subclass masks in control register 0, right half. */
const CR0 = {
  emergencySignal: 0x4000,
  externalCall: 0x2000,
  clockComparator: 0x0800,
  cpuTimer: 0x0400,
  serviceSignal: 0x0200,
  interruptKey: 0x0040,
} as const;

/** Subclass mask of an external interruption that the machine queued: all but the interrupt key share one. */
function subclassMask(code: number): number {
  return code === ExternalCode.interruptKey ? CR0.interruptKey : CR0.serviceSignal;
}

/** CR14 bit 35: channel-report-pending subclass. */
const CR14_CHANNEL_REPORT = 0x1000_0000;

const TRANSLATION_CODES: ReadonlySet<number> = new Set([
  ProgramCode.segmentTranslation,
  ProgramCode.pageTranslation,
  ProgramCode.asceType,
  ProgramCode.regionFirstTranslation,
  ProgramCode.regionSecondTranslation,
  ProgramCode.regionThirdTranslation,
]);

/** Program interruptions that nullify: the old PSW addresses the instruction itself (PoP chapter 5). */
function nullifies(code: number): boolean {
  return TRANSLATION_CODES.has(code) || code === ProgramCode.traceTable || (code >= 0x20 && code <= 0x34);
}

/** Exceptions of ASN translation and authorization: real locations 172-175 name the ASN. */
function isAsnCode(code: number): boolean {
  return code >= ProgramCode.afxTranslation && code <= ProgramCode.secondaryAuthority;
}

/** Exceptions of access-register translation: real location 160 names the access register. */
function isAccessRegisterCode(code: number): boolean {
  return code >= ProgramCode.aletSpecification && code <= ProgramCode.extendedAuthority;
}

/** Program interruptions after which an instruction would do the same again: none of its results are there. */
function changesNothing(code: number): boolean {
  return nullifies(code) || REFUSALS.has(code);
}

const REFUSALS: ReadonlySet<number> = new Set([
  ProgramCode.operation,
  ProgramCode.privilegedOperation,
  ProgramCode.execute,
  ProgramCode.protection,
  ProgramCode.addressing,
  ProgramCode.specification,
  ProgramCode.translationSpecification,
  ProgramCode.specialOperation,
  ProgramCode.operand,
]);

/** Interruption action (PoP chapter 6): old PSW stored, identification stored, new PSW loaded. */
export class Interruptions {
  readonly #core: CpuCore;
  readonly events: ProgramEvents;
  /** Set when the program new PSW leads back into a program interruption without an instruction in between. */
  programLoop = false;
  /** Set when an interruption found the prefix area outside storage: the CPU is in the check-stop state. */
  checkStopped = false;
  /** How often in a row the instruction at the program new PSW was refused. */
  #refusalsInARow = 0;

  constructor(core: CpuCore) {
    this.#core = core;
    this.events = new ProgramEvents(core);
  }

  #cannotInterrupt(): boolean {
    const { registers, memory } = this.#core;
    if (registers.prefix + 8192 > memory.size) this.checkStopped = true;
    return this.checkStopped;
  }

  /** Absolute address of a location in the prefix area. */
  #lowcore(offset: number): number {
    return this.#core.registers.prefix + offset;
  }

  #store16(offset: number, value: number): void {
    this.#core.memory.storeUint16(this.#lowcore(offset), value, "big");
  }

  #store32(offset: number, value: number): void {
    this.#core.memory.storeUint32(this.#lowcore(offset), value >>> 0, "big");
  }

  #store64(offset: number, high: number, low: number): void {
    this.#store32(offset, high);
    this.#store32(offset + 4, low);
  }

  /** Swaps PSWs. @returns whether the new PSW is valid */
  #swap(oldPsw: number, newPsw: number): boolean {
    const core = this.#core;
    const { registers, memory } = core;
    this.#store64(oldPsw, core.currentPswHigh(), registers.pswLow);
    this.#store64(oldPsw + 8, registers.addressHigh, registers.addressLow);
    const at = this.#lowcore(newPsw);
    const valid = core.setPsw(
      memory.loadUint32(at, "big"),
      memory.loadUint32(at + 4, "big"),
      memory.loadUint32(at + 8, "big"),
      memory.loadUint32(at + 12, "big"),
    );
    return valid;
  }

  #finish(valid: boolean): void {
    // A new PSW that is not valid is answered at once; if the program new PSW is at fault too, that never ends.
    if (valid) return;
    this.#core.registers.setWord(layout.PROGRAM_LENGTH, 0);
    this.program(ProgramCode.specification, 0);
  }

  /** Sets the PSW address and the length from the record of the refused instruction, then interrupts. */
  programAtRecord(code: number, withEvents?: (length: number) => boolean): void {
    const core = this.#core;
    const { registers, storage } = core;
    const record = registers.word(layout.RECORD);
    if (record === 0) {
      // Refused while fetching: the address is set already.
      this.program(code, registers.word(layout.PROGRAM_LENGTH));
      return;
    }
    let low: number;
    let high: number;
    let length = storage.bytes[record + 2] as number;
    if (record === layout.EXECUTE_RECORD) {
      low = registers.word(layout.EXECUTE_ADDRESS);
      high = registers.word(layout.EXECUTE_ADDRESS + 4);
      length = registers.word(layout.EXECUTE_LENGTH);
    } else {
      low = registers.word(layout.PC_DELTA) + (record >>> 3);
      high = registers.word(layout.PC_DELTA + 4) + (low >= 0x1_0000_0000 ? 1 : 0);
    }
    registers.setAddress((high & storage.maskHigh) >>> 0, (low & storage.maskLow) >>> 0);
    // A nullified instruction comes again, and its events with it.
    const event = withEvents !== undefined && !nullifies(code) && withEvents(length);
    this.program(event ? code | ProgramCode.per : code, length);
  }

  /** Program interruption for the instruction at the PSW address. */
  program(code: number, length: number): void {
    const core = this.#core;
    const { registers, storage } = core;
    if (this.#cannotInterrupt()) return;
    this.#watchForLoop(code);
    // An early exception has no length, and its PSW stays as it was loaded.
    if (length !== 0 && !nullifies(code & 0x7f)) {
      const low = registers.addressLow + length;
      const high = registers.addressHigh + (low >= 0x1_0000_0000 ? 1 : 0);
      registers.setAddress((high & storage.maskHigh) >>> 0, (low & storage.maskLow) >>> 0);
    }
    this.#store16(Lowcore.programLength, length);
    this.#store16(Lowcore.programCode, code);
    const base = code & 0x7f;
    if (base === ProgramCode.data || base === ProgramCode.vectorProcessing) {
      const dxc = registers.word(layout.DXC);
      this.#store32(Lowcore.dataExceptionCode, dxc);
      // With the AFP-register control on, the FPC holds the code as well.
      if ((registers.controlLow(0) & 0x0004_0000) !== 0) registers.fpc = ((registers.fpc & ~0xff00) | ((dxc & 0xff) << 8)) >>> 0;
    }
    const isAccess = TRANSLATION_CODES.has(base) || base === ProgramCode.protection;
    if (isAccess || base === ProgramCode.spaceSwitch || isAsnCode(base)) {
      this.#store64(
        Lowcore.translationException,
        registers.word(layout.TRANSLATION_EXCEPTION + 4),
        registers.word(layout.TRANSLATION_EXCEPTION),
      );
    }
    if (isAccess || isAccessRegisterCode(base))
      core.memory.storeUint8(this.#lowcore(Lowcore.exceptionAccess), registers.word(layout.EXCEPTION_ACCESS));
    if ((code & ProgramCode.per) !== 0) this.#storeEvent();
    if (base === ProgramCode.monitor) {
      this.#store16(Lowcore.monitorClass, core.monitorClass);
      this.#store64(Lowcore.monitorCode, core.monitorCodeHigh, core.monitorCodeLow);
    }
    this.#store64(Lowcore.breakingEvent, registers.word(layout.BREAKING_EVENT + 4), registers.word(layout.BREAKING_EVENT));
    const valid = this.#swap(Lowcore.programOldPsw, Lowcore.programNewPsw);
    if (!valid) this.programLoop = true;
  }

  /**
   * The instruction that the program new PSW designates is itself refused, under that PSW with all interruptions disabled:
   * it will be refused for ever. The second time tells, as the first may have stored into it.
   */
  #watchForLoop(code: number): void {
    const { registers, memory } = this.#core;
    const at = this.#lowcore(Lowcore.programNewPsw);
    const isRepeated =
      changesNothing(code) &&
      (registers.pswHigh & (Psw.io | Psw.external | Psw.machineCheck)) === 0 &&
      memory.loadUint32(at, "big") === this.#core.currentPswHigh() &&
      memory.loadUint32(at + 4, "big") === registers.pswLow &&
      memory.loadUint32(at + 8, "big") === registers.addressHigh &&
      memory.loadUint32(at + 12, "big") === registers.addressLow;
    this.#refusalsInARow = isRepeated ? this.#refusalsInARow + 1 : 0;
    if (this.#refusalsInARow > 1) this.programLoop = true;
  }

  /** Program interruption for events alone: the instruction is complete, and the PSW address behind it. */
  programEvent(length: number): void {
    if (this.#cannotInterrupt()) return;
    this.#store16(Lowcore.programLength, length);
    this.#store16(Lowcore.programCode, ProgramCode.per);
    this.#storeEvent();
    if (!this.#swap(Lowcore.programOldPsw, Lowcore.programNewPsw)) this.programLoop = true;
  }

  #storeEvent(): void {
    const { events } = this;
    this.#store16(Lowcore.perCode, events.code);
    this.#store64(Lowcore.perAddress, events.addressHigh, events.addressLow);
    this.#core.memory.storeUint8(this.#lowcore(Lowcore.perAccess), 0);
  }

  /** SUPERVISOR CALL: the PSW address is that of the next instruction. */
  supervisorCall(code: number, length: number): void {
    if (this.#cannotInterrupt()) return;
    this.#store16(Lowcore.svcLength, length);
    this.#store16(Lowcore.svcCode, code);
    this.#finish(this.#swap(Lowcore.svcOldPsw, Lowcore.svcNewPsw));
  }

  restart(): void {
    if (this.#cannotInterrupt()) return;
    this.#finish(this.#swap(Lowcore.restartOldPsw, Lowcore.restartNewPsw));
  }

  #external(code: number, cpuAddress: number): void {
    this.#store16(Lowcore.externalCpuAddress, cpuAddress);
    this.#store16(Lowcore.externalCode, code);
    this.#finish(this.#swap(Lowcore.externalOldPsw, Lowcore.externalNewPsw));
  }

  /** Whether an interruption that the PSW and control registers allow is pending. */
  isPending(): boolean {
    return this.#pendingExternal() !== 0 || this.#pendingIo() !== 0 || this.#isMachineCheckPending();
  }

  /** Whether an I/O or external interruption, but for those of the timers, is pending that the PSW may come to allow. */
  mayBecomeDue(): boolean {
    const core = this.#core;
    const { channelSubsystem, serviceCall, externalInterruptions } = core.ports;
    return (
      core.emergencySignal ||
      core.externalCall ||
      core.externalQueue.length > 0 ||
      (channelSubsystem?.pendingInterruptionSubclasses() ?? 0) !== 0 ||
      (serviceCall?.serviceSignalPending() ?? false) ||
      (externalInterruptions?.pendingExternalInterruption() ?? 0) !== 0
    );
  }

  #isMachineCheckPending(): boolean {
    const { registers, ports } = this.#core;
    return (
      (registers.pswHigh & Psw.machineCheck) !== 0 &&
      (registers.controlLow(14) & CR14_CHANNEL_REPORT) !== 0 &&
      (ports.channelSubsystem?.channelReportPending() ?? false)
    );
  }

  /** The external-interruption code to present, or 0. */
  #pendingExternal(): number {
    const core = this.#core;
    const { registers, ports } = core;
    if ((registers.pswHigh & Psw.external) === 0) return 0;
    const mask = registers.controlLow(0);
    if (core.emergencySignal && (mask & CR0.emergencySignal) !== 0) return ExternalCode.emergencySignal;
    if (core.externalCall && (mask & CR0.externalCall) !== 0) return ExternalCode.externalCall;
    if ((mask & (CR0.clockComparator | CR0.cpuTimer)) !== 0) {
      const timers = core.engine.pendingTimers();
      if ((timers & 1) !== 0 && (mask & CR0.clockComparator) !== 0) return ExternalCode.clockComparator;
      if ((timers & 2) !== 0 && (mask & CR0.cpuTimer) !== 0) return ExternalCode.cpuTimer;
    }
    if ((mask & CR0.serviceSignal) !== 0 && (ports.serviceCall?.serviceSignalPending() ?? false)) return ExternalCode.serviceSignal;
    const offered = ports.externalInterruptions?.pendingExternalInterruption() ?? 0;
    if (offered !== 0 && (mask & subclassMask(offered)) !== 0) return offered;
    return core.externalQueue.find(({ code }) => (mask & subclassMask(code)) !== 0)?.code ?? 0;
  }

  /** Interruption subclasses that are pending and enabled, subclass n at bit 0x80 >> n. */
  #pendingIo(): number {
    const { registers, ports } = this.#core;
    if ((registers.pswHigh & Psw.io) === 0 || !ports.channelSubsystem) return 0;
    // CR6 bits 32-39 are the subclass masks.
    return ports.channelSubsystem.pendingInterruptionSubclasses() & (registers.controlLow(6) >>> 24);
  }

  /** Presents the most urgent pending interruption that is allowed. @returns whether there was one */
  deliver(): boolean {
    const core = this.#core;
    const { ports } = core;
    // In the order of the manual's priorities: repressible machine checks, external, I/O.
    if (this.#isMachineCheckPending()) {
      if (this.#cannotInterrupt()) return false;
      this.#machineCheck();
      return true;
    }
    const external = this.#pendingExternal();
    if (external !== 0) {
      if (this.#cannotInterrupt()) return false;
      this.#deliverExternal(external);
      return true;
    }
    const subclasses = this.#pendingIo();
    if (subclasses !== 0) {
      if (this.#cannotInterrupt()) return false;
      const interruption = ports.channelSubsystem?.takeInterruption(subclasses);
      if (interruption) {
        this.#store32(Lowcore.subsystemId, interruption.subsystemId);
        this.#store32(Lowcore.ioParameter, interruption.parameter);
        this.#store32(Lowcore.ioIdentification, interruption.identification);
        this.#finish(this.#swap(Lowcore.ioOldPsw, Lowcore.ioNewPsw));
        return true;
      }
    }
    return false;
  }

  #deliverExternal(code: number): void {
    const core = this.#core;
    if (code === ExternalCode.emergencySignal) {
      core.emergencySignal = false;
      this.#external(code, core.identity.address);
    } else if (code === ExternalCode.externalCall) {
      core.externalCall = false;
      this.#external(code, core.identity.address);
    } else if (code === ExternalCode.serviceSignal && core.ports.serviceCall?.serviceSignalPending()) {
      this.#store32(Lowcore.externalParameter, core.ports.serviceCall.takeServiceSignal());
      this.#external(code, 0);
    } else if (code === ExternalCode.clockComparator || code === ExternalCode.cpuTimer) {
      this.#external(code, 0);
    } else {
      const interruption = this.#takeExternal(code);
      if (interruption === undefined) return;
      const { cpuAddress, parameter, parameter64 } = interruption;
      this.#store32(Lowcore.externalParameter, parameter);
      this.#store64(Lowcore.externalParameter64, parameter64?.high ?? 0, parameter64?.low ?? 0);
      this.#external(code, cpuAddress);
    }
  }

  #takeExternal(code: number): ExternalInterruption | undefined {
    const { ports, externalQueue } = this.#core;
    const port = ports.externalInterruptions;
    if (port?.pendingExternalInterruption() === code) return port.takeExternalInterruption();
    const index = externalQueue.findIndex((queued) => queued.code === code);
    return externalQueue.splice(index, 1)[0];
  }

  /** Channel report pending: a repressible machine check with everything valid and the registers in their save areas. */
  #machineCheck(): void {
    const core = this.#core;
    core.ports.channelSubsystem?.channelReportPresented();
    core.storeStatus(this.#lowcore(0), true);
    // Bits: channel report pending (9), and the validity bits of PSW, registers, storage and clocks that were saved.
    this.#store64(Lowcore.machineCheckCode, 0x0040_0f1d, 0x4033_0000);
    this.#finish(this.#swap(Lowcore.machineCheckOldPsw, Lowcore.machineCheckNewPsw));
  }
}
