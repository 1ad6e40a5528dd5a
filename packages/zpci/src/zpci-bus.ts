import type { GuestMemory } from "@zarch/guest-memory";
import type { AccessWidth, PciFunction } from "@zarch/pci";
import { HostError, type PciPort } from "@zarch/vmm-interface";
import { executeClp, GROUP } from "./clp.ts";
import { DmaMemory } from "./dma-memory.ts";
import { AvailabilityEvent, availabilityEvent, errorEvent } from "./events.ts";
import { INFORMATION_BLOCK_SIZE, ModifyStatus, modifyControls, storeControls } from "./function-controls.ts";
import { InterruptionSuppression } from "./interruption-suppression.ts";
import { DmaError } from "./translation.ts";
import { HANDLE_ENABLED, ZpciFunction, type ZpciFunctionHost } from "./zpci-function.ts";

export interface ZpciBusOptions {
  /** Absolute storage. */
  readonly memory: GuestMemory;
  /** Adapter interruptions; a `ChannelSubsystem` has such. */
  readonly adapterInterruptions: { raise(subclass: number): void };
  /** Queues an event of notification type 2 for STORE EVENT INFORMATION and reports it. `data`: what follows the response's header. */
  readonly postEvent: (data: Uint8Array) => void;
}

export interface ZpciAttachment {
  /** Function ID, 32 bits. Default: the lowest that is free. */
  readonly id?: number;
  /** User-defined ID, 1 to 0xffff, which Linux makes the PCI domain. Default: the lowest that is free. */
  readonly uid?: number;
  /** The memory that the function was made with, from {@link ZpciBus.createMemory}. */
  readonly dma: DmaMemory;
  /** Resets what is behind the function, configuration space included. */
  readonly reset: () => void | Promise<void> | undefined;
}

/** Responses of the SCLP commands that configure functions. */
export const ConfigureResponse = { done: 0x0020, unnecessary: 0x0120, unknown: 0x09f0, reserved: 0x05f0 } as const;

const OPERAND_EXCEPTION = -0x15;
const SPECIFICATION_EXCEPTION = -0x06;

/** Condition codes with status, as {@link PciPort} returns them. */
const INVALID_HANDLE = 3;
const BLOCKED = 1 | (12 << 8);
const INVALID_ADDRESS_SPACE = 1 | (20 << 8);
const IN_ERROR = 1 | (8 << 8);
const ERROR_RECOVERY = 1 | (40 << 8);

/** Address space of a request for configuration space; those below 6 are base address registers. */
const CONFIG_SPACE = 15;
const BAR_SPACES = 6;

const SHORT_WIDTHS: readonly number[] = [1, 2, 4, 8];

/**
 * PCI functions in an s390 machine: no bus is seen, only functions with handles, which instructions name. A CPU drives it as its `PciPort`; the
 * machine attaches functions, and configures them when the guest asks through the SCLP.
 */
export class ZpciBus implements PciPort {
  readonly #options: ZpciBusOptions;
  readonly #suppression: InterruptionSuppression;
  /** By index, from 1 on: a resume token of 0 means the beginning. */
  readonly #functions = new Map<number, ZpciFunction>();
  readonly #host: ZpciFunctionHost;
  /** Functions that the guest was asked to give up, and what settles when it has. */
  readonly #unplugging = new Map<ZpciFunction, PromiseWithResolvers<void>>();

  constructor(options: ZpciBusOptions) {
    this.#options = options;
    this.#suppression = new InterruptionSuppression((subclass) => options.adapterInterruptions.raise(subclass));
    this.#host = {
      memory: options.memory,
      raise: (subclass) => this.#suppression.raise(subclass),
      errorEvent: (zpci, code, address) => options.postEvent(errorEvent(code, zpci.handle, zpci.id, address)),
    };
  }

  /** Memory for a function that will be attached. */
  createMemory(): DmaMemory {
    return new DmaMemory(this.#options.memory);
  }

  /** The functions, in the order of their index. */
  get functions(): readonly ZpciFunction[] {
    return [...this.#functions.values()].sort((a, b) => a.index - b.index);
  }

  /**
   * Puts a function into the machine, configured.
   * @param announce tells a running guest
   * @throws HostError ERR_ZPCI_ID when an ID is taken or none, or when there are too many functions
   */
  attach(pciFunction: PciFunction, attachment: ZpciAttachment, announce = false): ZpciFunction {
    const taken = this.functions;
    const index = lowestFree(1, (n) => this.#functions.has(n));
    const id = attachment.id ?? lowestFree(0, (n) => taken.some((other) => other.id === n));
    const uid = attachment.uid ?? lowestFree(1, (n) => taken.some((other) => other.uid === n));
    const valid = Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff && Number.isInteger(uid) && uid >= 1 && uid <= 0xffff;
    if (!valid || index > 0xffff || taken.some((other) => other.id === id || other.uid === uid)) {
      throw new HostError("ERR_ZPCI_ID", `PCI function ID ${id}, UID ${uid} is taken or impossible`);
    }
    const { dma, reset } = attachment;
    const zpci = new ZpciFunction(index, id, uid, { pciFunction, dma, reset }, this.#host);
    this.#functions.set(index, zpci);
    if (announce) this.#announce(AvailabilityEvent.configured, zpci);
    return zpci;
  }

  #announce(code: number, { handle, id }: ZpciFunction): void {
    this.#options.postEvent(availabilityEvent(code, handle, id));
  }

  /** Takes a function out at once, and tells the guest. */
  detach(zpci: ZpciFunction): void {
    if (this.#functions.get(zpci.index) !== zpci) return;
    const wasConfigured = zpci.state !== "standby";
    this.#remove(zpci);
    this.#announce(wasConfigured ? AvailabilityEvent.deconfigured : AvailabilityEvent.reserved, zpci);
  }

  #remove(zpci: ZpciFunction): void {
    this.#functions.delete(zpci.index);
    zpci.remove();
    this.#unplugging.get(zpci)?.resolve();
    this.#unplugging.delete(zpci);
  }

  /**
   * Asks the guest to give a function up; again, if it was asked before. Settles when the function is out: the guest has deconfigured it,
   * or the machine was reset, or {@link detach} did not wait for the guest. A function that is out already is settled.
   */
  requestDetach(zpci: ZpciFunction): Promise<void> {
    if (this.#functions.get(zpci.index) !== zpci) return Promise.resolve();
    const unplugging = this.#unplugging.get(zpci) ?? Promise.withResolvers<void>();
    this.#unplugging.set(zpci, unplugging);
    if (zpci.state === "standby") this.detach(zpci);
    else this.#announce(AvailabilityEvent.deconfigurationRequested, zpci);
    return unplugging.promise;
  }

  #byId(id: number): ZpciFunction | undefined {
    return this.functions.find((zpci) => zpci.id === id);
  }

  /** SCLP CONFIGURE PCI ADAPTER. Returns the response code. */
  configure(id: number): number {
    const zpci = this.#byId(id);
    if (zpci === undefined) return ConfigureResponse.unknown;
    if (zpci.state !== "standby") return ConfigureResponse.unnecessary;
    zpci.state = "disabled";
    return ConfigureResponse.done;
  }

  /** SCLP DECONFIGURE PCI ADAPTER. Returns the response code. */
  deconfigure(id: number): number {
    const zpci = this.#byId(id);
    if (zpci === undefined) return ConfigureResponse.unknown;
    if (zpci.state === "standby") return ConfigureResponse.unnecessary;
    zpci.disable();
    zpci.state = "standby";
    if (this.#unplugging.has(zpci)) this.detach(zpci);
    return ConfigureResponse.done;
  }

  /**
   * Subsystem reset: all functions are disabled and reset; those in standby stay there. Those that the guest was asked to give up are out,
   * for it has forgotten that, and the next guest does not know them yet.
   */
  reset(): void {
    this.#suppression.reset();
    for (const zpci of this.functions) {
      const { state } = zpci;
      zpci.disable();
      if (state === "standby") zpci.state = "standby";
      if (this.#unplugging.has(zpci)) this.#remove(zpci);
    }
  }

  #byHandle(handle: number): ZpciFunction | undefined {
    const zpci = this.#functions.get(handle & 0xffff);
    return zpci?.handle === handle ? zpci : undefined;
  }

  /** The function that an access means, or the result for one that is none or may not be accessed. */
  #accessible(handle: number): ZpciFunction | number {
    const zpci = this.#functions.get(handle & 0xffff);
    if (zpci === undefined || zpci.handle !== handle || !zpci.enabled) return INVALID_HANDLE;
    return zpci.state === "error" ? BLOCKED : zpci;
  }

  // ---- instructions ----

  load(handle: number, control: number, offsetHigh: number, offsetLow: number, data: Uint32Array): number {
    const zpci = this.#accessible(handle);
    if (typeof zpci === "number") return zpci;
    const space = (control >>> 16) & 0xf;
    const length = control & 0xf;
    const { pciFunction } = zpci;
    data[0] = 0;
    if (space === CONFIG_SPACE) {
      if (!isConfigAccess(length, offsetLow)) return OPERAND_EXCEPTION;
      data[1] = swap(pciFunction.readConfig(configOffset(offsetHigh, offsetLow), length), length);
      return 0;
    }
    if (space >= BAR_SPACES) return INVALID_ADDRESS_SPACE;
    const bar = pciFunction.bars[space];
    const offset = offsetHigh * 0x1_0000_0000 + offsetLow;
    if (!isBarAccess(length, offsetLow) || bar === undefined || offset + length > bar.size) return OPERAND_EXCEPTION;
    if (length === 8) {
      data[0] = swap(pciFunction.readBar(space, offset, 4), 4);
      data[1] = swap(pciFunction.readBar(space, offset + 4, 4), 4);
    } else {
      data[1] = swap(pciFunction.readBar(space, offset, length as AccessWidth), length as AccessWidth);
    }
    return 0;
  }

  store(handle: number, control: number, offsetHigh: number, offsetLow: number, dataHigh: number, dataLow: number): number {
    const zpci = this.#accessible(handle);
    if (typeof zpci === "number") return zpci;
    const space = (control >>> 16) & 0xf;
    const length = control & 0xf;
    const { pciFunction } = zpci;
    if (space === CONFIG_SPACE) {
      if (!isConfigAccess(length, offsetLow)) return OPERAND_EXCEPTION;
      pciFunction.writeConfig(configOffset(offsetHigh, offsetLow), length, swap(dataLow, length));
      return 0;
    }
    if (space >= BAR_SPACES) return INVALID_ADDRESS_SPACE;
    const bar = pciFunction.bars[space];
    const offset = offsetHigh * 0x1_0000_0000 + offsetLow;
    if (!isBarAccess(length, offsetLow) || bar === undefined || offset + length > bar.size) return OPERAND_EXCEPTION;
    if (length === 8) {
      pciFunction.writeBar(space, offset, 4, swap(dataHigh, 4));
      pciFunction.writeBar(space, offset + 4, 4, swap(dataLow, 4));
    } else {
      pciFunction.writeBar(space, offset, length as AccessWidth, swap(dataLow, length as AccessWidth));
    }
    return 0;
  }

  checkStoreBlock(handle: number, control: number, offsetHigh: number, offsetLow: number): number {
    const zpci = this.#accessible(handle);
    if (typeof zpci === "number") return zpci;
    const space = (control >>> 16) & 0xf;
    if (space >= BAR_SPACES) return INVALID_ADDRESS_SPACE;
    const length = control & 0x1fff;
    if ((offsetLow & 7) !== 0 || length <= 8 || length % 8 !== 0 || length > GROUP.maxStoreBlock || (offsetLow & 0xfff) + length > 4096) {
      return SPECIFICATION_EXCEPTION;
    }
    const bar = zpci.pciFunction.bars[space];
    return bar === undefined || offsetHigh * 0x1_0000_0000 + offsetLow + length > bar.size ? OPERAND_EXCEPTION : 0;
  }

  storeBlock(handle: number, control: number, offsetHigh: number, offsetLow: number, block: Uint8Array): number {
    const refused = this.checkStoreBlock(handle, control, offsetHigh, offsetLow);
    if (refused !== 0) return refused;
    const { pciFunction } = this.#functions.get(handle & 0xffff) as ZpciFunction;
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    const start = offsetHigh * 0x1_0000_0000 + offsetLow;
    for (let at = 0; at < block.length; at += 4) pciFunction.writeBar((control >>> 16) & 0xf, start + at, 4, view.getUint32(at, true));
    return 0;
  }

  modifyControls(handle: number, control: number, block: Uint8Array): number {
    const zpci = this.#byHandle(handle);
    if (zpci === undefined || !zpci.enabled) return INVALID_HANDLE;
    return modifyControls(zpci, control, new DataView(block.buffer, block.byteOffset, INFORMATION_BLOCK_SIZE), this.#options.memory);
  }

  storeControls(handle: number, control: number, block: Uint8Array): number {
    if (((control >>> 16) & 0xff) !== 0) return 1 | (ModifyStatus.addressSpace << 8);
    const zpci = this.#functions.get(handle & 0xffff);
    if (zpci === undefined || zpci.state === "standby") return INVALID_HANDLE;
    // A program that lost track may ask with a handle from before the function was enabled; not the other way round.
    const claimsEnabled = (handle & HANDLE_ENABLED) !== 0;
    if (claimsEnabled && !zpci.enabled) return INVALID_HANDLE;
    block.fill(0);
    storeControls(zpci, new DataView(block.buffer, block.byteOffset, INFORMATION_BLOCK_SIZE));
    return zpci.enabled && !claimsEnabled ? 0x1_0000 : 0;
  }

  refreshTranslations(handle: number, startHigh: number, startLow: number, rangeHigh: number, rangeLow: number): number {
    const zpci = this.#byHandle(handle);
    if (zpci === undefined || !zpci.enabled) return INVALID_HANDLE;
    if (zpci.state === "error") return ERROR_RECOVERY;
    const start = startHigh * 0x1_0000_0000 + startLow;
    const range = rangeHigh * 0x1_0000_0000 + rangeLow;
    const { dma } = zpci;
    if (!dma.enabled) {
      zpci.fail(DmaError.invalidAddressSpace, start);
      return IN_ERROR;
    }
    if (start + range <= dma.base || start > dma.limit) {
      zpci.fail(DmaError.outOfRange, start);
      return IN_ERROR;
    }
    const from = Math.max(start, dma.base);
    dma.refresh(from, Math.min(start + range, dma.limit + 1) - from);
    return 0;
  }

  setInterruptionControls(operation: number, subclass: number): number {
    return this.#suppression.set(operation, subclass) ? 0 : OPERAND_EXCEPTION;
  }

  callLogicalProcessor(_selector: number, block: Uint8Array, requestLength: number): number {
    const request = new DataView(block.buffer, block.byteOffset, requestLength);
    const response = new DataView(block.buffer, block.byteOffset + requestLength, block.length - requestLength);
    return executeClp(request, response, {
      functions: () => this.functions,
      byHandle: (handle) => this.#byHandle(handle),
    });
  }
}

function lowestFree(from: number, taken: (n: number) => boolean): number {
  let n = from;
  while (taken(n)) n++;
  return n;
}

/** 1, 2 or 4 bytes inside a word. */
function isConfigAccess(length: number, offset: number): length is AccessWidth {
  return (length === 1 || length === 2 || length === 4) && length <= 4 - (offset & 3);
}

/** 1, 2, 4 or 8 bytes inside a doubleword. */
function isBarAccess(length: number, offset: number): boolean {
  return SHORT_WIDTHS.includes(length) && length <= 8 - (offset & 7);
}

function configOffset(high: number, low: number): number {
  return high * 0x1_0000_0000 + low;
}

/** Bytes of a register as they are in PCI, lowest address first, become those of a value, most significant first. */
function swap(value: number, width: AccessWidth): number {
  switch (width) {
    case 1:
      return value & 0xff;
    case 2:
      return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
    case 4:
      return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
  }
}
