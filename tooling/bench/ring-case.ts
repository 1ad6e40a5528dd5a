// One measurement of `npm run bench -- ring` in a process of its own, so that none is faster or slower for what was compiled for another.
// The arguments say which; the result goes to standard output as JSON.

import type { VirtqueueFormat } from "../../packages/vring/src/index.ts";
import { measureBulk } from "./ring-bulk.ts";
import { type MemoryLayout, measureDevice, measureHeap } from "./ring-device.ts";
import { measureRoundTrip } from "./ring-round-trip.ts";

const [kind, format, layout] = process.argv.slice(2) as [string, VirtqueueFormat, MemoryLayout];
const batches = 50_000;

function measure(): unknown {
  switch (kind) {
    case "device":
      return measureDevice(format, layout, batches);
    case "after-others":
      for (const otherFormat of ["split", "packed"] as const)
        for (const otherLayout of ["flat", "reversed"] as const) measureDevice(otherFormat, otherLayout, 1000);
      return measureDevice(format, layout, batches);
    case "heap":
      return measureHeap(format, layout, globalThis.gc as () => void);
    case "bulk":
      return measureBulk(layout, 500);
    case "round-trip":
      return measureRoundTrip(format, batches / 2);
    default:
      throw new Error(`no case ${kind}`);
  }
}

process.stdout.write(JSON.stringify(measure()));
