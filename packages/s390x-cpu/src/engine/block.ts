import { decode, instructionLength } from "@zarch/s390x-isa";
import { FunctionBuilder, i64, ModuleBuilder, type ValueType } from "@zarch/wasm-encoder";
import { BlockContext, BlockExit, BlockRegisters, NotCompilable } from "./block-context.ts";
import { FunctionSet } from "./functions.ts";
import type { DefinedInstruction } from "./handlers.ts";
import type { MemoryLayout } from "./layout.ts";

export interface CompiledBlock {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Instructions in the block. */
  readonly count: number;
}

/** Functions of the interpreter module that blocks call. */
const imported: readonly (readonly [name: string, params: readonly ValueType[], result?: ValueType])[] = [
  ["readMiss", ["i64", "i32", "i32"], "i32"],
  ["updateMiss", ["i64", "i32", "i32"], "i32"],
  ["spanMiss", ["i64", "i32", "i32", "i32"], "i32"],
  ["storeMiss", ["i64", "i32", "i64", "i32"], "i32"],
  ["copySpan", ["i32", "i32", "i32"]],
  ["compareSpan", ["i32", "i32", "i32"], "i32"],
  ["andSpan", ["i32", "i32", "i32"], "i32"],
  ["orSpan", ["i32", "i32", "i32"], "i32"],
  ["xorSpan", ["i32", "i32", "i32"], "i32"],
  ["mulHighU", ["i64", "i64"], "i64"],
  ["tod", [], "i64"],
];

/** Names of the interpreter's exports that a block's imports are. */
export const blockImports: readonly string[] = imported.map(([name]) => name);

const allRegisters = Array.from({ length: 16 }, (_, number) => number);

/**
 * Compiles straight-line code from the definitions that the interpreter is made of. The module imports `env.memory` and the
 * interpreter's functions, and exports `block() -> BlockExit`. The block ends behind the text or before the first
 * instruction that cannot be part of one.
 */
export function compileBlock(
  text: Uint8Array,
  address: bigint,
  byId: ReadonlyMap<number, DefinedInstruction>,
  layout: MemoryLayout,
): CompiledBlock {
  const module = new ModuleBuilder();
  const functions = new FunctionSet(module);
  for (const [name, params, result] of imported)
    functions.imported(name, module.importFunction("env", name, { params, results: result ? [result] : [] }), result);
  module.importMemory("env", "memory", { minimum: layout.wasmPages, maximum: layout.wasmPages });
  // An instruction that turns out not to be compilable has emitted half its code: the block is built again without it.
  for (let limit = Number.POSITIVE_INFINITY; ; ) {
    const f = new FunctionBuilder({ params: [], results: ["i32"] });
    const built = buildBlock(f, functions, text, address, byId, limit);
    if ("retry" in built) {
      limit = built.retry;
      continue;
    }
    const index = module.declare({ params: [], results: ["i32"] });
    module.define(index, f.locals, f.code);
    module.exportFunction("block", index);
    return { wasm: module.toBytes(), count: built.count };
  }
}

function buildBlock(
  f: FunctionBuilder,
  functions: FunctionSet,
  text: Uint8Array,
  start: bigint,
  byId: ReadonlyMap<number, DefinedInstruction>,
  limit: number,
): { count: number } | { retry: number } {
  const registers = new BlockRegisters(f, allRegisters);
  let count = 0;
  let offset = 0;
  let failed = false;
  while (offset < text.length && count < limit) {
    const length = instructionLength(text[offset]!);
    if (offset + length > text.length) break;
    const halfword = (at: number): number => ((text[at] ?? 0) << 8) | (text[at + 1] ?? 0);
    const instruction = decode(halfword(offset), halfword(offset + 4));
    const defined = instruction && byId.get(instruction.id);
    if (!defined) break;
    const address = start + BigInt(offset);
    const instructionText = text.subarray(offset, offset + length);
    f.scope(() =>
      f.block((end) => {
        try {
          defined.definition(
            new BlockContext({ f, functions, registers, instruction: defined.instruction, text: instructionText, address, end }),
          );
        } catch (error) {
          if (!(error instanceof NotCompilable)) throw error;
          failed = true;
        }
      }),
    );
    if (failed) return { retry: count };
    count++;
    offset += length;
  }
  registers.leave(i64.const(start + BigInt(offset)), BlockExit.done);
  return { count };
}
