import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The parts of a package.json that the tooling reads. */
export interface Manifest {
  name: string;
  version: string;
  private?: boolean;
  license?: string;
  bin?: Record<string, string>;
  exports?: Record<string, string | Record<string, string>>;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

export interface WorkspacePackage {
  /** Name of the folder, e.g. `vring`. */
  folder: string;
  /** Path relative to the workspace root, e.g. `packages/vring`. */
  path: string;
  /** Absolute path. */
  directory: string;
  manifest: Manifest;
  /** Boundary tags from the package's turbo.json. */
  tags: string[];
}

/** Root of this checkout. */
export const workspaceRoot = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** All packages under `packages/` and `apps/`, sorted by path. */
export function readPackages(root = workspaceRoot): WorkspacePackage[] {
  const found: WorkspacePackage[] = [];
  for (const group of ["packages", "apps"]) {
    if (!existsSync(join(root, group))) continue;
    for (const folder of readdirSync(join(root, group)).sort()) {
      const directory = join(root, group, folder);
      if (!existsSync(join(directory, "package.json"))) continue;
      const turbo = join(directory, "turbo.json");
      found.push({
        folder,
        path: `${group}/${folder}`,
        directory,
        manifest: JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest,
        tags: existsSync(turbo) ? ((JSON.parse(readFileSync(turbo, "utf8")) as { tags?: string[] }).tags ?? []) : [],
      });
    }
  }
  return found;
}

/** Packages that are published: everything that is not marked private. */
export function publicPackages(packages = readPackages()): WorkspacePackage[] {
  return packages.filter((candidate) => candidate.manifest.private !== true);
}
