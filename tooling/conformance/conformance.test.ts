import { describe, it } from "vitest";
import { describeConformance } from "../../packages/virtio-conformance/src/index.ts";
import { targets } from "./targets.ts";

for (const target of targets) describeConformance({ describe, it }, target);
