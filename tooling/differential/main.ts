// Compares our CPU with QEMU's user-mode emulation over random programs.
//
//   node --conditions=@zarch/source tooling/differential/main.ts run [--group general] [--seed 1] [--count 200] [--only mvc,tr]
//   node --conditions=@zarch/source tooling/differential/main.ts show --seed 1 [...]       the first instruction that differs
//   node --conditions=@zarch/source tooling/differential/main.ts record                    rewrites the corpus

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { differences } from "./compare.ts";
import { CORPUS_FILE, CORPUS_TEST, DECLARATION_FILE, executedMnemonics, generatePrograms, hashes } from "./corpus.ts";
import { buildImage } from "./image.ts";
import { isolate } from "./isolate.ts";
import { type Group, groups } from "./mnemonics.ts";
import { generateProgram } from "./program.ts";
import { runInCpu } from "./run-cpu.ts";
import { qemuVersion, runInQemu } from "./run-qemu.ts";

/** Programs of each group in the corpus. */
const PROGRAMS = 400;
const FIRST_SEED = 1;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    group: { type: "string", default: "general" },
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "200" },
    only: { type: "string" },
    length: { type: "string" },
  },
});

if (positionals[0] === "record") record();
else compare(positionals[0] === "show" ? 1 : Number(values.count));

function compare(count: number): void {
  const mnemonics = values.only?.split(",") ?? groups[values.group as Group];
  const first = Number(values.seed);
  const common = { mnemonics, ...(values.length ? { length: Number(values.length) } : {}) };
  const image = buildImage(Array.from({ length: count }, (_, i) => generateProgram({ seed: first + i, ...common })));
  const started = performance.now();
  const expected = runInQemu(image);
  const between = performance.now();
  const actual = runInCpu(image);
  const ended = performance.now();
  const found = differences(expected, actual);
  const causes = new Map<string, number[]>();
  for (const slot of found.keys()) {
    const seed = first + slot;
    const { mnemonic, lines, text } = isolate({ seed, ...common });
    const seeds = causes.get(mnemonic) ?? [];
    causes.set(mnemonic, [...seeds, seed]);
    if (seeds.length === 0) process.stdout.write(`seed ${seed}: ${mnemonic}\n${text}\n  ${lines.slice(0, 12).join("\n  ")}\n`);
  }
  for (const [mnemonic, seeds] of causes) process.stdout.write(`${mnemonic}: seeds ${seeds.slice(0, 8).join(" ")} (${seeds.length})\n`);
  const [theirs, ours] = [between - started, ended - between].map(Math.round);
  process.stdout.write(`${count} programs, ${found.size} differ; QEMU ${theirs} ms, ours ${ours} ms\n`);
  process.exitCode = found.size === 0 ? 0 : 1;
}

function record(): void {
  const qemu = qemuVersion();
  if (!qemu) throw new Error("qemu-s390x is needed to record the corpus");
  const executed = new Set<string>();
  const recorded = (Object.keys(groups) as Group[]).map((group) => {
    const programs = generatePrograms(group, FIRST_SEED, PROGRAMS);
    const after = runInQemu(buildImage(programs));
    for (const mnemonic of executedMnemonics(programs, after)) executed.add(mnemonic);
    return [group, { firstSeed: FIRST_SEED, hashes: hashes(after, PROGRAMS) }] as const;
  });
  writeFileSync(CORPUS_FILE, `${JSON.stringify({ qemu, groups: Object.fromEntries(recorded) }, undefined, 2)}\n`);
  const mnemonics = [...executed].sort().map((name) => name.toUpperCase());
  writeFileSync(DECLARATION_FILE, `${JSON.stringify({ test: CORPUS_TEST, mnemonics }, undefined, 2)}\n`);
  const never = Object.values(groups)
    .flat()
    .filter((name) => !executed.has(name));
  process.stdout.write(`${executed.size} instructions recorded${never.length > 0 ? `; never executed: ${never.join(" ")}` : ""}\n`);
}
