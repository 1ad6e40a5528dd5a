import type { CharacterEntry } from "./character-entry.ts";
import { ENTRY_SIZE, type FetchedOperand } from "./operation.ts";

/** Sibling characters in the compression dictionary's half of a format-1 descriptor. */
const FORMAT_1_FIRST_HALF = 6;

/** A sibling descriptor: the characters of children that their parent's entry has no room for (SA22-7208). */
export class SiblingDescriptor {
  index = 0;
  count = 0;
  /** Whether another descriptor follows behind the entries of these siblings. */
  hasMore = false;
  #dictionary!: FetchedOperand;
  #format1 = false;
  #at = 0;
  #extensionAt = 0;
  #bits = 0;
  #examined = 0;
  #parent: CharacterEntry | undefined;

  /**
   * Reads the descriptor. False if it is invalid.
   * @param parent only with the first descriptor of its children
   */
  read(dictionary: FetchedOperand, index: number, entries: number, format1: boolean, parent: CharacterEntry | undefined): boolean {
    if (index >= entries) return false;
    const at = index * ENTRY_SIZE;
    this.index = index;
    this.#dictionary = dictionary;
    this.#format1 = format1;
    this.#parent = parent;
    if (format1) {
      const bits = (dictionary.load(at) << 8) | dictionary.load(at + 1);
      const count = bits >> 12;
      this.hasMore = count === 15;
      this.count = this.hasMore ? 14 : count;
      this.#bits = bits << 4;
      this.#examined = 12;
      this.#at = at + 2;
      this.#extensionAt = at + entries * ENTRY_SIZE;
      return count !== 0;
    }
    const bits = dictionary.load(at);
    const count = bits >> 5;
    this.hasMore = count === 0;
    this.count = this.hasMore ? 7 : count;
    this.#bits = bits << 11;
    this.#examined = 5;
    this.#at = at + 1;
    return true;
  }

  /** Index of the descriptor that follows. */
  get next(): number {
    return this.index + this.count + 1;
  }

  /** Sibling character `number`, from 0. Its entry is the one `number` + 1 behind the descriptor. */
  character(number: number): number {
    const inExtension = this.#format1 && number >= FORMAT_1_FIRST_HALF;
    return this.#dictionary.load(inExtension ? this.#extensionAt + number - FORMAT_1_FIRST_HALF : this.#at + number);
  }

  /** Whether sibling `number` has extensions or children to be looked at: by a bit here or in the parent, always else. */
  examines(number: number): boolean {
    if (number < this.#examined) return (this.#bits & (0x8000 >> number)) !== 0;
    return this.#parent === undefined || this.#parent.examinesSibling(number - this.#examined);
  }
}
