/**
 * Binary floating point of z/Architecture (PoP chapters 9 and 19) in the short, long and extended formats, as functions
 * that know no CPU: operands are Int32 words, environment and results live in a {@link BfpContext}.
 *
 * Design. Two layers give the same answers. `native.ts` serves the common cases of the short and long formats with host
 * doubles and error-free transformations, for all rounding modes and the inexact flag, without allocating; whatever it
 * declines goes to the exact layer (`exact.ts`, `convert.ts`, `divide-to-integer.ts`), which takes operands apart into
 * sign, exponent and BigInt significand, computes the exact result or enough of it with a sticky bit, and hands it to
 * `round.ts`. That one function knows rounding methods, tininess (judged before rounding), flags, and what the traps
 * deliver: nothing for invalid operation and divide by zero, the scaled result for overflow and underflow, the rounded
 * result for inexact. The extended format uses the exact layer alone.
 *
 * The caller's part: specification exceptions (M3, register pairs), the AFP-register check, and on `dxc` other than 0 a
 * data exception; results are stored first unless `completed` is false, as are `fpc` and, where the instruction sets one,
 * `cc`.
 */
export * from "./context.ts";
export * from "./extended.ts";
export * from "./hexadecimal.ts";
export * from "./long.ts";
export * from "./short.ts";
