import { disassembleAll } from "../../../packages/s390x-isa/src/index.ts";
import { differences, finalState } from "./compare.ts";
import { buildImage } from "./image.ts";
import { ORIGIN, Slot, slotAddress } from "./layout.ts";
import { generateProgram, LENGTH } from "./program.ts";
import { runInCpu } from "./run-cpu.ts";
import { runInQemu } from "./run-qemu.ts";

export interface Isolated {
  /** Instruction after which the states differ. */
  readonly mnemonic: string;
  readonly lines: readonly string[];
  /** The program up to it. */
  readonly text: string;
}

/** Finds the first instruction of a program after which the two CPUs differ, by running all its beginnings. */
export function isolate(options: { readonly seed: number; readonly mnemonics?: readonly string[] }): Isolated {
  const beginnings = Array.from({ length: LENGTH + 1 }, (_, limit) => generateProgram({ ...options, limit, slot: slotAddress(limit) }));
  const image = buildImage(beginnings);
  const [expected, actual] = [runInQemu(image), runInCpu(image)];
  for (let limit = 0; limit <= LENGTH; limit++) {
    const lines = differences(finalState(expected, limit), finalState(actual, limit));
    if (lines.length === 0) continue;
    const at = slotAddress(limit) - ORIGIN;
    const code = [...disassembleAll(image.subarray(at, at + Slot.resume), { address: slotAddress(limit) })].map(({ text }) => text);
    const end = code.findIndex((text) => /^svc\t0/.test(text));
    const own = code.slice(0, end).filter((text) => !/^(ipm\t%r10|rllg\t%r11|xgr\t%r11)/.test(text));
    return { mnemonic: own.at(-1)?.split("\t")[0] ?? "none", lines, text: own.slice(-8).join("\n  ") };
  }
  return { mnemonic: "none", lines: [], text: "" };
}
