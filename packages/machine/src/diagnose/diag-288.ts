import type { Clock, DiagnoseHandler } from "@zarch/vmm-interface";
import { ProgramInterruption, registerValue } from "./guest-parameters.ts";

const minimumSeconds = 15;

/** The watchdog behind DIAGNOSE 0x288: function in r1, seconds in r1 + 1, action (0, restart) in r3. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #expire: () => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, expire: () => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  get armed(): boolean {
    return this.#cancel !== undefined;
  }

  /** Functions: 0 starts, 1 starts again a running one, 2 cancels. Anything else is a specification exception. */
  readonly handler: DiagnoseHandler = (registers, r1, r3) => {
    if (r1 % 2 !== 0 || registerValue(registers, r3) !== 0) return ProgramInterruption.specification;
    const operation = registers.low(r1);
    if (operation > 2 || (operation > 0 && !this.armed)) return ProgramInterruption.specification;
    if (operation === 2) {
      this.cancel();
      return 0;
    }
    const seconds = registerValue(registers, r1 + 1);
    if (seconds < minimumSeconds || seconds > 0xffff_ffff) return ProgramInterruption.specification;
    this.#start(seconds);
    return 0;
  };

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #start(seconds: number): void {
    this.cancel();
    this.#cancel = this.#clock.setAlarm(this.#clock.now() + seconds * 1e9, () => {
      this.#cancel = undefined;
      this.#expire();
    });
  }
}
