import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type WorkspacePackage, workspaceRoot } from "../workspace/packages.ts";

/** Packs packages as `pnpm publish` would. Returns the tarball of each package by its name. */
export function packAll(packages: readonly WorkspacePackage[], destination: string): Map<string, string> {
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  const { packageManager } = JSON.parse(readFileSync(join(workspaceRoot, "package.json"), "utf8")) as { packageManager: string };
  const filters = packages.flatMap((entry) => ["--filter", entry.manifest.name]);
  const pack = ["--yes", packageManager, "--recursive", ...filters, "pack", "--pack-destination", destination];
  const { status, stdout, stderr, error } = spawnSync("npx", pack, { cwd: workspaceRoot, encoding: "utf8" });
  if (error || status !== 0) throw new Error(`pnpm pack failed: ${error?.message ?? stdout + stderr}`);
  const files = new Set(readdirSync(destination));
  const tarballs = new Map<string, string>();
  for (const { manifest } of packages) {
    const file = `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
    if (!files.has(file)) throw new Error(`pnpm pack made no ${file}`);
    tarballs.set(manifest.name, join(destination, file));
  }
  return tarballs;
}
