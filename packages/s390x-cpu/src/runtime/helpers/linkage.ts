import type { HelperMap } from "../core.ts";
import { addressSpaceParameterHelpers } from "./address-space-parameters.ts";
import { branchAndSetAuthorityHelpers } from "./branch-and-set-authority.ts";
import { branchAndStackHelpers } from "./branch-and-stack.ts";
import { programCallHelpers } from "./program-call.ts";
import { programReturnHelpers } from "./program-return.ts";
import { programTransferHelpers } from "./program-transfer.ts";
import { resumeProgramHelpers } from "./resume-program.ts";
import { stackedStateHelpers } from "./stacked-state.ts";
import { subspaceGroupHelpers } from "./subspace-group.ts";
import { trapHelpers } from "./trap.ts";

/** Instructions of the linkage stack, of program linkage and of address spaces beyond those of psw.ts. */
export const linkageHelpers: HelperMap = {
  ...branchAndStackHelpers,
  ...programCallHelpers,
  ...programReturnHelpers,
  ...stackedStateHelpers,
  ...branchAndSetAuthorityHelpers,
  ...subspaceGroupHelpers,
  ...programTransferHelpers,
  ...addressSpaceParameterHelpers,
  ...trapHelpers,
  ...resumeProgramHelpers,
};
