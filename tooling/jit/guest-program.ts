import { definedInstructions } from "../../packages/s390x-cpu/src/definitions/all.ts";
import { memoryLayout } from "../../packages/s390x-cpu/src/engine/layout.ts";
import type { AddressingMode } from "../../packages/s390x-cpu/src/jit/addressing-mode.ts";
import { compileRegion, type RegionNotes } from "../../packages/s390x-cpu/src/jit/compile-region.ts";
import { type CodePage, type RegionCode, RegionSelector } from "../../packages/s390x-cpu/src/jit/region-code.ts";
import { assemble, type Program } from "../../packages/s390x-isa/src/index.ts";

/** Where programs are assembled to. */
export const ORIGIN = 0x1_0000;
const PAGE = 4096;
const MEMORY_SIZE = 1 << 20;
/** As the CPU has it when it knows where computed branches go. */
const MAXIMUM_INSTRUCTIONS = 600;

/**
 * A guest program, with what the JIT would learn by running it, in comments of its own:
 *
 *     # jit entry LABEL               where the region begins; without it, at the first instruction
 *     # jit mode 31                   addressing mode; without it, 64
 *     # jit bfp settled               the FPC lets the host do the arithmetic, and the inexact flag is on
 *     # jit executes LABEL: TARGET    what the EXECUTE at LABEL was seen to execute
 *     # jit targets LABEL: A B ...    where the branch to a computed address at LABEL was seen to go, most frequent first
 */
export interface GuestProgram {
  readonly source: string;
  readonly program: Program;
  readonly entry: number;
  readonly mode: AddressingMode;
  readonly isBfpSettled: boolean;
  /** By the address of the branch. */
  readonly targets: ReadonlyMap<number, readonly number[]>;
  /** By the address of the EXECUTE. */
  readonly executed: ReadonlyMap<number, number>;
}

export interface CompiledProgram {
  readonly code: RegionCode;
  /** Address of the page in which the region begins; offsets in the region's code count from it. */
  readonly base: number;
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly notes: RegionNotes;
}

export function readGuestProgram(source: string): GuestProgram {
  const program = assemble(source, { origin: ORIGIN });
  let entry = program.origin;
  let mode: AddressingMode = 64;
  let isBfpSettled = false;
  const targets = new Map<number, readonly number[]>();
  const executed = new Map<number, number>();
  for (const [, word, rest = ""] of source.matchAll(/^[ \t]*#[ \t]*jit[ \t]+(\S+)[ \t]+(.*?)[ \t]*$/gm)) {
    if (word === "entry") entry = program.address(rest);
    else if (word === "mode" && ["24", "31", "64"].includes(rest)) mode = Number(rest) as AddressingMode;
    else if (word === "bfp" && rest === "settled") isBfpSettled = true;
    else if (word === "targets" || word === "executes") {
      const [at = "", list = ""] = rest.split(":");
      const labels = list.trim().split(/\s+/);
      const addresses = labels.map((label) => program.address(label));
      if (word === "targets") targets.set(program.address(at.trim()), addresses);
      else executed.set(program.address(at.trim()), addresses[0]!);
    } else throw new Error(`"jit ${word} ${rest}" is no remark for the JIT`);
  }
  return { source, program, entry, mode, isBfpSettled, targets, executed };
}

/** Compiles the region that begins at the program's entry, as if all its instructions had been executed. */
export function compileGuestProgram({ program, entry, mode, isBfpSettled, targets, executed }: GuestProgram): CompiledProgram {
  const base = entry - (entry % PAGE);
  const view = (page: number): CodePage | undefined => {
    const from = base + page * PAGE - program.origin;
    if (from + PAGE <= 0 || from >= program.bytes.length) return undefined;
    const bytes = new Uint8Array(PAGE);
    bytes.set(program.bytes.subarray(Math.max(from, 0), from + PAGE), Math.max(-from, 0));
    const start = base + page * PAGE;
    const executeDistance = (offset: number): number => (executed.get(start + offset) ?? start + offset) - (start + offset);
    return { frame: start / PAGE, bytes, isExecuted: () => true, executeDistance };
  };
  const targetsOf = (branch: number): readonly number[] => (targets.get(base + branch) ?? []).map((target) => target - base);
  const selector = new RegionSelector(definedInstructions(), () => true);
  const refused = new Set<number>();
  for (;;) {
    const code = selector.select(view, { entry: entry - base, limit: MAXIMUM_INSTRUCTIONS, refused, targets: targetsOf });
    if (code.blocks.length === 0) throw new Error("the JIT leaves the first instruction to the interpreter");
    const pages = code.spans.flatMap(([start, end]) => [Math.floor(start / PAGE), Math.floor((end - 1) / PAGE)]);
    const frames = new Map([...new Set(pages)].map((page) => [page, base / PAGE + page]));
    const notes: RegionNotes = { marks: [], localNames: new Map() };
    const compiled = compileRegion(code, { layout: memoryLayout(MEMORY_SIZE), mode, frames, isCounting: false, isBfpSettled, notes });
    if (!("refused" in compiled)) return { code, base, wasm: compiled.wasm, notes };
    refused.add(compiled.refused);
  }
}
