import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compareWithBaseline, type Ratios, readBaseline, writeBaseline } from "./baseline.ts";
import { ConsoleProcess, type Mark, type ProcessFigures } from "./console-process.ts";
import { type Emulator, memoryMebibytes, prompt, qemu, qemuVersion, zarch } from "./emulators.ts";
import { benchmarkGuest, cacheFolder } from "./guest.ts";
import { type IdleFigures, idleAndMemory } from "./idle.ts";
import { instructionCounts } from "./instruction-count.ts";
import { hostDescription } from "./process-usage.ts";
import { median, spread } from "./statistics.ts";

/** One boot, from the start of the process to its end. */
interface Boot {
  readonly firstMessage: Mark;
  readonly kernel: Mark;
  readonly init: Mark;
  readonly prompt: Mark;
  readonly whole: ProcessFigures;
}

/** `npm run bench -- boot`: our command and QEMU boot the same guest, by turns. */
export async function benchmarkBoot(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      repetitions: { type: "string", default: "3" },
      idle: { type: "string", default: "20" },
      recount: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
    },
  });
  const repetitions = Math.max(1, Number.parseInt(values.repetitions, 10) || 1);
  const version = qemuVersion();
  if (version === undefined) throw new Error("there is no qemu-system-s390x to compare with (Debian: apt install qemu-system-misc)");
  const guest = await benchmarkGuest();
  const emulators = [zarch(guest), qemu(guest)];
  const counts = await instructionCounts(guest, values.recount);

  const before = hostDescription();
  const boots = new Map<string, Boot[]>(emulators.map(({ name }) => [name, []]));
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const emulator of emulators) {
      process.stderr.write(`boot ${repetition + 1} of ${repetitions}: ${emulator.name}\n`);
      boots.get(emulator.name)!.push(await boot(emulator));
    }
  }
  const idle = new Map<string, IdleFigures>();
  const idleSeconds = Number(values.idle);
  if (idleSeconds > 0)
    for (const emulator of emulators) {
      process.stderr.write(`idle for ${idleSeconds} s, then with its memory in use: ${emulator.name}\n`);
      idle.set(emulator.name, await idleAndMemory(emulator, idleSeconds));
    }
  const after = hostDescription();

  const [ours, theirs] = emulators.map(({ name }) => summarize(boots.get(name)!, idle.get(name)));
  const ratios = ratiosOf(ours!, theirs!);
  const baseline = await readBaseline("boot");
  const warnings = [
    ...(baseline ? compareWithBaseline(ratios, baseline) : []),
    ...missedTargets(ours!, ratios, counts.init),
    ...(before.load > before.cpus || after.load > after.cpus
      ? ["the host was busy with other things: CPU time says more than wall time"]
      : []),
  ];
  process.stdout.write(
    report({
      release: guest.release,
      version,
      repetitions,
      before,
      after,
      counts,
      ours: ours!,
      theirs: theirs!,
      ratios,
      baseline,
      warnings,
    }),
  );
  const result = {
    date: new Date().toISOString(),
    host: before,
    loadAfter: after.load,
    qemu: version,
    counts,
    ours,
    theirs,
    ratios,
    warnings,
  };
  const file = join(cacheFolder, "boot.json");
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  process.stderr.write(`also in ${file}\n`);
  if (values.save) await writeBaseline("boot", ratios);
}

async function boot(emulator: Emulator): Promise<Boot> {
  const guest = new ConsoleProcess(emulator);
  try {
    const firstMessage = await guest.seen("\n");
    const kernel = await guest.seen("Linux version");
    const init = await guest.seen("Run /init");
    const ready = await guest.seen(prompt);
    guest.type("poweroff\r");
    const whole = await guest.ended();
    if (whole.status !== 0) throw new Error(`${emulator.name} ended with status ${whole.status}:\n${guest.text.slice(-2000)}`);
    return { firstMessage, kernel, init, prompt: ready, whole };
  } finally {
    guest.kill();
  }
}

/** Medians over all boots. Times in seconds, memory in bytes. */
interface Summary {
  readonly firstMessage: number;
  readonly kernel: number;
  readonly init: number;
  readonly initCpu: number;
  readonly prompt: number;
  readonly powerOff: number;
  readonly user: number;
  readonly system: number;
  readonly peakResidentSet: number;
  readonly spread: number;
  readonly idle: IdleFigures | undefined;
}

function summarize(boots: readonly Boot[], idle: IdleFigures | undefined): Summary {
  const of = (figure: (boot: Boot) => number): number => median(boots.map(figure));
  return {
    firstMessage: of(({ firstMessage }) => firstMessage.wall),
    kernel: of(({ kernel }) => kernel.wall),
    init: of(({ init }) => init.wall),
    initCpu: of(({ init }) => init.cpu),
    prompt: of((each) => each.prompt.wall),
    powerOff: of(({ whole }) => whole.wall),
    user: of(({ whole }) => whole.user),
    system: of(({ whole }) => whole.system),
    peakResidentSet: of(({ whole }) => whole.peakResidentSet),
    spread: spread(boots.map(({ init }) => init.wall)),
    idle,
  };
}

function ratiosOf(ours: Summary, theirs: Summary): Ratios {
  return {
    "wall time to /init": ours.init / theirs.init,
    "CPU time to /init": ours.initCpu / theirs.initCpu,
    "wall time to power-off": ours.powerOff / theirs.powerOff,
    "CPU time to power-off": (ours.user + ours.system) / (theirs.user + theirs.system),
    "peak resident set of a boot": ours.peakResidentSet / theirs.peakResidentSet,
    ...(ours.idle &&
      theirs.idle && {
        "idle CPU time": ours.idle.share / theirs.idle.share,
        "peak resident set with memory in use": ours.idle.fullResidentSet / theirs.idle.fullResidentSet,
      }),
  };
}

const mebibyte = 2 ** 20;
/** What the project promises of itself. */
const targets = { init: 6, idle: 0.02, memory: 250 * mebibyte, firstMessage: 1.5, rate: 150e6 };

function missedTargets(ours: Summary, ratios: Ratios, instructions: number): string[] {
  const missed: string[] = [];
  const check = (value: number, limit: number, what: string): void => {
    if (value > limit) missed.push(`target missed: ${what}`);
  };
  check(ratios["wall time to /init"]!, targets.init, `time to /init is at most ${targets.init} times QEMU's`);
  check(ours.firstMessage, targets.firstMessage, `first kernel message within ${targets.firstMessage} s`);
  check(targets.rate, instructions / ours.initCpu, `${targets.rate / 1e6} million guest instructions a second`);
  if (ours.idle === undefined) return missed;
  check(ours.idle.share, targets.idle, `an idle guest uses less than ${targets.idle * 100} % of one core`);
  check(ours.idle.fullResidentSet - memoryMebibytes * mebibyte, targets.memory, "at most 250 MiB beyond the guest's memory");
  return missed;
}

interface Report {
  readonly release: string;
  readonly version: string;
  readonly repetitions: number;
  readonly before: ReturnType<typeof hostDescription>;
  readonly after: ReturnType<typeof hostDescription>;
  readonly counts: { readonly init: number };
  readonly ours: Summary;
  readonly theirs: Summary;
  readonly ratios: Ratios;
  readonly baseline: Ratios | undefined;
  readonly warnings: readonly string[];
}

function report({ ours, theirs, before, after, ...run }: Report): string {
  const seconds = (value: number): string => `${value.toFixed(2)} s`;
  const size = (value: number): string => `${Math.round(value / mebibyte)} MiB`;
  const percent = (value: number): string => `${(value * 100).toFixed(2)} %`;
  const rows: [string, string, string][] = [["", "zarch", "QEMU"]];
  const row = (what: string, figure: (summary: Summary) => number | undefined, format: (value: number) => string): void => {
    const cells = [ours, theirs].map(figure).map((value) => (value === undefined ? "" : format(value)));
    rows.push([what, cells[0]!, cells[1]!]);
  };
  row("first kernel message", ({ firstMessage }) => firstMessage, seconds);
  row("the kernel is unpacked", ({ kernel }) => kernel, seconds);
  row("/init", ({ init }) => init, seconds);
  row(
    "  spread over the repetitions",
    (summary) => summary.spread,
    (value) => `± ${percent(value)}`,
  );
  row("  CPU time until then", ({ initCpu }) => initCpu, seconds);
  row(
    "  million instructions a second of CPU time",
    ({ initCpu }) => run.counts.init / initCpu / 1e6,
    (value) => value.toFixed(0),
  );
  row("prompt", (summary) => summary.prompt, seconds);
  row("power-off", ({ powerOff }) => powerOff, seconds);
  row("  CPU time, user", ({ user }) => user, seconds);
  row("  CPU time, system", ({ system }) => system, seconds);
  row("peak resident set of a boot", ({ peakResidentSet }) => peakResidentSet, size);
  row("idle guest: share of one core", ({ idle }) => idle?.share, percent);
  row(
    "idle guest: wakes a second",
    ({ idle }) => idle?.wakes,
    (value) => value.toFixed(1),
  );
  row("peak resident set with the guest's memory in use", ({ idle }) => idle?.fullResidentSet, size);
  row("  beyond the guest's memory", ({ idle }) => idle && idle.fullResidentSet - memoryMebibytes * mebibyte, size);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const table = rows.map(([what, a, b]) => `${what.padEnd(widths[0]!)}  ${a.padStart(widths[1]!)}  ${b.padStart(widths[2]!)}`.trimEnd());
  const ratioLines = Object.entries(run.ratios).map(([name, value]) => {
    const stored = run.baseline?.[name];
    return `  ${name}: ${value.toFixed(2)}${stored === undefined ? "" : ` (baseline ${stored})`}`;
  });
  return [
    `Linux ${run.release}, ${memoryMebibytes} MiB, ${(run.counts.init / 1e6).toFixed(0)} million guest instructions to /init`,
    `Medians of ${run.repetitions} boots each, by turns. QEMU ${run.version}, Node ${before.node}`,
    `${before.cpu}, ${before.cpus} CPUs, load ${before.load} before and ${after.load} after`,
    "",
    ...table,
    "",
    "zarch / QEMU:",
    ...ratioLines,
    ...run.warnings.map((warning) => `warning: ${warning}`),
    "",
  ].join("\n");
}
