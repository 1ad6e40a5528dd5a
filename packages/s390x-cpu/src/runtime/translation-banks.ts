import * as layout from "../engine/layout.ts";
import { Psw } from "./psw.ts";
import type { Registers } from "./registers.ts";
import type { EngineExports } from "./storage.ts";

/** ASCE bit 58: real-space control. Stands for "translation off" too. */
const REAL_SPACE = 0x20;
/** Control register 0 bits (left half) that change what an entry of a bank may say: protection overrides, and EDAT. */
const CR0_LEFT = 0x1300_0000;
const CR0_RIGHT = 0x0080_0000;

/**
 * Chooses the translation-lookaside bank for the current address space, so that a change of address space costs nothing
 * when the space was in use lately. A bank serves one combination of ASCE, access key and space control.
 */
export class TranslationBanks {
  readonly #registers: Registers;
  readonly #engine: EngineExports;
  /** Four words per bank: ASCE high, ASCE low, key | space control << 4 | 0x100 when in use, last use. */
  readonly #tags = new Uint32Array(layout.BANKS * 4);
  #clock = 0;
  #current = -1;
  #controlLeft = 0;
  #controlRight = 0;

  constructor(registers: Registers, engine: EngineExports) {
    this.#registers = registers;
    this.#engine = engine;
  }

  /** Makes the bank of the current mode current. */
  select(): void {
    const registers = this.#registers;
    const controlLeft = registers.controlLow(0) & CR0_LEFT;
    const controlRight = registers.controlLow(0) & CR0_RIGHT;
    if (controlLeft !== this.#controlLeft || controlRight !== this.#controlRight) {
      this.#controlLeft = controlLeft;
      this.#controlRight = controlRight;
      this.purge();
    }
    const psw = registers.pswHigh;
    let high = 0;
    let low = REAL_SPACE;
    let space = 0;
    if ((psw & Psw.translation) !== 0) {
      space = (psw & Psw.space) >>> Psw.spaceShift;
      const control = space === 2 ? 7 : space === 3 ? 13 : 1;
      high = registers.controlHigh(control);
      low = registers.controlLow(control);
    }
    registers.setWord(layout.CURRENT_ASCE, low);
    registers.setWord(layout.CURRENT_ASCE + 4, high);
    if (space === 1) {
      registers.setWord(layout.BANK, layout.EMPTY_BANK);
      return;
    }
    // In secondary-space mode instructions come from the primary space, so its ASCE tells banks apart as well.
    const key = ((psw & Psw.key) >>> Psw.keyShift) | (space << 4) | 0x100;
    const tags = this.#tags;
    const current = this.#current;
    if (current >= 0 && tags[current * 4] === high && tags[current * 4 + 1] === low && tags[current * 4 + 2] === key && space !== 2) {
      registers.setWord(layout.BANK, layout.BANK_BASE + current * layout.BANK_SIZE);
      return;
    }
    this.#clock++;
    let oldest = 0;
    let found = -1;
    for (let bank = 0; bank < layout.BANKS; bank++) {
      const tag = bank * 4;
      if (tags[tag] === high && tags[tag + 1] === low && tags[tag + 2] === key) {
        found = bank;
        break;
      }
      if ((tags[tag + 3] as number) < (tags[oldest * 4 + 3] as number)) oldest = bank;
    }
    if (found < 0 || space === 2) {
      if (found < 0) found = oldest;
      tags[found * 4] = high;
      tags[found * 4 + 1] = low;
      tags[found * 4 + 2] = key;
      this.#engine.clearBank(layout.BANK_BASE + found * layout.BANK_SIZE);
    }
    tags[found * 4 + 3] = this.#clock;
    this.#current = found;
    registers.setWord(layout.BANK, layout.BANK_BASE + found * layout.BANK_SIZE);
  }

  /** Forgets all translations (PTLB, IDTE, IPTE, changes of prefix, control or storage keys). */
  purge(): void {
    this.#engine.clearAllBanks();
  }
}
