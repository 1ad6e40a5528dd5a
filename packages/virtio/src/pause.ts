/** Where a pause of service stands that the host asked for. */
export class Pause {
  #wanted = false;
  #waiting: (() => void)[] = [];

  /** No buffer is to be taken. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** @param quiet nothing is in work: the pause is complete at once */
  begin(quiet: boolean): Promise<void> | undefined {
    this.#wanted = true;
    if (quiet) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Work was finished; perhaps it was the last. */
  check(quiet: boolean): void {
    if (!quiet) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  end(): void {
    this.#wanted = false;
    this.check(true);
  }
}
