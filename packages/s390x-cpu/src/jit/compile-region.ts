import { FunctionBuilder, type I64, i32, i64, type Label, type Local, ModuleBuilder, type ValueType } from "@zarch/wasm-encoder";
import { FunctionSet } from "../engine/functions.ts";
import {
  BANK,
  BUDGET,
  CC,
  INDIRECT_BASE,
  INDIRECT_SITE,
  INDIRECT_TARGET,
  INSTRUCTIONS,
  type MemoryLayout,
  PSW_ADDRESS,
  SAMPLE_COUNTDOWN,
} from "../engine/layout.ts";
import type { AddressingMode } from "./addressing-mode.ts";
import { ConditionKind, type ConditionState, conditionCodeParameters, LazyCondition } from "./condition.ts";
import { makeReducible } from "./flow-graph.ts";
import type { CodeBlock, CodeInstruction, Flow, RegionCode } from "./region-code.ts";
import { NotCompilable, RegionContext, type RegionFrame } from "./region-context.ts";
import { type RegionEnd, RegionExit } from "./region-exit.ts";
import { RegionFloats } from "./region-floats.ts";
import { RegionPages } from "./region-pages.ts";
import { RegionRegisters } from "./region-registers.ts";
import { buildStructuredCode } from "./structured-code.ts";

/** Functions of the interpreter module that regions call. */
const imported: readonly (readonly [name: string, params: readonly ValueType[], result?: ValueType])[] = [
  ["conditionCode", conditionCodeParameters, "i32"],
  ["storeBesideCode", ["i64", "i32", "i64", "i32"], "i32"],
  ["copySpan", ["i32", "i32", "i32"]],
  ["compareSpan", ["i32", "i32", "i32"], "i32"],
  ["andSpan", ["i32", "i32", "i32"], "i32"],
  ["orSpan", ["i32", "i32", "i32"], "i32"],
  ["xorSpan", ["i32", "i32", "i32"], "i32"],
  ["findByte", ["i32", "i32", "i32"], "i32"],
  ["compareStrings", ["i32", "i32", "i32", "i32"], "i32"],
  ["translateBytes", ["i32", "i32", "i32"]],
  ["testBytes", ["i32", "i32", "i32"], "i32"],
  ["divideWide", ["i64", "i64", "i64"], "i64"],
  ["tod", [], "i64"],
  ["pendingTimers", [], "i32"],
];

/** Names of the interpreter's exports that a region's imports are. */
export const regionImports: readonly string[] = imported.map(([name]) => name);

/** Most calls that a return is compared with. */
const MAXIMUM_RETURNS = 8;
/** Most addresses that a computed branch is compared with one by one, and with how many a table is better. */
const MAXIMUM_TARGETS = 12;
const MAXIMUM_COMPARISONS = 3;
/** Most elements of a table for a computed branch. */
const MAXIMUM_TABLE = 2048;
/** Where functions return, nothing is learned: that would pull in their callers. */
const RETURN_REGISTER = 14;

export interface RegionOptions {
  readonly layout: MemoryLayout;
  readonly mode: AddressingMode;
  /** Frames of the pages that the region's code lies in, by page offset. Page 0 is where the region is entered. */
  readonly frames: ReadonlyMap<number, number>;
  /**
   * Stores into pages that hold code, too, do not leave the region. All others get slower: a call where a page is not at hand costs registers on
   * the way where it is.
   */
  readonly hasStoresBesideCode?: boolean;
  /** Counts instructions at INSTRUCTIONS, for comparisons with the interpreter: as the exact engine does. */
  readonly isCounting: boolean;
  /** The region may take for granted that the BFP state is settled: shorter code for arithmetic, but it declines when that is not so. */
  readonly isBfpSettled?: boolean;
  /** Counts SAMPLE_COUNTDOWN on the way to each block, and leaves at its end: where that is says where time goes. */
  readonly isObserved?: boolean;
  /** Filled with what a listing of the code shows beside it. */
  readonly notes?: RegionNotes;
}

export interface CompiledRegion {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Whether the code depends on `isBfpSettled`. */
  readonly usesBfpState: boolean;
}

/** What is known of the region's function and is not in its code. */
export interface RegionNotes {
  /** Where, in bytes of the function's code, that of an instruction or of a part of the region begins; ascending. */
  marks: readonly RegionMark[];
  /** By index of the local. */
  localNames: ReadonlyMap<number, string>;
}

export interface RegionMark {
  readonly position: number;
  readonly of: CodeInstruction | "entry" | "dispatcher" | "leave" | "exit" | "store";
}

/** The region cannot be compiled with the instruction at this offset. */
export interface Refusal {
  readonly refused: number;
}

/**
 * Compiles a region to a module that imports `env.memory` and the functions of the interpreter that it calls, and exports
 * `region(base: i64) -> RegionExit`, where base is the virtual address of page 0.
 */
export function compileRegion(code: RegionCode, options: RegionOptions): CompiledRegion | Refusal {
  const floatsInMemory = new Set<number>();
  for (;;) {
    const known = floatsInMemory.size;
    const built = buildRegion(code, options, floatsInMemory);
    if (floatsInMemory.size === known) return built;
  }
}

/** Adds floating-point registers that turn out to fit no local to those that stay in memory; what was built is of no use then. */
function buildRegion(code: RegionCode, options: RegionOptions, floatsInMemory: Set<number>): CompiledRegion | Refusal {
  const module = new ModuleBuilder();
  const functions = new FunctionSet(module);
  for (const [name, params, result] of imported)
    functions.importedOnUse(name, () => module.importFunction("env", name, { params, results: result ? [result] : [] }), result);
  module.importMemory("env", "memory", { minimum: options.layout.wasmPages, maximum: options.layout.wasmPages });
  const f = new FunctionBuilder({ params: ["i64"], results: ["i32"] });
  const floats = new RegionFloats(f, floatsInMemory, options.isBfpSettled === true);
  const refusal = new RegionBuilder({ f, functions, code, options, floats }).build();
  if (refusal) return refusal;
  const index = module.declare(f.type);
  module.define(index, f.locals, f.code);
  module.exportFunction("region", index);
  return { wasm: module.toBytes(), usesBfpState: floats.usesState };
}

interface RegionParts {
  readonly f: FunctionBuilder;
  readonly functions: FunctionSet;
  readonly code: RegionCode;
  readonly options: RegionOptions;
  readonly floats: RegionFloats;
}

class RegionBuilder {
  readonly #f: FunctionBuilder;
  readonly #code: RegionCode;
  readonly #options: RegionOptions;
  readonly #registers: RegionRegisters;
  readonly #floats: RegionFloats;
  readonly #condition: LazyCondition;
  readonly #frame: RegionFrame;
  readonly #pages: RegionPages;
  /** Node of the flow graph by the offset where its block starts; node 0 is the dispatcher. */
  readonly #nodes: ReadonlyMap<number, number>;
  readonly #states = new Map<number, ConditionState>();
  /** Where the region is left for an offset in `#end`; from the exit of the current block, which its instructions use, control goes on to that. */
  #exit: Label | undefined;
  #exitOfBlock: Label | undefined;
  /** Where the region is left for an `#address`: a computed one, or one that is too far for an offset. */
  #exitElsewhere: Label | undefined;
  #edge: (offset: number) => void = () => {};

  constructor({ f, functions, code, options, floats }: RegionParts) {
    this.#f = f;
    this.#code = code;
    this.#options = options;
    this.#registers = new RegionRegisters(f);
    this.#floats = floats;
    this.#condition = new LazyCondition(f, functions);
    this.#nodes = new Map(code.blocks.map(({ start }, index) => [start, index + 1]));
    const address = f.local("i64", "address");
    this.#address = address;
    this.#end = f.local("i32", "end");
    this.#budget = f.local("i32", "budget");
    this.#sampleCountdown = options.isObserved ? f.local("i32", "sampleCountdown") : undefined;
    this.#next = f.local("i32", "next");
    this.#count = f.local("i32", "count");
    this.#frame = {
      f,
      functions,
      registers: this.#registers,
      floats,
      condition: this.#condition,
      base: f.param(0, "i64", "base"),
      bank: f.local("i32", "bank"),
      mode: options.mode,
      hasStoresBesideCode: options.hasStoresBesideCode === true,
      leave: (offset, reason) => this.#leave(offset, reason),
      goTo: (offset) => this.#edge(offset),
      goToAddress: (target) => this.#goToAddress(target),
    };
    this.#pages = new RegionPages(f, this.#frame.base, this.#frame.bank, options.frames);
  }

  readonly #address;
  /** How the region ends in the lowest bit, and at what offset in the others: one constant for each of the many places where it is left. */
  readonly #end;
  readonly #budget;
  readonly #sampleCountdown: Local<"i32"> | undefined;
  readonly #next;
  readonly #count;
  #current: CodeInstruction | undefined;
  /** Instructions of the current block before the one being built. */
  #done = 0;
  readonly #marks: RegionMark[] = [];

  #mark(of: RegionMark["of"]): void {
    if (this.#options.notes) this.#marks.push({ position: this.#f.position, of });
  }

  build(): Refusal | undefined {
    const f = this.#f;
    const { blocks } = this.#code;
    const flow = makeReducible([[1], ...blocks.map((block) => this.#successors(block))]);
    let refusal: Refusal | undefined;
    f.block((exitElsewhere) => {
      this.#exitElsewhere = exitElsewhere;
      f.block((exit) => {
        this.#exit = exit;
        try {
          buildStructuredCode(f, flow.structure, (node, edge) => {
            if (node === 0) this.#dispatch(flow.entries, edge);
            else this.#block(blocks[node - 1]!, node, flow, edge);
          });
        } catch (error) {
          if (!(error instanceof RefusedInstruction)) throw error;
          refusal = { refused: error.offset };
        }
        f.unreachable();
      });
      this.#mark("exit");
      const offset = i64.extendS(i32.and(this.#end.value, ~1));
      f.set(this.#address, i64.add(this.#frame.base.value, offset));
    });
    if (refusal) return refusal;
    this.#mark("store");
    this.#registers.store();
    this.#floats.store();
    if (this.#condition.isWritten) f.storeI32(i32.const(CC), this.#condition.current);
    f.storeI64(i32.const(PSW_ADDRESS), this.#address.value);
    f.storeI32(i32.const(BUDGET), this.#budget.value);
    if (this.#sampleCountdown) f.storeI32(i32.const(SAMPLE_COUNTDOWN), this.#sampleCountdown.value);
    if (this.#options.isCounting)
      f.storeI64(i32.const(INSTRUCTIONS), i64.add(i64.load(i32.const(INSTRUCTIONS)), i64.extendU(this.#count.value)));
    f.push(i32.and(this.#end.value, 1));
    const end = f.position;
    f.prologue(() => this.#enter());
    this.#takeNotes(f.position - end);
    return undefined;
  }

  #takeNotes(entryLength: number): void {
    const { notes } = this.#options;
    if (!notes) return;
    const behind = this.#marks.map(({ position, of }) => ({ position: position + entryLength, of }));
    notes.marks = [{ position: 0, of: "entry" }, ...behind];
    notes.localNames = this.#f.names;
  }

  /** Loads what the region keeps in locals, if it may run now. */
  #enter(): void {
    const f = this.#f;
    const { bank } = this.#frame;
    this.#floats.check((exit) => f.return(i32.const(exit)));
    f.set(bank, i32.load(i32.const(BANK)));
    this.#pages.enter(this.#code.blocks[0]!, () => f.return(i32.const(RegionExit.declined)));
    f.set(this.#budget, i32.load(i32.const(BUDGET)));
    if (this.#sampleCountdown) f.set(this.#sampleCountdown, i32.load(i32.const(SAMPLE_COUNTDOWN)));
    f.set(this.#next, i32.const(1));
    this.#registers.load();
    this.#floats.load();
    this.#condition.load(i32.load(i32.const(CC)));
  }

  #successors({ instructions, end }: CodeBlock): number[] {
    const last = instructions.at(-1)!;
    const { flow } = last;
    const targets: number[] = [];
    if (flow.kind === "branch" || flow.kind === "call") targets.push(flow.target);
    if (flow.kind === "indirect") targets.push(...this.#targetsOf(flow));
    if (flow.kind === "next" || ((flow.kind === "branch" || flow.kind === "indirect") && !flow.always)) targets.push(end);
    return targets.flatMap((offset) => this.#nodes.get(offset) ?? []);
  }

  /** Places inside the region that a branch to a computed address may go to: back from calls, or where such branches went before. */
  #targetsOf({ register, targets }: Flow & { kind: "indirect" }): readonly number[] {
    const returns = (this.#code.returns.get(register) ?? []).filter((offset) => this.#nodes.has(offset)).slice(0, MAXIMUM_RETURNS);
    const others = targets.filter((offset) => this.#nodes.has(offset));
    const all = [...new Set([...returns, ...others])];
    return all.length <= MAXIMUM_TARGETS || spanOf(all)[1] <= MAXIMUM_TABLE ? all : all.slice(0, MAXIMUM_TARGETS);
  }

  #dispatch(entries: readonly number[], edge: (to: number) => void): void {
    if (entries.length > 1) this.#mark("dispatcher");
    const [first, ...others] = entries;
    for (const entry of entries) this.#states.set(entry, others.length > 0 ? "unknown" : ConditionKind.value);
    for (const entry of others) this.#f.if(i32.eq(this.#next.value, entry), () => edge(entry));
    edge(first!);
  }

  #block(block: CodeBlock, node: number, flow: ReturnType<typeof makeReducible>, edge: (to: number) => void): void {
    const f = this.#f;
    const { structure } = flow;
    const known = this.#states.get(node);
    this.#condition.state = structure.isLoopHeader[node] ? "unknown" : (known ?? "unknown");
    const position = structure.position[node]!;
    const goTo = (offset: number): void => {
      const target = this.#nodes.get(offset);
      if (target === undefined) {
        this.#leave(offset, RegionExit.done);
        return;
      }
      const outer = { edge: this.#edge, state: this.#condition.state, done: this.#done };
      this.#countInstructions();
      this.#done = 0;
      const leave = (): void => this.#leave(offset, RegionExit.done);
      this.#pages.follow(block, this.#code.blocks[target - 1]!, leave);
      const isRedirected = flow.isRedirected(node, target);
      if (isRedirected) f.set(this.#next, i32.const(target));
      const to = isRedirected ? 0 : target;
      const countDown = (counter: Local<"i32">): void => {
        f.set(counter, i32.sub(counter.value, 1));
        f.if(i32.ltS(counter.value, 0), leave);
      };
      if (this.#sampleCountdown) countDown(this.#sampleCountdown);
      if (structure.position[to]! <= position) countDown(this.#budget);
      else {
        const before = this.#states.get(to);
        this.#states.set(to, before === undefined || before === outer.state ? outer.state : "unknown");
      }
      edge(to);
      this.#edge = outer.edge;
      this.#condition.state = outer.state;
      this.#done = outer.done;
    };
    this.#edge = goTo;
    this.#done = 0;
    const outer = this.#exitOfBlock;
    // The exits of a block meet first: few locals differ between them, so that each needs few moves, and V8 much less memory.
    f.block((exit) => {
      this.#exitOfBlock = exit;
      for (const instruction of block.instructions) this.#instruction(instruction, goTo);
      const last = block.instructions.at(-1)!.flow;
      if (last.kind === "next" || ((last.kind === "branch" || last.kind === "indirect") && !last.always)) goTo(block.end);
      else f.unreachable();
    });
    this.#exitOfBlock = outer;
    this.#mark("leave");
    f.br(this.#exit!);
  }

  #instruction(each: CodeInstruction, goTo: (offset: number) => void): void {
    const f = this.#f;
    this.#mark(each);
    if (each.flow.kind === "interpret") {
      this.#leave(each.offset, RegionExit.done);
      return;
    }
    f.scope(() =>
      f.block((end) => {
        const next = each.offset + each.length;
        const place = { ...each, restart: each.offset, next };
        const context = each.target ? this.#executed(each, end) : new RegionContext(this.#frame, place, end);
        this.#edge = (offset) => {
          this.#done++;
          goTo(offset);
          this.#done--;
        };
        this.#current = each;
        try {
          (each.target ?? each).definition(context);
        } catch (error) {
          if (!(error instanceof NotCompilable)) throw error;
          throw new RefusedInstruction(each.offset);
        }
        this.#edge = goTo;
        context.settle();
      }),
    );
    // The exact engine counts an EXECUTE and its target, too.
    this.#done += each.target ? 2 : 1;
  }

  /** EXECUTE and EXECUTE RELATIVE LONG: the target, with the register's rightmost byte as the modifier. */
  #executed(each: CodeInstruction, end: Label): RegionContext {
    const target = each.target!;
    const next = each.offset + each.length;
    const outer = new RegionContext(this.#frame, { ...each, restart: each.offset, next }, end);
    if (each.instruction.mnemonic === "ex") {
      const isElsewhere = i64.ne(outer.address(2), this.#addressOf(target.offset));
      this.#f.if(isElsewhere, () => this.#leave(each.offset, RegionExit.interpret));
    }
    const number = outer.registerNumber("r1").constant as number;
    const modifier = number === 0 ? undefined : this.#f.let(i32.and(i32.wrap(this.#registers.get(number)), 0xff));
    return new RegionContext(this.#frame, { ...target, restart: each.offset, next, ...(modifier && { modifier }) }, end);
  }

  #leave(offset: number, reason: RegionEnd): void {
    if (offset !== (offset | 0)) {
      this.#leaveFor(this.#addressOf(offset), reason);
      return;
    }
    this.#countInstructions();
    this.#f.set(this.#end, i32.const(offset | reason));
    this.#f.br(this.#exitOfBlock!);
  }

  #leaveFor(target: I64, reason: RegionEnd): void {
    this.#countInstructions();
    this.#f.set(this.#address, target);
    this.#f.set(this.#end, i32.const(reason));
    this.#f.br(this.#exitElsewhere!);
  }

  #countInstructions(): void {
    if (this.#options.isCounting && this.#done > 0) this.#f.set(this.#count, i32.add(this.#count.value, this.#done));
  }

  /** The current instruction's branch to a computed address: inside the region if it is a place that such branches were seen to go to. */
  #goToAddress(target: I64): void {
    const { flow, offset } = this.#current!;
    if (flow.kind !== "indirect") throw new Error("a branch that the selection does not know");
    const known = this.#targetsOf(flow);
    const [lowest, range] = spanOf(known);
    if (known.length > MAXIMUM_COMPARISONS && range <= MAXIMUM_TABLE) this.#branchByTable(target, known, lowest, range);
    else for (const each of known) this.#f.if(i64.eq(target, this.#addressOf(each)), () => this.#edge(each));
    this.#done++;
    if (flow.register !== RETURN_REGISTER) {
      this.#f.storeI64(i32.const(INDIRECT_SITE), (BigInt(this.#code.blocks[0]!.start) << 32n) | BigInt.asUintN(32, BigInt(offset)));
      this.#f.storeI64(i32.const(INDIRECT_BASE), this.#frame.base.value);
      this.#f.storeI64(i32.const(INDIRECT_TARGET), target);
    }
    this.#leaveFor(target, RegionExit.done);
    this.#done--;
  }

  #branchByTable(target: I64, known: readonly number[], lowest: number, range: number): void {
    const f = this.#f;
    // Rotated, an odd address is beyond any table.
    const distance = i64.sub(target, this.#addressOf(lowest));
    const index = f.let(i64.rotl(distance, 63));
    const nest = (at: number, labels: ReadonlyMap<number, Label>, otherwise: Label): void => {
      const offset = known[at];
      if (offset === undefined) {
        f.brIf(otherwise, i64.gtU(index, range));
        const table = Array.from({ length: range + 1 }, (_, i) => labels.get(lowest + i * 2) ?? otherwise);
        f.brTable(i32.wrap(index), table, otherwise);
        return;
      }
      f.block((label) => nest(at + 1, new Map(labels).set(offset, label), otherwise));
      this.#edge(offset);
    };
    f.block((otherwise) => nest(0, new Map(), otherwise));
  }

  #addressOf(offset: number): I64 {
    return i64.add(this.#frame.base.value, offset);
  }
}

/** The lowest of some even offsets, and how many halfwords the highest is from it. */
function spanOf(offsets: readonly number[]): readonly [lowest: number, range: number] {
  const lowest = Math.min(...offsets);
  return [lowest, (Math.max(...offsets) - lowest) / 2];
}

class RefusedInstruction extends Error {
  readonly offset: number;
  constructor(offset: number) {
    super();
    this.offset = offset;
  }
}
