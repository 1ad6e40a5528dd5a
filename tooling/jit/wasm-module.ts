import { WasmReader } from "./wasm-reader.ts";

export interface Signature {
  readonly params: readonly string[];
  readonly results: readonly string[];
}

export interface ModuleFunction {
  readonly signature: Signature;
  /** Name of an import, or of an export. */
  readonly name?: string;
  /** Of a function that is not imported: types of its locals, and its code with the final `end`, as places in the module. */
  readonly body?: { readonly locals: readonly string[]; readonly start: number; readonly end: number };
}

/** What a printer of code must know of a module with at most one memory and one table. */
export interface ModuleOutline {
  readonly signatures: readonly Signature[];
  readonly functions: readonly ModuleFunction[];
  /** Imports in the order of the module; of a memory the limits in pages. */
  readonly imports: readonly { readonly module: string; readonly name: string; readonly kind: ImportKind }[];
}

export type ImportKind =
  | { readonly function: number }
  | { readonly memory: { readonly minimum: number; readonly maximum: number | undefined } };

const valueTypes: Readonly<Record<number, string>> = { 127: "i32", 126: "i64", 125: "f32", 124: "f64", 123: "v128" };

export function valueType(code: number): string {
  const name = valueTypes[code];
  if (name === undefined) throw new RangeError(`type 0x${code.toString(16)} is not known`);
  return name;
}

/** Reads as much of a module as is needed to print its functions. */
export function readModule(bytes: Uint8Array): ModuleOutline {
  const reader = new WasmReader(bytes, 8);
  const signatures: Signature[] = [];
  const imports: ModuleOutline["imports"][number][] = [];
  const functions: ModuleFunction[] = [];
  let imported = 0;
  const names = new Map<number, string>();
  const bodies: NonNullable<ModuleFunction["body"]>[] = [];
  const list = (item: () => void): void => {
    for (let count = reader.unsigned(); count > 0; count--) item();
  };
  const types = (): string[] => Array.from({ length: reader.unsigned() }, () => valueType(reader.u8()));
  while (reader.at < bytes.length) {
    const section = reader.u8();
    const end = reader.unsigned() + reader.at;
    if (section === 1)
      list(() => {
        reader.skip(1);
        const params = types();
        signatures.push({ params, results: types() });
      });
    if (section === 2)
      list(() => {
        const module = reader.name();
        const name = reader.name();
        const kind = reader.u8();
        if (kind === 0) {
          const signature = reader.unsigned();
          imports.push({ module, name, kind: { function: signature } });
          functions.push({ signature: signatures[signature]!, name });
          imported++;
        } else if (kind === 2) {
          const flags = reader.u8();
          const minimum = reader.unsigned();
          imports.push({ module, name, kind: { memory: { minimum, maximum: flags & 1 ? reader.unsigned() : undefined } } });
        } else throw new RangeError(`an import of kind ${kind} is not known`);
      });
    if (section === 3) list(() => functions.push({ signature: signatures[reader.unsigned()]! }));
    if (section === 7)
      list(() => {
        const name = reader.name();
        const kind = reader.u8();
        const index = reader.unsigned();
        if (kind === 0) names.set(index, name);
      });
    if (section === 10)
      list(() => {
        const size = reader.unsigned();
        const bodyEnd = reader.at + size;
        const locals: string[] = [];
        list(() => {
          const count = reader.unsigned();
          const type = valueType(reader.u8());
          for (let each = 0; each < count; each++) locals.push(type);
        });
        bodies.push({ locals, start: reader.at, end: bodyEnd });
        reader.skip(bodyEnd - reader.at);
      });
    reader.skip(end - reader.at);
  }
  return {
    signatures,
    imports,
    functions: functions.map((each, index) => {
      const name = each.name ?? names.get(index);
      const body = bodies[index - imported];
      return { signature: each.signature, ...(name !== undefined && { name }), ...(body && { body }) };
    }),
  };
}
