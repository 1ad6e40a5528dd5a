/** Hypercalls of the transport, by number: DIAGNOSE 0x500 with the number in general register 1 and its one argument in register 2. */
export const S390LegacyHypercall = {
  /** Argument: address of a ring. Below the descriptor page: address of a text for the early console. */
  notify: 0,
  /** Argument: address of an entry on the page. */
  reset: 1,
  /** Argument: address of an entry, whose status byte is already written. */
  setStatus: 2,
} as const;

/** External interruption of the transport. */
export const INTERRUPTION_CODE = 0x2603;
/** Stored at real locations 132-133: the form with a 64-bit parameter. */
export const SUBCODE = 0x0d00;

/** What an interruption is about: stored at real locations 128-131. */
export const InterruptionParameter = { queue: 0, configuration: 1, deviceAdded: 2 } as const;
