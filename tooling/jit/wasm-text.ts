import { type CodeNode, type ImmediateValue, type Label, type Plain, readCode, type Structure } from "./wasm-code.ts";
import { type ModuleFunction, type ModuleOutline, readModule } from "./wasm-module.ts";

/** What is known besides the module. */
export interface TextOptions {
  /** Of the first function that is not imported: comments by the place in its code before which they stand. */
  readonly comments?: readonly { readonly position: number; readonly text: string; readonly label: string }[];
  /** Names of that function's locals, by index. */
  readonly localNames?: ReadonlyMap<number, string>;
  /** What lies at a constant address in memory. */
  readonly addressName?: (address: number) => string | undefined;
  /**
   * Everything that is in the module, so that it can be assembled to the same bytes. Otherwise imports that nothing calls,
   * blocks that no branch leaves, and promises of alignment are left out.
   */
  readonly isExact?: boolean;
}

const WIDTH = 140;

/** A module in WebAssembly's text format, expressions folded. */
export function moduleText(bytes: Uint8Array, options: TextOptions = {}): string {
  const module = readModule(bytes);
  const functions: string[] = [];
  const called = new Set<string>();
  let further: TextOptions = options;
  for (const [index, each] of module.functions.entries()) {
    if (!each.body) continue;
    const printer = new FunctionPrinter(bytes, module, each, index, further);
    functions.push(...printer.lines().map((line) => (line === "" ? "" : `  ${line}`)));
    for (const name of printer.called) called.add(name);
    further = { isExact: options.isExact ?? false };
  }
  const imports: string[] = [];
  for (const { module: from, name, kind } of module.imports) {
    if ("memory" in kind) {
      const { minimum, maximum = "" } = kind.memory;
      imports.push(`  (import "${from}" "${name}" (memory ${`${minimum} ${maximum}`.trimEnd()}))`);
    } else if (options.isExact || called.has(name))
      imports.push(`  (import "${from}" "${name}" (func $${name}${signatureText(module.signatures[kind.function]!)}))`);
  }
  return `${["(module", ...imports, ...functions].join("\n")}\n)\n`;
}

function signatureText({ params, results }: ModuleFunction["signature"]): string {
  const group = (name: string, types: readonly string[]): string => (types.length > 0 ? ` (${name} ${types.join(" ")})` : "");
  return `${group("param", params)}${group("result", results)}`;
}

class FunctionPrinter {
  /** Names of the functions that it calls; known when it is printed. */
  readonly called = new Set<string>();
  readonly #bytes: Uint8Array;
  readonly #module: ModuleOutline;
  readonly #function: ModuleFunction;
  readonly #index: number;
  readonly #options: TextOptions;
  readonly #names: readonly string[];
  readonly #lines: string[] = [];
  readonly #comments: NonNullable<TextOptions["comments"]>;
  #nextComment = 0;
  readonly #open: string[] = [];
  #labels = 0;

  constructor(bytes: Uint8Array, module: ModuleOutline, given: ModuleFunction, index: number, options: TextOptions) {
    this.#bytes = bytes;
    this.#module = module;
    this.#function = given;
    this.#index = index;
    this.#options = options;
    this.#comments = options.comments ?? [];
    const { signature, body } = given;
    const types = [...signature.params, ...(body?.locals ?? [])];
    this.#names = types.map((_, local) => options.localNames?.get(local) ?? `t${local}`);
  }

  lines(): readonly string[] {
    const { signature, body, name } = this.#function;
    const exported = name === undefined ? ` $f${this.#index}` : ` $${name} (export "${name}")`;
    const params = signature.params.map((type, local) => ` (param $${this.#names[local]} ${type})`).join("");
    this.#lines.push(`(func${exported}${params}${signatureText({ params: [], results: signature.results })}`);
    this.#locals(body!.locals);
    this.#sequence(readCode(this.#bytes, this.#module, this.#function), 1);
    this.#lines.push(")");
    return this.#lines;
  }

  #locals(types: readonly string[]): void {
    let line = "";
    for (const [index, type] of types.entries()) {
      const text = `(local $${this.#names[this.#function.signature.params.length + index]} ${type})`;
      if (line !== "" && line.length + text.length > WIDTH - 4) {
        this.#lines.push(`  ${line}`);
        line = "";
      }
      line += line === "" ? text : ` ${text}`;
    }
    if (line !== "") this.#lines.push(`  ${line}`);
  }

  #print(depth: number, text: string): void {
    this.#lines.push(`${"  ".repeat(depth)}${text}`);
  }

  /** Comments that belong before a place. */
  #comment(place: number, depth: number): void {
    for (let next = this.#comments[this.#nextComment]; next && next.position <= place; next = this.#comments[++this.#nextComment]) {
      if (!/^\s*(;;|$)/.test(this.#lines.at(-1)!)) this.#lines.push("");
      this.#print(depth, `;; ${next.text}`);
    }
  }

  #sequence(nodes: readonly CodeNode[], depth: number): void {
    for (const [index, node] of nodes.entries()) this.#statement(node, nodes[index + 1], depth);
  }

  #statement(node: CodeNode, next: CodeNode | undefined, depth: number): void {
    this.#comment(node.start, depth);
    if (node.kind === "plain") this.#expression(node, depth);
    else if (node.kind === "block" && !node.label.isUsed && !node.result && !this.#options.isExact) this.#sequence(node.body, depth);
    else this.#structure(node, next, depth);
  }

  #structure(node: Structure, next: CodeNode | undefined, depth: number): void {
    const { kind, label, result, condition, body, otherwise } = node;
    const isNamed = label.isUsed || this.#options.isExact === true;
    const place = kind === "loop" ? body[0] : next;
    if (isNamed) this.#name(label, kind === "loop" ? "loop" : "to", place);
    const head = `(${kind}${isNamed ? ` $${label.name}` : ""}${result ? ` (result ${result})` : ""}`;
    if (kind === "if") {
      const single = this.#singleLine(head, node);
      if (single !== undefined && depth * 2 + single.length <= WIDTH) this.#print(depth, single);
      else {
        const first = containsStructure(condition!) ? "" : `${head} ${this.#flat(condition!)} (then`;
        if (first !== "" && depth * 2 + first.length <= WIDTH) this.#print(depth, first);
        else {
          this.#print(depth, head);
          this.#expression(condition!, depth + 1);
          this.#print(depth, "(then");
        }
        this.#sequence(body, depth + 1);
        if (otherwise) {
          this.#print(depth, ") (else");
          this.#sequence(otherwise, depth + 1);
        }
        this.#print(depth, "))");
      }
    } else {
      this.#print(depth, head);
      this.#sequence(body, depth + 1);
      this.#print(depth, ")");
    }
    if (isNamed) this.#open.pop();
  }

  /** An if with one simple statement and nothing to say before it. */
  #singleLine(head: string, { condition, body, otherwise }: Structure): string | undefined {
    const [only] = body;
    if (!only || body.length > 1 || otherwise || containsStructure(only) || containsStructure(condition!)) return undefined;
    const comment = this.#comments[this.#nextComment];
    return comment && comment.position <= only.start ? undefined : `${head} ${this.#flat(condition!)} (then ${this.#flat(only)}))`;
  }

  /** Names a label by the comment at the code that a branch to it goes to, if there is one just there. */
  #name(label: Label, kind: "loop" | "to", place: CodeNode | undefined): void {
    const wanted = this.#labelAt(place);
    let name = wanted === undefined ? `b${++this.#labels}` : `${kind}_${wanted}`;
    while (this.#open.includes(name)) name += "'";
    label.name = name;
    this.#open.push(name);
  }

  #labelAt(node: CodeNode | undefined): string | undefined {
    if (!node) return undefined;
    const found = this.#comments.findLast(({ position }) => position === node.start);
    if (found) return found.label;
    return node.kind === "plain" || node.kind === "if" ? undefined : this.#labelAt(node.body[0]);
  }

  /** On one line if that is not too long, else each operand on lines of its own. */
  #expression(node: CodeNode, depth: number, closing = ""): void {
    if (node.kind !== "plain") {
      this.#structure(node, undefined, depth);
      if (closing !== "") this.#lines.push(`${this.#lines.pop()}${closing}`);
      return;
    }
    const hasStructure = containsStructure(node);
    const flat = hasStructure ? "" : this.#flat(node);
    if (!hasStructure && (depth * 2 + flat.length + closing.length <= WIDTH || node.operands.length === 0)) {
      this.#print(depth, flat + closing);
      return;
    }
    this.#print(depth, `(${this.#head(node)}`);
    for (const [index, operand] of node.operands.entries())
      this.#expression(operand, depth + 1, index === node.operands.length - 1 ? `)${closing}` : "");
  }

  #flat(node: CodeNode): string {
    if (node.kind !== "plain") throw new RangeError("a block inside of an expression");
    return `(${[this.#head(node), ...node.operands.map((operand) => this.#flat(operand))].join(" ")})${this.#addressComment(node)}`;
  }

  #addressComment({ operator, operands, immediate }: Plain): string {
    const [address] = operands;
    if (!immediate || !("offset" in immediate) || address?.kind !== "plain" || address.operator.name !== "i32.const") return "";
    const { value } = address.immediate as { value: bigint };
    const name = this.#options.addressName?.(Number(value) + immediate.offset);
    return name === undefined || operator.name.startsWith("v128") ? "" : ` (; ${name} ;)`;
  }

  #head({ operator, immediate }: Plain): string {
    const text = immediate && this.#immediate(operator, immediate);
    return text ? `${operator.name} ${text}` : operator.name;
  }

  #immediate({ name, immediate }: Plain["operator"], given: ImmediateValue): string {
    if ("label" in given) return `$${given.label.name ?? this.#outermost(given.label)}`;
    if ("labels" in given) return given.labels.map((label) => `$${label.name ?? this.#outermost(label)}`).join(" ");
    if ("lanes" in given) return name === "v128.const" ? `i8x16 ${given.lanes.join(" ")}` : given.lanes.join(" ");
    if ("offset" in given) {
      const parts = given.offset === 0 ? [] : [`offset=${given.offset}`];
      if (this.#options.isExact) parts.push(`align=${2 ** given.alignment}`);
      if (given.lane !== undefined) parts.push(String(given.lane));
      return parts.join(" ");
    }
    const { value } = given;
    if (immediate === "local") return `$${this.#names[Number(value)]}`;
    if (immediate === "function") {
      const called = this.#module.functions[Number(value)]!.name ?? `f${value}`;
      this.called.add(called);
      return `$${called}`;
    }
    if (immediate === "signature") return `(type ${value})`;
    if (immediate === "f32" || immediate === "f64") return floatText(Number(value));
    return immediate === "i32" || immediate === "i64" ? integerText(BigInt(value), immediate === "i32" ? 32 : 64) : String(value);
  }

  /** A branch out of the function has no name to go by. */
  #outermost(label: Label): string {
    label.name = `f${this.#index}`;
    return label.name;
  }
}

function containsStructure(node: CodeNode): boolean {
  return node.kind !== "plain" || node.operands.some(containsStructure);
}

/** Masks and addresses are read more easily in hexadecimal. */
function integerText(value: bigint, width: 32 | 64): string {
  const size = value < 0n ? -value : value;
  return size < 65_536n ? String(value) : `0x${BigInt.asUintN(width, value).toString(16)}`;
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}
