import type { Instruction } from "../../packages/s390x-isa/src/index.ts";
import type { Body } from "./body.ts";
import { branches } from "./emit-branches.ts";
import { emitByFormat } from "./emit-by-format.ts";
import { decimal } from "./emit-decimal.ts";
import { divisions } from "./emit-divisions.ts";
import { executes } from "./emit-executes.ts";
import { floatingPoint } from "./emit-floating-point.ts";
import { storageOperands } from "./emit-storage.ts";
import { strings } from "./emit-strings.ts";
import type { Emitter } from "./emitter.ts";

/** Instructions whose operands must fit together. */
const special: ReadonlyMap<string, Emitter> = new Map([
  ...branches,
  ...decimal,
  ...divisions,
  ...executes,
  ...strings,
  ...storageOperands,
  ...floatingPoint,
]);

/** Emits one instruction under test with what sets up its operands. */
export function emitInstruction(body: Body, instruction: Instruction): void {
  (special.get(instruction.mnemonic) ?? emitByFormat)(body, instruction);
}
