import { type Cpu, createCpu, type RunResult } from "../../../packages/s390x-cpu/src/index.ts";
import { disassemble } from "../../../packages/s390x-isa/src/index.ts";
import { FIRST_SLOT, MEMORY_SIZE, ORIGIN, SLOT_SIZE, Slot } from "./layout.ts";

const BUDGET = 200_000_000;

const clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };

/** Runs an image in our CPU and returns it as the programs left it. */
export function runInCpu(image: Uint8Array, engine: "fast" | "exact" = "fast"): Uint8Array {
  const cpu = createCpu({ memorySize: MEMORY_SIZE, clock, jit: false });
  load(cpu, image);
  return run(cpu, image, engine);
}

/** The same, by regions of compiled code as far as they will do, in lockstep with the interpreter. */
export function runCompiled(image: Uint8Array): { readonly after: Uint8Array; readonly entered: number } {
  const cpu = createCpu({ memorySize: MEMORY_SIZE, clock, jit: neverByItself });
  load(cpu, image);
  // What is compiled must have been executed before.
  run(cpu, image, "exact");
  run(cpu, image, "compiling");
  return { after: run(cpu, image, "fast"), entered: cpu.regionStatistics!.entered };
}

/** Nothing is compiled but what the test wants; small regions, as each instruction under test begins one. */
const neverByItself = { interval: 2 ** 31, threshold: 2 ** 31, maximumInstructions: 24, lockstep: true };
/** The last of the instructions behind each one under test. */
const BEHIND_INSTRUCTION = "xgr";

/** Runs until the CPU waits, and compiles what each instruction under test begins. */
function runCompiling(cpu: Cpu, end: number): RunResult {
  const text = new Uint8Array(6);
  let before = BEHIND_INSTRUCTION;
  for (;;) {
    const address = cpu.core.registers.addressLow;
    const isUnderTest = address >= FIRST_SLOT && address < end;
    if (isUnderTest) {
      if (before === BEHIND_INSTRUCTION) cpu.compileHere();
      cpu.memory.read(address, text);
      before = disassemble(text, 0).instruction?.mnemonic ?? "";
    }
    // The runtime's instructions are many: from branch to branch, until one leads to a program.
    const result = isUnderTest ? cpu.step() : cpu.run({ budget: 1 });
    if (result.reason !== "budget") return result;
  }
}

function load(cpu: Cpu, image: Uint8Array): void {
  cpu.reset("clear");
  cpu.memory.write(ORIGIN, image);
}

/** Runs all programs, which may have run before. */
function run(cpu: Cpu, image: Uint8Array, engine: "fast" | "exact" | "compiling"): Uint8Array {
  // Nothing must be forgotten of their code.
  for (let at = FIRST_SLOT - ORIGIN; at < image.length; at += SLOT_SIZE)
    cpu.memory.write(ORIGIN + at + Slot.result, image.subarray(at + Slot.result, at + SLOT_SIZE));
  cpu.setPsw(0x0000_0001_8000_0000n, BigInt(ORIGIN));
  const runs = {
    fast: () => cpu.run({ budget: BUDGET }),
    exact: () => cpu.runExactly(BUDGET),
    compiling: () => runCompiling(cpu, ORIGIN + image.length),
  };
  const result = runs[engine]();
  if (result.reason !== "disabled-wait" || result.address !== 0n) throw new Error(`our CPU ended with ${result.reason}`);
  const after = new Uint8Array(image.length);
  cpu.memory.read(ORIGIN, after);
  return after;
}
