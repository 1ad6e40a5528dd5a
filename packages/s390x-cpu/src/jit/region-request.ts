import type { RegionOptions } from "./compile-region.ts";
import type { CodeBlock, CodeInstruction, RegionCode } from "./region-code.ts";

export type WireInstruction = Omit<CodeInstruction, "instruction" | "definition" | "target"> & {
  /** Number of the instruction in the list of all. */
  readonly id: number;
  readonly target?: { readonly offset: number; readonly text: number; readonly id: number };
};

/** A region to compile, as a message: it survives a structured clone. For a {@link createRegionServer region server} of the same version only. */
export interface RegionRequest {
  readonly blocks: readonly (Omit<CodeBlock, "instructions"> & { readonly instructions: readonly WireInstruction[] })[];
  readonly returns: RegionCode["returns"];
  readonly spans: RegionCode["spans"];
  readonly options: Omit<RegionOptions, "notes">;
}

export interface CompiledModule {
  readonly module: WebAssembly.Module;
  /** Length of its code. */
  readonly bytes: number;
  /** Whether the code depends on the option `isBfpSettled`. */
  readonly usesBfpState: boolean;
}

/** What became of a request, as a message. */
export type RegionReply =
  | CompiledModule
  /** The instruction at this offset must be left to the interpreter. */
  | { readonly refused: number };

/** Compiles regions elsewhere, while the CPU goes on: in a worker that has a {@link createRegionServer region server}. */
export interface RegionCompiler {
  /** A rejection makes the CPU compile on its own from then on. */
  compile(request: RegionRequest): Promise<RegionReply>;
}

export function toRequest({ blocks, returns, spans }: RegionCode, options: RegionRequest["options"]): RegionRequest {
  const wire = ({ instruction, definition: _, target, ...rest }: CodeInstruction): WireInstruction => ({
    ...rest,
    id: instruction.id,
    ...(target && { target: { offset: target.offset, text: target.text, id: target.instruction.id } }),
  });
  return { blocks: blocks.map((block) => ({ ...block, instructions: block.instructions.map(wire) })), returns, spans, options };
}
