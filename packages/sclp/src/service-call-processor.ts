import type { GuestMemory } from "@zarch/guest-memory";
import type { AttentionPort, ServiceCallPort } from "@zarch/vmm-interface";
import { EventFacility, type EventSource } from "./event-facility.ts";
import { ResponseCode, Sccb, sccbHeaderLength } from "./sccb.ts";
import { checkConfiguration, readCpuInfo, readScpInfo, type ScpConfiguration } from "./scp-info.ts";

/** SCLP command words. Bits 8 to 15 from the right are a parameter of some commands and not part of the code. */
export const CommandWord = {
  readCpuInfo: 0x0001_0001,
  readScpInfo: 0x0002_0001,
  readScpInfoForced: 0x0012_0001,
  readEventData: 0x0077_0005,
  writeEventData: 0x0076_0005,
  writeEventMask: 0x0078_0005,
} as const;

const commandCodeMask = 0xffff_00ff;
const pageSize = 4096;
const programSpecification = -0x06;
const programAddressing = -0x05;
const conditionBusy = 2;

/** A command that the machine adds. Acts on the private copy of the SCCB and returns a response code. */
export type SclpCommandHandler = (sccb: Sccb, command: number) => number;

export interface ServiceCallProcessorOptions {
  readonly memory: GuestMemory;
  readonly configuration: ScpConfiguration;
  readonly attention: AttentionPort;
  /** Consoles and signals. No two may receive the same event type. */
  readonly events?: readonly EventSource[];
  /** Further commands by code (command word without its parameter byte), for instance of a PCI host. */
  readonly commands?: ReadonlyMap<number, SclpCommandHandler>;
}

/**
 * The service-call logical processor (SCLP). Every command completes before {@link serviceCall} returns; the service
 * signal that says so is then pending until the CPU takes it.
 */
export class ServiceCallProcessor implements ServiceCallPort {
  readonly events: EventFacility;
  readonly #memory: GuestMemory;
  readonly #configuration: ScpConfiguration;
  readonly #attention: AttentionPort;
  readonly #commands: ReadonlyMap<number, SclpCommandHandler>;
  /** Address of the SCCB whose completion has not been signalled, or 0. */
  #completed = 0;
  #eventSignal = false;

  /** @throws {HostError} ERR_SCLP_CONFIGURATION */
  constructor(options: ServiceCallProcessorOptions) {
    checkConfiguration(options.configuration);
    this.#memory = options.memory;
    this.#configuration = options.configuration;
    this.#attention = options.attention;
    const sources = options.events ?? [];
    this.events = new EventFacility(sources);
    for (const source of sources) source.connect(() => this.#eventPending());
    this.#commands = new Map<number, SclpCommandHandler>([
      [CommandWord.readScpInfo, (sccb) => readScpInfo(sccb, this.#configuration)],
      [CommandWord.readScpInfoForced, (sccb) => readScpInfo(sccb, this.#configuration)],
      [CommandWord.readCpuInfo, (sccb) => readCpuInfo(sccb, this.#configuration)],
      [CommandWord.writeEventMask, (sccb) => this.#writeEventMask(sccb)],
      [CommandWord.readEventData, (sccb) => this.events.readData(sccb)],
      [CommandWord.writeEventData, (sccb) => this.events.writeData(sccb)],
      ...(options.commands ?? []),
    ]);
  }

  /**
   * SERVICE CALL. Besides condition codes this returns -6 (specification) for an SCCB shorter than its header, and -5
   * (addressing) for one that reaches beyond main storage.
   */
  serviceCall(command: number, address: number): number {
    if (this.#completed !== 0) return conditionBusy;
    if (!this.#memory.contains(address, sccbHeaderLength)) return programAddressing;
    const length = this.#memory.loadUint16(address, "big");
    if (length < sccbHeaderLength) return programSpecification;
    const code = (command & commandCodeMask) >>> 0;
    const handler = this.#commands.get(code);
    if (handler === undefined) {
      this.#respond(address, ResponseCode.invalidCommand);
    } else if ((address % pageSize) + length > pageSize && !this.#mayBeLong(code)) {
      this.#respond(address, ResponseCode.boundaryViolation);
    } else {
      if (!this.#memory.contains(address, length)) return programAddressing;
      const bytes = new Uint8Array(length);
      this.#memory.read(address, bytes);
      const sccb = new Sccb(bytes);
      // The guest may have changed the length between the two reads; what counts is the one that was checked.
      sccb.length = length;
      sccb.responseCode = handler(sccb, command);
      this.#memory.write(address, bytes.subarray(0, Math.min(length, Math.max(sccb.length, sccbHeaderLength))));
    }
    this.#completed = address;
    this.#attention.raise();
    return 0;
  }

  /** Service signal: address of the completed SCCB in bits 0 to 28, bit 31 says that an event can be read. */
  takeServiceSignal(): number {
    const parameter = this.#completed | (this.events.pending() ? 1 : 0);
    this.#completed = 0;
    this.#eventSignal = false;
    return parameter;
  }

  serviceSignalPending(): boolean {
    return this.#completed !== 0 || (this.#eventSignal && this.events.pending());
  }

  reset(): void {
    this.#completed = 0;
    this.#eventSignal = false;
    this.events.reset();
  }

  #mayBeLong(code: number): boolean {
    if (this.#configuration.extendedLengthSccb !== true) return false;
    return code === CommandWord.readScpInfo || code === CommandWord.readScpInfoForced || code === CommandWord.readCpuInfo;
  }

  #respond(address: number, responseCode: number): void {
    this.#memory.storeUint16(address + 6, responseCode, "big");
  }

  /** Events that were waiting for the program to receive their type are signalled as soon as it does. */
  #writeEventMask(sccb: Sccb): number {
    const response = this.events.writeMask(sccb);
    if (response === ResponseCode.normalCompletion) this.#eventSignal = this.events.pending();
    return response;
  }

  #eventPending(): void {
    if (!this.events.pending()) return;
    this.#eventSignal = true;
    this.#attention.raise();
  }
}
