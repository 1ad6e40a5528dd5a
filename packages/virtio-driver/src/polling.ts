import { DriverError } from "./errors.ts";

/** How to wait for something that only looking again can show. */
export interface Polling {
  /** Lets the device and the rest of the program run. Default: a turn of the host's event loop; with a clock, some time is kinder. */
  readonly pause?: () => Promise<void>;
  /** How often to look before giving up. Default 300,000: some seconds with the default pause. */
  readonly attempts?: number;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/**
 * Waits until `done` says so.
 * @param what for the message: what does not happen
 * @throws DriverError ERR_DRIVER_TIMEOUT after too many attempts
 */
export async function poll(done: () => boolean | Promise<boolean>, what: string, polling: Polling = {}): Promise<void> {
  const { pause = nextTurn, attempts = 300_000 } = polling;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await done()) return;
    await pause();
  }
  throw new DriverError("ERR_DRIVER_TIMEOUT", `the device does not finish ${what}`);
}
