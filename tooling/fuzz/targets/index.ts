import type { FuzzTarget } from "../engine/target.ts";

/** All targets, by name. A target is loaded only when it is run: what it imports is instrumented then. */
export const targets: Readonly<Record<string, () => Promise<FuzzTarget>>> = {
  split: async () => (await import("./ring.ts")).ringTarget("split"),
  packed: async () => (await import("./ring.ts")).ringTarget("packed"),
  blk: async () => (await import("./blk.ts")).blk,
  console: async () => (await import("./console.ts")).console,
  rng: async () => (await import("./rng.ts")).rng,
  mmio: async () => (await import("./mmio.ts")).mmio,
  pci: async () => (await import("./pci.ts")).pci,
  page: async () => (await import("./page.ts")).page,
  zpci: async () => (await import("./zpci.ts")).zpci,
  ccw: async () => (await import("./ccw.ts")).ccw,
};
