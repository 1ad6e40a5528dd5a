import { parseArgs } from "node:util";
import { createCpu } from "../../packages/s390x-cpu/src/index.ts";
import { assemble } from "../../packages/s390x-isa/src/index.ts";
import { compareWithBaseline, type Ratios, readBaseline, writeBaseline } from "./baseline.ts";
import { type Loop, loops } from "./cpu-loops.ts";
import { hostDescription } from "./process-usage.ts";
import { geometricMean, spread } from "./statistics.ts";

const origin = 0x1_0000;
/** Data of the loops: 1 MiB. */
const data = 0x10_0000;
const memorySize = 0x80_0000;
const mode64 = 0x0000_0001_8000_0000n;
const disabledWait = 0x0002_0001_8000_0000n;
const supervisorCallNewPsw = 0x1c0;
/** Bit 45 of control register 0: floating-point registers and BFP. */
const afpRegisterControl = 0x4_0000n;
/** About how long one measurement takes, in ns. */
const measuringTime = 150e6;

/** `npm run bench -- cpu`: loops that consist of one kind of instruction each, without translation. */
export async function benchmarkCpu(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { repetitions: { type: "string", default: "5" }, save: { type: "boolean", default: false } },
  });
  const repetitions = Math.max(1, Number.parseInt(values.repetitions, 10) || 1);
  const before = hostDescription();
  const cpu = createCpu({ memorySize, clock: { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} } });
  const times = new Map(loops.map((loop) => [loop, [] as number[]]));
  const prepared = loops.map((loop) => ({ loop, ...prepare(loop) }));
  /** Runs a loop `count` times round. Gives nanoseconds. */
  const run = ({ program, loop }: { program: Uint8Array; loop: Loop }, count: number): number => {
    cpu.reset("clear");
    cpu.memory.storeUint64(supervisorCallNewPsw, Number(disabledWait), "big");
    cpu.memory.write(origin, program);
    cpu.setControl(0, afpRegisterControl);
    cpu.setGeneral(11, BigInt(count));
    cpu.setGeneral(12, BigInt(data));
    for (const [register, value] of Object.entries(loop.general ?? {})) cpu.setGeneral(Number(register), value);
    for (const [register, value] of Object.entries(loop.floatingPoint ?? {})) cpu.setFloatingPoint(Number(register), value);
    cpu.setPsw(mode64, BigInt(origin));
    const started = performance.now();
    let { reason } = cpu.run({ budget: 1_000_000 });
    while (reason === "budget") ({ reason } = cpu.run({ budget: 1_000_000 }));
    const elapsed = (performance.now() - started) * 1e6;
    if (reason !== "disabled-wait" || cpu.state.general[11] !== 0n) throw new Error(`the loop "${loop.kind}" ended with "${reason}"`);
    return elapsed;
  };
  const counts = prepared.map((each) => {
    // Long enough for V8 to optimise the interpreter.
    let count = 1000;
    while (run(each, count) < measuringTime / 8) count *= 2;
    return Math.round((count * measuringTime) / run(each, count));
  });
  for (let repetition = 0; repetition < repetitions; repetition++)
    prepared.forEach((each, index) => {
      times.get(each.loop)!.push(run(each, counts[index]!) / counts[index]! / each.instructions);
    });
  // What disturbs a measurement makes it longer, never shorter.
  const least = new Map([...times].map(([{ kind }, each]) => [kind, Math.min(...each)]));
  const reference = least.get(loops[0]!.kind)!;
  // The mean of all is steadier than any one of them.
  const mean = geometricMean([...least.values()]);
  const ratios: Ratios = Object.fromEntries([...least].map(([kind, time]) => [kind, time / mean]));
  const baseline = await readBaseline("cpu");
  const width = Math.max(...loops.map(({ kind }) => kind.length));
  const lines = [
    `${before.cpu}, ${before.cpus} CPUs, load ${before.load}, Node ${before.node}; least of ${repetitions}`,
    `${"".padEnd(width)}  million/s  ns each   spread  relative`,
  ];
  for (const [{ kind }, each] of times) {
    const time = Math.min(...each);
    const cells = [(1000 / time).toFixed(0).padStart(9), time.toFixed(2).padStart(7), `±${(spread(each) * 100).toFixed(0)} %`.padStart(7)];
    lines.push(`${kind.padEnd(width)}  ${cells.join("  ")}  ${(time / reference).toFixed(2).padStart(8)}`);
  }
  for (const warning of baseline ? compareWithBaseline(ratios, baseline) : []) lines.push(`warning: ${warning}`);
  process.stdout.write(`${lines.join("\n")}\n`);
  if (values.save) await writeBaseline("cpu", ratios);
}

/** The loop as a program that ends in a supervisor call, and the number of instructions of one time round. */
function prepare({ body, round = 8, before = "", after = "" }: Loop): { program: Uint8Array; instructions: number } {
  const lines = body.split("\n").filter((line) => line.trim() !== "");
  const text = Array.from({ length: round }, (_, index) => lines.map((line) => line.replaceAll("@", String(index)))).flat();
  const source = [before, "again:", ...text, "brctg %r11,again", "svc 255", after].join("\n");
  const isInstruction = (line: string): boolean => !/^\s*\w+:\s*$/.test(line);
  return { program: assemble(source, { origin }).bytes, instructions: text.filter(isInstruction).length + 1 };
}
