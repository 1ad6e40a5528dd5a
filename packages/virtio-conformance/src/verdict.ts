/** The device breaks the rule that a case is about. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Violation";
  }
}

/** A case has nothing to test on this target; the message says why. */
export class NotApplicable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "NotApplicable";
  }
}

/** @throws Violation unless `holds` */
export function demand(holds: boolean, otherwise: string | (() => string)): asserts holds {
  if (!holds) throw new Violation(typeof otherwise === "string" ? otherwise : otherwise());
}

/** @throws Violation unless both are the same value */
export function same<T>(actual: T, expected: T, what: string): void {
  demand(Object.is(actual, expected), () => `${what}: ${String(actual)} instead of ${String(expected)}`);
}

/** @throws Violation unless both hold the same bytes */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  same(actual.length, expected.length, `${what}, length`);
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  demand(at < 0, () => `${what}, byte ${at}: ${actual[at]} instead of ${expected[at]}`);
}

/** @throws NotApplicable unless `holds` */
export function needs(holds: boolean, reason: string): asserts holds {
  if (!holds) throw new NotApplicable(reason);
}
