import { decode, fieldValue, type Instruction, instructionLength, loadInstruction } from "@zarch/s390x-isa";
import type { Definition } from "../engine/context.ts";
import type { DefinedInstruction } from "../engine/handlers.ts";

/** A page of guest code, as a region sees it. */
export interface CodePage {
  /** Absolute address / 4096. */
  readonly frame: number;
  /** The page's 4096 bytes. */
  readonly bytes: Uint8Array;
  /** Whether the instruction at an offset in the page was executed lately. */
  isExecuted(offset: number): boolean;
  /** How far from the EXECUTE at an offset its target was when it was last interpreted; 0 when not known. */
  executeDistance(offset: number): number;
}

/** Pages of code by their distance, in pages, from the one where a region begins. */
export type CodeView = (page: number) => CodePage | undefined;

/** How control goes on behind an instruction. */
export type Flow =
  /** To the next instruction. */
  | { readonly kind: "next" }
  /** To `target` or, unless `always`, to the next instruction. */
  | { readonly kind: "branch"; readonly target: number; readonly always: boolean }
  /** To `target`, from which it may come back by `register`. */
  | { readonly kind: "call"; readonly target: number; readonly register: number }
  /**
   * To an address in `register` or, unless `always`, to the next instruction; to `targets` among others. It may come back by
   * the register `link`.
   */
  | {
      readonly kind: "indirect";
      readonly always: boolean;
      readonly register: number;
      readonly link?: number;
      readonly targets: readonly number[];
    }
  /** The interpreter's. */
  | { readonly kind: "interpret" };

export interface CodeInstruction {
  readonly offset: number;
  readonly length: number;
  readonly instruction: Instruction;
  readonly definition: Definition;
  readonly text: number;
  readonly flow: Flow;
  /** What EXECUTE RELATIVE LONG executes; what EXECUTE is expected to. */
  readonly target?: ExecutedInstruction;
}

export interface ExecutedInstruction {
  readonly offset: number;
  readonly instruction: Instruction;
  readonly definition: Definition;
  readonly text: number;
}

export interface CodeBlock {
  readonly start: number;
  readonly instructions: readonly CodeInstruction[];
  /** Offset behind the last instruction, to which control may fall through. */
  readonly end: number;
}

export interface RegionCode {
  /** The first is the entry. */
  readonly blocks: readonly CodeBlock[];
  /** Where calls inside the region come back to, by link register. */
  readonly returns: ReadonlyMap<number, readonly number[]>;
  /** Bytes of code, as pairs of first and past-the-end offset. */
  readonly spans: readonly (readonly [number, number])[];
}

/** Instructions that leave for an address in a register or computed from one. */
const INDIRECT = new Set([
  ...["bc", "bcr", "basr", "bas", "bct", "bctr", "bctg", "bctgr", "bxh", "bxle", "bxhg", "bxleg"],
  ...["crb", "cgrb", "clrb", "clgrb", "cib", "cgib", "clib", "clgib"],
]);
const CALLS = new Set(["bras", "brasl"]);
const LINKING = new Set(["basr", "bas"]);
const MASKED = new Set(["bc", "bcr", "brc", "brcl"]);
/** Instructions that may stand for an EXECUTE RELATIVE LONG in a region: bits 8-15 are a length, or nothing changes them. */
const EXECUTABLE = new Set(["mvc", "clc", "xc", "nc", "oc", "tr", "trt"]);

const PAGE = 4096;
const ALWAYS = 15;

export interface Selection {
  /** Offset of the first instruction, in page 0 of the view. */
  readonly entry: number;
  /** Most guest instructions in the region. */
  readonly limit: number;
  /** Offsets of instructions that turned out to be the interpreter's. */
  readonly refused?: ReadonlySet<number>;
  /** Offsets to which the branch to a computed address at an offset was seen to go, the most frequent first. */
  readonly targets?: (branch: number) => readonly number[];
}

const none: ReadonlySet<number> = new Set();

/** Finds the code of a region: what was executed lately and can be reached from its entry by branches and calls. */
export class RegionSelector {
  readonly #byId: ReadonlyMap<number, DefinedInstruction>;
  readonly #isEnabled: (instruction: Instruction) => boolean;

  constructor(defined: readonly DefinedInstruction[], isEnabled: (instruction: Instruction) => boolean) {
    this.#byId = new Map(defined.map((each) => [each.instruction.id, each]));
    this.#isEnabled = isEnabled;
  }

  select(view: CodeView, { entry, limit, refused = none, targets }: Selection): RegionCode {
    const found = new Map<number, CodeInstruction>();
    const leaders = new Set<number>([entry]);
    const returns = new Map<number, number[]>();
    const pending = [entry];
    // Callees come after all of their caller, so that a small region keeps its loops whole.
    const callees: number[] = [];
    const want = (offset: number, list: number[]): void => {
      leaders.add(offset);
      if (!found.has(offset)) list.push(offset);
    };
    const comeBack = (register: number, offset: number): void => {
      const list = returns.get(register);
      if (list) list.push(offset);
      else returns.set(register, [offset]);
    };
    for (;;) {
      const start = pending.shift() ?? callees.shift();
      if (start === undefined) break;
      for (let offset = start; !found.has(offset) && found.size < limit; ) {
        const next = this.#instructionAt(view, offset, refused, targets);
        if (!next) break;
        found.set(offset, next);
        const { flow } = next;
        offset += next.length;
        if (flow.kind === "next") continue;
        if (flow.kind === "branch") want(flow.target, pending);
        if (flow.kind === "call") {
          want(flow.target, callees);
          comeBack(flow.register, offset);
        }
        if (flow.kind === "indirect") {
          for (const target of flow.targets) want(target, flow.link === undefined ? pending : callees);
          if (flow.link !== undefined && flow.targets.length > 0) {
            comeBack(flow.link, offset);
            want(offset, pending);
          }
        }
        if (flow.kind !== "interpret" && !("always" in flow && flow.always)) want(offset, pending);
        break;
      }
      // Code that goes on in what was found before: that begins a block.
    }
    return layOut(entry, found, leaders, returns);
  }

  #instructionAt(view: CodeView, offset: number, refused: ReadonlySet<number>, targets: Selection["targets"]): CodeInstruction | undefined {
    const page = view(Math.floor(offset / PAGE));
    const inPage = offset & (PAGE - 1);
    if (!page) return undefined;
    const length = instructionLength(page.bytes[inPage]!);
    const crosses = inPage + length > PAGE;
    if (crosses ? !view(Math.floor(offset / PAGE) + 1) : !page.isExecuted(inPage)) return undefined;
    const text = textAt(view, offset);
    const decoded = this.#decode(text);
    if (!decoded || refused.has(offset)) return undefined;
    const { instruction, definition } = decoded;
    const base = { offset, length, instruction, definition, text };
    const distance =
      instruction.mnemonic === "exrl"
        ? 2 * field(instruction, text, "ri2")
        : instruction.mnemonic === "ex"
          ? page.executeDistance(inPage)
          : undefined;
    if (distance !== undefined) {
      const target = this.#executed(view, offset + distance);
      return target && { ...base, flow: { kind: "next" }, target };
    }
    return { ...base, flow: this.#flow(decoded, offset, text, targets) };
  }

  /** What an EXECUTE may stand for in a region. */
  #executed(view: CodeView, offset: number): ExecutedInstruction | undefined {
    const isAtHand = [offset, offset + 5].every((at) => view(Math.floor(at / PAGE)) !== undefined);
    if (!isAtHand || offset & 1) return undefined;
    const text = textAt(view, offset);
    const target = this.#decode(text);
    return target && EXECUTABLE.has(target.instruction.mnemonic) ? { offset, ...target, text } : undefined;
  }

  #decode(text: number): DefinedInstruction | undefined {
    const instruction = decode(Math.floor(text / 0x1_0000_0000), text & 0xffff);
    const defined = instruction && this.#byId.get(instruction.id);
    if (!defined || !this.#isEnabled(defined.instruction)) return undefined;
    const odd = defined.instruction.format.fields.some((spec) => spec.pair && fieldValue(spec, text) & (spec.kind === "fr" ? 2 : 1));
    return odd ? undefined : defined;
  }

  #flow(defined: DefinedInstruction, offset: number, text: number, targetsOf: Selection["targets"]): Flow {
    const { instruction } = defined;
    const { mnemonic } = instruction;
    if (defined.isHelper) return { kind: "interpret" };
    const mask = MASKED.has(mnemonic) ? field(instruction, text, "m1") : undefined;
    if (defined.relativeBranch) {
      const relative = instruction.format.fields.find(({ kind }) => kind === "relative")!;
      const target = offset + 2 * fieldValue(relative, text);
      if (CALLS.has(mnemonic)) return { kind: "call", target, register: field(instruction, text, "r1") };
      if (mask === 0) return { kind: "next" };
      return { kind: "branch", target, always: mask === ALWAYS };
    }
    if (!INDIRECT.has(mnemonic)) return { kind: "next" };
    const hasRegister = instruction.format.fields.some(({ name }) => name === "r2");
    const register = hasRegister ? field(instruction, text, "r2") : 0;
    // Register 0 stands for no branch at all.
    if (mask === 0 || ((mnemonic === "bcr" || LINKING.has(mnemonic)) && hasRegister && register === 0)) return { kind: "next" };
    const always = mask === ALWAYS || LINKING.has(mnemonic);
    const targets = targetsOf?.(offset) ?? [];
    const base = { kind: "indirect", always, register: mnemonic === "bcr" ? register : 0, targets } as const;
    return LINKING.has(mnemonic) ? { ...base, link: field(instruction, text, "r1") } : base;
  }
}

function field(instruction: Instruction, text: number, name: string): number {
  return fieldValue(instruction.format.fields.find((spec) => spec.name === name)!, text);
}

/** Six bytes at an offset, as one number; bytes of pages that are not at hand count as zero. */
function textAt(view: CodeView, offset: number): number {
  const page = view(Math.floor(offset / PAGE))!;
  const inPage = offset & (PAGE - 1);
  if (inPage + 6 <= PAGE) return loadInstruction(page.bytes, inPage);
  const next = view(Math.floor(offset / PAGE) + 1);
  const bytes = new Uint8Array(6);
  const here = page.bytes.subarray(inPage);
  bytes.set(here);
  if (next) bytes.set(next.bytes.subarray(0, 6 - here.length), here.length);
  return loadInstruction(bytes, 0);
}

function layOut(
  entry: number,
  found: ReadonlyMap<number, CodeInstruction>,
  leaders: ReadonlySet<number>,
  returns: ReadonlyMap<number, readonly number[]>,
): RegionCode {
  const blocks: CodeBlock[] = [];
  const spans: [number, number][] = [];
  const starts = [...leaders].filter((offset) => found.has(offset)).sort((a, b) => (a === entry ? -1 : b === entry ? 1 : a - b));
  for (const start of starts) {
    const instructions: CodeInstruction[] = [];
    let offset = start;
    for (let next = found.get(offset); next; next = found.get(offset)) {
      instructions.push(next);
      offset += next.length;
      if (next.target) spans.push([next.target.offset, next.target.offset + 6]);
      if (next.flow.kind !== "next" || leaders.has(offset)) break;
    }
    blocks.push({ start, instructions, end: offset });
    spans.push([start, offset]);
  }
  return { blocks, returns, spans };
}
