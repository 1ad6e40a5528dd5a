import type { HelperMap } from "./core.ts";
import { bfpHelpers } from "./helpers/bfp.ts";
import { bfpConvertHelpers } from "./helpers/bfp-convert.ts";
import { branchHelpers } from "./helpers/branch.ts";
import { controlHelpers } from "./helpers/control.ts";
import { decimalHelpers } from "./helpers/decimal.ts";
import { floatingPointControlHelpers } from "./helpers/floating-point-control.ts";
import { generalHelpers } from "./helpers/general.ts";
import { ioHelpers } from "./helpers/io.ts";
import { pciHelpers } from "./helpers/pci.ts";
import { storageHelpers } from "./helpers/storage.ts";
import { unicodeHelpers } from "./helpers/unicode.ts";

/** The runtime's halves of instructions, by mnemonic. */
export const allHelpers: HelperMap = {
  ...bfpHelpers,
  ...bfpConvertHelpers,
  ...branchHelpers,
  ...controlHelpers,
  ...decimalHelpers,
  ...floatingPointControlHelpers,
  ...generalHelpers,
  ...ioHelpers,
  ...pciHelpers,
  ...storageHelpers,
  ...unicodeHelpers,
};
