import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { VirtqueueFormat } from "../../packages/vring/src/index.ts";
import { cacheFolder } from "./guest.ts";
import type { ChainTimes } from "./ring-device.ts";

const source = fileURLToPath(new URL("native/ring.c", import.meta.url));
const batches = 200_000;

/** Compiles native/ring.c with the host's C compiler. Gives what runs it, or undefined where there is no compiler. */
export function compileNativeRing(): ((format: VirtqueueFormat) => ChainTimes) | undefined {
  mkdirSync(cacheFolder, { recursive: true });
  const program = join(cacheFolder, "ring");
  try {
    execFileSync("cc", ["-O2", "-o", program, source]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return (format) => {
    const output = execFileSync(program, [format, String(batches)], { encoding: "utf8" });
    const [device, driver] = output.split(" ").map(Number) as [number, number];
    return { device, driver };
  };
}
