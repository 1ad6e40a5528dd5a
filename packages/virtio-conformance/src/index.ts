export { type ConformanceCase, caseName, type HostileCase, type RuleCase, type Scope, type Survival } from "./case.ts";
export { allCases } from "./cases/index.ts";
export { EchoDevice } from "./echo-device.ts";
export { ErrorLog } from "./error-log.ts";
export type { Exchange, Message } from "./exchange.ts";
export { DEVICE_ID_ECHO } from "./exchanges/echo.ts";
export { HostileDriver } from "./hostile-driver.ts";
export type { PatienceOptions } from "./patience.ts";
export { describeConformance, type TestApi, type TestContext } from "./register.ts";
export { renderJUnit } from "./render-junit.ts";
export { type RenderTextOptions, renderText } from "./render-text.ts";
export { type CaseResult, type ConformanceReport, isFailure, type Score } from "./report.ts";
export { type ConformanceOptions, casesFor, runCase, runConformance } from "./run.ts";
export {
  type ConformanceTarget,
  type ConsoleControls,
  type DiskControls,
  type HostControls,
  LEGACY,
  type MmioRegisters,
  MODERN_PACKED,
  MODERN_SPLIT,
  type OpenOptions,
  type Subject,
  type Variant,
  variantName,
} from "./target.ts";
