import type { ModuleFunction, ModuleOutline } from "./wasm-module.ts";
import { valueType } from "./wasm-module.ts";
import { type Operator, operators, prefixed } from "./wasm-operators.ts";
import { WasmReader } from "./wasm-reader.ts";

/** The target of branches: a block, loop, if, or the function itself. */
export interface Label {
  isUsed: boolean;
  /** Values that a branch to it takes along. */
  readonly arity: number;
  /** For the text; given when it is printed. */
  name?: string;
}

/** An operator with its operands folded into it. Places count in bytes from the start of the function's code. */
export interface Plain {
  readonly kind: "plain";
  readonly operator: Operator;
  readonly operands: readonly CodeNode[];
  readonly immediate: ImmediateValue | undefined;
  /** Where its first operand, or it itself, begins. */
  readonly start: number;
}

export interface Structure {
  readonly kind: "block" | "loop" | "if";
  readonly condition?: CodeNode;
  readonly result: string | undefined;
  readonly label: Label;
  readonly body: readonly CodeNode[];
  readonly otherwise?: readonly CodeNode[];
  readonly start: number;
}

export type CodeNode = Plain | Structure;

export type ImmediateValue =
  | { readonly label: Label }
  | { readonly labels: readonly Label[] }
  /** Index of a local, function, global, signature or lane, or a constant. */
  | { readonly value: number | bigint }
  | { readonly lanes: readonly number[] }
  /** Logarithm of the alignment that the code promises. */
  | { readonly offset: number; readonly alignment: number; readonly lane?: number };

/** The statements of a function, with what computes their operands folded into them. */
export function readCode(bytes: Uint8Array, module: ModuleOutline, { signature, body }: ModuleFunction): readonly CodeNode[] {
  if (!body) throw new RangeError("an imported function has no code");
  return new CodeReader(bytes, module, signature.results.length, body.start).read();
}

class CodeReader {
  readonly #reader: WasmReader;
  readonly #module: ModuleOutline;
  readonly #labels: Label[] = [];
  readonly #results: number;
  readonly #start: number;

  constructor(bytes: Uint8Array, module: ModuleOutline, results: number, start: number) {
    this.#reader = new WasmReader(bytes, start);
    this.#module = module;
    this.#results = results;
    this.#start = start;
  }

  read(): readonly CodeNode[] {
    this.#labels.push({ isUsed: false, arity: this.#results });
    return this.#sequence().nodes;
  }

  /** Statements up to `else` or `end`; values that are left on the stack come last. */
  #sequence(): { nodes: readonly CodeNode[]; isElse: boolean } {
    const nodes: CodeNode[] = [];
    const values: CodeNode[] = [];
    for (;;) {
      const at = this.#reader.at - this.#start;
      const operator = this.#operator();
      if (operator.name === "end" || operator.name === "else") return { nodes: [...nodes, ...values], isElse: operator.name === "else" };
      const { node, hasResult } =
        operator.immediate === "block" ? this.#structure(operator, values, at) : this.#plain(operator, values, at);
      if (hasResult) values.push(node);
      else nodes.push(...values.splice(0), node);
    }
  }

  #operator(): Operator {
    const first = this.#reader.u8();
    const code = first >= 0xfc ? prefixed(first, this.#reader.unsigned()) : first;
    const operator = operators.get(code);
    if (!operator) throw new RangeError(`operator 0x${code.toString(16)} is not in wasm-operators.ts`);
    return operator;
  }

  #structure(operator: Operator, values: CodeNode[], at: number): { node: Structure; hasResult: boolean } {
    const type = this.#reader.u8();
    const result = type === 0x40 ? undefined : valueType(type);
    const kind = operator.name as Structure["kind"];
    const condition = kind === "if" ? values.pop() : undefined;
    const label: Label = { isUsed: false, arity: kind === "loop" || !result ? 0 : 1 };
    this.#labels.push(label);
    const { nodes, isElse } = this.#sequence();
    const otherwise = isElse ? this.#sequence().nodes : undefined;
    this.#labels.pop();
    const start = condition?.start ?? at;
    const node = { kind, result, label, body: nodes, start, ...(condition && { condition }), ...(otherwise && { otherwise }) };
    return { node, hasResult: result !== undefined };
  }

  #plain(operator: Operator, values: CodeNode[], at: number): { node: Plain; hasResult: boolean } {
    const immediate = this.#immediate(operator);
    let count = operator.operands;
    let { hasResult } = operator;
    if (operator.name === "return") count = this.#results;
    if (immediate && "label" in immediate) count += immediate.label.arity;
    if (immediate && "labels" in immediate) count += immediate.labels.at(-1)!.arity;
    if (operator.name.startsWith("call")) {
      const index = Number((immediate as { value: number }).value);
      const signature = operator.name === "call" ? this.#module.functions[index]!.signature : this.#module.signatures[index]!;
      count += signature.params.length;
      hasResult = signature.results.length > 0;
    }
    // Code that is never reached may take values that nobody put there.
    const operands = values.splice(Math.max(0, values.length - count));
    return { node: { kind: "plain", operator, operands, immediate, start: operands[0]?.start ?? at }, hasResult };
  }

  #label(): Label {
    const label = this.#labels.at(-1 - this.#reader.unsigned())!;
    label.isUsed = true;
    return label;
  }

  #immediate({ immediate }: Operator): ImmediateValue | undefined {
    const reader = this.#reader;
    switch (immediate) {
      case undefined:
      case "block":
        return undefined;
      case "one zero":
      case "two zeros":
        reader.skip(immediate === "one zero" ? 1 : 2);
        return undefined;
      case "label":
        return { label: this.#label() };
      case "labels":
        return { labels: Array.from({ length: reader.unsigned() + 1 }, () => this.#label()) };
      case "signature": {
        const value = reader.unsigned();
        reader.skip(1);
        return { value };
      }
      case "i32":
      case "i64":
        return { value: reader.signed() };
      case "f32":
        return { value: dataView(reader.take(4)).getFloat32(0, true) };
      case "f64":
        return { value: dataView(reader.take(8)).getFloat64(0, true) };
      case "v128":
      case "lanes":
        return { lanes: [...reader.take(16)] };
      case "memory":
      case "memory-lane": {
        const alignment = reader.unsigned();
        const offset = reader.unsigned();
        return { alignment, offset, ...(immediate === "memory-lane" && { lane: reader.u8() }) };
      }
      default:
        return { value: reader.unsigned() };
    }
  }
}

function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
