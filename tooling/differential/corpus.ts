import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Assembler } from "../../packages/s390x-isa/src/index.ts";
import { workspaceRoot } from "../workspace/packages.ts";
import { slotHash } from "./compare.ts";
import { buildImage } from "./image.ts";
import { IMAGE_ORIGIN, Slot, slotAddress } from "./layout.ts";
import { type Group, groups } from "./mnemonics.ts";
import { generateProgram, type TestProgram } from "./program.ts";

/** Programs by seed, and what QEMU made of them: a hash of each one's final state. */
export interface Corpus {
  readonly qemu: string;
  readonly groups: { readonly [group in Group]: { readonly firstSeed: number; readonly hashes: readonly string[] } };
}

export const CORPUS_FILE = join(workspaceRoot, "tooling/differential/corpus.json");
/** For the ledger of tested instructions, see tooling/coverage. */
export const DECLARATION_FILE = join(workspaceRoot, "tooling/differential/opcodes-tested.json");
/** Title of the test that runs the corpus. */
export const CORPUS_TEST = "differential: final states of random programs are those that QEMU recorded";

export function readCorpus(): Corpus {
  return JSON.parse(readFileSync(CORPUS_FILE, "utf8")) as Corpus;
}

/** Programs of a group with consecutive seeds. */
export function generatePrograms(group: Group, firstSeed: number, count: number): TestProgram[] {
  return Array.from({ length: count }, (_, i) => generateProgram({ seed: firstSeed + i, mnemonics: groups[group] }));
}

export function hashes(image: Uint8Array, count: number): string[] {
  return Array.from({ length: count }, (_, slot) => slotHash(image, slot).toString(16).padStart(8, "0"));
}

/** Mnemonics that the programs have executed by the end of a run, as far as the condition codes in the image show. */
export function executedMnemonics(programs: readonly TestProgram[], after: Uint8Array): Set<string> {
  const view = new DataView(after.buffer, after.byteOffset);
  const executed = new Set<string>();
  for (const [index, program] of programs.entries()) {
    const address = slotAddress(index);
    const codes = address - IMAGE_ORIGIN + Slot.conditionCodes;
    const chosen = program.emit(new Assembler({ origin: address, checkPairs: false }), address);
    // A trap leaves the condition codes behind it at zero.
    const last = chosen.findLastIndex((_, i) => view.getUint32(codes + 4 * i) !== 0);
    for (const mnemonic of chosen.slice(0, last + 1)) executed.add(mnemonic);
  }
  return executed;
}

/** Final states by a CPU, which is a function from image to image. */
export function runPrograms(programs: readonly TestProgram[], run: (image: Uint8Array) => Uint8Array): string[] {
  return hashes(run(buildImage(programs)), programs.length);
}
