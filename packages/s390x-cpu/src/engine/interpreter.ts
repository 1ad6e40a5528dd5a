import { type Instruction, instructions } from "@zarch/s390x-isa";
import {
  call,
  callIndirect,
  FunctionBuilder,
  f64,
  type I32,
  type I64,
  i32,
  i64,
  type Label,
  ModuleBuilder,
  select,
} from "@zarch/wasm-encoder";
import { modeKey } from "../jit/addressing-mode.ts";
import { regionImports } from "../jit/compile-region.ts";
import { declareConditionCode, defineConditionCode } from "../jit/condition.ts";
import { RegionExit } from "../jit/region-exit.ts";
import { declareBulk, defineBulk } from "./bulk.ts";
import { ProgramCode } from "./context.ts";
import { declareDecoder, defineDecoder } from "./decoder.ts";
import { declareExecute, defineExecute } from "./execute.ts";
import { FunctionSet } from "./functions.ts";
import { FixedHandler, type Handler, type HandlerSet } from "./handlers.ts";
import {
  ADDRESS_MASK,
  ATTENTION,
  BANK,
  BUDGET,
  CC,
  CODE_TOP,
  EMPTY_BANK,
  EXECUTE_RECORD,
  EXIT,
  ExitReason,
  INSTRUCTIONS,
  type MemoryLayout,
  PC_DELTA,
  PROFILE,
  PROGRAM_CODE,
  PROGRAM_LENGTH,
  PSW_ADDRESS,
  RECORD,
  RECORD_PAGE,
  RECORD_PAGE_FRAME,
  REGION_COUNT,
  REGION_DECLINED,
  REGION_HANDED_BACK,
  REGION_HANDLER,
  REGION_TIME,
  REGION_TIMING_INTERVAL,
  REGION_TIMING_LEFT,
  REGIONS_ENTERED,
  REGIONS_HANDED_BACK,
  REGIONS_TIMED,
  SAMPLE_COUNTDOWN,
  TLB_FETCH,
} from "./layout.ts";
import { HandlerResult, type LoopFrame, RecordContext } from "./record-context.ts";
import { ownHandler, regionKey, wakeRegion } from "./region-table.ts";
import { declareStorage, defineStorage, fetchIndex } from "./storage.ts";
import { declareStrings, defineStrings } from "./strings.ts";
import { declareTiming, defineTiming } from "./timing.ts";
import { declareTranslation, defineTranslation } from "./translation.ts";
import { declareWideArithmetic, defineWideArithmetic } from "./wide-arithmetic.ts";

const at = (address: number): I32 => i32.const(address);

export interface InterpreterOptions {
  readonly layout: MemoryLayout;
  readonly handlers: HandlerSet;
  readonly isEnabled: (instruction: Instruction) => boolean;
  /**
   * `fast`: the budget counts branches that leave straight-line code. `exact`: it counts instructions, and the engine
   * stops after exactly that many; for single-stepping, PER and lockstep tests. Both count INSTRUCTIONS only if exact.
   */
  readonly mode: "fast" | "exact";
  /** Returns for samples, see SAMPLE_COUNTDOWN, and times visits to regions, see REGION_TIMING_INTERVAL. Only `fast`. */
  readonly isObserved?: boolean;
}

export interface GeneratedInterpreter {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** To be written at DECODER. */
  readonly decoderTables: Uint8Array;
  /** To be written at EXECUTE_KINDS. */
  readonly executeKinds: Uint8Array;
  /** Element of the table where region 0 goes. */
  readonly firstRegion: number;
}

/**
 * Generates the interpreter module. It imports `env.memory`, `env.helper(instruction id, record)`,
 * `env.accessRegisterAsce(alet)`, `env.clock()` (nanoseconds), `env.writeResolved` and `env.stored` (see ProgramEvents), and exports `run() -> ExitReason` and the internal functions that the runtime uses.
 */
export function generateInterpreter(options: InterpreterOptions): GeneratedInterpreter {
  const { layout, handlers } = options;
  const module = new ModuleBuilder();
  const functions = new FunctionSet(module);
  functions.imported("helper", module.importFunction("env", "helper", { params: ["i32", "i32"], results: ["i32"] }), "i32");
  functions.imported(
    "accessRegisterAsce",
    module.importFunction("env", "accessRegisterAsce", { params: ["i32"], results: ["i64"] }),
    "i64",
  );
  functions.imported("clock", module.importFunction("env", "clock", { params: [], results: ["f64"] }), "f64");
  functions.imported("writeResolved", module.importFunction("env", "writeResolved", { params: ["i32", "i32", "i32"], results: [] }));
  functions.imported("stored", module.importFunction("env", "stored", { params: ["i32", "i32"], results: [] }));
  functions.imported("codeChanged", module.importFunction("env", "codeChanged", { params: ["i32", "i32", "i32"], results: [] }));
  functions.imported("recordsForgotten", module.importFunction("env", "recordsForgotten", { params: ["i32", "i32"], results: [] }));
  functions.imported("codeForgotten", module.importFunction("env", "codeForgotten", { params: [], results: [] }));
  module.importMemory("env", "memory", { minimum: layout.wasmPages, maximum: layout.wasmPages });

  declareTranslation(functions);
  declareStorage(functions);
  declareDecoder(functions);
  declareBulk(functions);
  declareStrings(functions);
  declareWideArithmetic(functions);
  declareTiming(functions);
  declareExecute(functions);
  declareConditionCode(functions);
  functions.declare("run", [], "i32");
  functions.declare("resolveOperandParts", ["i32", "i32", "i32", "i32"], "i32");
  functions.declare("resolveParts", ["i32", "i32", "i32", "i32", "i32"], "i32");

  defineTranslation(functions, layout);
  defineStorage(functions, layout);
  defineBulk(functions);
  defineStrings(functions);
  defineWideArithmetic(functions);
  defineTiming(functions);
  defineConditionCode(functions);
  const decoderTables = defineDecoder(functions, handlers, instructions, options.isEnabled, layout);
  const executeKinds = defineExecute(functions, handlers, layout);
  defineResolveParts(functions);

  const coldCount = 4 + handlers.handlers.filter((each) => each.number >= handlers.hotLimit).length;
  const coldFunctions = new Array<number>(coldCount);
  // Elements: first the fixed handlers that are functions, then all handlers from hotLimit on.
  const coldType = module.type({ params: ["i32"], results: ["i32"] });
  const trap = defineProgramHandler(functions, "operationHandler", ProgramCode.operation);
  const specification = defineProgramHandler(functions, "specificationHandler", ProgramCode.specification);
  coldFunctions[FixedHandler.decode] = trap;
  coldFunctions[FixedHandler.pageEnd] = trap;
  coldFunctions[FixedHandler.operation] = trap;
  coldFunctions[FixedHandler.specification] = specification;
  for (const handler of handlers.handlers) {
    if (handler.number < handlers.hotLimit) continue;
    coldFunctions[4 + handler.number - handlers.hotLimit] = defineColdHandler(functions, handler);
  }
  // Behind the handlers the table has room for regions.
  module.table({ minimum: coldCount + REGION_COUNT, maximum: coldCount + REGION_COUNT });
  module.elements(0, coldFunctions);
  module.exportTable("table");
  const regionType = module.type({ params: ["i64"], results: ["i32"] });

  const hot = handlers.handlers.filter((handler) => handler.number < handlers.hotLimit);
  defineRun(functions, options, hot, { coldType, regionType, firstRegion: coldCount });

  for (const name of [
    ...regionImports.filter((name) => name !== "tod"),
    "run",
    "clearBank",
    "clearAllBanks",
    "clearFetchEntries",
    "clearWriteEntries",
    "forgetCode",
    "resolveParts",
    "resolveOperandParts",
    "translateParts",
    "invalidateParts",
    "copyReversed",
    "nanosecondsToClockComparator",
    "nanosecondsToCpuTimer",
    "setTod",
    "setCpuTimerParts",
    "forgetFrame",
    "forgetPageIndex",
    "tod",
    "cpuTimer",
  ])
    module.exportFunction(name, functions.index(name));
  return { wasm: module.toBytes(), decoderTables, executeKinds, firstRegion: coldCount };
}

function defineColdHandler(functions: FunctionSet, handler: Handler): number {
  const f = new FunctionBuilder({ params: ["i32"], results: ["i32"] });
  const context = new RecordContext(f, functions, handler);
  handler.definition(context);
  context.finish();
  f.unreachable();
  const index = functions.module.declare({ params: ["i32"], results: ["i32"] });
  functions.module.define(index, f.locals, f.code);
  return index;
}

function defineProgramHandler(functions: FunctionSet, name: string, code: number): number {
  functions.declare(name, ["i32"], "i32");
  functions.define(name, ["i32"], "i32", (f) => {
    f.storeI32(at(PROGRAM_CODE), code);
    f.storeI32(at(EXIT), ExitReason.program);
    f.push(i32.const(HandlerResult.exit));
  });
  return functions.index(name);
}

interface TableTypes {
  readonly coldType: number;
  readonly regionType: number;
  readonly firstRegion: number;
}

/** The main loop. Nested loops, outermost first: reload (everything from memory), fetch (a new page), next (dispatch). */
function defineRun(functions: FunctionSet, options: InterpreterOptions, hot: readonly Handler[], table: TableTypes): void {
  const exact = options.mode === "exact";
  const isObserved = options.isObserved ?? false;
  const firstCold = options.handlers.hotLimit;
  functions.define("run", [], "i32", (f) => {
    const record = f.local("i32");
    const cc = f.local("i32");
    const bank = f.local("i32");
    const budget = f.local("i32");
    const addressMask = f.local("i64");
    const target = f.local("i64");
    const result = f.local("i32");
    const page = f.local("i32");
    const number = f.local("i32");
    // Set when a region handed an instruction back: the next region's entry is passed by, as it may be that very instruction.
    const passBy = f.local("i32");

    const saveAndReturn = (reason: number | I32): void => {
      f.storeI32(at(CC), cc.value);
      f.storeI32(at(BUDGET), budget.value);
      f.return(typeof reason === "number" ? i32.const(reason) : reason);
    };
    /** For an exit before the instruction at `target` was reached. */
    const leaveAtTarget = (reason: number): void => {
      f.storeI64(at(PSW_ADDRESS), target.value);
      f.storeI32(at(RECORD), 0);
      saveAndReturn(reason);
    };
    const countSample = (): void => f.storeI32(at(SAMPLE_COUNTDOWN), i32.sub(i32.load(at(SAMPLE_COUNTDOWN)), 1));
    const isSampleDue = (): I32 => i32.ltS(i32.load(at(SAMPLE_COUNTDOWN)), 0);
    const currentAddress = (): I64 => i64.add(i64.load(at(PC_DELTA)), i64.extendU(i32.shrU(record.value, 3)));

    f.set(budget, i32.load(at(BUDGET)));
    f.loop((reload) => {
      f.set(cc, i32.load(at(CC)));
      f.set(bank, i32.load(at(BANK)));
      f.set(addressMask, i64.load(at(ADDRESS_MASK)));
      f.set(target, i64.load(at(PSW_ADDRESS)));
      f.if(i32.load(at(ATTENTION)), () => leaveAtTarget(ExitReason.attention));
      f.loop((fetch) => {
        f.set(target, i64.and(target.value, addressMask.value));
        // The fast engine counts at `taken`, to which this leads.
        if (exact) f.if(i32.leS(budget.value, 0), () => leaveAtTarget(ExitReason.budget));
        f.if(i32.wrap(i64.and(target.value, 1)), () => {
          f.storeI32(at(PROGRAM_CODE), ProgramCode.specification);
          // Not an early exception: it has a length, which nobody knows.
          f.storeI32(at(PROGRAM_LENGTH), 2);
          leaveAtTarget(ExitReason.program);
        });
        f.scope(() => {
          const entry = f.let(i32.add(bank.value, fetchIndex(target.value)));
          f.if(
            i64.gtU(i64.sub(target.value, i64.load(entry, TLB_FETCH)), 4095),
            () => {
              f.set(page, functions.callI32("fetchMiss", target.value));
              f.if(i32.eqz(page.value), () => {
                f.storeI32(at(PROGRAM_LENGTH), 2);
                leaveAtTarget(ExitReason.program);
              });
            },
            () => f.set(page, i32.load(entry, TLB_FETCH + 8)),
          );
        });
        f.storeI32(at(RECORD_PAGE), page.value);
        f.storeI32(at(CODE_TOP), i32.sub(options.layout.top, i32.shl(i32.load(page.value, RECORD_PAGE_FRAME), 12)));
        f.storeI64(at(PC_DELTA), i64.sub(i64.and(target.value, ~0xfffn), i64.extendU(i32.shrU(page.value, 3))));
        f.set(record, i32.add(page.value, i32.shl(i32.and(i32.wrap(target.value), 0xffe), 3)));
        f.loop((taken) => {
          if (!exact) {
            f.set(budget, i32.sub(budget.value, 1));
            f.if(i32.ltS(budget.value, 0), () => {
              f.set(target, currentAddress());
              leaveAtTarget(ExitReason.budget);
            });
          }
          if (isObserved) {
            countSample();
            f.if(isSampleDue(), () => {
              f.set(target, currentAddress());
              leaveAtTarget(ExitReason.sample);
            });
          }
          f.loop((next) => {
            if (exact) {
              // A page-end record is no instruction; it goes on to `fetch`, which looks at the budget too.
              f.if(i32.and(i32.leS(budget.value, 0), i32.ne(i32.load16U(record.value), FixedHandler.pageEnd)), () => {
                f.if(i32.ne(record.value, EXECUTE_RECORD), () => {
                  f.set(target, currentAddress());
                  leaveAtTarget(ExitReason.budget);
                });
              });
            }
            f.set(number, i32.load16U(record.value));
            f.loop((again) => {
              f.block((fault) => {
                f.block((settle) => {
                  const frame: LoopFrame = { record, cc, bank, addressMask, budget, target, next, taken, fetch, fault, result, settle };
                  f.block((cold) => {
                    const nest = (index: number, labels: readonly Label[]): void => {
                      if (index < 2 + hot.length) {
                        f.block((label) => nest(index + 1, [...labels, label]));
                        if (index === 0) decodeInLoop();
                        else if (index === 1) pageEndInLoop();
                        else f.scope(() => hotInLoop(hot[index - 2]!));
                        return;
                      }
                      // Innermost: dispatch. Numbers 2 and 3 are functions.
                      const [decode, pageEnd, ...rest] = labels;
                      f.brTable(number.value, [decode!, pageEnd!, cold, cold, ...rest], cold);
                    };
                    const decodeInLoop = (): void => {
                      f.set(result, functions.callI32("decodeAt", record.value));
                      f.if(i32.eqz(result.value), () => {
                        f.set(target, i64.load(at(PSW_ADDRESS)));
                        leaveAtTarget(ExitReason.program);
                      });
                      f.set(record, result.value);
                      f.br(next);
                    };
                    const pageEndInLoop = (): void => {
                      f.set(target, currentAddress());
                      f.br(fetch);
                    };
                    const hotInLoop = (handler: Handler): void => {
                      if (exact) count();
                      const context = new RecordContext(f, functions, handler, frame);
                      handler.definition(context);
                      context.finish();
                    };
                    nest(0, []);
                  });
                  f.if(i32.geU(number.value, REGION_HANDLER), () => {
                    if (!exact) enterRegion(fetch);
                    f.set(number, ownHandler(number.value));
                    f.br(again);
                  });
                  if (exact) count();
                  f.storeI32(at(CC), cc.value);
                  f.storeI32(at(RECORD), record.value);
                  const element = select(i32.sub(number.value, firstCold - 4), number.value, i32.geU(number.value, firstCold));
                  f.set(result, callIndirect("i32", table.coldType, element, record.value));
                });
                f.set(cc, i32.load(at(CC)));
                f.if(i32.gtS(result.value, 0), () => {
                  f.set(record, result.value);
                  f.br(next);
                });
                f.brIf(reload, result.value);
                f.storeI32(at(RECORD), record.value);
                saveAndReturn(i32.load(at(EXIT)));
              });
              // A refused access of a hot handler.
              f.storeI32(at(RECORD), record.value);
              saveAndReturn(ExitReason.program);
            });
          });
        });
      });
    });
    f.unreachable();

    /**
     * Runs a region if it was made for the mode, and the regions that follow it, and goes on where they ended; falls through
     * when the instruction itself is to be done.
     */
    function enterRegion(fetch: Label): void {
      const passed = (): void => f.set(passBy, i32.const(0));
      f.if(passBy.value, passed, () => {
        const key = f.let(modeKey());
        wakeRegion(f, number.value, key);
        const fits = i32.eq(key, regionKey(number.value));
        f.if(i32.and(fits, i32.ne(bank.value, EMPTY_BANK)), () => {
          f.storeI32(at(CC), cc.value);
          f.set(target, i64.and(currentAddress(), addressMask.value));
          // A region that declines leaves everything as it is.
          f.storeI64(at(PSW_ADDRESS), target.value);
          f.loop((chain) => {
            f.storeI32(at(BUDGET), budget.value);
            f.storeI32(at(REGIONS_ENTERED), i32.add(i32.load(at(REGIONS_ENTERED)), 1));
            const element = i32.add(i32.sub(number.value, REGION_HANDLER), table.firstRegion);
            timed(() => f.set(result, callIndirect("i32", table.regionType, element, i64.and(target.value, ~0xfffn))));
            f.set(target, i64.and(i64.load(at(PSW_ADDRESS)), addressMask.value));
            f.set(budget, i32.load(at(BUDGET)));
            const hasEnded = i32.or(result.value, i32.leS(budget.value, 0));
            f.if(i32.eqz(isObserved ? i32.or(hasEnded, isSampleDue()) : hasEnded), () => {
              const entry = f.let(i32.add(bank.value, fetchIndex(target.value)));
              // An odd address matches no page.
              f.if(i64.eq(i64.and(target.value, ~0xffen), i64.load(entry, TLB_FETCH)), () => {
                const place = i32.shl(i32.and(i32.wrap(target.value), 0xffe), 3);
                f.set(number, i32.load16U(i32.add(i32.load(entry, TLB_FETCH + 8), place)));
                f.if(i32.geU(number.value, REGION_HANDLER), () => {
                  f.set(budget, i32.sub(budget.value, 1));
                  f.brIf(chain, i32.eq(key, regionKey(number.value)));
                });
              });
            });
          });
          f.if(i32.eq(result.value, RegionExit.declined), () => f.storeI32(at(REGION_DECLINED), number.value));
          f.if(i32.eq(result.value, RegionExit.interpret), () => f.storeI32(at(REGION_HANDED_BACK), number.value));
          f.set(passBy, i32.ne(result.value, RegionExit.done));
          f.storeI32(at(REGIONS_HANDED_BACK), i32.add(i32.load(at(REGIONS_HANDED_BACK)), passBy.value));
          // The way to an instruction that was handed back is free: it must come before the budget ends.
          f.set(budget, i32.add(budget.value, passBy.value));
          f.set(cc, i32.load(at(CC)));
          f.br(fetch);
        });
      });
    }

    /** Times a visit to a region, if that is wanted and its turn. */
    function timed(visit: () => void): void {
      if (!isObserved) {
        visit();
        return;
      }
      countSample();
      f.storeI32(at(REGION_TIMING_LEFT), i32.sub(i32.load(at(REGION_TIMING_LEFT)), 1));
      f.if(i32.gtS(i32.load(at(REGION_TIMING_LEFT)), 0), visit, () => {
        f.storeI32(at(REGION_TIMING_LEFT), i32.load(at(REGION_TIMING_INTERVAL)));
        f.storeI32(at(REGIONS_TIMED), i32.add(i32.load(at(REGIONS_TIMED)), 1));
        const clock = () => call("f64", functions.index("clock"));
        f.storeF64(at(REGION_TIME), f64.sub(f64.load(at(REGION_TIME)), clock()));
        visit();
        // Reading the clock often takes longer than the visit: how long it takes is measured at once, and taken off.
        f.storeF64(at(REGION_TIME), f64.add(f64.load(at(REGION_TIME)), f64.mul(clock(), f64.const(2))));
        f.storeF64(at(REGION_TIME), f64.sub(f64.load(at(REGION_TIME)), clock()));
      });
    }

    function count(): void {
      f.set(budget, i32.sub(budget.value, 1));
      f.storeI64(at(INSTRUCTIONS), i64.add(i64.load(at(INSTRUCTIONS)), 1));
      f.scope(() => {
        const counter = f.let(i32.shl(number.value, 2));
        f.storeI32(counter, i32.add(i32.load(counter, PROFILE), 1), 32, PROFILE);
      });
    }
  });
}

/**
 * Translation for the runtime, without 64-bit values at the border. Both give the absolute address, or -1 with a prepared
 * program interruption. resolveParts(high, low, access | space << 4, asce high, asce low): in a given space;
 * resolveOperandParts(high, low, access, base register): as an instruction's operand.
 */
function defineResolveParts(functions: FunctionSet): void {
  functions.define("resolveParts", ["i32", "i32", "i32", "i32", "i32"], "i32", (f) => {
    const joined = (high: number, low: number): I64 =>
      i64.or(i64.shl(i64.extendU(f.param(high, "i32").value), 32), i64.extendU(f.param(low, "i32").value));
    f.push(i32.wrap(functions.callI64("resolve", joined(0, 1), f.param(2, "i32").value, joined(3, 4)) as I64));
  });
  functions.define("resolveOperandParts", ["i32", "i32", "i32", "i32"], "i32", (f) => {
    const address = i64.or(i64.shl(i64.extendU(f.param(0, "i32").value), 32), i64.extendU(f.param(1, "i32").value));
    f.push(i32.wrap(functions.callI64("resolveOperand", address, f.param(2, "i32").value, f.param(3, "i32").value) as I64));
  });
}
