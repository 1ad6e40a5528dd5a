import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { canBuild, canRun, runInUserMode } from "../guest-images/guest-programs.ts";
import { buildPrograms, compilers, programFiles } from "./program-build.ts";
import { programs, shellWorkloads } from "./program-list.ts";
import { runNatively } from "./program-machine.ts";
import { differentFacilities, meanRatio, ratio, ratiosOf, reportTable } from "./program-report.ts";
import {
  contradictions,
  type Kind,
  type Measurement,
  outputOfCommand,
  parseProgramOutput,
  parseTimedOutput,
  type Run,
  verifyChecksums,
} from "./program-results.ts";

/** A measurement whose runs took these seconds. */
function measured(name: string, kind: Kind, seconds: Readonly<Record<string, readonly number[]>>, checksum = "a"): Measurement {
  const runs = Object.entries(seconds).map(([machine, each]): [string, Run[]] => [
    machine,
    each.map((value) => ({ seconds: value, checksum })),
  ]);
  return { name, kind, amount: 1, runs: new Map(runs) };
}

describe("output", () => {
  test("of a command stands between the echo of the line and the prompt", () => {
    const prompt = "zarch:~# ";
    expect(outputOfCommand(`run 5\r\nfirst\r\nsecond\r\n${prompt}`, prompt)).toBe("first\r\nsecond\r\n");
    expect(outputOfCommand(`true\r\n${prompt}`, prompt)).toBe("");
    expect(() => outputOfCommand(prompt, prompt)).toThrow("no output");
    expect(() => outputOfCommand("run 5\r\nfirst", prompt)).toThrow("no output");
  });

  test("of a program has its checksum and its time, whatever the kernel says in between", () => {
    const output = "checksum 00c0ffee00c0ffee nanoseconds 1500000000";
    expect(parseProgramOutput(`${output}\n`)).toEqual({ checksum: "00c0ffee00c0ffee", seconds: 1.5 });
    expect(parseProgramOutput(`[  1.0] random: ready\r\n${output}\r\n`)).toEqual({ checksum: "00c0ffee00c0ffee", seconds: 1.5 });
    expect(() => parseProgramOutput("Illegal instruction\r\n")).toThrow("Illegal instruction");
    expect(() => parseProgramOutput(`echo ${output}`)).toThrow("no checksum");
  });

  test("of a timed command is apart from its time; a status other than 0 is an error", () => {
    expect(parseTimedOutput("20000\r\nstatus 0 nanoseconds 250000000\r\n")).toEqual({ output: "20000", seconds: 0.25 });
    expect(() => parseTimedOutput("gzip: no space\r\nstatus 1 nanoseconds 5\r\n")).toThrow("no space");
    expect(() => parseTimedOutput("sh: not found\r\n")).toThrow("not found");
  });
});

describe("runs", () => {
  test("with different results are an error that tells which machine had which", () => {
    const good = measured("sum", "integer", { native: [1], zarch: [2, 3] });
    expect(() => verifyChecksums(good)).not.toThrow();
    const runs = new Map([...good.runs, ["QEMU", [{ seconds: 1, checksum: "b" }]] as const]);
    expect(() => verifyChecksums({ ...good, runs })).toThrow("sum has different results: native a; zarch a; QEMU b");
  });

  test("whose clock contradicts the host's are worth a warning", () => {
    const run = (seconds: number, hostSeconds?: number): Measurement => ({
      ...measured("sum", "integer", {}),
      runs: new Map([["zarch", [{ seconds, checksum: "a", ...(hostSeconds !== undefined && { hostSeconds }) }]]]),
    });
    expect(contradictions(run(10, 10.2))).toEqual([]);
    expect(contradictions(run(10))).toEqual([]);
    expect(contradictions(run(10, 11))).toEqual(["sum took 10.00 s by the clock of zarch and 11.00 s by the host's"]);
    expect(contradictions(run(10, 9.5))).toHaveLength(1);
  });
});

describe("report", () => {
  const measurements = [
    measured("sum", "integer", { zarch: [4, 2, 3], QEMU: [1, 1, 1], native: [0.5, 0.1, 0.1] }),
    measured("sort", "integer", { zarch: [3], QEMU: [9], native: [1] }),
    measured("waves", "floating point", { zarch: [1], QEMU: [2], native: [0.1] }),
    measured("loop", "shell", { zarch: [2], QEMU: [1] }),
  ];

  test("ratios are of medians; means are geometric, over those that ran on both", () => {
    expect(ratio(measurements[0]!, "QEMU", "zarch")).toBeCloseTo(1 / 3);
    expect(ratio(measurements[3]!, "zarch", "native")).toBeNaN();
    expect(meanRatio(measurements, ["integer"], "QEMU", "zarch")).toBeCloseTo(1);
    expect(meanRatio(measurements, ["integer", "shell"], "zarch", "native")).toBeCloseTo(Math.sqrt(90));
    expect(meanRatio(measurements, ["shell"], "zarch", "native")).toBeNaN();
  });

  test("as a baseline less is better", () => {
    const ratios = ratiosOf(measurements.slice(0, 3), "zarch", "QEMU");
    expect(ratios).toMatchObject({ sum: 3, waves: 0.5, "mean of floating point": 0.5 });
    expect(Object.keys(ratios)).not.toContain("mean of shell");
  });

  test("the table has a line for each program and each mean, and a column for each machine and comparison", () => {
    const table = reportTable(measurements, { ours: ["zarch"], reference: "QEMU", native: "native" });
    expect(table[0]).toBe("|  | zarch | QEMU | native | QEMU / zarch | zarch / native | QEMU / native |");
    expect(table[2]).toBe("| sum | 3.000 s ± 33 % | 1.000 s ± 0 % | 0.100 s ± 200 % | 0.33 | 30.0 | 10.0 |");
    expect(table[5]).toBe("| loop | 2.000 s | 1.000 s |  | 0.50 |  |  |");
    expect(table.slice(6).map((line) => line.split(" | ")[0])).toEqual([
      "| geometric mean, integer",
      "| geometric mean, floating point",
      "| geometric mean, all programs",
      "| geometric mean, shell",
    ]);
  });

  test("without a reference nothing is compared with it, and means of nothing are left out", () => {
    const table = reportTable(measurements.slice(2, 3), { ours: ["zarch"], reference: undefined, native: "native" });
    expect(table).toEqual([
      "|  | zarch | native | zarch / native |",
      "| --- | --: | --: | --: |",
      "| waves | 1.000 s | 0.100 s | 10.0 |",
      "| geometric mean, floating point |  |  | 10.0 |",
      "| geometric mean, all programs |  |  | 10.0 |",
    ]);
  });

  test("our machines are also compared with the first of them", () => {
    const measurement = measured("sum", "integer", { plain: [4], quick: [2], QEMU: [1], native: [0.5] });
    const table = reportTable([measurement], { ours: ["plain", "quick"], reference: "QEMU", native: "native" });
    expect(table[0]).toContain("| plain / quick | QEMU / plain | QEMU / quick | plain / native |");
    expect(table[2]).toContain("| 2.00 | 0.25 | 0.50 | 8.0 |");
  });

  test("facilities that only some machines have are named", () => {
    const facilities = new Map([
      ["zarch", ["zarch", "edat"]],
      ["QEMU", ["zarch", "vx"]],
    ]);
    expect(differentFacilities(facilities)).toEqual([
      "zarch has facilities that not all machines have: edat",
      "QEMU has facilities that not all machines have: vx",
    ]);
    expect(differentFacilities(new Map([["zarch", ["edat"]]]))).toEqual([]);
  });
});

const hasCompilers = (await canBuild()) && (await Promise.all(compilers.map(canRun))).every(Boolean);

describe.skipIf(!hasCompilers)("the programs", () => {
  test.each(programs)(
    "$name gives the same on this host and on s390x, and other work gives something else",
    { timeout: 120_000 },
    async ({ name, amount }) => {
      const [native, s390x] = [await buildPrograms("native"), await buildPrograms("s390x")];
      const few = Math.max(1, Math.round(amount / 200));
      const here = await runNatively(native.get(name)!, few);
      const { stdout, status } = await runInUserMode(s390x.get(name)!, [String(few)]);
      expect(status).toBe(0);
      expect(parseProgramOutput(stdout).checksum).toBe(here.checksum);
      expect((await runNatively(native.get(name)!, few + 1)).checksum).not.toBe(here.checksum);
    },
  );

  test("are in the guest, with a script for each part of a shell workload and one that runs all programs", {
    timeout: 120_000,
  }, async () => {
    const files = new Map((await programFiles()).map(({ path, content, mode }) => [path, { content, mode }]));
    const elf = await readFile((await buildPrograms("s390x")).get("sieve")!);
    expect(files.get("opt/bench/sieve")).toEqual({ content: elf, mode: 0o755 });
    const gzip = shellWorkloads.find(({ name }) => name === "gzip")!;
    for (const part of ["prepare", "command", "check"] as const)
      expect(files.get(`opt/bench/gzip.${part}`)?.content).toBe(`${gzip[part]}\n`);
    expect(files.has("opt/bench/shell-loop.prepare")).toBe(false);
    const script = String(files.get("opt/bench/all")?.content);
    for (const { name, amount } of programs) expect(script).toContain(`/opt/bench/${name} ${amount})`);
  });
});
