import { BugError } from "@zarch/vmm-interface";

/** Something that a region left otherwise than the interpreter does, in hexadecimal. */
export interface LockstepDifference {
  /** `r5`, `f0`, `a1`, `c14`, `condition code`, `PSW address`, `storage 1f000` (absolute), ... */
  readonly what: string;
  readonly region: string;
  readonly interpreter: string;
}

/** What tells of a fault of the compiler, enough to reproduce it. */
export interface LockstepReport {
  /** Virtual address where the region was entered. */
  readonly address: bigint;
  /** Instructions that the region counted; an EXECUTE and its target are two. */
  readonly instructions: number;
  readonly differences: readonly LockstepDifference[];
  /** Registers and PSW when the region was entered, by the same names. */
  readonly start: readonly (readonly [what: string, value: string])[];
  /** The region, disassembled, in the order of its blocks. */
  readonly listing: readonly string[];
  /** Addresses of the instructions that the interpreter executed, the last ones if there are many. */
  readonly path: readonly bigint[];
}

/** A compiled region and the interpreter disagree: a bug in one of them. Only with `jit: "lockstep"`. */
export class LockstepError extends BugError {
  readonly report: LockstepReport;

  constructor(report: LockstepReport) {
    super(inWords(report));
    this.report = report;
  }
}

function inWords({ address, instructions, differences, start, listing, path }: LockstepReport): string {
  const hex = (value: bigint): string => value.toString(16);
  return [
    `the region at ${hex(address)} differs from the interpreter after ${instructions} instructions`,
    ...differences.map(({ what, region, interpreter }) => `  ${what}: ${region} by the region, ${interpreter} by the interpreter`),
    "entered with",
    ...start.map(([what, value]) => `  ${what} ${value}`),
    "region",
    ...listing.map((line) => `  ${line}`),
    "path",
    `  ${path.map(hex).join(" ")}`,
  ].join("\n");
}
