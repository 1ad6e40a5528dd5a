/** What is counted about a CPU's regions. */
export interface RegionStatistics {
  /** Regions there are now. */
  readonly present: number;
  /** Regions ever compiled. */
  readonly compiled: number;
  /** Regions given up because their code changed. */
  readonly changed: number;
  /** Guest instructions in all regions compiled. */
  readonly instructions: number;
  /** Bytes of WebAssembly of all regions compiled. */
  readonly bytes: number;
  /** How often regions were entered, and how often they handed an instruction back to the interpreter; both modulo 2^32. */
  readonly entered: number;
  readonly handedBack: number;
}
