import { AssemblerError } from "./assembler-error.ts";
import type { Expression, SymbolLookup } from "./expression.ts";

/** Labels, and symbols with assigned expressions, which may refer to symbols that are defined later. */
export class SymbolTable {
  readonly #labels = new Map<string, bigint>();
  readonly #assigned = new Map<string, Expression>();
  readonly #active = new Set<string>();

  /** Value of a symbol, or undefined while it is not defined. */
  readonly lookup: SymbolLookup = (name) => {
    const label = this.#labels.get(name);
    if (label !== undefined) return label;
    const expression = this.#assigned.get(name);
    if (!expression) return undefined;
    if (this.#active.has(name)) throw new AssemblerError("ERR_ASM_SYNTAX", `symbol ${name} is defined by itself`);
    if (this.#active.size > 100) throw new AssemblerError("ERR_ASM_SYNTAX", "symbols are defined by one another too deeply");
    this.#active.add(name);
    try {
      return expression(this.lookup);
    } finally {
      this.#active.delete(name);
    }
  };

  /** Define a label. False when the name is taken. */
  define(name: string, value: bigint): boolean {
    if (this.#labels.has(name) || this.#assigned.has(name)) return false;
    this.#labels.set(name, value);
    return true;
  }

  /**
   * Assign an expression; again if need be. False when the name is a label. A value that is known now stays as it is, so that
   * `n = n + 1` counts.
   */
  assign(name: string, expression: Expression): boolean {
    if (this.#labels.has(name)) return false;
    let kept = expression;
    try {
      const value = expression(this.lookup);
      kept = () => value;
    } catch (error) {
      if (!(error instanceof AssemblerError) || error.code !== "ERR_ASM_UNDEFINED_SYMBOL") throw error;
    }
    this.#assigned.set(name, kept);
    return true;
  }

  /** All symbols with a name of their own. */
  values(): ReadonlyMap<string, bigint> {
    const result = new Map<string, bigint>();
    for (const [name, value] of this.#labels) if (!name.includes("\u0000")) result.set(name, value);
    for (const name of this.#assigned.keys()) {
      const value = this.lookup(name);
      if (value !== undefined) result.set(name, value);
    }
    return result;
  }
}
