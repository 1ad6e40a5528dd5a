import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Cpu, createCpu } from "../../packages/s390x-cpu/src/index.ts";
import { workspaceRoot } from "../workspace/packages.ts";
import { renewExcerpts } from "./excerpts.ts";
import { compileGuestProgram, type GuestProgram, readGuestProgram } from "./guest-program.ts";
import { listing } from "./listing.ts";

const folder = join(workspaceRoot, "packages/s390x-cpu/src/jit/golden");
const names = readdirSync(folder).flatMap((file) => (file.endsWith(".s") ? file.slice(0, -2) : []));
const read = (name: string): GuestProgram => readGuestProgram(readFileSync(join(folder, `${name}.s`), "utf8"));

const clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };
const WAIT = 0x0002_0001_8000_0000n;
const SUPERVISOR_CALL = 0x1c0;
const PROGRAM = 0x1d0;
const AFP_REGISTERS = 0x4_0000n;
const modes = { 24: 0n, 31: 0x8000_0000n, 64: 0x1_8000_0000n } as const;

const renew = "npm run jit:golden renews the golden files; look at what changed";

/** Runs a program to its end, which is a supervisor call. */
function run(cpu: Cpu, { program, mode }: GuestProgram): unknown {
  cpu.reset("clear");
  for (const place of [SUPERVISOR_CALL, PROGRAM]) {
    cpu.memory.storeBigUint64(place, WAIT, "big");
    cpu.memory.storeBigUint64(place + 8, BigInt(place), "big");
  }
  cpu.setControl(0, AFP_REGISTERS);
  cpu.memory.write(program.origin, program.bytes);
  cpu.setPsw(modes[mode], BigInt(program.origin));
  const result = cpu.run({ budget: 10_000 });
  const storage = new Uint8Array(program.bytes.length + 256);
  cpu.memory.read(program.origin, storage);
  return { result, state: cpu.state, storage };
}

describe("the code that the JIT makes of small programs", () => {
  it.each(names)("%s: is what stands in its golden file", async (name) => {
    await expect(listing(read(name)), renew).toMatchFileSnapshot(join(folder, `${name}.wat`));
  });

  it.each(names)("%s: is valid, and the program ends in the same way with it as without", (name) => {
    const given = read(name);
    expect(WebAssembly.validate(compileGuestProgram(given).wasm)).toBe(true);
    const memorySize = 1 << 20;
    const compiled = createCpu({ memorySize, clock, jit: { interval: 1, threshold: 1 } });
    const end = run(compiled, given);
    expect(end).toMatchObject({ result: { reason: "disabled-wait", address: BigInt(SUPERVISOR_CALL) } });
    expect(end).toEqual(run(createCpu({ memorySize, clock, jit: false }), given));
    expect(compiled.regionStatistics!.compiled).toBeGreaterThan(0);
  });

  it("is what docs/jit.md shows of it", async () => {
    const page = join(workspaceRoot, "docs/jit.md");
    const renewed = renewExcerpts(readFileSync(page, "utf8"), (name) => listing(read(name)));
    await expect(renewed, renew).toMatchFileSnapshot(page);
  });

  it("has a golden file for each of some twenty programs, and no other files", () => {
    expect(names.length).toBeGreaterThanOrEqual(20);
    const orphans = readdirSync(folder).filter((file) => !existsSync(join(folder, file.replace(/\.wat$/, ".s"))));
    expect(orphans).toEqual([]);
  });
});
