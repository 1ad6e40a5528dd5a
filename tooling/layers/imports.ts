import { parseSync, Visitor } from "oxc-parser";

export interface Import {
  specifier: string;
  line: number;
}

/** Every module that a TypeScript source names: imports, re-exports, dynamic imports and `import("...")` types, type-only ones included. */
export function importsOf(fileName: string, source: string): Import[] {
  const { program, module, errors } = parseSync(fileName, source);
  const fatal = errors.find((error) => error.severity === "Error");
  if (fatal) throw new SyntaxError(`${fileName}: ${fatal.message}`);
  const found: Import[] = [];
  const add = (specifier: string, offset: number) => found.push({ specifier, line: source.slice(0, offset).split("\n").length });
  for (const entry of module.staticImports) add(entry.moduleRequest.value, entry.start);
  for (const statement of module.staticExports) {
    // One statement has an entry per exported name; each carries the same module.
    const request = statement.entries[0]?.moduleRequest;
    if (request) add(request.value, statement.start);
  }
  new Visitor({
    ImportExpression(node) {
      if (node.source.type === "Literal" && typeof node.source.value === "string") add(node.source.value, node.start);
    },
    TSImportType(node) {
      add(node.source.value, node.start);
    },
  }).visit(program);
  return found;
}
