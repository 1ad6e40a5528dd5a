// Compares our CPU with QEMU's system emulation over random programs of control instructions.
//
//   node --conditions=@zarch/source tooling/differential/system/main.ts run [--seed 1] [--count 200] [--only lra,sac] [--without tb]
//   node --conditions=@zarch/source tooling/differential/system/main.ts record        rewrites the corpus

import { parseArgs } from "node:util";
import { differences, finalState } from "./compare.ts";
import { record } from "./corpus.ts";
import { emitters } from "./emit.ts";
import { buildImage } from "./image.ts";
import { isolate } from "./isolate.ts";
import { slotAddress } from "./layout.ts";
import { generateProgram } from "./program.ts";
import { runInCpu } from "./run-cpu.ts";
import { runInQemu } from "./run-qemu.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "200" },
    only: { type: "string" },
    without: { type: "string", default: "" },
  },
});

if (positionals[0] === "record") process.stdout.write(`${record()} instructions recorded\n`);
else compare(Number(values.count), Number(values.seed));

function compare(count: number, first: number): void {
  const without = values.without.split(",");
  const mnemonics = (values.only?.split(",") ?? Object.keys(emitters)).filter((name) => !without.includes(name));
  const programs = Array.from({ length: count }, (_, i) => generateProgram({ seed: first + i, mnemonics, slot: slotAddress(i) }));
  const image = buildImage(programs);
  const [expected, actual] = [runInQemu(image), runInCpu(image)];
  const causes = new Map<string, number[]>();
  const differing = programs.filter((_, i) => differences(finalState(expected, i), finalState(actual, i)).length > 0);
  for (const { seed } of differing.slice(0, 40)) {
    const { mnemonic, lines, text } = isolate({ seed, mnemonics });
    const seeds = causes.get(mnemonic) ?? [];
    causes.set(mnemonic, [...seeds, seed]);
    if (seeds.length === 0) process.stdout.write(`seed ${seed}: ${mnemonic}\n  ${text}\n  ${lines.slice(0, 8).join("\n  ")}\n`);
  }
  for (const [mnemonic, seeds] of causes) process.stdout.write(`${mnemonic}: seeds ${seeds.slice(0, 8).join(" ")} (${seeds.length})\n`);
  process.stdout.write(`${count} programs, ${differing.length} differ\n`);
  process.exitCode = differing.length === 0 ? 0 : 1;
}
