import type { ConformanceCase } from "../case.ts";
import { blkCases } from "./blk.ts";
import { consoleCases } from "./console.ts";
import { hostileBlkCases } from "./hostile-blk.ts";
import { hostileDmaCases } from "./hostile-dma.ts";
import { hostileDoubleFetchCases } from "./hostile-double-fetch.ts";
import { hostileIndirectCases } from "./hostile-indirect.ts";
import { hostilePackedCases } from "./hostile-packed.ts";
import { hostileSplitCases } from "./hostile-split.ts";
import { hostileStateCases } from "./hostile-state.ts";
import { initializationCases } from "./initialization.ts";
import { mmioCases } from "./mmio.ts";
import { notificationCases } from "./notifications.ts";
import { packedCases } from "./packed.ts";
import { queueCases } from "./queues.ts";
import { resetCases } from "./reset.ts";
import { rngCases } from "./rng.ts";
import { splitCases } from "./split.ts";
import { suspendCases } from "./suspend.ts";

/** The suite. */
export const allCases: readonly ConformanceCase[] = [
  ...initializationCases,
  ...resetCases,
  ...queueCases,
  ...splitCases,
  ...packedCases,
  ...notificationCases,
  ...suspendCases,
  ...mmioCases,
  ...blkCases,
  ...consoleCases,
  ...rngCases,
  ...hostileStateCases,
  ...hostileSplitCases,
  ...hostilePackedCases,
  ...hostileIndirectCases,
  ...hostileDoubleFetchCases,
  ...hostileDmaCases,
  ...hostileBlkCases,
];
