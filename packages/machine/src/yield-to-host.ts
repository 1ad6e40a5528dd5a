interface HostGlobals {
  setImmediate?(callback: () => void): unknown;
  MessageChannel?: new () => { port1: { onmessage: (() => void) | null }; port2: { postMessage(message: unknown): void } };
  setTimeout?(callback: () => void, milliseconds: number): unknown;
}

/**
 * A function that lets the host's event loop have one turn: timers, I/O and messages are served before its promise settles.
 * Uses what the host has, best first: setImmediate (Node), a message channel (browsers), a timer.
 */
export function hostYielder(): () => Promise<void> {
  const host = globalThis as HostGlobals;
  const { setImmediate: immediate, MessageChannel: Channel, setTimeout: timer } = host;
  if (immediate !== undefined) return () => new Promise((resolve) => immediate(resolve));
  if (Channel !== undefined) {
    const { port1, port2 } = new Channel();
    return () =>
      new Promise((resolve) => {
        port1.onmessage = resolve;
        port2.postMessage(0);
      });
  }
  return () => new Promise((resolve) => timer!(resolve, 0));
}
