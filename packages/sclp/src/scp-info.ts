import { HostError } from "@zarch/vmm-interface";
import { encodeEbcdic } from "./ebcdic.ts";
import { ResponseCode, type Sccb } from "./sccb.ts";

/** What READ SCP INFO and READ CPU INFO tell the control program about the configuration. */
export interface ScpConfiguration {
  /** Bytes of main storage: a multiple of {@link storageIncrement}. */
  readonly memorySize: number;
  /** Addresses of the configured CPUs, each 0 to 255. */
  readonly cpus: readonly number[];
  /** Highest CPU address that may ever be configured. Default: the highest of {@link cpus}. */
  readonly highestCpu?: number;
  /** Load parameter, up to 8 characters. Default: blanks. */
  readonly loadparm?: string;
  /** Instruction-blocking control: lowest and unblocked machine, 32 bits. Default 0: not available. */
  readonly ibc?: number;
  /** Configuration characteristics, bytes 80 to 95 of the response. Default: zeros. */
  readonly characteristics?: Uint8Array;
  /** Configuration characteristics extension, bytes 116 to 119. Default: zeros. */
  readonly characteristicsExtension?: Uint8Array;
  /** Byte 134 of the response: 0x80 says that DIAGNOSE 0x318 is there. Default 0. */
  readonly facilities134?: number;
  /** Host-machine facility bits, 32 bits. Default 0. */
  readonly hostMachineFacilities?: number;
  /** Maximum host address as a power of two. Default 44. */
  readonly maximumHostAddressPower?: number;
  /** Facility bits 0 to 63 of bytes 48 to 55 in two halves, besides those that this package provides. Default 0. */
  readonly facilities?: { readonly high: number; readonly low: number };
  /** Whether the two read commands accept an SCCB of more than a page (STFLE bit 140). Default false. */
  readonly extendedLengthSccb?: boolean;
}

const mebibyte = 0x10_0000;
/** So many increments at most, as on QEMU's machine: Linux derives its memory block size from the increment. */
const maximumIncrements = 1020;
const cpuEntryLength = 16;
const cpuOffsetFixed = 128;
const cpuOffsetExtended = 144;
const facilityReadCpuInfo = 0x0800_0000;

/** Size in bytes of the storage increments in which `memorySize` is described: the least power of two that needs at most 1,020. */
export function storageIncrement(memorySize: number): number {
  let increment = mebibyte;
  while (memorySize / increment > maximumIncrements) increment *= 2;
  return increment;
}

/** @throws {HostError} ERR_SCLP_CONFIGURATION when the configuration cannot be described to a control program. */
export function checkConfiguration(configuration: ScpConfiguration): void {
  const refuse = (why: string): never => {
    throw new HostError("ERR_SCLP_CONFIGURATION", why);
  };
  const { memorySize, cpus, loadparm = "" } = configuration;
  const increment = storageIncrement(memorySize);
  if (!Number.isSafeInteger(memorySize) || memorySize <= 0 || memorySize % increment !== 0)
    refuse(`memory size ${memorySize} is not a positive multiple of the storage increment, ${increment / mebibyte} MiB`);
  if (cpus.length === 0 || cpus.some((address) => !Number.isInteger(address) || address < 0 || address > 255))
    refuse("there must be a CPU, and CPU addresses are 0 to 255");
  if (new Set(cpus).size !== cpus.length) refuse("two CPUs have the same address");
  if (loadparm.length > 8) refuse(`load parameter "${loadparm}" is longer than 8 characters`);
}

/** READ SCP INFO (command 0x00020001, forced 0x00120001). Returns the response code. */
export function readScpInfo(sccb: Sccb, configuration: ScpConfiguration): number {
  const extended = configuration.extendedLengthSccb === true || (configuration.facilities134 ?? 0) !== 0;
  const cpuOffset = extended ? cpuOffsetExtended : cpuOffsetFixed;
  const needed = cpuOffset + configuration.cpus.length * cpuEntryLength;
  if (!isLongEnough(sccb, needed, configuration)) return ResponseCode.insufficientSccbLength;

  const { view, bytes } = sccb;
  bytes.fill(0, 8, sccb.length);
  const increment = storageIncrement(configuration.memorySize);
  const increments = configuration.memorySize / increment;
  // The increment is at most 128 MiB in one byte; a larger one has a word of its own.
  const incrementMebibytes = increment / mebibyte;
  view.setUint16(8, increments);
  if (incrementMebibytes <= 128) view.setUint8(10, incrementMebibytes);
  else view.setUint32(100, incrementMebibytes);
  view.setUint16(16, configuration.cpus.length);
  view.setUint16(18, cpuOffset);
  bytes.set(encodeEbcdic((configuration.loadparm ?? "").padEnd(8), "037"), 24);
  view.setUint32(48, (facilityReadCpuInfo | (configuration.facilities?.high ?? 0)) >>> 0);
  view.setUint32(52, (configuration.facilities?.low ?? 0) >>> 0);
  view.setUint32(76, configuration.ibc ?? 0);
  bytes.set((configuration.characteristics ?? new Uint8Array(0)).subarray(0, 16), 80);
  view.setUint8(99, configuration.maximumHostAddressPower ?? 44);
  bytes.set((configuration.characteristicsExtension ?? new Uint8Array(0)).subarray(0, 4), 116);
  view.setUint16(120, configuration.highestCpu ?? Math.max(...configuration.cpus));
  view.setUint32(124, configuration.hostMachineFacilities ?? 0);
  if (extended) view.setUint8(134, configuration.facilities134 ?? 0);
  storeCpuEntries(sccb, cpuOffset, configuration.cpus);
  return ResponseCode.normalReadCompletion;
}

/** READ CPU INFO (command 0x00010001). Returns the response code. */
export function readCpuInfo(sccb: Sccb, configuration: ScpConfiguration): number {
  const offset = 24;
  const needed = offset + configuration.cpus.length * cpuEntryLength;
  if (!isLongEnough(sccb, needed, configuration)) return ResponseCode.insufficientSccbLength;
  const { view, bytes } = sccb;
  bytes.fill(0, 8, sccb.length);
  view.setUint16(8, configuration.cpus.length);
  view.setUint16(10, offset);
  view.setUint16(12, 0);
  view.setUint16(14, needed);
  storeCpuEntries(sccb, offset, configuration.cpus);
  return ResponseCode.normalReadCompletion;
}

/** With extended-length SCCBs, a program that asked for a response of variable length learns how much it must provide. */
function isLongEnough(sccb: Sccb, needed: number, configuration: ScpConfiguration): boolean {
  if (sccb.length >= needed) return true;
  if (configuration.extendedLengthSccb === true && sccb.variableLength) sccb.length = needed;
  return false;
}

/** CPU entries: address at byte 0, CPU type (0, general purpose) at byte 14; the SIE features between them are all off. */
function storeCpuEntries(sccb: Sccb, offset: number, cpus: readonly number[]): void {
  cpus.forEach((address, index) => {
    sccb.view.setUint8(offset + index * cpuEntryLength, address);
  });
}
