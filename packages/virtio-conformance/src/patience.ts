/** What was waited for did not come. */
export class DeadlineError extends Error {
  constructor(what: string) {
    super(`no end in sight: ${what}`);
    this.name = "DeadlineError";
  }
}

/** How long the suite waits. */
export interface PatienceOptions {
  /**
   * Lets the host do other work for a moment. Default: one turn of the event loop. A device that needs real time, for instance one in
   * another process, wants a pause here: `() => new Promise((resolve) => setTimeout(resolve, 1))`.
   */
  readonly turn?: () => Promise<void>;
  /** Turns to wait for an answer before it counts as missing. Default 1000. */
  readonly deadline?: number;
  /** Turns to wait to see that nothing happens. Default 2. */
  readonly quiet?: number;
}

/** Promise jobs to let run before the event loop is asked: nearly everything is done then. */
const JOBS = 48;

/** One turn of the event loop, without a clock. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Waiting with an end: by turns of the event loop, since there is no clock here. */
export class Patience {
  readonly #turn: () => Promise<void>;
  readonly #deadline: number;
  readonly #quiet: number;

  constructor(options: PatienceOptions = {}) {
    this.#turn = options.turn ?? eventLoopTurn;
    this.#deadline = options.deadline ?? 1000;
    this.#quiet = options.quiet ?? 2;
  }

  /**
   * Waits until something is so.
   * @throws DeadlineError
   */
  async until(isSo: () => boolean, what: string): Promise<void> {
    for (let job = 0; job < JOBS; job++) {
      if (isSo()) return;
      await Promise.resolve();
    }
    for (let turn = 0; turn < this.#deadline; turn++) {
      if (isSo()) return;
      await this.#turn();
    }
    if (!isSo()) throw new DeadlineError(what);
  }

  /**
   * Waits for a promise, but not for ever.
   * @throws DeadlineError, or what the promise is rejected with
   */
  async of<T>(promise: Promise<T>, what: string): Promise<T> {
    let settled = false;
    const end = (): void => {
      settled = true;
    };
    promise.then(end, end);
    await this.until(() => settled, what);
    return promise;
  }

  /** Waits long enough to say that nothing more happens. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < this.#quiet; turn++) {
      for (let job = 0; job < JOBS; job++) await Promise.resolve();
      await this.#turn();
    }
  }
}
