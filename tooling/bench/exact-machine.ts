import { RngDevice } from "../../packages/device-rng/src/index.ts";
import { type CpuFactory, type CpuLike, ccw, createMachine, linux, type Machine, systemEntropy } from "../../packages/machine/src/index.ts";
import { type Cpu, createCpu } from "../../packages/s390x-cpu/src/index.ts";
import type { Clock } from "../../packages/vmm-interface/src/index.ts";
import { kernelParameters, memoryMebibytes } from "./emulators.ts";
import type { BenchmarkGuest } from "./guest.ts";

/** So many nanoseconds pass for the guest with each instruction, so that timers interrupt it about as often as at full speed. */
const nanosecondsPerInstruction = 4;
const start = Date.UTC(2026, 0, 1);

/** A guest in the exact engine, which counts instructions. Its time is counted in instructions as well, so runs are repeatable. */
export class ExactMachine {
  readonly machine: Machine;
  readonly #cpu: Cpu;
  readonly #listeners: { readonly text: string; readonly from: number; readonly resolve: (instructions: number) => void }[] = [];
  #text = "";

  private constructor(machine: Machine, cpu: Cpu) {
    this.machine = machine;
    this.#cpu = cpu;
  }

  static async create(guest: BenchmarkGuest): Promise<ExactMachine> {
    let cpu: Cpu | undefined;
    let exact: ExactMachine | undefined;
    const factory: CpuFactory = ({ memorySize, clock, ports }): CpuLike => {
      const made = createCpu({ memorySize, clock, ports: (memory) => ports(memory) });
      cpu = made;
      return exactly(made, clock);
    };
    const machine = await createMachine({
      memory: memoryMebibytes * 2 ** 20,
      ipl: linux({ kernel: guest.images.kernel, initrd: guest.images.initramfs, commandLine: kernelParameters }),
      cpu: factory,
      clock: instructionClock(() => (cpu === undefined ? 0 : Number(cpu.instructionCount))),
      vt220Console: { output: (bytes) => exact?.print(bytes) },
    });
    machine.attach(ccw(new RngDevice({ source: systemEntropy }), { devno: 0xe000 }));
    exact = new ExactMachine(machine, cpu!);
    return exact;
  }

  get instructions(): number {
    return Number(this.#cpu.instructionCount);
  }

  get profile(): ReadonlyMap<string, number> {
    return new Map(this.#cpu.profile.map(({ handler, count }) => [handler, count]));
  }

  /**
   * Waits until `text` stands on the console, behind what is there now unless `from` says otherwise. Gives the number of
   * instructions before it.
   */
  seen(text: string, from = this.#text.length): Promise<number> {
    return new Promise((resolve) => {
      this.#listeners.push({ text, from, resolve });
      this.#look();
    });
  }

  type(text: string): void {
    this.machine.vt220Console!.input(new TextEncoder().encode(text));
  }

  print(bytes: Uint8Array): void {
    this.#text += new TextDecoder("latin1").decode(bytes);
    this.#look();
  }

  #look(): void {
    for (let index = this.#listeners.length - 1; index >= 0; index--) {
      const { text, from, resolve } = this.#listeners[index]!;
      if (this.#text.indexOf(text, from) < 0) continue;
      this.#listeners.splice(index, 1);
      resolve(this.instructions);
    }
  }
}

function exactly(cpu: Cpu, clock: Clock): CpuLike {
  return {
    memory: cpu.memory,
    run(budget) {
      const { reason } = cpu.runExactly(budget);
      return reason === "program-loop" ? "check-stop" : reason;
    },
    stop() {
      cpu.core.stop = { kind: "stopped" };
      cpu.attention();
    },
    attention: () => cpu.attention(),
    nextAlarm() {
      const delay = cpu.nextAlarm();
      return delay === undefined ? undefined : clock.now() + delay;
    },
    reset: (kind) => cpu.reset(kind),
    loadPsw({ maskHigh, maskLow, addressHigh, addressLow }) {
      cpu.core.stop = undefined;
      cpu.setPsw((BigInt(maskHigh) << 32n) | BigInt(maskLow), (BigInt(addressHigh) << 32n) | BigInt(addressLow));
    },
    psw: () => ({ maskHigh: 0, maskLow: 0, addressHigh: 0, addressLow: 0 }),
  };
}

/** Time stands still between instructions, and in a wait it jumps to the next alarm. */
function instructionClock(instructions: () => number): Clock {
  let skipped = 0;
  const now = (): number => instructions() * nanosecondsPerInstruction + skipped;
  return {
    now,
    wallClock: () => start + now() / 1e6,
    setAlarm(deadline, callback) {
      let cancelled = false;
      // Host I/O that is under way comes first.
      const timer = setTimeout(() => {
        if (cancelled) return;
        skipped += Math.max(0, deadline - now());
        callback();
      }, 0);
      return () => {
        cancelled = true;
        clearTimeout(timer);
      };
    },
  };
}
