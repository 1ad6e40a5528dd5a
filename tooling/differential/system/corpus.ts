import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Assembler } from "../../../packages/s390x-isa/src/index.ts";
import { workspaceRoot } from "../../workspace/packages.ts";
import { finalState, stateHash } from "./compare.ts";
import { buildImage } from "./image.ts";
import { LOG_SIZE, Log, MAXIMUM_LOG, ORIGIN, Slot, slotAddress } from "./layout.ts";
import { generateProgram, type SystemProgram } from "./program.ts";
import { qemuVersion, runInQemu } from "./run-qemu.ts";

/** Programs by seed, and what QEMU made of them: a hash of each one's final state. */
export interface Corpus {
  readonly qemu: string;
  readonly firstSeed: number;
  readonly hashes: readonly string[];
}

const FOLDER = join(workspaceRoot, "tooling/differential/system");
/** Title of the test that runs the corpus. */
export const CORPUS_TEST = "differential: final states of random supervisor programs are those that QEMU recorded";
const PROGRAMS = 500;

export function readCorpus(): Corpus {
  return JSON.parse(readFileSync(join(FOLDER, "corpus.json"), "utf8")) as Corpus;
}

/** Programs with consecutive seeds, in consecutive slots. */
export function generatePrograms(firstSeed: number, count: number): SystemProgram[] {
  return Array.from({ length: count }, (_, i) => generateProgram({ seed: firstSeed + i, slot: slotAddress(i) }));
}

/** Hashes of the final states by a CPU, which is a function from image to image. */
export function runPrograms(programs: readonly SystemProgram[], run: (image: Uint8Array) => Uint8Array): string[] {
  const after = run(buildImage(programs));
  return programs.map((_, i) => stateHash(finalState(after, i)));
}

/** Writes the corpus and the list of what it exercises. @returns number of instructions */
export function record(): number {
  const qemu = qemuVersion();
  if (!qemu) throw new Error("qemu-system-s390x is needed to record the corpus");
  const programs = generatePrograms(1, PROGRAMS);
  const after = runInQemu(buildImage(programs));
  const write = (name: string, value: unknown): void => writeFileSync(join(FOLDER, name), `${JSON.stringify(value, undefined, 2)}\n`);
  write("corpus.json", { qemu, firstSeed: 1, hashes: programs.map((_, i) => stateHash(finalState(after, i))) });
  const mnemonics = [...new Set(programs.flatMap((program, i) => completed(program, after, i)))].sort().map((name) => name.toUpperCase());
  write("opcodes-tested.json", { test: CORPUS_TEST, mnemonics });
  return mnemonics.length;
}

/** Instructions of a program that no program interruption stopped. */
function completed(program: SystemProgram, after: Uint8Array, index: number): string[] {
  const address = slotAddress(index);
  const view = new DataView(after.buffer, after.byteOffset + address - ORIGIN);
  const count = view.getUint32(Slot.interruptions + 4);
  const { resume, mnemonics } = program.emit(new Assembler({ origin: address, checkPairs: false }));
  if (count >= MAXIMUM_LOG) return [];
  const stopped = Array.from({ length: count }, (_, n) => {
    const at = view.getBigUint64(Slot.log + n * LOG_SIZE + Log.psw + 8);
    return resume.findIndex((behind) => behind >= at);
  });
  return mnemonics.filter((_, i) => !stopped.includes(i));
}
