import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compareWithBaseline, type Ratios, readBaseline, writeBaseline } from "./baseline.ts";
import { hostDescription } from "./process-usage.ts";
import type { BulkRates } from "./ring-bulk.ts";
import type { ChainTimes, HeapUse, MemoryLayout } from "./ring-device.ts";
import { compileNativeRing } from "./ring-native.ts";
import { median, spread } from "./statistics.ts";

const formats = ["split", "packed"] as const;
const layouts: readonly MemoryLayout[] = ["flat", "reversed"];
const caseFile = fileURLToPath(new URL("ring-case.ts", import.meta.url));

/** Runs one measurement in a process of its own, on one core: V8 collects and compiles on the main thread. */
function measure<T>(...args: string[]): T {
  const flags = [...process.execArgv, "--expose-gc", "--single-threaded"];
  return JSON.parse(execFileSync(process.execPath, [...flags, caseFile, ...args], { encoding: "utf8" })) as T;
}

/** Values of several rounds, by name. */
class Results {
  readonly #values = new Map<string, number[]>();

  add(name: string, value: number): void {
    const values = this.#values.get(name);
    if (values) values.push(value);
    else this.#values.set(name, [value]);
  }

  /** Median. */
  get(name: string): number {
    return median(this.#values.get(name) ?? []);
  }

  line(name: string, unit: string, digits = 0): string {
    const values = this.#values.get(name) ?? [];
    return `${name.padEnd(44)} ${median(values).toFixed(digits).padStart(8)} ${unit.padEnd(6)} ±${(spread(values) * 100).toFixed(0)} %`;
  }

  get names(): string[] {
    return [...this.#values.keys()];
  }
}

/** `npm run bench -- ring`: both sides of virtqueues, and the same device in C. */
export async function benchmarkRing(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { repetitions: { type: "string", default: "5" }, save: { type: "boolean", default: false } },
  });
  const rounds = Math.max(1, Number.parseInt(values.repetitions, 10) || 1);
  const before = hostDescription();
  const native = compileNativeRing();
  const times = new Results();
  const rates = new Results();
  for (let round = 0; round < rounds; round++) {
    for (const format of formats) {
      if (native) times.add(`device in C, ${format}`, native(format).device);
      for (const layout of layouts) {
        const { device, driver } = measure<ChainTimes>("device", format, layout);
        times.add(`device, ${format}, ${layout} memory`, device);
        times.add(`bare driver, ${format}, ${layout} memory`, driver);
      }
      times.add(`device, ${format}, after all others`, measure<ChainTimes>("after-others", format, "flat").device);
      times.add(`add, kickPrepare, getBuf, ${format}`, measure<number>("round-trip", format, "flat"));
    }
    for (const layout of layouts) {
      const { read, write } = measure<BulkRates>("bulk", "split", layout);
      rates.add(`read of 64 KiB segments, ${layout} memory`, read);
      rates.add(`write of 64 KiB segments, ${layout} memory`, write);
    }
  }
  const heaps = formats.map((format) => ({ format, heap: measure<HeapUse>("heap", format, "flat") }));

  const ratios: Record<string, number> = {};
  for (const { format, heap } of heaps) {
    const flat = times.get(`device, ${format}, flat memory`);
    if (native) {
      const same = times.get(`device in C, ${format}`);
      ratios[`${format}, to the same in C`] = flat / same;
      ratios[`${format} with collections, to the same in C`] = (flat + heap.time) / same;
    }
    ratios[`${format}, reversed to flat memory`] = times.get(`device, ${format}, reversed memory`) / flat;
  }
  ratios["packed to split"] = times.get("device, packed, flat memory") / times.get("device, split, flat memory");
  for (const direction of ["read", "write"])
    ratios[`${direction} of segments, reversed to flat memory`] =
      rates.get(`${direction} of 64 KiB segments, flat memory`) / rates.get(`${direction} of 64 KiB segments, reversed memory`);
  const after = hostDescription();
  const lines = [
    `${before.cpu}, ${before.cpus} CPUs, load ${before.load} to ${after.load}, Node ${before.node}; medians of ${rounds} rounds`,
    ...(native ? [] : ["no C compiler (cc) here: nothing to compare with"]),
    ...times.names.sort().map((name) => times.line(name, "ns")),
    ...rates.names.map((name) => rates.line(name, "GB/s", 1)),
    ...heaps.map(({ format, heap }) => heapLine(format, heap)),
    "ratios of times:",
    ...Object.entries(ratios).map(([name, ratio]) => `${name.padEnd(44)} ${ratio.toFixed(2).padStart(8)}`),
  ];
  const baseline = await readBaseline("ring");
  for (const warning of baseline ? compareWithBaseline(ratios, baseline) : []) lines.push(`warning: ${warning}`);
  process.stdout.write(`${lines.join("\n")}\n`);
  if (values.save) await writeBaseline("ring", ratios satisfies Ratios);
}

function heapLine(format: string, { growth, scavenges, survivors, time }: HeapUse): string {
  return (
    `${format}, a million chains: the heap grows by ${growth} bytes; ${scavenges} scavenges, ` +
    `which ${survivors.toFixed(0)} bytes survive, take ${time.toFixed(1)} ns a chain`
  );
}
