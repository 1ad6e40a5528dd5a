import type { AttentionPort } from "@zarch/vmm-interface";

/** Reporting-source codes of a channel-report word (PoP chapter 17). */
export const ReportingSource = {
  monitoringFacility: 2,
  subchannel: 3,
  channelPath: 4,
  configurationAlert: 9,
  channelSubsystem: 11,
} as const;

/** Error-recovery codes. */
export const ErrorRecovery = {
  eventInformationPending: 0x00,
  available: 0x01,
  initialized: 0x02,
  temporaryError: 0x03,
  installedParametersInitialized: 0x04,
  terminal: 0x05,
  permanentErrorNotInitialized: 0x06,
  permanentErrorInitialized: 0x07,
  installedParametersModified: 0x08,
} as const;

export interface ChannelReport {
  readonly source: number;
  readonly recovery: number;
  /** Reporting-source ID, 16 bits: a subchannel number or a channel-path identifier. */
  readonly sourceId: number;
  /** Whether the report answers an instruction of the program (RCHP). */
  readonly solicited?: boolean;
  /** A further source ID, in a second report word chained to the first: for subchannels the subchannel set << 4. */
  readonly chainedSourceId?: number;
}

const solicitedBit = 0x4000_0000;
const overflowBit = 0x2000_0000;
const chainingBit = 0x1000_0000;

/** More reports than this are lost, and the program is told so: it then looks at all subchannels. */
export const reportLimit = 256;

/** Channel-report words that wait for STORE CHANNEL REPORT WORD, and the machine-check condition that announces them. */
export class ChannelReports {
  readonly #attention: AttentionPort;
  #words: number[] = [];
  #announce = true;
  #pending = false;

  constructor(attention: AttentionPort) {
    this.#attention = attention;
  }

  get pending(): boolean {
    return this.#pending;
  }

  add(report: ChannelReport): void {
    const chained = report.chainedSourceId !== undefined;
    if (this.#words.length + (chained ? 2 : 1) > reportLimit) {
      this.#words[this.#words.length - 1]! |= overflowBit;
      return;
    }
    const word = (report.solicited ? solicitedBit : 0) | (report.source << 24) | (report.recovery << 16);
    this.#words.push((word | (chained ? chainingBit : 0) | report.sourceId) >>> 0);
    if (chained) this.#words.push((word | (report.chainedSourceId ?? 0)) >>> 0);
    if (!this.#announce) return;
    this.#announce = false;
    this.#pending = true;
    this.#attention.raise();
  }

  /** The machine check was taken. There is no further one before the program has fetched all words. */
  presented(): void {
    this.#pending = false;
  }

  /** The next word, or 0 when there is none. */
  take(): number {
    const word = this.#words.shift();
    if (word === undefined) {
      this.#announce = true;
      this.#pending = false;
      return 0;
    }
    return word >>> 0;
  }

  reset(): void {
    this.#words = [];
    this.#announce = true;
    this.#pending = false;
  }
}
