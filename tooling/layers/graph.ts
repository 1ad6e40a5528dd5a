import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import type { WorkspacePackage } from "../workspace/packages.ts";
import { importsOf } from "./imports.ts";

/** A source file of a package and what it imports, sorted by kind. Paths are relative to the package. */
export interface SourceFile {
  path: string;
  /** Compiled and published, as opposed to tests and benchmarks. */
  shipped: boolean;
  files: { path: string; line: number }[];
  packages: { name: string; line: number }[];
  builtins: { name: string; line: number }[];
}

const isTestFile = (path: string) => /\.(test|bench)\.ts$/.test(path);

/** Reads all TypeScript sources of a package: what is published, and its tests and scripts. */
export function readSources(owner: WorkspacePackage): SourceFile[] {
  return ["src", "test", "scripts"].flatMap((folder) => {
    const base = join(owner.directory, folder);
    if (!existsSync(base)) return [];
    return readdirSync(base, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.[mc]?ts$/.test(name) && !name.endsWith(".d.ts"))
      .sort()
      .map((name) => readSource(owner, join(base, name)));
  });
}

function readSource(owner: WorkspacePackage, absolute: string): SourceFile {
  const path = relative(owner.directory, absolute);
  const file: SourceFile = { path, shipped: path.startsWith("src/") && !isTestFile(path), files: [], packages: [], builtins: [] };
  for (const { specifier, line } of importsOf(absolute, readFileSync(absolute, "utf8"))) {
    if (specifier.startsWith(".")) {
      file.files.push({ path: relative(owner.directory, resolve(dirname(absolute), specifier)), line });
    } else if (isBuiltin(specifier)) {
      file.builtins.push({ name: specifier, line });
    } else {
      file.packages.push({ name: packageName(specifier), line });
    }
  }
  return file;
}

/** `@scope/name/sub/path` names the package `@scope/name`. */
export function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Files reachable from `entry` by relative imports, `entry` included. */
export function reachable(entry: string, sources: SourceFile[]): Set<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const seen = new Set<string>();
  const pending = [entry];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const next of byPath.get(path)?.files ?? []) pending.push(next.path);
  }
  return seen;
}

/** Every elementary reason for a cycle, once: the strongly connected components of a graph that have more than one node or a self-loop. */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node)).sort();
    if (component.length > 1 || graph.get(node)?.includes(node)) found.push(component);
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}
