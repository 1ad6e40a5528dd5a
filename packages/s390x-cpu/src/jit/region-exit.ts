/** How a region came to its end. */
export const RegionExit = {
  /** At the next instruction to execute, in PSW_ADDRESS. */
  done: 0,
  /** The instruction at PSW_ADDRESS has done nothing yet and must be interpreted: it faults, misses a translation, or is no matter for regions. */
  interpret: 1,
  /** Nothing was done: a page of the region is not where it was. The instruction at the entry must be interpreted. */
  declined: 2,
  /** Nothing was done: the BFP state is not what the region was made for. The same follows. */
  unsettled: 3,
} as const;
export type RegionExit = (typeof RegionExit)[keyof typeof RegionExit];
/** The ends of a region that was run. */
export type RegionEnd = typeof RegionExit.done | typeof RegionExit.interpret;
