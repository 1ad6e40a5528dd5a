import * as layout from "../../packages/s390x-cpu/src/engine/layout.ts";
import type { RegionMark } from "../../packages/s390x-cpu/src/jit/compile-region.ts";
import { disassemble } from "../../packages/s390x-isa/src/index.ts";
import { compileGuestProgram, type GuestProgram } from "./guest-program.ts";
import { moduleText } from "./wasm-text.ts";

const { FPC, PSW_MASK, PSW_ADDRESS, CC, BANK, BUDGET, INSTRUCTIONS } = layout;
const { INDIRECT_SITE, INDIRECT_BASE, INDIRECT_TARGET } = layout;
/** Parts of the CPU's state that regions use. */
const places: Readonly<Record<string, number>> = {
  ...{ FPC, PSW_MASK, PSW_ADDRESS, CC, BANK, BUDGET, INSTRUCTIONS },
  ...{ INDIRECT_SITE, INDIRECT_BASE, INDIRECT_TARGET },
};

const placeNames: ReadonlyMap<number, string> = new Map([
  ...Array.from({ length: 16 }, (_, n) => [layout.GR + n * 8, `%r${n}`] as const),
  ...Array.from({ length: 16 }, (_, n) => [layout.AR + n * 4, `%a${n}`] as const),
  ...Array.from({ length: 16 }, (_, n) => [layout.VR + n * 16 + layout.VR_HIGH, `%f${n}`] as const),
  ...Array.from({ length: 16 }, (_, n) => [layout.VR + n * 16 + layout.VR_HIGH + 4, `%f${n}, left half`] as const),
  ...Object.entries(places).map(([name, place]) => [place, name] as const),
]);

/** What the JIT makes of a program: WebAssembly text in which each guest instruction stands before its code. */
export function listing(given: GuestProgram, { isExact = false } = {}): string {
  const { program, mode } = given;
  const { code, base, wasm, notes } = compileGuestProgram(given);
  const labels = new Map([...program.symbols].map(([name, value]) => [Number(value), name]));
  const instructionText = ({ offset }: { readonly offset: number }): string => {
    const address = base + offset;
    const formatAddress = (target: number): string => labels.get(target) ?? `0x${target.toString(16)}`;
    const { text } = disassemble(program.bytes, address - program.origin, { address, formatAddress });
    return text.replace("\t", " ");
  };
  const comment = ({ position, of }: RegionMark): { position: number; text: string; label: string } => {
    if (typeof of === "string") return { position, text: remarks[of], label: of };
    const address = base + of.offset;
    const label = labels.get(address);
    const executed = of.target ? `, which executes ${instructionText(of.target)}` : "";
    const text = `${address.toString(16)}${label === undefined ? "" : ` ${label}`}: ${instructionText(of)}${executed}`;
    return { position, text, label: label ?? address.toString(16) };
  };
  const count = code.blocks.reduce((sum, { instructions }) => sum + instructions.length, 0);
  const head = [
    ...given.source
      .trimEnd()
      .split("\n")
      .map((line) => `;; ${line}`.trimEnd()),
    ";;",
    `;; ${mode}-bit mode, ${count} guest instructions in ${code.blocks.length} blocks, ${wasm.length} bytes of WebAssembly`,
    "",
    "",
  ];
  const options = { comments: notes.marks.map(comment), localNames: notes.localNames, isExact };
  return head.join("\n") + moduleText(wasm, { ...options, addressName: (address) => placeNames.get(address) });
}

const remarks: Readonly<Record<Exclude<RegionMark["of"], object>, string>> = {
  entry: "entry: budget, registers and condition code into locals",
  dispatcher: "dispatcher: goes on to the block that $next names",
  leave: "leave: where all exits of the block meet",
  exit: "exit: the instruction address",
  store: "store: registers that were changed, condition code, instruction address and budget back into memory",
};
