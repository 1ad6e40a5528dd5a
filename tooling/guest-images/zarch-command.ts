import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../apps/vmm/src/main.ts", import.meta.url));

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command `zarch`, from its sources, as a process of its own to its end. */
export function zarch(args: readonly string[], input: string | Uint8Array = ""): Promise<CommandResult> {
  const child = spawn(process.execPath, ["--conditions=@zarch/source", main, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => (output[stream] += text));
  // A command that ends early closes its input.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, ...output })));
}
