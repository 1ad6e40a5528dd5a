/** Operations of SET INTERRUPTION CONTROLS. */
export const InterruptionMode = { all: 0, single: 1 } as const;

/**
 * Adapter-interruption suppression: in single mode a subclass gives one interruption and is then silent until the program, having looked at all
 * indicators, asks for the next.
 */
export class InterruptionSuppression {
  /** Subclass n at bit 0x80 >> n. */
  #single = 0;
  #silent = 0;
  readonly #raise: (subclass: number) => void;

  constructor(raise: (subclass: number) => void) {
    this.#raise = raise;
  }

  /** @returns false if there is no such operation */
  set(operation: number, subclass: number): boolean {
    const bit = 0x80 >> subclass;
    if (operation === InterruptionMode.all) this.#single &= ~bit;
    else if (operation === InterruptionMode.single) this.#single |= bit;
    else return false;
    this.#silent &= ~bit;
    return true;
  }

  raise(subclass: number): void {
    const bit = 0x80 >> subclass;
    if ((this.#silent & bit) !== 0) return;
    this.#silent |= this.#single & bit;
    this.#raise(subclass);
  }

  reset(): void {
    this.#single = 0;
    this.#silent = 0;
  }
}
