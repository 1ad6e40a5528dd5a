import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** When the young generation takes so much it stops to grow, in bytes; it may have doubled by then. */
const enough = 16 * 2 ** 20;

/**
 * Keeps V8's young generation from growing to its usual 128 MiB, which compiling regions would bring about in the long run: in some minutes more
 * has survived in it than it holds.
 *
 * Its limit is an option of the command `node`, but the factor by which it grows is looked up each time.
 */
export function boundYoungGeneration(): void {
  const observer = new PerformanceObserver(() => {
    if (youngGeneration() < enough) return;
    setFlagsFromString("--semi-space-growth-factor=1");
    observer.disconnect();
  });
  observer.observe({ entryTypes: ["gc"] });
}

/** Bytes that the young generation takes. */
export function youngGeneration(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
}
