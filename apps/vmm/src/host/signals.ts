/** Signals by which a user or a system ends a program. */
export const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type EndingSignal = (typeof endingSignals)[number];

/**
 * Calls `listener` at each ending signal instead of ending the process.
 * @returns a function that undoes it
 */
export function onEndingSignal(listener: (signal: EndingSignal) => void): () => void {
  for (const signal of endingSignals) process.on(signal, listener);
  return () => {
    for (const signal of endingSignals) process.off(signal, listener);
  };
}
