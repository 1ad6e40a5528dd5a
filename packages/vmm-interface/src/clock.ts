/** The only source of time below the application layer. Injected, so that a run can be made deterministic. */
export interface Clock {
  /** Monotonic time in nanoseconds since an arbitrary start. May have a fraction. */
  now(): number;
  /** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z, with a fraction. */
  wallClock(): number;
  /** Calls `callback` once when {@link now} has reached `deadline` (ns). Returns a function that cancels the call. */
  setAlarm(deadline: number, callback: () => void): () => void;
}

/** A source of random bytes. */
export interface EntropySource {
  /** Fills all of `bytes`. Never shared memory, which the Web's generators refuse. */
  fill(bytes: Uint8Array<ArrayBuffer>): void;
}
