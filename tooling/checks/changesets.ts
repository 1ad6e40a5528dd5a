import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type WorkspacePackage, workspaceRoot } from "../workspace/packages.ts";

/**
 * Checks the pending changesets without git: each names packages that exist and are published, a bump, and a reason.
 * (`changeset status` does it too, but needs the history of the base branch, which a shallow clone does not have.)
 */
export function checkChangesets(packages: readonly WorkspacePackage[], directory = join(workspaceRoot, ".changeset")): string[] {
  const names = new Set(packages.filter(({ manifest }) => manifest.private !== true).map(({ manifest }) => manifest.name));
  return readdirSync(directory)
    .filter((file) => file.endsWith(".md") && file !== "README.md")
    .sort()
    .flatMap((file) =>
      checkChangeset(readFileSync(join(directory, file), "utf8"), names).map((problem) => `.changeset/${file}: ${problem}`),
    );
}

export function checkChangeset(content: string, names: ReadonlySet<string>): string[] {
  const match = /^---\n(.*?)^---\n(.*)$/ms.exec(content);
  if (!match) return ["no front matter"];
  const [, releases, summary] = match as unknown as [string, string, string];
  const problems: string[] = [];
  for (const line of releases.split("\n").filter((text) => text.trim() !== "")) {
    const release = /^["']?([^"':]+)["']?: *(major|minor|patch)$/.exec(line.trim());
    if (!release) problems.push(`not a release: ${line}`);
    else if (!names.has(release[1]!)) problems.push(`no public package ${release[1]}`);
  }
  if (summary.trim() === "") problems.push("no word on why");
  return problems;
}
