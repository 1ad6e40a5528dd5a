import type { GuestMemory } from "@zarch/guest-memory";
import { END_DMA, START_DMA } from "./dma-memory.ts";
import { type InterruptionIndicators, indicatorsFit } from "./indicators.ts";
import { anchorLevel } from "./translation.ts";
import type { ZpciFunction } from "./zpci-function.ts";

/** Operations of MODIFY PCI FUNCTION CONTROLS. */
export const ModifyOperation = {
  registerInterruptions: 2,
  deregisterInterruptions: 3,
  registerAddressSpace: 4,
  deregisterAddressSpace: 5,
  reregisterAddressSpace: 6,
  resetError: 7,
  resetBlock: 9,
  setMeasurement: 10,
} as const;

/** Bytes of a function information block. */
export const INFORMATION_BLOCK_SIZE = 80;

/** Fields of the block. */
const FORMAT = 0;
const CONTROLS = 8;
const BASE = 16;
const LIMIT = 24;
const ANCHOR = 32;
const INTERRUPTIONS = 40;
const VECTOR = 48;
const SUMMARY = 56;

/** Bits of the controls field. */
const ENABLED = 0x80;
const ERROR = 0x40;
const BLOCKED = 0x20;
const ADDRESS_SPACE_REGISTERED = 0x10;

/** Status codes with condition code 1. */
export const ModifyStatus = { resources: 4, sequence: 24, addressSpace: 28 } as const;

const OPERAND_EXCEPTION = -0x15;

const done = 0;
const refuse = (status: number): number => 1 | (status << 8);

/** MODIFY PCI FUNCTION CONTROLS of a function that is enabled. `control`: the lower half of the request. Returns as a `PciPort` does. */
export function modifyControls(zpci: ZpciFunction, control: number, block: DataView, memory: GuestMemory): number {
  if (block.getUint8(FORMAT) !== 0) return OPERAND_EXCEPTION;
  const addressSpace = (control >>> 16) & 0xff;
  switch (control & 0xff) {
    case ModifyOperation.registerInterruptions:
      return registerInterruptions(zpci, block, memory);
    case ModifyOperation.deregisterInterruptions:
      if (zpci.indicators === undefined) return refuse(ModifyStatus.sequence);
      zpci.indicators = undefined;
      return done;
    case ModifyOperation.registerAddressSpace:
      if (addressSpace !== 0) return refuse(ModifyStatus.addressSpace);
      return zpci.dma.enabled ? refuse(ModifyStatus.sequence) : registerAddressSpace(zpci, block);
    case ModifyOperation.deregisterAddressSpace:
      if (addressSpace !== 0) return refuse(ModifyStatus.addressSpace);
      if (!zpci.dma.enabled) return refuse(ModifyStatus.sequence);
      zpci.dma.disable();
      return done;
    case ModifyOperation.reregisterAddressSpace:
      if (addressSpace !== 0) return refuse(ModifyStatus.addressSpace);
      return zpci.dma.enabled ? registerAddressSpace(zpci, block) : refuse(ModifyStatus.sequence);
    case ModifyOperation.resetError:
      if (zpci.state !== "error" && zpci.state !== "blocked") return refuse(ModifyStatus.sequence);
      zpci.state = "enabled";
      return done;
    case ModifyOperation.resetBlock:
      if (zpci.state !== "error") return refuse(ModifyStatus.sequence);
      zpci.state = "blocked";
      return done;
    case ModifyOperation.setMeasurement:
      // No function has a measurement block (its length is given as 0), so there is nothing to switch on.
      return done;
    default:
      return OPERAND_EXCEPTION;
  }
}

function registerInterruptions(zpci: ZpciFunction, block: DataView, memory: GuestMemory): number {
  if (zpci.indicators !== undefined) return refuse(ModifyStatus.sequence);
  const word = block.getUint32(INTERRUPTIONS);
  const indicators: InterruptionIndicators = {
    subclass: (word >>> 28) & 7,
    count: (word >>> 16) & 0xfff,
    vector: getUint64(block, VECTOR),
    vectorOffset: (word >>> 8) & 0x3f,
    summary: (word & 0x80) !== 0,
    summaryAddress: getUint64(block, SUMMARY),
    summaryOffset: word & 0x3f,
  };
  if (!indicatorsFit(memory, indicators)) return refuse(ModifyStatus.resources);
  zpci.indicators = indicators;
  return done;
}

function registerAddressSpace(zpci: ZpciFunction, block: DataView): number {
  const base = Math.floor(getUint64(block, BASE) / 4096) * 4096;
  const limit = Math.floor(getUint64(block, LIMIT) / 4096) * 4096 + 4095;
  const anchorLow = block.getUint32(ANCHOR + 4);
  if (base > limit || base < START_DMA || limit > END_DMA || anchorLevel(anchorLow) === undefined) return OPERAND_EXCEPTION;
  zpci.dma.enable(base, limit, block.getUint32(ANCHOR), anchorLow);
  return done;
}

/** STORE PCI FUNCTION CONTROLS. */
export function storeControls(zpci: ZpciFunction, block: DataView): void {
  let controls = zpci.enabled ? ENABLED : 0;
  if (zpci.state === "error" || zpci.state === "blocked") controls |= ERROR;
  if (zpci.state === "error") controls |= BLOCKED;
  if (zpci.enabled && zpci.dma.enabled) controls |= ADDRESS_SPACE_REGISTERED;
  block.setUint8(CONTROLS, controls);
  if (!zpci.enabled) return;
  const { dma, indicators } = zpci;
  if (dma.enabled) {
    setUint64(block, BASE, dma.base);
    setUint64(block, LIMIT, dma.limit);
    block.setUint32(ANCHOR, dma.anchor.high);
    block.setUint32(ANCHOR + 4, dma.anchor.low);
  }
  if (indicators) {
    const { subclass, count, vectorOffset, summary, summaryOffset } = indicators;
    block.setUint32(INTERRUPTIONS, ((subclass << 28) | (count << 16) | (vectorOffset << 8) | (summary ? 0x80 : 0) | summaryOffset) >>> 0);
    setUint64(block, VECTOR, indicators.vector);
    setUint64(block, SUMMARY, indicators.summaryAddress);
  }
}

/** At or above 2^53 inexact, but still at or above it. */
function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset) * 0x1_0000_0000 + view.getUint32(offset + 4);
}

function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, Math.floor(value / 0x1_0000_0000));
  view.setUint32(offset + 4, value >>> 0);
}
