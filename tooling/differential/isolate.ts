import { disassembleAll } from "../../packages/s390x-isa/src/index.ts";
import { differences } from "./compare.ts";
import { buildImage } from "./image.ts";
import { IMAGE_ORIGIN, Slot, slotAddress } from "./layout.ts";
import { generateProgram, type ProgramOptions } from "./program.ts";
import { runInCpu } from "./run-cpu.ts";
import { runInQemu } from "./run-qemu.ts";

export interface Isolated {
  /** Instruction after which the states differ. */
  readonly mnemonic: string;
  /** Differences right after it. */
  readonly lines: readonly string[];
  /** The instruction with its set-up. */
  readonly text: string;
}

/** Finds the first instruction of a program after which the two CPUs differ, by running all its beginnings. */
export function isolate(options: ProgramOptions): Isolated {
  const length = options.length ?? 14;
  const beginnings = Array.from({ length: length + 1 }, (_, limit) => generateProgram({ ...options, limit }));
  const image = buildImage(beginnings);
  const found = differences(runInQemu(image), runInCpu(image));
  const [slot, lines] = [...found][0] ?? [length, []];
  const code = (limit: number): string[] => {
    const at = slotAddress(0);
    const built = buildImage([beginnings[limit]!]);
    const bytes = built.subarray(at - IMAGE_ORIGIN, at - IMAGE_ORIGIN + Slot.epilogue);
    return [...disassembleAll(bytes, { address: at })].map(({ address, text }) => `  ${(address - at).toString(16)}: ${text}`);
  };
  const before = slot > 0 ? new Set(code(slot - 1)) : new Set<string>();
  const added = code(slot).filter((line) => !before.has(line) && !line.includes(": .") && !/: (nopr|jg)\t/.test(line));
  const own = added.filter((line) => !/ipm|strl\t%r10/.test(line));
  const mnemonic = own.at(-1)?.split(/[:\t]/)[1]?.trim() ?? "none";
  return { mnemonic, lines, text: added.join("\n") };
}
