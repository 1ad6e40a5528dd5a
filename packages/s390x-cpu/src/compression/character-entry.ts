import { ENTRY_SIZE, type FetchedOperand } from "./operation.ts";

/** Additional extension characters of an entry with at most one child; one with more children has room for one. */
const MOST_EXTENSIONS = 4;
/** Child characters and additional extension characters of an entry with more than one child. */
const CHARACTERS = 5;
/** Where in an entry its characters begin. */
const FIRST_CHARACTER = 3;

/** A character entry of the compression dictionary (SA22-7208, "Compression Character Entries"). */
export class CharacterEntry {
  index = 0;
  /** Index of the first child. */
  firstChild = 0;
  /** Children whose characters are in the entry itself. */
  children = 0;
  /** Whether a sibling descriptor behind those tells of more children. */
  hasSiblings = false;
  /** Characters that must follow the child character for the child to match. */
  extensions = 0;
  /** Position in the dictionary of the first additional extension character, and of the first child character. */
  extensionsAt = 0;
  childrenAt = 0;
  #bits = 0;

  /** Reads the entry. False if it is invalid. */
  read(dictionary: FetchedOperand, index: number, entries: number): boolean {
    if (index >= entries) return false;
    const at = index * ENTRY_SIZE;
    const bits = (dictionary.load(at) << 16) | (dictionary.load(at + 1) << 8) | dictionary.load(at + 2);
    const count = bits >> 21;
    this.index = index;
    this.#bits = bits;
    this.firstChild = bits & 0x1fff;
    if (count <= 1) {
      this.extensions = (bits >> 13) & 7;
      this.children = count;
      this.hasSiblings = false;
      if (this.extensions > MOST_EXTENSIONS) return false;
    } else {
      this.extensions = (bits >> 13) & 1;
      const room = CHARACTERS - this.extensions;
      this.children = Math.min(count, room);
      this.hasSiblings = count > room;
      if (count > room + 1) return false;
    }
    this.extensionsAt = at + FIRST_CHARACTER;
    this.childrenAt = this.extensionsAt + this.extensions;
    return count === 0 || this.firstChild < entries;
  }

  /** Whether child `number` (from 0) of those in the entry has extensions or children to be looked at (X bits). */
  examinesChild(number: number): boolean {
    return (this.#bits & (0x10_0000 >> number)) !== 0;
  }

  /** The same of the two siblings for which the first sibling descriptor has no bit, 0 and 1 (Y bits). */
  examinesSibling(number: number): boolean {
    return (this.#bits & (0x8000 >> number)) !== 0;
  }
}
