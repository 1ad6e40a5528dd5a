import type { HelperMap } from "../core.ts";
import { clockHelpers } from "./clock.ts";
import { controlRegisterHelpers } from "./control-registers.ts";
import { identificationHelpers } from "./identification.ts";
import { linkageHelpers } from "./linkage.ts";
import { processorHelpers } from "./processor.ts";
import { pswHelpers } from "./psw.ts";
import { storageKeyHelpers } from "./storage-keys.ts";
import { tracingHelpers } from "./tracing.ts";
import { translationHelpers } from "./translation.ts";

/** Control instructions (PoP chapter 10). */
export const controlHelpers: HelperMap = {
  ...pswHelpers,
  ...controlRegisterHelpers,
  ...clockHelpers,
  ...identificationHelpers,
  ...translationHelpers,
  ...storageKeyHelpers,
  ...tracingHelpers,
  ...linkageHelpers,
  ...processorHelpers,
};
