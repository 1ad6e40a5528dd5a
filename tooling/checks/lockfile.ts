import { readFileSync } from "node:fs";
import { join } from "node:path";
import { workspaceRoot } from "../workspace/packages.ts";

/** The lockfile must work with any registry: it names versions and checksums, never the address that a package came from. */
export function checkLockfile(content = readFileSync(join(workspaceRoot, "pnpm-lock.yaml"), "utf8")): string[] {
  return content
    .split("\n")
    .flatMap((line, index) => (/https?:\/\/|\btarball:/.test(line) ? [`pnpm-lock.yaml:${index + 1}: ${line.trim()}`] : []));
}
