import type { DefinedInstruction } from "../engine/handlers.ts";
import { allHelpers } from "../runtime/helpers.ts";
import { defineArithmetic } from "./arithmetic.ts";
import { defineBranch } from "./branch.ts";
import { defineClock } from "./clock.ts";
import { defineCompare } from "./compare.ts";
import { defineFloatingPoint } from "./floating-point.ts";
import { defineLoadPair } from "./load-pair.ts";
import { defineLoadStore } from "./load-store.ts";
import { defineLogical } from "./logical.ts";
import { defineMiscellaneous } from "./miscellaneous.ts";
import { defineMultiplyDivide } from "./multiply-divide.ts";
import { defineShift } from "./shift.ts";
import { defineStorageStorage } from "./storage-storage.ts";
import { defineString } from "./string.ts";
import { defineSystemMask } from "./system-mask.ts";
import { DefinitionTable } from "./table.ts";

/** Every instruction that the CPU knows. */
export function definedInstructions(): readonly DefinedInstruction[] {
  const table = new DefinitionTable();
  defineLoadStore(table);
  defineLoadPair(table);
  defineArithmetic(table);
  defineLogical(table);
  defineCompare(table);
  defineShift(table);
  defineMultiplyDivide(table);
  defineBranch(table);
  defineStorageStorage(table);
  defineString(table);
  defineSystemMask(table);
  defineMiscellaneous(table);
  defineClock(table);
  defineFloatingPoint(table);
  // What only the runtime does. A helper of an instruction that is defined above is its slow half.
  table.helpers(Object.keys(allHelpers).filter((mnemonic) => !table.has(mnemonic)));
  return table.list();
}
