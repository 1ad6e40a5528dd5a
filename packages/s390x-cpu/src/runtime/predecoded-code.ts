import type { ReversedMemory } from "@zarch/guest-memory";
import { FixedHandler } from "../engine/handlers.ts";
import * as layout from "../engine/layout.ts";
import { EXECUTE_TARGET_SLOT } from "../engine/records.ts";
import type { CodePage, RegionCode, RegionSelector } from "../jit/region-code.ts";
import type { ComputedBranches } from "./computed-branches.ts";
import type { Registers } from "./registers.ts";

/** Where a region begins. */
export interface RegionPlace {
  /** Record of its first instruction. */
  readonly record: number;
  /** Virtual address of the page of its first instruction, and that instruction's offset. */
  readonly base: bigint;
  readonly entry: number;
}

/** The code of a region, and where it lies. */
export interface FoundCode {
  readonly code: RegionCode;
  /** Absolute address / 4096 by page offset. */
  readonly frames: ReadonlyMap<number, number>;
  /** Lines of 64 bytes that the code lies in, by page of records: 64 bits as two halves. */
  readonly lines: ReadonlyMap<number, readonly [low: number, high: number]>;
}

interface PredecodedPage extends CodePage {
  /** Where its records are. */
  readonly records: number;
}

/** Code as the interpreter has it: predecoded, in pages that the current bank has. */
export class PredecodedCode {
  readonly #registers: Registers;
  readonly #memory: ReversedMemory;
  readonly #words: Uint32Array;
  readonly #halfwords: Uint16Array;
  readonly #selector: RegionSelector;
  readonly #branches: ComputedBranches;

  constructor(parts: {
    registers: Registers;
    memory: ReversedMemory;
    wasmMemory: WebAssembly.Memory;
    selector: RegionSelector;
    branches: ComputedBranches;
  }) {
    this.#registers = parts.registers;
    this.#memory = parts.memory;
    this.#words = new Uint32Array(parts.wasmMemory.buffer);
    this.#halfwords = new Uint16Array(parts.wasmMemory.buffer);
    this.#selector = parts.selector;
    this.#branches = parts.branches;
  }

  /** The record for an instruction address, if the current bank has its page. */
  recordAt(high: number, low: number): number | undefined {
    const page = this.#recordPageAt(high, low);
    return page === undefined ? undefined : page + (low & 0xffe) * 8;
  }

  #recordPageAt(high: number, low: number): number | undefined {
    const bank = this.#registers.word(layout.BANK);
    if (bank === layout.EMPTY_BANK) return undefined;
    const entry = (bank + layout.TLB_FETCH + (((low >>> 12) & (layout.FETCH_ENTRIES - 1)) << 4)) >>> 2;
    if (this.#words[entry] !== (low & ~0xfff) >>> 0 || this.#words[entry + 1] !== high) return undefined;
    return this.#words[entry + 2];
  }

  /**
   * The code of a region; undefined when there is none that is worth it.
   *
   * @param limit most instructions
   * @param refused offsets of instructions that must be left to the interpreter
   */
  find({ base, entry }: RegionPlace, limit: number, refused: ReadonlySet<number>): FoundCode | undefined {
    const pages = new Map<number, PredecodedPage | undefined>();
    const view = (page: number): PredecodedPage | undefined => {
      if (!pages.has(page)) pages.set(page, this.#pageAt(base + BigInt(page) * 4096n));
      return pages.get(page);
    };
    const targets = (branch: number): readonly number[] => {
      const page = view(Math.floor(branch / 4096));
      const distances = page ? this.#branches.distances(page.records + (branch & 0xffe) * 8) : [];
      return distances.map((distance) => branch + distance);
    };
    const code = this.#selector.select(view, { entry, limit, refused, targets });
    const first = code.blocks[0];
    if (first?.start !== entry || first.instructions[0]!.flow.kind === "interpret") return undefined;
    const used = [...linesOf(code)].map(([page, lines]) => ({ page, lines, at: pages.get(page)! }));
    return {
      code,
      frames: new Map(used.map(({ page, at }) => [page, at.frame])),
      lines: new Map(used.map(({ lines, at }) => [at.records, lines])),
    };
  }

  #pageAt(address: bigint): PredecodedPage | undefined {
    const page = BigInt.asUintN(64, address);
    const records = this.#recordPageAt(Number(page >> 32n), Number(page & 0xffff_ffffn));
    if (records === undefined) return undefined;
    const frame = this.#words[(records + layout.RECORD_PAGE_FRAME) >>> 2]!;
    const bytes = new Uint8Array(4096);
    this.#memory.read(frame * 4096, bytes);
    const halfwords = this.#halfwords;
    return {
      frame,
      bytes,
      records,
      isExecuted: (offset) => halfwords[(records + offset * 8) >>> 1] !== FixedHandler.decode,
      executeDistance: (offset) => this.#words[(records + offset * 8 + EXECUTE_TARGET_SLOT) >>> 2]! | 0,
    };
  }
}

/** The lines of 64 bytes that a region's code lies in, by page offset. */
function linesOf(code: RegionCode): Map<number, [low: number, high: number]> {
  const lines = new Map<number, [number, number]>();
  for (const [start, end] of code.spans) {
    for (let line = Math.floor(start / 64); line * 64 < end; line++) {
      const page = Math.floor(line / 64);
      const halves = lines.get(page) ?? [0, 0];
      halves[line & 32 ? 1 : 0] |= 1 << (line & 31);
      lines.set(page, halves);
    }
  }
  return lines;
}
