import type { Clock } from "@zarch/vmm-interface";

/** Lets a waiting machine sleep until something wakes it. A wake while nobody sleeps is remembered for the next sleep. */
export class Idle {
  readonly #clock: Clock;
  #woken = false;
  #resolve: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Forgets a wake. Only before something looks for work anyway. */
  forget(): void {
    this.#woken = false;
  }

  wake(): void {
    this.#woken = true;
    this.#resolve?.();
  }

  /** @param deadline time of the clock in ns at which the sleep ends at the latest */
  async sleep(deadline?: number): Promise<void> {
    if (!this.#woken) {
      let cancel = (): void => {};
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
        if (deadline !== undefined) cancel = this.#clock.setAlarm(deadline, resolve);
      });
      this.#resolve = undefined;
      cancel();
    }
    this.#woken = false;
  }
}
