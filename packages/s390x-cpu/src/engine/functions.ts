import { FunctionBuilder as Builder, call, type FunctionBuilder, type I32, type ModuleBuilder, type ValueType } from "@zarch/wasm-encoder";

/** Names, types and bodies of the engine's internal functions, so that they can call each other in any order. */
export class FunctionSet {
  readonly module: ModuleBuilder;
  readonly #indices = new Map<string, { index: number; result: ValueType | undefined }>();
  readonly #unused = new Map<string, () => void>();

  constructor(module: ModuleBuilder) {
    this.module = module;
  }

  declare(name: string, params: readonly ValueType[], result?: ValueType): number {
    const index = this.module.declare({ params, results: result ? [result] : [] });
    this.#indices.set(name, { index, result });
    return index;
  }

  imported(name: string, index: number, result?: ValueType): void {
    this.#indices.set(name, { index, result });
  }

  /** A function that is imported when it is first called: before the module declares any of its own. */
  importedOnUse(name: string, importIt: () => number, result?: ValueType): void {
    this.#unused.set(name, () => this.imported(name, importIt(), result));
  }

  index(name: string): number {
    const importIt = this.#unused.get(name);
    if (importIt) {
      this.#unused.delete(name);
      importIt();
    }
    const known = this.#indices.get(name);
    if (!known) throw new RangeError(`no function ${name}`);
    return known.index;
  }

  /** Builds the body of a declared function. */
  define(name: string, params: readonly ValueType[], result: ValueType | undefined, body: (f: FunctionBuilder) => void): void {
    const f = new Builder({ params, results: result ? [result] : [] });
    body(f);
    this.module.define(this.index(name), f.locals, f.code);
  }

  callI32(name: string, ...args: Parameters<typeof call>[2][]): I32 {
    return call("i32", this.index(name), ...args);
  }

  callI64(name: string, ...args: Parameters<typeof call>[2][]) {
    return call("i64", this.index(name), ...args);
  }
}
