/** Exit statuses of the command `zarch`. `zarch run` otherwise ends with the status of the command in the guest. */
export const ExitStatus = {
  /** The guest powered itself off, or the user left. */
  success: 0,
  /** A bad option, an unsuitable file, a host failure: one line on standard error says what. */
  usage: 2,
  /** The guest crashed: disabled wait (Linux: panic) or check stop. `zarch demo`: or a device does not work. */
  guestCrash: 3,
  /** `zarch run`: the time limit passed. */
  timeout: 124,
  /** `zarch run`: the guest ended before the command had a status. */
  noStatus: 125,
  /** An error in zarch itself. */
  internal: 70,
} as const;

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 };

/** The status that a shell gives a program ended by a signal. */
export function statusOfSignal(signal: string): number {
  return 128 + (signalNumbers[signal] ?? 0);
}
