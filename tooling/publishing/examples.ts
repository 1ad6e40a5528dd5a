import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { type WorkspacePackage, workspaceRoot } from "../workspace/packages.ts";

export interface ExampleResult {
  name: string;
  problems: string[];
}

interface Example {
  language: "ts" | "sh";
  code: string;
}

const TIMEOUT_MS = 60_000;
const nodeDirectory = join(workspaceRoot, "node_modules/node/bin");

/** The first example of a README: its first fenced `ts` block, or for a package that is a command also an `sh` block. */
export function firstExample(readme: string, acceptShell: boolean): Example | undefined {
  for (const [, language, code] of readme.matchAll(/^```(\w*)[^\n]*\n(.*?)^```/gms)) {
    if (language === "ts" || (acceptShell && language === "sh")) return { language, code: code! };
  }
  return undefined;
}

/** A page of documentation whose examples make one program. */
export interface DocumentationPage {
  name: string;
  code: string;
}

/** All `ts` blocks of a page, in their order, as one program: a block may use what came before it. */
export function wholeExample(page: string): string {
  return [...page.matchAll(/^```ts\b[^\n]*\n(.*?)^```/gms)].map(([, code]) => code!).join("\n");
}

/** The pages in a folder that have examples. */
export function documentationPages(directory = join(workspaceRoot, "docs")): DocumentationPage[] {
  const files = readdirSync(directory).filter((file) => file.endsWith(".md"));
  const pages = files
    .sort()
    .map((file) => ({ name: `docs-${basename(file, ".md")}`, code: wholeExample(readFileSync(join(directory, file), "utf8")) }));
  return pages.filter(({ code }) => code !== "");
}

/**
 * Installs tarballs into an empty project with plain npm, type-checks the first example of each of the `checked` packages
 * and the examples of `pages` against the published declarations, and runs them. `tarballs` holds all public packages, so that nothing is
 * downloaded.
 */
export function runExamples(
  checked: readonly WorkspacePackage[],
  tarballs: ReadonlyMap<string, string>,
  pages: readonly DocumentationPage[] = [],
): ExampleResult[] {
  const project = mkdtempSync(join(tmpdir(), "zarch-packed-"));
  try {
    install(project, tarballs);
    const examples = new Map<string, Example>();
    const results = checked.map((owner): ExampleResult => {
      const readme = join(owner.directory, "README.md");
      const example = existsSync(readme) ? firstExample(readFileSync(readme, "utf8"), owner.manifest.bin !== undefined) : undefined;
      if (example) examples.set(owner.folder, example);
      const kinds = owner.manifest.bin ? "ts or sh" : "ts";
      return { name: owner.folder, problems: example ? [] : [`README.md has no ${kinds} example`] };
    });
    for (const { name, code } of pages) {
      examples.set(name, { language: "ts", code });
      results.push({ name, problems: [] });
    }
    const typeErrors = compile(project, examples);
    for (const result of results) {
      const example = examples.get(result.name);
      if (!example) continue;
      result.problems.push(...(typeErrors.get(result.name) ?? []));
      if (result.problems.length === 0) result.problems.push(...execute(project, result.name, example));
    }
    return results;
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

function install(project: string, tarballs: ReadonlyMap<string, string>): void {
  const dependencies = Object.fromEntries([...tarballs].map(([name, file]) => [name, `file:${file}`]));
  const overrides = Object.fromEntries([...tarballs.keys()].map((name) => [name, `$${name}`]));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "packed", private: true, type: "module", dependencies, overrides }));
  const { status, stdout, stderr } = command(project, "npm", ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (status !== 0) throw new Error(`npm install of the tarballs failed:\n${stdout}${stderr}`);
}

/** Type-checks and compiles all examples in one go. Returns the errors by package. */
function compile(project: string, examples: ReadonlyMap<string, Example>): Map<string, string[]> {
  const files = [...examples].filter(([, { language }]) => language === "ts").map(([name]) => `${name}.ts`);
  const errors = new Map<string, string[]>();
  if (files.length === 0) return errors;
  mkdirSync(join(project, "examples"));
  for (const file of files) writeFileSync(join(project, "examples", file), examples.get(basename(file, ".ts"))!.code);
  const compilerOptions = {
    target: "es2024",
    // WebAssembly's types come with the DOM's, which a project has unless it says otherwise; Node's types lack them.
    lib: ["es2024", "esnext.disposable", "dom"],
    module: "nodenext",
    strict: true,
    types: ["node"],
    typeRoots: [join(workspaceRoot, "node_modules/@types")],
    // The declarations of our packages must stand on their own, without the settings of this workspace.
    skipLibCheck: false,
    outDir: "out",
    rootDir: "examples",
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: files.map((file) => `examples/${file}`) }));
  const { stdout, stderr } = command(project, join(workspaceRoot, "node_modules/.bin/tsc"), ["-p", ".", "--pretty", "false"]);
  for (const line of `${stdout}${stderr}`.split("\n").filter((text) => text.includes("error "))) {
    const owner = /^examples\/(.+?)\.ts\(/.exec(line)?.[1] ?? /node_modules\/@zarch\/([^/]+)\//.exec(line)?.[1];
    // An error that belongs to no package in particular is everybody's.
    const owners = owner !== undefined && examples.has(owner) ? [owner] : [...examples.keys()];
    for (const name of owners) errors.set(name, [...(errors.get(name) ?? []), line]);
  }
  return errors;
}

function execute(project: string, name: string, { language, code }: Example): string[] {
  const { status, stdout, stderr, signal } =
    language === "ts" ? command(project, join(nodeDirectory, "node"), [join("out", `${name}.js`)]) : command(project, "sh", ["-ec", code]);
  if (status === 0) return [];
  return [`the example ended with ${signal ?? `status ${status}`}\n${stdout}${stderr}`.trimEnd()];
}

function command(cwd: string, file: string, arguments_: string[]) {
  const path = [join(cwd, "node_modules/.bin"), nodeDirectory, process.env.PATH].join(delimiter);
  const result = spawnSync(file, arguments_, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIMEOUT_MS,
    env: { ...process.env, PATH: path },
  });
  if (result.error && !("code" in result.error && result.error.code === "ETIMEDOUT")) throw result.error;
  return result;
}
