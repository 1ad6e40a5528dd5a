import { readFileSync } from "node:fs";
import { checkPackage, createPackageFromTarballData, type Package } from "@arethetypeswrong/core";
import { filterProblems, problemKindInfo } from "@arethetypeswrong/core/problems";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import type { Manifest, WorkspacePackage } from "../workspace/packages.ts";

/** publint on the packed tarball, in strict mode: warnings count. Returns what is wrong. */
export async function checkPublint(tarball: string): Promise<string[]> {
  const data = readFileSync(tarball);
  const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  // Suggestions are advice on taste; only they may stand.
  return messages
    .filter((message) => message.type !== "suggestion")
    .map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
}

/** "Are the types wrong?" on the packed tarball, with the profile for ESM-only packages: node10 and CommonJS resolution are out of scope. */
export async function checkTypesResolve(tarball: string): Promise<string[]> {
  const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))));
  if (!analysis.types) return ["the package has no types"];
  return (["node16-esm", "bundler"] as const).flatMap((resolutionKind) =>
    filterProblems(analysis, { resolutionKind })
      // A JSON subpath has no types of its own.
      .filter((problem) => !("entrypoint" in problem && problem.entrypoint.endsWith(".json")))
      .map(
        (problem) =>
          `${problemKindInfo[problem.kind].title} (${resolutionKind}${"entrypoint" in problem ? `, ${problem.entrypoint}` : ""})`,
      ),
  );
}

/** What every published package must and must not contain. */
export function checkContents(owner: WorkspacePackage, tarball: string): string[] {
  const packed = createPackageFromTarballData(new Uint8Array(readFileSync(tarball)));
  const prefix = `/node_modules/${packed.packageName}/`;
  const files = packed.listFiles(prefix).map((path) => path.slice(prefix.length));
  return [...checkFiles(files), ...checkManifest(owner, packed, prefix)];
}

function checkFiles(files: string[]): string[] {
  const problems: string[] = [];
  const present = new Set(files);
  for (const required of ["LICENSE", "README.md", "package.json"]) {
    if (!present.has(required)) problems.push(`${required} is missing`);
  }
  for (const file of files) {
    if (/\.(test|bench)\.[cm]?[jt]s|\.tsbuildinfo$/.test(file)) problems.push(`${file} does not belong into the package`);
    const compiled = /^dist\/(.*)\.js$/.exec(file);
    if (compiled && !present.has(`src/${compiled[1]}.ts`)) problems.push(`${file} has no source: a leftover, delete dist and build again`);
  }
  return problems;
}

function checkManifest(owner: WorkspacePackage, packed: Package, prefix: string): string[] {
  const manifest = JSON.parse(packed.readFile(`${prefix}package.json`)) as Manifest & Record<string, unknown>;
  const problems: string[] = [];
  const expected = { license: "Apache-2.0", type: "module", sideEffects: false };
  for (const [field, value] of Object.entries(expected)) {
    if (manifest[field] !== value) problems.push(`package.json: ${field} must be ${JSON.stringify(value)}`);
  }
  if (typeof manifest.description !== "string" || manifest.description === "") problems.push("package.json: description is missing");
  if (JSON.stringify(manifest).includes("workspace:")) problems.push("package.json: a workspace: range was not replaced");
  const mayDependOn = owner.tags.includes("layer-app") ? /^/ : /^@zarch\//;
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    if (!mayDependOn.test(name)) problems.push(`package.json: run-time dependency ${name}`);
  }
  return problems;
}
