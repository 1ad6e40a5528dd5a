import { definedInstructions } from "../definitions/all.ts";
import type { DefinedInstruction } from "../engine/handlers.ts";
import { compileRegion } from "./compile-region.ts";
import type { CodeInstruction } from "./region-code.ts";
import type { RegionReply, RegionRequest, WireInstruction } from "./region-request.ts";

/** The other side of a {@link RegionCompiler}: gives the function that turns requests into replies. */
export function createRegionServer(): (request: RegionRequest) => RegionReply {
  const server = new RegionServer(definedInstructions());
  return (request) => server.compile(request);
}

class RegionServer {
  readonly #byId: ReadonlyMap<number, DefinedInstruction>;

  constructor(defined: readonly DefinedInstruction[]) {
    this.#byId = new Map(defined.map((each) => [each.instruction.id, each]));
  }

  compile({ blocks, returns, spans, options }: RegionRequest): RegionReply {
    const defined = (id: number): Pick<CodeInstruction, "instruction" | "definition"> => {
      const { instruction, definition } = this.#byId.get(id)!;
      return { instruction, definition };
    };
    const instructionOf = ({ id, target, ...rest }: WireInstruction): CodeInstruction => ({
      ...rest,
      ...defined(id),
      ...(target && { target: { offset: target.offset, text: target.text, ...defined(target.id) } }),
    });
    const code = { blocks: blocks.map((block) => ({ ...block, instructions: block.instructions.map(instructionOf) })), returns, spans };
    const compiled = compileRegion(code, options);
    if ("refused" in compiled) return compiled;
    const { wasm, usesBfpState } = compiled;
    return { module: new WebAssembly.Module(wasm), bytes: wasm.length, usesBfpState };
  }
}
