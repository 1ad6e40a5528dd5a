import { DATA_EXCEPTION, type DecimalResult, type StorageOperand } from "./operand.ts";
import { isMinus, isSign } from "./packed.ts";

const DIGIT_SELECTOR = 0x20;
const SIGNIFICANCE_STARTER = 0x21;
const FIELD_SEPARATOR = 0x22;

const edited = new Uint8Array(256);

/**
 * EDIT and EDIT AND MARK (PoP chapter 8): packed decimal to zoned under control of a pattern, which the result replaces.
 *
 * All loads come before the first store: a pattern byte and the source bytes are fetched left to right, a source byte when
 * the pattern asks for its left digit. An invalid left digit is a data exception, and nothing is stored.
 *
 * Condition code: of the last field 0 zero (or no digits), 1 less than zero, 2 greater. `mark` is the index of the last
 * pattern byte at which significance began with a nonzero digit.
 *
 * @param length of the pattern in bytes, 1 to 256
 */
export function edit(result: DecimalResult, pattern: StorageOperand, length: number, source: StorageOperand): void {
  result.exception = 0;
  result.mark = -1;
  const fill = pattern.load(0);
  let significance = false;
  let nonzero = false;
  let next = 0;
  /** The right digit of the source byte whose left digit was used last. */
  let pending = -1;

  for (let i = 0; i < length; i++) {
    const control = i === 0 ? fill : pattern.load(i);
    if (control === FIELD_SEPARATOR) {
      edited[i] = fill;
      significance = false;
      nonzero = false;
    } else if (control === DIGIT_SELECTOR || control === SIGNIFICANCE_STARTER) {
      let digit = pending;
      let plus = false;
      if (pending >= 0) {
        pending = -1;
      } else {
        const byte = source.load(next++);
        digit = byte >> 4;
        const right = byte & 0x0f;
        if (digit > 9) {
          result.exception = DATA_EXCEPTION;
          return;
        }
        if (isSign(right)) plus = !isMinus(right);
        else pending = right;
      }
      if (digit !== 0 && !significance) result.mark = i;
      edited[i] = significance || digit !== 0 ? 0xf0 | digit : fill;
      if (digit !== 0) nonzero = true;
      significance ||= digit !== 0 || control === SIGNIFICANCE_STARTER;
      if (plus) significance = false;
    } else {
      edited[i] = significance ? control : fill;
    }
  }
  for (let i = 0; i < length; i++) pattern.store(i, edited[i]!);
  result.cc = !nonzero ? 0 : significance ? 1 : 2;
}
