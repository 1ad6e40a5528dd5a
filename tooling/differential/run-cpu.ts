import { type Cpu, type CpuOptions, createCpu, type RunResult } from "../../packages/s390x-cpu/src/index.ts";
import { disassemble } from "../../packages/s390x-isa/src/index.ts";
import { IMAGE_ORIGIN, SLOT_SIZE, Slot, slotAddress } from "./layout.ts";

/** Real addresses: old and new PSWs, interruption codes. */
const SVC_NEW_PSW = 0x1c0;
const PROGRAM_NEW_PSW = 0x1d0;
const PROGRAM_OLD_PSW = 0x150;
const PROGRAM_LENGTH = 0x8c;
const PROGRAM_CODE = 0x8e;
const DATA_EXCEPTION_CODE = 0x93;

/** 64-bit mode, problem state. */
const PROBLEM_STATE = 0x0001_0001_8000_0000n;
const DISABLED_WAIT = 0x0002_0001_8000_0000n;
/** CR0: AFP-register control, as Linux has it on. */
const CONTROL_0 = 0x4_0000n;

const SUPERVISOR_CALL = Uint8Array.of(0x0a, 0);

const clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };

/** Signal that Linux makes of a program interruption; 0 when it is none that a test program may cause. */
function signalOf(code: number, dxc: number): number {
  switch (code) {
    case 0x01:
    case 0x02:
    case 0x03:
    case 0x06:
    case 0x13:
      return 4;
    case 0x07:
      return dxc === 0 ? 4 : 8;
    case 0x08:
    case 0x09:
      return 8;
    case 0x04:
    case 0x05:
    case 0x10:
    case 0x11:
      return 11;
    default:
      return 0;
  }
}

/** Runs an image in our CPU and returns it as the programs left it. */
export function runInCpu(image: Uint8Array, engine: "fast" | "exact" = "fast"): Uint8Array {
  const runner = new ImageRunner(image, false);
  runner.run((cpu) => (engine === "fast" ? cpu.run({ budget: BUDGET }) : cpu.runExactly(BUDGET)));
  return runner.after();
}

export interface CompiledRun {
  readonly after: Uint8Array;
  /** How often regions were entered. */
  readonly entered: number;
}

/** The same, by regions of compiled code as far as they will do, in lockstep with the interpreter. */
export function runCompiled(image: Uint8Array): CompiledRun {
  const after = image.slice();
  let entered = 0;
  const slots = (IMAGE_ORIGIN + image.length - slotAddress(0)) / SLOT_SIZE;
  for (let first = 0; first < slots; first += COMPILED_AT_ONCE) {
    const runner = new ImageRunner(image, never, { first, count: COMPILED_AT_ONCE });
    // What is compiled must have been executed before.
    runner.run((cpu) => cpu.runExactly(BUDGET));
    let before = "";
    runner.run((cpu) => {
      for (;;) {
        if (before === "" || before === BEHIND_INSTRUCTION) cpu.compileHere();
        before = runner.mnemonic();
        const result = cpu.step();
        if (result.reason !== "budget") return result;
      }
    });
    runner.run((cpu) => cpu.run({ budget: BUDGET }));
    const [start, end] = [slotAddress(first), slotAddress(first + COMPILED_AT_ONCE)];
    after.set(runner.after().subarray(start - IMAGE_ORIGIN, end - IMAGE_ORIGIN), start - IMAGE_ORIGIN);
    entered += runner.cpu.regionStatistics!.entered;
  }
  return { after, entered };
}

const BUDGET = 50_000_000;
/** So many programs at once that all their pages stay translated. */
const COMPILED_AT_ONCE = 100;
/** Compiles nothing by itself; small regions, as each instruction under test begins one. */
const never = { interval: 2 ** 31, threshold: 2 ** 31, maximumInstructions: 24, lockstep: true };
/** What stores the condition code behind each instruction under test. */
const BEHIND_INSTRUCTION = "strl";

/** Runs all programs of an image or some, as often as wanted, each time from the start. */
class ImageRunner {
  readonly cpu: Cpu;
  readonly #image: Uint8Array;

  readonly #start: number;

  constructor(image: Uint8Array, jit: NonNullable<CpuOptions["jit"]>, { first = 0, count = Number.POSITIVE_INFINITY } = {}) {
    const memorySize = Math.ceil((IMAGE_ORIGIN + image.length) / 0x10_0000) * 0x10_0000;
    this.cpu = createCpu({ memorySize, clock, jit });
    this.#image = image;
    this.cpu.reset("clear");
    const { memory } = this.cpu;
    for (const place of [SVC_NEW_PSW, PROGRAM_NEW_PSW]) {
      memory.storeUint32(place, Number(DISABLED_WAIT >> 32n), "big");
      memory.storeUint32(place + 4, Number(DISABLED_WAIT & 0xffff_ffffn), "big");
      memory.storeUint32(place + 12, place, "big");
    }
    memory.write(IMAGE_ORIGIN, image);
    this.#start = slotAddress(first);
    // In place of the program behind the last.
    const end = slotAddress(first + count);
    if (end < IMAGE_ORIGIN + image.length) memory.write(end, SUPERVISOR_CALL);
    this.cpu.setControl(0, CONTROL_0);
  }

  /** Mnemonic of the instruction at the instruction address. */
  mnemonic(): string {
    const text = new Uint8Array(6);
    this.cpu.memory.read(Number(this.cpu.state.psw.address), text);
    return disassemble(text, 0).instruction?.mnemonic ?? "";
  }

  /** @param run runs the CPU until it waits */
  run(run: (cpu: Cpu) => RunResult): void {
    const { cpu } = this;
    const { memory } = cpu;
    const image = this.#image;
    // All but the code, of which nothing must be forgotten.
    for (let at = slotAddress(0) - IMAGE_ORIGIN; at < image.length; at += SLOT_SIZE)
      memory.write(IMAGE_ORIGIN + at + Slot.result, image.subarray(at + Slot.result, at + SLOT_SIZE));
    cpu.setPsw(PROBLEM_STATE, BigInt(this.#start));
    for (;;) {
      const result = run(cpu);
      if (result.reason !== "disabled-wait") throw new Error(`our CPU ended with ${result.reason}`);
      if (result.address === BigInt(SVC_NEW_PSW)) return;
      this.#trap();
    }
  }

  /** The image as the programs left it. */
  after(): Uint8Array {
    const after = new Uint8Array(this.#image.length);
    this.cpu.memory.read(IMAGE_ORIGIN, after);
    return after;
  }

  /** A program interruption: what the signal handler of the image does. */
  #trap(): void {
    const { memory } = this.cpu;
    const code = memory.loadUint16(PROGRAM_CODE, "big");
    const signal = signalOf(code, memory.loadUint8(DATA_EXCEPTION_CODE));
    let address = memory.loadUint32(PROGRAM_OLD_PSW + 12, "big");
    if (signal === 0 || address < slotAddress(0) || address >= IMAGE_ORIGIN + this.#image.length)
      throw new Error(`program interruption ${code.toString(16)} at ${address.toString(16)}`);
    // Linux shows the address of the instruction, though protection and addressing exceptions suppress.
    if (code === 4 || code === 5) address -= memory.loadUint16(PROGRAM_LENGTH, "big");
    const slot = slotAddress(Math.floor((address - slotAddress(0)) / (slotAddress(1) - slotAddress(0))));
    memory.storeUint32(slot + Slot.trap + 4, signal, "big");
    memory.storeUint32(slot + Slot.trap + 12, address, "big");
    const mask = (BigInt(memory.loadUint32(PROGRAM_OLD_PSW, "big")) << 32n) | BigInt(memory.loadUint32(PROGRAM_OLD_PSW + 4, "big"));
    this.cpu.setPsw(mask, BigInt(slot + Slot.epilogue));
  }
}
