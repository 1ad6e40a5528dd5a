import type { Exchange } from "../exchange.ts";
import type { ConformanceTarget } from "../target.ts";
import { blkExchange } from "./blk.ts";
import { consoleExchange } from "./console.ts";
import { echoExchange } from "./echo.ts";
import { rngExchange } from "./rng.ts";

const known = new Map<number, Exchange>([
  [echoExchange.deviceId, echoExchange],
  [blkExchange.deviceId, blkExchange],
  [consoleExchange.deviceId, consoleExchange],
  [rngExchange.deviceId, rngExchange],
]);

/** The target's own request, or the suite's for its device type. */
export function exchangeOf(target: ConformanceTarget): Exchange | undefined {
  return target.exchange ?? known.get(target.deviceId);
}
