import type { WorkspacePackage } from "../workspace/packages.ts";
import { cycles, reachable, readSources, type SourceFile } from "./graph.ts";

/**
 * The layering rules that `turbo boundaries` cannot express. Which tag may depend on which is written once, in the root
 * turbo.json, and enforced by turbo; these rules make sure that nothing escapes it and add what tags do not know:
 * Node builtins, test-only dependencies and cycles.
 */
export interface Violation {
  rule: "tags" | "name" | "node-builtin" | "undeclared" | "test-only" | "imports-test" | "file-cycle" | "package-cycle";
  /** Path relative to the workspace, with a line where one applies. */
  where: string;
  message: string;
}

const LAYERS = ["layer-0", "layer-1", "layer-2", "layer-3", "layer-4", "layer-5", "layer-app", "driver-side", "test-only"];
/** The layers whose packages may rest on the driver side at run time; all others use it in their tests alone. */
const MAY_DRIVE = ["layer-4", "layer-5", "layer-app", "driver-side", "test-only"];
const BACKEND_LAYER = LAYERS.indexOf("layer-4");
const BANNED_NAMES = /(^|-)(utils?|common|shared|helpers?)(-|$)/;

export function checkLayers(packages: readonly WorkspacePackage[]): Violation[] {
  const violations: Violation[] = [];
  const byName = new Map(packages.map((entry) => [entry.manifest.name, entry]));
  for (const owner of packages) {
    const sources = readSources(owner);
    violations.push(...checkIdentity(owner), ...checkBuiltins(owner, sources), ...checkDependencies(owner, sources, byName));
    for (const cycle of cycles(new Map(sources.map((source) => [source.path, source.files.map((file) => file.path)])))) {
      violations.push({ rule: "file-cycle", where: owner.path, message: `these files import each other: ${cycle.join(", ")}` });
    }
  }
  const graph = new Map(packages.map((entry) => [entry.manifest.name, Object.keys(entry.manifest.dependencies ?? {})]));
  for (const cycle of cycles(graph)) {
    violations.push({ rule: "package-cycle", where: cycle[0]!, message: `these packages depend on each other: ${cycle.join(", ")}` });
  }
  return violations;
}

/** A package without its tags would escape the rules of turbo.json. */
function checkIdentity(owner: WorkspacePackage): Violation[] {
  const violations: Violation[] = [];
  const layers = owner.tags.filter((tag) => LAYERS.includes(tag));
  if (layers.length !== 1) {
    violations.push({ rule: "tags", where: `${owner.path}/turbo.json`, message: `needs exactly one of the tags ${LAYERS.join(", ")}` });
  } else if (owner.tags.length < 2 && owner.path.startsWith("packages/") && layers[0] !== "test-only" && layers[0] !== "driver-side") {
    violations.push({ rule: "tags", where: `${owner.path}/turbo.json`, message: "needs a tag for its role beside its layer" });
  }
  if (BANNED_NAMES.test(owner.folder)) {
    violations.push({ rule: "name", where: owner.path, message: "name the package after what it does" });
  }
  return violations;
}

/** Node builtins: free in apps, behind subpath exports in backends, nowhere else. */
function checkBuiltins(owner: WorkspacePackage, sources: SourceFile[]): Violation[] {
  const layer = LAYERS.findIndex((tag) => owner.tags.includes(tag));
  if (owner.tags.includes("layer-app")) return [];
  const mainEntry = reachable("src/index.ts", sources);
  const violations: Violation[] = [];
  for (const source of sources) {
    if (!source.shipped) continue;
    if (layer === BACKEND_LAYER && !mainEntry.has(source.path)) continue;
    for (const builtin of source.builtins) {
      const message =
        layer === BACKEND_LAYER
          ? `${builtin.name} is reachable from the main export; move it behind a subpath export`
          : `${builtin.name} outside of backends and apps`;
      violations.push({ rule: "node-builtin", where: `${owner.path}/${source.path}:${builtin.line}`, message });
    }
  }
  return violations;
}

/** turbo treats all kinds of dependency alike; what is published may rest on `dependencies` alone. */
function checkDependencies(owner: WorkspacePackage, sources: SourceFile[], byName: Map<string, WorkspacePackage>): Violation[] {
  const violations: Violation[] = [];
  const isTagged = (name: string, tag: string) => byName.get(name)?.tags.includes(tag) ?? false;
  const runtime = new Set([...Object.keys(owner.manifest.dependencies ?? {}), ...Object.keys(owner.manifest.peerDependencies ?? {})]);
  for (const name of runtime) {
    const misplaced =
      (isTagged(name, "test-only") && !owner.tags.includes("test-only")) ||
      (isTagged(name, "driver-side") && !owner.tags.some((tag) => MAY_DRIVE.includes(tag)));
    if (misplaced) {
      violations.push({ rule: "test-only", where: `${owner.path}/package.json`, message: `${name} belongs into devDependencies` });
    }
  }
  for (const source of sources) {
    if (!source.shipped) continue;
    for (const { name, line } of source.packages) {
      if (runtime.has(name) || name === owner.manifest.name) continue;
      violations.push({ rule: "undeclared", where: `${owner.path}/${source.path}:${line}`, message: `${name} is not in "dependencies"` });
    }
    for (const { path, line } of source.files) {
      if (sources.some((other) => other.path === path && !other.shipped)) {
        violations.push({ rule: "imports-test", where: `${owner.path}/${source.path}:${line}`, message: `${path} is not published` });
      }
    }
  }
  return violations;
}

/** Declared workspace dependencies that no file of the package imports. */
export function unusedDependencies(packages: readonly WorkspacePackage[]): { path: string; name: string }[] {
  return packages.flatMap((owner) => {
    const used = new Set(readSources(owner).flatMap((source) => source.packages.map((entry) => entry.name)));
    const declared = Object.keys({ ...owner.manifest.dependencies, ...owner.manifest.devDependencies });
    return declared.filter((name) => name.startsWith("@zarch/") && !used.has(name)).map((name) => ({ path: owner.path, name }));
  });
}
