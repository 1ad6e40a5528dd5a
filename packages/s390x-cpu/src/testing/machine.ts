import { assemble } from "@zarch/s390x-isa";
import type { ChannelSubsystemPort, Clock, DiagnoseHandler, IoInterruption, PciPort, ServiceCallPort } from "@zarch/vmm-interface";
import { type Cpu, createCpu, type RunResult } from "../runtime/cpu.ts";
import { PROGRAM_ORIGIN } from "./program.ts";
import { doubleword } from "./tables.ts";

const DISABLED_WAIT = 0x0002_0001_8000_0000n;
const MODE_64 = 0x1_8000_0000n;
const MEMORY_SIZE = 0x20_0000;
const BUDGET = 1_000_000;

/** A clock that a test moves. */
export class ManualClock implements Clock {
  /** Nanoseconds. */
  time = 0;

  now(): number {
    return this.time;
  }

  wallClock(): number {
    return 0;
  }

  setAlarm(): () => void {
    return () => {};
  }
}

/** Takes down the calls of I/O instructions, and answers as told. */
export class FakeChannelSubsystem implements ChannelSubsystemPort {
  /** What every I/O instruction returns. */
  result = 0;
  readonly calls: string[] = [];
  /** Bytes that instructions which store get, and those that instructions which fetch gave. */
  data: Uint8Array = new Uint8Array(0);
  given: Uint8Array = new Uint8Array(0);
  readonly pending: (IoInterruption & { readonly subclass: number })[] = [];
  report = 0;
  reportPending = false;
  presented = 0;

  #call(name: string, ...values: number[]): number {
    this.calls.push([name, ...values.map((value) => value.toString(16))].join(" "));
    return this.result;
  }

  startSubchannel(subchannel: number, orb: Uint8Array): number {
    this.given = orb.slice();
    return this.#call("ssch", subchannel);
  }

  testSubchannel(subchannel: number, irb: Uint8Array): number {
    irb.set(this.data.subarray(0, irb.length));
    return this.#call("tsch", subchannel);
  }

  storeSubchannel(subchannel: number, schib: Uint8Array): number {
    schib.set(this.data.subarray(0, schib.length));
    return this.#call("stsch", subchannel);
  }

  modifySubchannel(subchannel: number, schib: Uint8Array): number {
    this.given = schib.slice();
    return this.#call("msch", subchannel);
  }

  clearSubchannel(subchannel: number): number {
    return this.#call("csch", subchannel);
  }

  haltSubchannel(subchannel: number): number {
    return this.#call("hsch", subchannel);
  }

  resumeSubchannel(subchannel: number): number {
    return this.#call("rsch", subchannel);
  }

  cancelSubchannel(subchannel: number): number {
    return this.#call("xsch", subchannel);
  }

  storeChannelReportWord(): number {
    const { report } = this;
    this.report = 0;
    return report;
  }

  channelSubsystemCall(address: number): number {
    return this.#call("chsc", address);
  }

  setAddressLimit(limit: number): number {
    return this.#call("sal", limit);
  }

  setChannelMonitor(control: number, originHigh: number, originLow: number): number {
    return this.#call("schm", control, originHigh, originLow);
  }

  resetChannelPath(path: number): number {
    return this.#call("rchp", path);
  }

  pendingInterruptionSubclasses(): number {
    return this.pending.reduce((mask, { subclass }) => mask | (0x80 >> subclass), 0);
  }

  takeInterruption(mask: number): IoInterruption | undefined {
    const index = this.pending.findIndex(({ subclass }) => (mask & (0x80 >> subclass)) !== 0);
    return index < 0 ? undefined : this.pending.splice(index, 1)[0];
  }

  channelReportPending(): boolean {
    return this.reportPending;
  }

  channelReportPresented(): void {
    this.reportPending = false;
    this.presented++;
  }

  reset(): void {}
}

export class FakeServiceCall implements ServiceCallPort {
  result = 0;
  readonly calls: string[] = [];
  signal = 0;

  serviceCall(command: number, address: number): number {
    this.calls.push(`${command.toString(16)} ${address.toString(16)}`);
    return this.result;
  }

  takeServiceSignal(): number {
    const { signal } = this;
    this.signal = 0;
    return signal;
  }

  serviceSignalPending(): boolean {
    return this.signal !== 0;
  }

  reset(): void {}
}

/** Takes down the calls of PCI instructions, and answers as told. Values and blocks that instructions store come from {@link data}. */
export class FakePci implements PciPort {
  result = 0;
  blockCheck = 0;
  readonly calls: string[] = [];
  data: Uint8Array = new Uint8Array(0);
  given: Uint8Array = new Uint8Array(0);

  #call(name: string, ...values: number[]): number {
    this.calls.push([name, ...values.map((value) => value.toString(16))].join(" "));
    return this.result;
  }

  load(handle: number, control: number, offsetHigh: number, offsetLow: number, data: Uint32Array): number {
    const view = new DataView(this.data.buffer);
    data[0] = view.getUint32(0);
    data[1] = view.getUint32(4);
    return this.#call("pcilg", handle, control, offsetHigh, offsetLow);
  }

  store(handle: number, control: number, offsetHigh: number, offsetLow: number, dataHigh: number, dataLow: number): number {
    return this.#call("pcistg", handle, control, offsetHigh, offsetLow, dataHigh, dataLow);
  }

  checkStoreBlock(): number {
    return this.blockCheck;
  }

  storeBlock(handle: number, control: number, offsetHigh: number, offsetLow: number, block: Uint8Array): number {
    this.given = block.slice();
    return this.#call("pcistb", handle, control, offsetHigh, offsetLow);
  }

  modifyControls(handle: number, control: number, block: Uint8Array): number {
    this.given = block.slice();
    return this.#call("mpcifc", handle, control);
  }

  storeControls(handle: number, control: number, block: Uint8Array): number {
    block.set(this.data.subarray(0, block.length));
    return this.#call("stpcifc", handle, control);
  }

  refreshTranslations(handle: number, startHigh: number, startLow: number, rangeHigh: number, rangeLow: number): number {
    return this.#call("rpcit", handle, startHigh, startLow, rangeHigh, rangeLow);
  }

  setInterruptionControls(operation: number, subclass: number): number {
    return this.#call("sic", operation, subclass);
  }

  callLogicalProcessor(selector: number, block: Uint8Array, requestLength: number): number {
    this.given = block.slice();
    block.set(this.data, requestLength);
    return this.#call("clp", selector, block.length, requestLength);
  }
}

/** Real addresses of new PSWs. The one where the CPU ends up in a wait tells the class of the interruption. */
export const NewPsw = { restart: 0x1a0, external: 0x1b0, supervisorCall: 0x1c0, program: 0x1d0, machineCheck: 0x1e0, io: 0x1f0 } as const;

/** A CPU with ports that a test holds the other end of. All new PSWs are disabled waits at their own address. */
export class TestMachine {
  readonly clock = new ManualClock();
  readonly channels = new FakeChannelSubsystem();
  readonly service = new FakeServiceCall();
  readonly pci = new FakePci();
  readonly diagnose = new Map<number, DiagnoseHandler>();
  readonly cpu: Cpu;

  constructor({ pci = false } = {}) {
    this.cpu = createCpu({
      memorySize: MEMORY_SIZE,
      clock: this.clock,
      ports: {
        channelSubsystem: this.channels,
        serviceCall: this.service,
        diagnose: this.diagnose,
        ...(pci && { pci: this.pci }),
      },
    });
    this.reset();
  }

  reset(): void {
    this.cpu.reset("clear");
    this.clock.time = 0;
    this.channels.result = 0;
    this.channels.calls.length = 0;
    this.channels.pending.length = 0;
    this.channels.report = 0;
    this.channels.reportPending = false;
    this.channels.presented = 0;
    this.service.result = 0;
    this.service.calls.length = 0;
    this.service.signal = 0;
    this.pci.result = 0;
    this.pci.blockCheck = 0;
    this.pci.calls.length = 0;
    for (const place of Object.values(NewPsw)) this.write(place, doubleword(DISABLED_WAIT) + doubleword(BigInt(place)));
  }

  /** Writes hexadecimal digits, blanks ignored, to an absolute address. */
  write(address: number, digits: string): void {
    this.cpu.memory.write(
      address,
      Uint8Array.from(digits.replaceAll(" ", "").match(/../g)!, (each) => Number.parseInt(each, 16)),
    );
  }

  /** `length` bytes of storage as hexadecimal digits. */
  read(address: number, length: number): string {
    const bytes = new Uint8Array(length);
    this.cpu.memory.read(address, bytes);
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** Assembles a program to its usual place, and lets the PSW designate it. */
  load(source: string, mask: bigint = MODE_64): void {
    this.cpu.memory.write(PROGRAM_ORIGIN, assemble(source, { origin: PROGRAM_ORIGIN }).bytes);
    this.cpu.setPsw(mask, BigInt(PROGRAM_ORIGIN));
  }

  run(source?: string, mask?: bigint): RunResult {
    if (source !== undefined) this.load(source, mask);
    return this.cpu.run({ budget: BUDGET });
  }

  /** Runs, and tells which new PSW the CPU ended up at. */
  interruption(source?: string, mask?: bigint): keyof typeof NewPsw | RunResult {
    const result = this.run(source, mask);
    if (result.reason !== "disabled-wait") return result;
    const found = Object.entries(NewPsw).find(([, place]) => BigInt(place) === result.address);
    return found ? (found[0] as keyof typeof NewPsw) : result;
  }
}
