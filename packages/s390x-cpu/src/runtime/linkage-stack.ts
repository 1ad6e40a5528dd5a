import { ProgramCode } from "../engine/context.ts";
import type { CpuCore } from "./core.ts";
import { fetchSpan, type HomeAddress, type HomeSpan, homeSpan, offsetBy, storeSpan } from "./home-space.ts";
import { BASIC_ADDRESSING, Psw } from "./psw.ts";
import { READ, WRITE } from "./storage.ts";

/** Entry types, bits 1-7 of an entry descriptor. */
export const EntryType = { header: 0x09, trailer: 0x0a, branchState: 0x0c, programCallState: 0x0d } as const;
export type StateEntryType = typeof EntryType.branchState | typeof EntryType.programCallState;

/** Bit 0 of an entry descriptor: PROGRAM RETURN may not unstack this entry. */
const UNSTACK_SUPPRESSION = 0x80;
const ENTRY_TYPE = 0x7f;
const DESCRIPTOR_SIZE = 8;
/** Bytes of a state entry with its descriptor, which are the last 8. */
const STATE_ENTRY_SIZE = 296;
/** Bit 63 of a forward or backward address: it is valid. */
const VALID = 1;

/** Offsets in a state entry (PoP chapter 5, "Linkage-Stack State Entry"). */
export const StateEntry = {
  general: 0,
  pswKeyMask: 128,
  secondaryAsn: 130,
  extendedAuthority: 132,
  primaryAsn: 134,
  psw: 136,
  identification: 144,
  modifiable: 152,
  pswAddress: 168,
  access: 224,
  descriptor: 288,
} as const;

/** A PSW as two words and an address. */
export interface StackedPsw {
  readonly high: number;
  readonly low: number;
  readonly addressHigh: number;
  readonly addressLow: number;
}

/** Refuses an instruction of the linkage stack without translation or in a mode that it is not for. */
export function requireLinkage(core: CpuCore, homeAllowed: boolean): void {
  const { pswHigh } = core.registers;
  const space = (pswHigh & Psw.space) >>> Psw.spaceShift;
  const isAllowed = space < 2 || (space === 3 && homeAllowed);
  if ((pswHigh & Psw.translation) === 0 || !isAllowed) core.program(ProgramCode.specialOperation);
}

/** Address of the current entry's descriptor, from control register 15. */
function currentEntry(core: CpuCore): HomeAddress {
  return { high: core.registers.controlHigh(15), low: (core.registers.controlLow(15) & ~7) >>> 0 };
}

function fetch(core: CpuCore, at: HomeAddress, length: number): DataView {
  return fetchSpan(core, homeSpan(core, at, length, READ), length);
}

/** An address with its validity bit; undefined when it is not valid. */
function fetchAddress(core: CpuCore, at: HomeAddress): HomeAddress | undefined {
  const view = fetch(core, at, 8);
  const low = view.getUint32(4);
  return (low & VALID) === 0 ? undefined : { high: view.getUint32(0), low: (low & ~7) >>> 0 };
}

/** Where a new state entry goes: the entry before it, and in a new section the header's backward address. */
interface Place {
  readonly before: HomeAddress;
  readonly descriptor: DataView;
  readonly freeSpace: number;
  readonly backward: HomeSpan | undefined;
}

function findPlace(core: CpuCore): Place {
  const current = currentEntry(core);
  const descriptor = fetch(core, current, DESCRIPTOR_SIZE);
  const freeSpace = descriptor.getUint16(2);
  if (freeSpace >= STATE_ENTRY_SIZE) return { before: current, descriptor, freeSpace, backward: undefined };
  // The trailer entry of this section tells the next one.
  if ((freeSpace & 7) !== 0) core.program(ProgramCode.stackSpecification);
  const header = fetchAddress(core, offsetBy(current, DESCRIPTOR_SIZE + freeSpace)) ?? core.program(ProgramCode.stackFull);
  const next = fetch(core, header, DESCRIPTOR_SIZE);
  if (next.getUint16(2) < STATE_ENTRY_SIZE) core.program(ProgramCode.stackSpecification);
  const backward = homeSpan(core, offsetBy(header, -8), 8, WRITE);
  return { before: header, descriptor: next, freeSpace: next.getUint16(2), backward };
}

/**
 * Stacking process (PoP chapter 5): a state entry with the registers, `psw` and two words of identification becomes the
 * current entry. Refused as a whole or done.
 */
export function formStateEntry(
  core: CpuCore,
  type: StateEntryType,
  psw: StackedPsw,
  identificationHigh: number,
  identificationLow: number,
): void {
  const { registers } = core;
  const { before, descriptor, freeSpace, backward } = findPlace(core);
  const start = offsetBy(before, DESCRIPTOR_SIZE);
  const target = homeSpan(core, start, STATE_ENTRY_SIZE, WRITE);
  const previous = homeSpan(core, before, DESCRIPTOR_SIZE, WRITE);

  const entry = new DataView(new ArrayBuffer(STATE_ENTRY_SIZE));
  for (let n = 0; n < 16; n++) {
    entry.setUint32(StateEntry.general + n * 8, registers.high(n));
    entry.setUint32(StateEntry.general + n * 8 + 4, registers.low(n));
    entry.setUint32(StateEntry.access + n * 4, registers.access(n));
  }
  // PSW-key mask and secondary ASN are neighbours in control register 3 too.
  entry.setUint32(StateEntry.pswKeyMask, registers.controlLow(3));
  entry.setUint16(StateEntry.extendedAuthority, registers.controlLow(8) >>> 16);
  entry.setUint16(StateEntry.primaryAsn, registers.controlLow(4) & 0xffff);
  entry.setUint32(StateEntry.psw, psw.high);
  entry.setUint32(StateEntry.psw + 4, psw.low);
  entry.setUint32(StateEntry.pswAddress, psw.addressHigh);
  entry.setUint32(StateEntry.pswAddress + 4, psw.addressLow);
  entry.setUint32(StateEntry.identification, identificationHigh);
  entry.setUint32(StateEntry.identification + 4, identificationLow);
  entry.setUint8(StateEntry.descriptor, type);
  entry.setUint8(StateEntry.descriptor + 1, descriptor.getUint8(1));
  entry.setUint16(StateEntry.descriptor + 2, freeSpace - STATE_ENTRY_SIZE);

  if (backward) {
    const from = new DataView(new ArrayBuffer(8));
    const current = currentEntry(core);
    from.setUint32(0, current.high);
    from.setUint32(4, (current.low | VALID) >>> 0);
    storeSpan(core, backward, new Uint8Array(from.buffer));
  }
  storeSpan(core, target, new Uint8Array(entry.buffer));
  // The next-entry size.
  descriptor.setUint16(4, STATE_ENTRY_SIZE);
  storeSpan(core, previous, new Uint8Array(descriptor.buffer));
  const own = offsetBy(start, StateEntry.descriptor);
  registers.setControl(15, own.high, own.low);
}

/** The last state entry: where it starts, and its type. */
export interface LocatedEntry {
  readonly start: HomeAddress;
  readonly type: StateEntryType;
}

/**
 * Finds the last state entry (PoP chapter 5, "Unstacking Process"): the current one, or the last of the section before.
 * @param unstack PROGRAM RETURN, which minds the unstack-suppression bit
 */
export function locateStateEntry(core: CpuCore, unstack: boolean): LocatedEntry {
  const mindSuppression = (type: number): void => {
    if (unstack && (type & UNSTACK_SUPPRESSION) !== 0) core.program(ProgramCode.stackOperation);
  };
  const isHeader = (type: number): boolean => (type & ENTRY_TYPE) === EntryType.header;
  let at = currentEntry(core);
  let first = fetch(core, at, DESCRIPTOR_SIZE).getUint8(0);
  if (isHeader(first)) {
    mindSuppression(first);
    at = fetchAddress(core, offsetBy(at, -8)) ?? core.program(ProgramCode.stackEmpty);
    first = fetch(core, at, DESCRIPTOR_SIZE).getUint8(0);
    if (isHeader(first)) core.program(ProgramCode.stackSpecification);
  }
  const type = first & ENTRY_TYPE;
  if (type !== EntryType.branchState && type !== EntryType.programCallState) core.program(ProgramCode.stackType);
  mindSuppression(first);
  return { start: offsetBy(at, -StateEntry.descriptor), type };
}

/** Fetches a part of a state entry. */
export function fetchStateEntry(core: CpuCore, { start }: LocatedEntry, offset: number, length: number): DataView {
  return fetch(core, offsetBy(start, offset), length);
}

/** Makes sure that an entry can be taken off the stack. @returns what does it, once everything else is known to succeed */
export function prepareToLeave(core: CpuCore, { start }: LocatedEntry): () => void {
  const before = offsetBy(start, -DESCRIPTOR_SIZE);
  const nextEntrySize = homeSpan(core, offsetBy(before, 4), 2, WRITE);
  return () => {
    storeSpan(core, nextEntrySize, new Uint8Array(2));
    core.registers.setControl(15, before.high, before.low);
  };
}

/** The updated PSW (that of the next instruction) as it is stacked. Sets the PSW address. */
export function updatedPsw(core: CpuCore): StackedPsw {
  const { registers } = core;
  core.advance();
  return {
    high: core.currentPswHigh(),
    low: registers.pswLow,
    addressHigh: registers.addressHigh,
    addressLow: registers.addressLow,
  };
}

/** A PSW with addressing mode and address from a register: bit 63 one 64-bit mode, else bit 32 tells 31 or 24 bits. */
export function withLinkAddress(psw: StackedPsw, high: number, low: number): StackedPsw {
  if ((low & 1) !== 0)
    return {
      high: (psw.high | Psw.extendedAddressing) >>> 0,
      low: BASIC_ADDRESSING,
      addressHigh: high,
      addressLow: (low & ~1) >>> 0,
    };
  const basic = (low & BASIC_ADDRESSING) >>> 0;
  return {
    high: (psw.high & ~Psw.extendedAddressing) >>> 0,
    low: basic,
    addressHigh: 0,
    addressLow: low & (basic !== 0 ? 0x7fff_ffff : 0x00ff_ffff),
  };
}
