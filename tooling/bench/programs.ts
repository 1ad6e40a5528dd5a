import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { canRun } from "../guest-images/guest-programs.ts";
import { compareWithBaseline, readBaseline, writeBaseline } from "./baseline.ts";
import { type Emulator, qemu, qemuVersion, zarch } from "./emulators.ts";
import { cacheFolder, type GuestFiles } from "./guest.ts";
import { hostDescription } from "./process-usage.ts";
import { buildInto, buildProgramGuest, buildPrograms, compilers } from "./program-build.ts";
import { type BenchmarkProgram, programs, type ShellWorkload, shellWorkloads } from "./program-list.ts";
import { GuestMachine, runNatively } from "./program-machine.ts";
import { differentFacilities, type Machines, ratiosOf, reportTable } from "./program-report.ts";
import { contradictions, type Measurement, type Run, verifyChecksums } from "./program-results.ts";

type Task = BenchmarkProgram | ShellWorkload;

const native = "native";

/** `npm run bench -- programs`: compiled programs and the shell in our guest, in QEMU's and, but for the shell, on the host itself. */
export async function benchmarkPrograms(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      runs: { type: "string", default: "3" },
      scale: { type: "string", default: "1" },
      json: { type: "string", default: join(cacheFolder, "programs.json") },
      node: { type: "string", multiple: true, default: [process.execPath] },
      "zarch-options": { type: "string", multiple: true, default: [""] },
      "qemu-cpu": { type: "string", default: "qemu" },
      "no-qemu": { type: "boolean", default: false },
      "build-only": { type: "string" },
      save: { type: "boolean", default: false },
    },
  });
  for (const compiler of compilers) {
    if (!(await canRun(compiler)))
      throw new Error(`there is no ${compiler} (Debian: apt install ${compiler.replace(/(.*)-gcc$/, "gcc-$1")})`);
  }
  const folder = values["build-only"];
  if (folder !== undefined) {
    await buildInto(folder);
    process.stderr.write(`guest and programs in ${folder}\n`);
    return;
  }
  const runs = Math.max(1, Number.parseInt(values.runs, 10) || 1);
  const scale = Number(values.scale);
  if (!(scale > 0)) throw new Error("--scale must be a number above 0");
  const tasks = choose(values.only?.split(","));
  const version = values["no-qemu"] ? undefined : qemuVersion();
  if (version === undefined && !values["no-qemu"])
    throw new Error("there is no qemu-system-s390x to compare with (Debian: apt install qemu-system-misc); --no-qemu does without");

  const guest = await buildProgramGuest();
  const ours = variants(guest, values.node, values["zarch-options"]);
  const emulators = version === undefined ? ours : [...ours, qemu(guest, { cpu: values["qemu-cpu"] })];
  if (new Set(ours.map(({ name }) => name)).size < ours.length) throw new Error("each --node and each --zarch-options must differ");
  const machines: Machines = { ours: ours.map(({ name }) => name), reference: emulators[ours.length]?.name, native };
  const before = hostDescription();
  const { measurements, facilities } = await measure(emulators, tasks, { runs, scale });
  const after = hostDescription();
  for (const measurement of measurements) verifyChecksums(measurement);

  const ratios = machines.reference === undefined ? undefined : ratiosOf(measurements, machines.ours[0]!, machines.reference);
  const baseline = scale === 1 ? await readBaseline("programs") : undefined;
  const warnings = [
    ...measurements.flatMap(contradictions),
    ...differentFacilities(facilities),
    ...(ratios && baseline ? compareWithBaseline(ratios, baseline) : []),
    ...(before.load > before.cpus || after.load > after.cpus ? ["the host was busy with other things"] : []),
  ];
  const theirs = version === undefined ? "" : `, QEMU ${version} with CPU model ${values["qemu-cpu"]}`;
  const lines = [
    `Medians of ${runs}, by turns${scale === 1 ? "" : `; ${scale} of the usual amount of work`}`,
    `${before.cpu}, ${before.cpus} CPUs, load ${before.load} before and ${after.load} after`,
    `Node ${[...new Set(values.node.map(nodeVersion))].join(" and ")}${theirs}`,
    "",
    ...reportTable(measurements, machines),
    "",
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  const result = {
    date: new Date().toISOString(),
    host: before,
    loadAfter: after.load,
    qemu: version,
    machines: emulators.map((emulator) => ({ ...emulator, facilities: facilities.get(emulator.name) })),
    measurements: measurements.map((each) => ({ ...each, runs: Object.fromEntries(each.runs) })),
    ratios,
    warnings,
  };
  await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
  process.stderr.write(`also in ${values.json}\n`);
  if (values.save && ratios) await writeBaseline("programs", ratios);
}

function choose(names: readonly string[] | undefined): readonly Task[] {
  const tasks: readonly Task[] = [...programs, ...shellWorkloads];
  const unknown = names?.find((name) => !tasks.some((task) => task.name === name));
  if (unknown !== undefined) throw new Error(`there is no "${unknown}" among ${tasks.map(({ name }) => name).join(", ")}`);
  return names === undefined ? tasks : tasks.filter(({ name }) => names.includes(name));
}

/** Our command for every Node and every set of options, named by what they differ in. */
function variants(guest: GuestFiles, nodes: readonly string[], optionSets: readonly string[]): Emulator[] {
  const emulator = zarch(guest);
  return nodes.flatMap((node) =>
    optionSets.map((options) => {
      const further = options.split(" ").filter((option) => option !== "");
      const parts = ["zarch", ...(nodes.length > 1 ? [`Node ${nodeVersion(node)}`] : []), ...(optionSets.length > 1 ? further : [])];
      return { name: parts.join(" "), command: node, arguments: [...emulator.arguments, ...further] };
    }),
  );
}

function nodeVersion(node: string): string {
  return execFileSync(node, ["--version"], { encoding: "utf8" }).trim().slice(1);
}

interface Measured {
  readonly measurements: readonly Measurement[];
  /** Of each guest. */
  readonly facilities: ReadonlyMap<string, readonly string[]>;
}

/** Boots every guest once, and runs each task on all machines by turns, so that what else the host does disturbs all of them alike. */
async function measure(
  emulators: readonly Emulator[],
  tasks: readonly Task[],
  { runs, scale }: { runs: number; scale: number },
): Promise<Measured> {
  const nativePrograms = await buildPrograms("native");
  const plan = tasks.map((task) => ({ task, amount: Math.max(1, Math.round(task.amount * scale)), results: new Map<string, Run[]>() }));
  const facilities = new Map<string, readonly string[]>();
  await using guests = new AsyncDisposableStack();
  const machines: GuestMachine[] = [];
  for (const emulator of emulators) {
    process.stderr.write(`booting ${emulator.name}\n`);
    const machine = guests.use(await GuestMachine.boot(emulator));
    machines.push(machine);
    facilities.set(machine.name, await machine.facilities());
  }
  for (let repetition = 1; repetition <= runs; repetition++) {
    for (const { task, amount, results } of plan) {
      const note = (machine: string, run: Run): void => {
        results.set(machine, [...(results.get(machine) ?? []), run]);
        process.stderr.write(`${repetition} of ${runs}: ${task.name} on ${machine} in ${run.seconds.toFixed(2)} s\n`);
      };
      if (!("command" in task)) note(native, await runNatively(nativePrograms.get(task.name)!, amount));
      for (const machine of machines)
        note(machine.name, await ("command" in task ? machine.runWorkload(task, amount) : machine.runProgram(task, amount)));
    }
  }
  const measurements = plan.map(({ task, amount, results }): Measurement => {
    return { name: task.name, kind: "command" in task ? "shell" : task.kind, amount, runs: results };
  });
  return { measurements, facilities };
}
