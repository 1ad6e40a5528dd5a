import { call, type F64, f64, type I32, type I64, i32, i64, truncSaturating } from "@zarch/wasm-encoder";
import type { FunctionSet } from "./functions.ts";
import { CLOCK_COMPARATOR, CPU_TIMER_SUM, TOD_EPOCH, TOD_LAST } from "./layout.ts";

const at = (address: number): I32 => i32.const(address);

/**
 * The TOD clock, clock comparator and CPU timer (PoP chapter 4) over the host's clock, an import that gives nanoseconds.
 * A unit of the TOD clock is 2^-12 microseconds: 512 / 125 units a nanosecond.
 */
export function declareTiming(functions: FunctionSet): void {
  functions.declare("tod", [], "i64");
  functions.declare("pendingTimers", [], "i32");
  functions.declare("nanosecondsToClockComparator", [], "f64");
  functions.declare("nanosecondsToCpuTimer", [], "f64");
  functions.declare("cpuTimer", [], "i64");
  functions.declare("setCpuTimerParts", ["i32", "i32"]);
  functions.declare("setTod", ["i32", "i32"]);
}

export function defineTiming(functions: FunctionSet): void {
  const tod = (): I64 => functions.callI64("tod") as I64;
  functions.define("tod", [], "i64", (f) => {
    const nanoseconds = truncSaturating.i64FromF64S(call("f64", functions.index("clock")));
    f.push(i64.add(i64.divU(i64.shl(nanoseconds, 9), 125), i64.load(at(TOD_EPOCH))));
  });
  functions.define("setCpuTimerParts", ["i32", "i32"], undefined, (f) => {
    const value = i64.or(i64.shl(i64.extendU(f.param(0, "i32").value), 32), i64.extendU(f.param(1, "i32").value));
    f.storeI64(at(CPU_TIMER_SUM), i64.add(value, tod()));
  });
  functions.define("cpuTimer", [], "i64", (f) => f.push(i64.sub(i64.load(at(CPU_TIMER_SUM)), tod())));
  // setTod(high, low): makes the clock show this value now.
  functions.define("setTod", ["i32", "i32"], undefined, (f) => {
    const wanted = i64.or(i64.shl(i64.extendU(f.param(0, "i32").value), 32), i64.extendU(f.param(1, "i32").value));
    const step = f.let(i64.sub(wanted, tod()));
    f.storeI64(at(TOD_EPOCH), i64.add(i64.load(at(TOD_EPOCH)), step));
    // The CPU timer, kept as a sum with the clock, does not move; and what was given out before counts no longer.
    f.storeI64(at(CPU_TIMER_SUM), i64.add(i64.load(at(CPU_TIMER_SUM)), step));
    f.storeI64(at(TOD_LAST), 0);
  });
  // Bit 0: the clock has passed the clock comparator. Bit 1: the CPU timer is negative.
  functions.define("pendingTimers", [], "i32", (f) => {
    const now = f.let(tod());
    f.push(i32.or(i64.gtU(now, i64.load(at(CLOCK_COMPARATOR))), i32.shl(i64.ltS(i64.sub(i64.load(at(CPU_TIMER_SUM)), now), 0), 1)));
  });
  const nanoseconds = (units: I64): F64 => f64.mul(f64.convertI64U(units), f64.const(125 / 512));
  functions.define("nanosecondsToClockComparator", [], "f64", (f) => {
    const now = f.let(tod());
    const then = f.let(i64.load(at(CLOCK_COMPARATOR)));
    f.if(i64.gtU(now, then), () => f.return(f64.const(0)));
    f.push(nanoseconds(i64.add(i64.sub(then, now), 1)));
  });
  functions.define("nanosecondsToCpuTimer", [], "f64", (f) => {
    const left = f.let(i64.sub(i64.load(at(CPU_TIMER_SUM)), tod()));
    f.if(i64.ltS(left, 0), () => f.return(f64.const(0)));
    f.push(nanoseconds(i64.add(left, 1)));
  });
}
