import { loadInstruction } from "@zarch/s390x-isa";
import { describe, expect, it } from "vitest";
import { definedInstructions } from "../definitions/all.ts";
import { memoryLayout } from "../engine/layout.ts";
import { compileRegion } from "./compile-region.ts";
import { RegionSelector } from "./region-code.ts";

const layout = memoryLayout(4 << 20);
const defined = definedInstructions();
const selector = new RegionSelector(defined, () => true);

describe("compiled regions", () => {
  it("every definition that is not the runtime's compiles to valid code, alone in its region", () => {
    const refused = new Set<string>();
    for (const { instruction, isHelper } of defined) {
      if (isHelper) continue;
      const bytes = new Uint8Array(4096);
      for (let i = 0; i < instruction.opcodeDigits.length / 2; i++)
        bytes[i] = Number.parseInt(instruction.opcodeDigits.slice(i * 2, i * 2 + 2), 16);
      expect(loadInstruction(bytes, 0)).toBeGreaterThan(0);
      const code = selector.select(
        (page) => (page === 0 ? { frame: 0, bytes, isExecuted: (at) => at === 0, executeDistance: () => 0 } : undefined),
        {
          entry: 0,
          limit: 1,
        },
      );
      for (const isBfpSettled of [false, true]) {
        const options = { layout, mode: 64, frames: new Map([[0, 0]]), isCounting: true, isBfpSettled } as const;
        const compiled = code.blocks.length > 0 && compileRegion(code, options);
        if (compiled && "wasm" in compiled) expect(WebAssembly.validate(compiled.wasm), instruction.mnemonic).toBe(true);
        else refused.add(instruction.mnemonic);
      }
    }
    // EXECUTE needs a target; SET PROGRAM MASK could allow the overflow interruption.
    expect([...refused].sort()).toEqual(["ex", "exrl", "spm"]);
  });
});
