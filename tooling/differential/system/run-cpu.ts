import { createCpu } from "../../../packages/s390x-cpu/src/index.ts";
import { MEMORY_SIZE, ORIGIN } from "./layout.ts";

const clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };

/** Runs an image in our CPU and returns it as the programs left it. */
export function runInCpu(image: Uint8Array, engine: "fast" | "exact" = "fast"): Uint8Array {
  const cpu = createCpu({ memorySize: MEMORY_SIZE, clock });
  cpu.reset("clear");
  cpu.memory.write(ORIGIN, image);
  cpu.setPsw(0x0000_0001_8000_0000n, BigInt(ORIGIN));
  const result = engine === "fast" ? cpu.run({ budget: 200_000_000 }) : cpu.runExactly(200_000_000);
  if (result.reason !== "disabled-wait" || result.address !== 0n) throw new Error(`our CPU ended with ${result.reason}`);
  const after = new Uint8Array(image.length);
  cpu.memory.read(ORIGIN, after);
  return after;
}
