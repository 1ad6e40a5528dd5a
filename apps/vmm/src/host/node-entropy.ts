import { randomFillSync } from "node:crypto";
import type { EntropySource } from "@zarch/vmm-interface";

/** The operating system's random bytes. */
export const nodeEntropy: EntropySource = {
  fill(bytes) {
    randomFillSync(bytes);
  },
};
