import type { HelperMap } from "./core.ts";
import { branchHelpers } from "./helpers/branch.ts";
import { controlHelpers } from "./helpers/control.ts";
import { ioHelpers } from "./helpers/io.ts";
import { storageHelpers } from "./helpers/storage.ts";

/** The runtime's halves of instructions, by mnemonic. */
export const allHelpers: HelperMap = { ...branchHelpers, ...controlHelpers, ...ioHelpers, ...storageHelpers };
