import type { StorageKeyCheck } from "@zarch/channel-subsystem";
import { type Cpu, type CpuOptions, createCpu } from "@zarch/s390x-cpu";
import type { CpuExit, CpuLike } from "./cpu-like.ts";
import type { CpuEngine, CpuFactory } from "./machine-options.ts";
import { storageKeyCheck } from "./storage-keys.ts";

const exits = {
  budget: "budget",
  wait: "wait",
  "disabled-wait": "disabled-wait",
  stopped: "stopped",
  "program-loop": "check-stop",
  "check-stop": "check-stop",
} as const satisfies Record<string, CpuExit>;

const compilers = { interpreter: false, jit: true, lockstep: "lockstep" } as const satisfies Record<CpuEngine, CpuOptions["jit"]>;

const wordMask = 0xffff_ffffn;

/** The CPU of `@zarch/s390x-cpu` in a machine. */
export const s390xCpu: CpuFactory = (options) => {
  const { engine, regionCompiler: compiler } = options;
  return createS390xCpu(options, { jit: engine === "jit" && compiler ? { compiler } : compilers[engine] });
};

/** The same with a compiler set otherwise. */
export function createS390xCpu(
  { memorySize, clock, ports, observer }: Parameters<CpuFactory>[0],
  settings: Pick<CpuOptions, "jit">,
): CpuLike {
  // Channel programs run only when the CPU is there.
  let keys: StorageKeyCheck | undefined;
  const storageKeys: StorageKeyCheck = {
    permits(address, length, key, store) {
      keys ??= storageKeyCheck(cpu.core.storageKeys);
      return keys.permits(address, length, key, store);
    },
  };
  const cpu: Cpu = createCpu({
    memorySize,
    clock,
    ...settings,
    ports: (memory) => ports(memory, storageKeys),
    ...(observer && { observer: (observed) => observer.observeCpu(observed) }),
  });
  return {
    memory: cpu.memory,
    run: (budget) => exits[cpu.run({ budget }).reason],
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
    get compiledCode() {
      return cpu.regionStatistics;
    },
    loadPsw({ maskHigh, maskLow, addressHigh, addressLow }) {
      cpu.core.stop = undefined;
      cpu.setPsw((BigInt(maskHigh) << 32n) | BigInt(maskLow), (BigInt(addressHigh) << 32n) | BigInt(addressLow));
    },
    psw() {
      const { mask, address } = cpu.state.psw;
      return {
        maskHigh: Number(mask >> 32n),
        maskLow: Number(mask & wordMask),
        addressHigh: Number(address >> 32n),
        addressLow: Number(address & wordMask),
      };
    },
  };
}
