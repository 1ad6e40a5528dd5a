import type { HelperMap } from "../core.ts";
import { branchAndStackHelpers } from "./branch-and-stack.ts";
import { programReturnHelpers } from "./program-return.ts";
import { stackedStateHelpers } from "./stacked-state.ts";

/** Instructions of the linkage stack, of program linkage and of address spaces beyond those of psw.ts. */
export const linkageHelpers: HelperMap = {
  ...branchAndStackHelpers,
  ...programReturnHelpers,
  ...stackedStateHelpers,
};
