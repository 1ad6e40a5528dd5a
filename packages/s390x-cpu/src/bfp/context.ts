/**
 * Floating-point-control register masks and flags, rounding methods and data-exception codes of PoP chapter 9, and the
 * object through which every operation of this folder takes its environment and gives its result.
 */

/** FPC byte 0: IEEE exception masks (one enables the trap). */
export const FPC_MASK_INVALID = 0x8000_0000 | 0;
export const FPC_MASK_DIVIDE_BY_ZERO = 0x4000_0000;
export const FPC_MASK_OVERFLOW = 0x2000_0000;
export const FPC_MASK_UNDERFLOW = 0x1000_0000;
export const FPC_MASK_INEXACT = 0x0800_0000;

/** FPC byte 1: IEEE exception flags. */
export const FPC_FLAG_INVALID = 0x0080_0000;
export const FPC_FLAG_DIVIDE_BY_ZERO = 0x0040_0000;
export const FPC_FLAG_OVERFLOW = 0x0020_0000;
export const FPC_FLAG_UNDERFLOW = 0x0010_0000;
export const FPC_FLAG_INEXACT = 0x0008_0000;

/** FPC bits 29-31: the BFP rounding mode. */
export const FPC_BFP_ROUNDING_MODE = 0x0000_0007;

/**
 * Rounding methods, numbered as in the M3 (or M4) field of the instructions that have one. 0 in that field means the BFP
 * rounding mode of the FPC; 2 and 8-15 are specification exceptions, which are the caller's to recognise.
 */
export const ROUND_PER_FPC = 0;
export const ROUND_NEAREST_TIES_AWAY = 1;
export const ROUND_PREPARE_SHORTER = 3;
export const ROUND_NEAREST_TIES_EVEN = 4;
export const ROUND_TOWARD_ZERO = 5;
export const ROUND_TOWARD_PLUS = 6;
export const ROUND_TOWARD_MINUS = 7;

/** Data-exception codes of the IEEE traps (PoP chapter 6, figure of data-exception codes). */
export const DXC_INEXACT_TRUNCATED = 0x08;
export const DXC_INEXACT_INCREMENTED = 0x0c;
export const DXC_UNDERFLOW_EXACT = 0x10;
export const DXC_UNDERFLOW_TRUNCATED = 0x18;
export const DXC_UNDERFLOW_INCREMENTED = 0x1c;
export const DXC_OVERFLOW_EXACT = 0x20;
export const DXC_OVERFLOW_TRUNCATED = 0x28;
export const DXC_OVERFLOW_INCREMENTED = 0x2c;
export const DXC_DIVIDE_BY_ZERO = 0x40;
export const DXC_INVALID = 0x80;

/**
 * Environment and result of one operation. Allocate one per CPU and use it for every operation.
 *
 * All words are Int32. The result stands left-aligned in `r0`..`r3`: short in `r0`, long in `r0`/`r1`, extended in all
 * four, most significant word first; a fixed-point result in `r0` (32 bits) or `r0`/`r1` (64 bits).
 */
export class BfpContext {
  /**
   * FPC register. Set before the operation, read back after it: the flags of exceptions that did not trap are on. The DXC
   * byte is not touched: whoever presents the data exception places it, as it depends on the AFP-register control too.
   */
  fpc = 0;
  r0 = 0;
  r1 = 0;
  r2 = 0;
  r3 = 0;
  /** Quotient of DIVIDE TO INTEGER (the remainder stands in `r0`/`r1`). */
  q0 = 0;
  q1 = 0;
  /** Condition code, for the instructions that set one. Meaningless when `completed` is false. */
  cc = 0;
  /** Data-exception code of the trap to be taken, 0 for none. */
  dxc = 0;
  /** False after a suppressing trap (invalid operation, divide by zero): no register, flag or condition code changes. */
  completed = true;
  /** LOAD ROUNDED alone: the overflow or underflow trap delivers the scaled result in the format of the source operand. */
  sourceFormat = false;
}

const METHOD_OF_MODE = [
  ROUND_NEAREST_TIES_EVEN,
  ROUND_TOWARD_ZERO,
  ROUND_TOWARD_PLUS,
  ROUND_TOWARD_MINUS,
  // Modes 4-6 cannot get into the FPC: SRNMB, SFPC and LFPC recognise a specification exception.
  ROUND_NEAREST_TIES_EVEN,
  ROUND_NEAREST_TIES_EVEN,
  ROUND_NEAREST_TIES_EVEN,
  ROUND_PREPARE_SHORTER,
] as const;

/** The rounding method that an M3 value and the FPC select together. */
export function effectiveRounding(ctx: BfpContext, m3: number): number {
  return m3 === ROUND_PER_FPC ? METHOD_OF_MODE[ctx.fpc & FPC_BFP_ROUNDING_MODE]! : m3;
}

/** Starts an operation: no trap so far. */
export function begin(ctx: BfpContext): void {
  ctx.dxc = 0;
  ctx.completed = true;
  ctx.sourceFormat = false;
}

/** Recognises IEEE invalid operation. True when it traps: the operation is suppressed. */
export function invalid(ctx: BfpContext): boolean {
  if (ctx.fpc & FPC_MASK_INVALID) {
    ctx.dxc = DXC_INVALID;
    ctx.completed = false;
    return true;
  }
  ctx.fpc |= FPC_FLAG_INVALID;
  return false;
}

/** Recognises IEEE inexact after the result has been placed: a flag, or a completing trap. */
export function inexact(ctx: BfpContext, incremented: boolean): void {
  if (ctx.fpc & FPC_MASK_INEXACT) ctx.dxc = incremented ? DXC_INEXACT_INCREMENTED : DXC_INEXACT_TRUNCATED;
  else ctx.fpc |= FPC_FLAG_INEXACT;
}
