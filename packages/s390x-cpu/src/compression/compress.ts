import { DATA_EXCEPTION } from "../decimal/operand.ts";
import { CharacterEntry } from "./character-entry.ts";
import {
  type CompressionOperands,
  type CompressionResult,
  INVALID,
  LIMIT_REACHED,
  LONGEST_SYMBOL,
  SOURCE_USED_UP,
  TARGET_FULL,
} from "./operation.ts";
import { SiblingDescriptor } from "./sibling-descriptor.ts";

/** Children of one entry that may be searched. Ends chains of sibling descriptors, too. */
const MOST_CHILDREN = 260;

/** What became of a child whose character is the next one of the source. */
const MATCHED = 0;
/** Matched, and known to have no children. */
const MATCHED_AT_LAST = 1;
/** Its additional extension characters differ, or go beyond the source. */
const DIFFERENT = 2;
const NO_CHILD = 3;

/** The longest string of the dictionary that the source begins with, entry by entry. */
class Match {
  /** Characters that match so far. */
  length = 0;
  /** Index of the entry that stands for them. */
  index = 0;
  /** Dictionary entries looked at, over all symbols of an execution. */
  work = 0;
  #operands!: CompressionOperands;
  #entries = 0;
  /** Where in the source the match begins, and how many characters there are from there on. */
  #at = 0;
  #left = 0;
  #parent = new CharacterEntry();
  #child = new CharacterEntry();
  readonly #siblings = new SiblingDescriptor();

  begin(operands: CompressionOperands): void {
    this.#operands = operands;
    this.#entries = 1 << operands.symbolSize;
    this.work = 0;
  }

  /** Index of the entry that matches the source from `at` on; the source has `left` characters, one at least. */
  find(at: number, left: number): number {
    const { source, dictionary } = this.#operands;
    this.#at = at;
    this.#left = left;
    this.length = 1;
    this.index = source.load(at);
    this.work++;
    if (!this.#parent.read(dictionary, this.index, this.#entries)) return INVALID;
    for (;;) {
      if (this.#parent.children === 0 || this.length >= left) return this.index;
      const outcome = this.#search();
      if (outcome === INVALID || this.length > LONGEST_SYMBOL) return INVALID;
      if (outcome !== MATCHED) return this.index;
      const child = this.#child;
      this.#child = this.#parent;
      this.#parent = child;
    }
  }

  /** Looks for a child of the parent that matches. */
  #search(): number {
    const { source, dictionary } = this.#operands;
    const parent = this.#parent;
    const next = source.load(this.#at + this.length);
    // Children of equal characters are tried one after the other if they are the first ones; else the first decides.
    let allEqual = true;
    for (let i = 0; i < parent.children; i++) {
      if (dictionary.load(parent.childrenAt + i) !== next) {
        allEqual = false;
        continue;
      }
      const outcome = this.#take(parent.firstChild + i, parent.examinesChild(i));
      if (outcome !== DIFFERENT) return outcome;
      if (!allEqual || i === parent.children - 1) return NO_CHILD;
    }
    return parent.hasSiblings ? this.#searchSiblings(next) : NO_CHILD;
  }

  #searchSiblings(next: number): number {
    const { dictionary, format1 } = this.#operands;
    const siblings = this.#siblings;
    let parent: CharacterEntry | undefined = this.#parent;
    let index = this.#parent.firstChild + this.#parent.children;
    let searched = this.#parent.children;
    for (;;) {
      this.work++;
      if (!siblings.read(dictionary, index, this.#entries, format1, parent)) return INVALID;
      for (let i = 0; i < siblings.count; i++) {
        if (++searched > MOST_CHILDREN) return INVALID;
        if (siblings.character(i) !== next) continue;
        const outcome = this.#take(index + i + 1, siblings.examines(i));
        return outcome === DIFFERENT ? NO_CHILD : outcome;
      }
      if (!siblings.hasMore) return NO_CHILD;
      index = siblings.next;
      parent = undefined;
    }
  }

  /** Makes the child the match, if its additional extension characters follow. */
  #take(index: number, examine: boolean): number {
    if (!examine) {
      if (index >= this.#entries) return INVALID;
      this.index = index;
      this.length++;
      return MATCHED_AT_LAST;
    }
    const { source, dictionary } = this.#operands;
    const child = this.#child;
    this.work++;
    if (!child.read(dictionary, index, this.#entries)) return INVALID;
    const { extensions } = child;
    if (this.#left - this.length < 1 + extensions) return DIFFERENT;
    const from = this.#at + this.length + 1;
    for (let i = 0; i < extensions; i++) if (source.load(from + i) !== dictionary.load(child.extensionsAt + i)) return DIFFERENT;
    this.index = index;
    this.length += 1 + extensions;
    return MATCHED;
  }
}

const match = new Match();

/** Puts a symbol into the target. What is right of it in its last byte becomes zero, what is left of it stays. */
function storeSymbol(result: CompressionResult, operands: CompressionOperands, symbol: number): void {
  const { target, symbolSize } = operands;
  const { produced, bitNumber } = result;
  const end = bitNumber + symbolSize;
  const before = target.load(produced) & ~(0xff >> bitNumber);
  const bits = (before << 16) | (symbol << (24 - end));
  // From the end on, so that a target that refuses its end has not been changed.
  for (let i = (end - 1) >> 3; i >= 0; i--) target.store(produced + i, (bits >> (16 - 8 * i)) & 0xff);
  result.produced += end >> 3;
  result.bitNumber = end & 7;
}

/**
 * COMPRESSION CALL with the E bit zero. Ends with condition code 3 after the symbol with which `limit` dictionary entries
 * were looked at; a symbol takes a few, at most some ten thousand.
 */
export function compress(result: CompressionResult, operands: CompressionOperands, limit: number): void {
  const { sourceLength, targetLength, symbolSize, translation } = operands;
  result.begin(operands);
  match.begin(operands);
  for (;;) {
    const left = sourceLength - result.consumed;
    if (left <= 0) {
      result.cc = SOURCE_USED_UP;
      return;
    }
    if ((targetLength - result.produced) * 8 - result.bitNumber < symbolSize) {
      result.cc = TARGET_FULL;
      return;
    }
    if (match.work >= limit) {
      result.cc = LIMIT_REACHED;
      return;
    }
    let symbol = match.find(result.consumed, left);
    if (symbol === INVALID) {
      result.exception = DATA_EXCEPTION;
      return;
    }
    if (translation) symbol = ((translation.load(symbol * 2) << 8) | translation.load(symbol * 2 + 1)) & ((1 << symbolSize) - 1);
    storeSymbol(result, operands, symbol);
    result.consumed += match.length;
  }
}
