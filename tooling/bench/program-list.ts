/** A C program of `programs/` that does so much work in one run that QEMU takes a second or two for it. */
export interface BenchmarkProgram {
  readonly name: string;
  readonly kind: "integer" | "floating point";
  /** Argument of the program: rounds of its work. */
  readonly amount: number;
  /** Further flags of the compiler. */
  readonly flags?: readonly string[];
}

const integer = (name: string, amount: number, ...flags: string[]): BenchmarkProgram => ({ name, kind: "integer", amount, flags });
const floatingPoint = (name: string, amount: number, ...flags: string[]): BenchmarkProgram => ({
  name,
  kind: "floating point",
  amount,
  flags,
});

export const programs: readonly BenchmarkProgram[] = [
  integer("bignum", 2500),
  integer("bytecode", 210),
  integer("crc", 650),
  integer("hash-table", 170),
  integer("json", 60),
  integer("lz", 180),
  integer("matrix-integer", 190),
  integer("recursion", 2000),
  integer("regex", 20),
  integer("sha256", 500),
  integer("sieve", 160),
  integer("sort", 45),
  // The compiler has its own ideas of what to do for a call of strlen.
  integer("strings", 100, "-fno-builtin"),
  floatingPoint("fft", 120),
  // Without fused operations, which the host's processor may lack.
  floatingPoint("mandelbrot", 1500, "-ffp-contract=off"),
  floatingPoint("matrix-double", 44),
  floatingPoint("n-body", 160),
  floatingPoint("spectral-norm", 580),
];

/** Something that a guest's shell does. */
export interface ShellWorkload {
  readonly name: string;
  /** What the commands have as $1. */
  readonly amount: number;
  /** A shell command that is to be done before each run, without counting. */
  readonly prepare?: string;
  /** The shell command whose time counts. */
  readonly command: string;
  /** A shell command whose output must be the same on all machines. */
  readonly check?: string;
}

export const shellWorkloads: readonly ShellWorkload[] = [
  {
    name: "shell-loop",
    amount: 20_000,
    command: "i=0; while [ $i -lt $1 ]; do i=$((i + 1)); done; echo $i",
  },
  {
    name: "fork-exec",
    amount: 500,
    command: "i=0; while [ $i -lt $1 ]; do /bin/busybox true; i=$((i + 1)); done; echo $i",
  },
  {
    name: "gzip",
    amount: 20_000_000,
    prepare: "/opt/bench/text $1 >/tmp/text",
    command: "gzip -c /tmp/text >/tmp/text.gz",
    check: "gunzip -c /tmp/text.gz | cksum",
  },
];
