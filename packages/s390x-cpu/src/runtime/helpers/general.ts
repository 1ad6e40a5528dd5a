import type { HelperMap } from "../core.ts";
import { checksumHelpers } from "./checksum.ts";
import { compareLongHelpers } from "./compare-long.ts";
import { compressionHelpers } from "./compression.ts";
import { cryptographyHelpers } from "./cryptography.ts";
import { extractTimeHelpers } from "./extract-time.ts";
import { lockedOperationHelpers } from "./locked-operations.ts";
import { moveInverseHelpers } from "./move-inverse.ts";
import { moveKeyedHelpers } from "./move-keyed.ts";
import { moveLongHelpers } from "./move-long.ts";
import { sortHelpers } from "./sort.ts";
import { stringHelpers } from "./string.ts";
import { substringHelpers } from "./substring.ts";
import { translateHelpers } from "./translate.ts";
import { translateAndTestHelpers } from "./translate-and-test.ts";

/** Long, interruptible and rare general instructions (PoP chapter 7), and the moves of chapter 10. */
export const generalHelpers: HelperMap = {
  ...checksumHelpers,
  ...compareLongHelpers,
  ...compressionHelpers,
  ...cryptographyHelpers,
  ...extractTimeHelpers,
  ...lockedOperationHelpers,
  ...moveInverseHelpers,
  ...moveKeyedHelpers,
  ...moveLongHelpers,
  ...sortHelpers,
  ...stringHelpers,
  ...substringHelpers,
  ...translateAndTestHelpers,
  ...translateHelpers,
};
