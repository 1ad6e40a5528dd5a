import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../apps/vmm/src/main.ts", import.meta.url));

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command `zarch`, while it runs. */
export interface RunningCommand {
  readonly result: Promise<CommandResult>;
  /** Waits until standard output has had `text` in it. Rejects when the command ends without it. */
  says(text: string): Promise<void>;
}

/** Runs the command `zarch`, from its sources, as a process of its own to its end. */
export function zarch(args: readonly string[], input: string | Uint8Array = ""): Promise<CommandResult> {
  return startZarch(args, input).result;
}

/** As {@link zarch}, for those who watch it. */
export function startZarch(args: readonly string[], input: string | Uint8Array = ""): RunningCommand {
  const child = spawn(process.execPath, ["--conditions=@zarch/source", main, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => (output[stream] += text));
  // A command that ends early closes its input.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const result = new Promise<CommandResult>((resolve) => child.on("close", (status) => resolve({ status, ...output })));
  return {
    result,
    async says(text) {
      while (!output.stdout.includes(text)) {
        if (child.exitCode !== null) throw new Error(`zarch ended without ${JSON.stringify(text)}: ${output.stdout}${output.stderr}`);
        await delay(20);
      }
    },
  };
}
