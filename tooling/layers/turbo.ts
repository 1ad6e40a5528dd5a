import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { workspaceRoot } from "../workspace/packages.ts";

export interface TurboResult {
  ok: boolean;
  output: string;
}

/** Runs `turbo boundaries`: the tag rules of the root turbo.json, undeclared packages, and imports that leave their package. */
export function turboBoundaries(root = workspaceRoot): TurboResult {
  const turbo = join(workspaceRoot, "node_modules/.bin/turbo");
  if (!existsSync(turbo)) throw new Error("turbo is not installed");
  const result = spawnSync(turbo, ["boundaries", "--no-color"], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", TURBO_NO_UPDATE_NOTIFIER: "1" },
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}`;
  // A turbo that checked nothing must not look like success.
  return { ok: result.status === 0 && /Checked [1-9]\d* files in [1-9]\d* packages, no issues found/.test(output), output };
}
