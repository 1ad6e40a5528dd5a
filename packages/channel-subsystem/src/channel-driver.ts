import type { GuestMemory } from "@zarch/guest-memory";
import type { ChannelSubsystemPort } from "@zarch/vmm-interface";
import type { Ccw } from "./ccw.ts";
import { irbLength } from "./irb.ts";
import { orbLength } from "./orb.ts";
import { PmcwCharacteristics, PmcwFlags } from "./path-management.ts";
import { schibLength, viewOf } from "./schib.ts";

/** Encodes a format-1 channel-command word. Omitted fields are 0. */
export function encodeCcw(ccw: Partial<Ccw>): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = viewOf(bytes);
  view.setUint8(0, ccw.command ?? 0);
  view.setUint8(1, ccw.flags ?? 0);
  view.setUint16(2, ccw.count ?? 0);
  view.setUint32(4, ccw.address ?? 0);
  return bytes;
}

/** Encodes a format-0 channel-command word. */
export function encodeFormat0Ccw(ccw: Partial<Ccw>): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = viewOf(bytes);
  view.setUint32(0, (ccw.address ?? 0) & 0x00ff_ffff);
  view.setUint8(0, ccw.command ?? 0);
  view.setUint8(4, ccw.flags ?? 0);
  view.setUint16(6, ccw.count ?? 0);
  return bytes;
}

/** Fields of an operation-request block; see {@link encodeOrb}. */
export interface OrbFields {
  readonly channelProgram: number;
  readonly interruptionParameter?: number;
  /** Word 1 of the block. Default: key 0, format-1 CCWs, all paths. */
  readonly word1?: number;
}

/** Word 1 of an ORB: format-1 CCWs, prefetch, all logical paths. */
export const orbFormat1 = 0x00c0_ff00;

export function encodeOrb(fields: OrbFields): Uint8Array {
  const bytes = new Uint8Array(orbLength);
  const view = viewOf(bytes);
  view.setUint32(0, fields.interruptionParameter ?? 0);
  view.setUint32(4, fields.word1 ?? orbFormat1);
  view.setUint32(8, fields.channelProgram);
  return bytes;
}

/** An interruption-response block, taken apart. */
export interface InterruptionResponse {
  /** Condition code of TEST SUBCHANNEL: 0 if status was pending. */
  readonly conditionCode: number;
  readonly flags: number;
  readonly control: number;
  readonly ccwAddress: number;
  readonly deviceStatus: number;
  readonly subchannelStatus: number;
  readonly count: number;
  readonly extendedReportWord: number;
  /** The 32 bytes of the extended-control word. */
  readonly sense: Uint8Array;
}

/**
 * The driver's side of one subchannel, for programs that have a channel subsystem but no CPU: tests, loaders, experiments.
 * It issues the I/O instructions that an operating system would.
 */
export class ChannelDriver {
  readonly #channel: ChannelSubsystemPort;
  readonly #memory: GuestMemory;
  /** Subsystem-identification word of the subchannel. */
  readonly subsystemId: number;

  constructor(channel: ChannelSubsystemPort, memory: GuestMemory, subsystemId: number) {
    this.#channel = channel;
    this.#memory = memory;
    this.subsystemId = subsystemId;
  }

  /** STSCH. Returns the 52 bytes, or the condition code (or negative program interruption code) that came instead of them. */
  store(): Uint8Array | number {
    const schib = new Uint8Array(schibLength);
    return this.#channel.storeSubchannel(this.subsystemId, schib) || schib;
  }

  /** Enables or disables the subchannel, with an interruption subclass and with concurrent sense. Returns the condition code of MSCH. */
  enable(enabled = true, subclass = 3): number {
    return this.modify((view) => {
      view.setUint16(
        4,
        (enabled ? PmcwFlags.enabled : 0) | (subclass << PmcwFlags.interruptionSubclassShift) | PmcwFlags.deviceNumberValid,
      );
      view.setUint32(24, PmcwCharacteristics.concurrentSense);
    });
  }

  /** STSCH, a change to the block, MSCH. Returns the condition code. */
  modify(change: (schib: DataView) => void): number {
    const schib = this.store();
    if (typeof schib === "number") return schib;
    change(viewOf(schib));
    return this.#channel.modifySubchannel(this.subsystemId, schib);
  }

  /** Writes the words of a channel program to memory, one after another. */
  writeProgram(address: number, words: readonly Uint8Array[]): void {
    for (const [index, word] of words.entries()) this.#memory.write(address + 8 * index, word);
  }

  /** SSCH. */
  start(orb: OrbFields): number {
    return this.#channel.startSubchannel(this.subsystemId, encodeOrb(orb));
  }

  /** TSCH. */
  test(): InterruptionResponse {
    const irb = new Uint8Array(irbLength);
    const conditionCode = this.#channel.testSubchannel(this.subsystemId, irb);
    const view = viewOf(irb);
    return {
      conditionCode,
      flags: view.getUint16(0),
      control: view.getUint16(2),
      ccwAddress: view.getUint32(4),
      deviceStatus: view.getUint8(8),
      subchannelStatus: view.getUint8(9),
      count: view.getUint16(10),
      extendedReportWord: view.getUint32(16),
      sense: irb.slice(32, 64),
    };
  }

  /**
   * Writes a channel program of format-1 words at `address`, starts it, and tests the subchannel at once: enough for devices that
   * complete their commands synchronously.
   */
  run(address: number, ccws: readonly Partial<Ccw>[], word1: number = orbFormat1): InterruptionResponse {
    this.writeProgram(address, ccws.map(encodeCcw));
    const conditionCode = this.start({ channelProgram: address, word1 });
    const response = this.test();
    return conditionCode === 0 ? response : { ...response, conditionCode };
  }
}
