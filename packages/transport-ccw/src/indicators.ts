import type { GuestMemory } from "@zarch/guest-memory";

/** Bytes of a classic indicator, for queues or for configuration changes: a doubleword. */
export const CLASSIC_INDICATOR_LENGTH = 8;
/** Queues that a classic indicator has bits for. */
export const CLASSIC_INDICATOR_BITS = 64;

/**
 * Sets a bit of a classic indicator. The doubleword is a big-endian number and bit n has the value 2^n, which is how drivers number
 * them (virtio 4.3.3.1.1 leaves it open).
 */
export function setClassicIndicator(memory: GuestMemory, address: number, bit: number): void {
  const byte = address + CLASSIC_INDICATOR_LENGTH - 1 - (bit >> 3);
  memory.storeUint8(byte, memory.loadUint8(byte) | (1 << (bit & 7)));
}

/** Two-stage indicators as CCW_CMD_SET_IND_ADAPTER sets them up (virtio 4.3.2.6.3). */
export interface AdapterIndicators {
  /** Absolute address of the summary byte. */
  readonly summary: number;
  /** Absolute address of the bit field. Its bit 0 is the leftmost bit of the first byte. */
  readonly indicator: number;
  /** The bit of queue 0; the other queues follow. */
  readonly firstBit: number;
  /** Interruption subclass of the adapter interruption. */
  readonly subclass: number;
}

/** Bytes of the payload of CCW_CMD_SET_IND_ADAPTER. */
export const ADAPTER_INDICATORS_LENGTH = 25;

/** @returns undefined if the payload makes no sense: addresses outside memory, or a subclass above 7 */
export function parseAdapterIndicators(memory: GuestMemory, payload: DataView, queues: number): AdapterIndicators | undefined {
  const indicators = {
    summary: loadAddress(payload, 0),
    indicator: loadAddress(payload, 8),
    firstBit: loadAddress(payload, 16),
    subclass: payload.getUint8(24),
  };
  const lastByte = Math.floor((indicators.firstBit + Math.max(queues, 1) - 1) / 8);
  const valid =
    indicators.subclass <= 7 &&
    memory.contains(indicators.summary, 1) &&
    Number.isSafeInteger(lastByte) &&
    memory.contains(indicators.indicator, lastByte + 1);
  return valid ? indicators : undefined;
}

/**
 * Sets the bit of a queue, then the summary byte.
 * @returns whether the summary was clear before, so that an adapter interruption is due (virtio 4.3.3.1.2)
 */
export function setAdapterIndicator(memory: GuestMemory, indicators: AdapterIndicators, queue: number): boolean {
  const bit = indicators.firstBit + queue;
  const byte = indicators.indicator + Math.floor(bit / 8);
  memory.storeUint8(byte, memory.loadUint8(byte) | (0x80 >> (bit % 8)));
  if (memory.loadUint8(indicators.summary) !== 0) return false;
  memory.storeUint8(indicators.summary, 0x01);
  return true;
}

/** A big-endian 64-bit address. What is 2^53 or more is inexact, but never becomes an address inside memory. */
export function loadAddress(payload: DataView, offset: number): number {
  return payload.getUint32(offset) * 0x1_0000_0000 + payload.getUint32(offset + 4);
}
