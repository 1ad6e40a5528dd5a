import { spawn } from "node:child_process";
import { HostError } from "@zarch/vmm-interface";

export interface HostCommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HostCommandOptions {
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
  /** Receives each line that the program writes to its file descriptor 3. */
  readonly onStatusLine?: (line: string) => void;
}

/**
 * Runs a program of the host with its messages in English and no input.
 * @throws HostError `ERR_ZARCH_HOST_COMMAND` if it cannot be started or is ended by a signal; its status is for the caller
 */
export function runHostCommand(command: string, args: readonly string[], options: HostCommandOptions = {}): Promise<HostCommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      signal: options.signal,
      env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "pipe", "pipe", options.onStatusLine ? "pipe" : "ignore"],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on("data", (bytes: Buffer) => stdout.push(bytes));
    child.stderr?.on("data", (bytes: Buffer) => stderr.push(bytes));
    let partial = "";
    child.stdio[3]?.on("data", (bytes: Buffer) => {
      const lines = (partial + bytes.toString("utf8")).split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) options.onStatusLine?.(line);
    });
    child.on("error", (cause) => {
      const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
      reject(new HostError("ERR_ZARCH_HOST_COMMAND", missing ? `this host has no ${command}` : `${command}: ${cause.message}`, { cause }));
    });
    child.on("close", (status, signal) => {
      if (status === null) reject(new HostError("ERR_ZARCH_HOST_COMMAND", `${command} was ended by ${signal}`));
      else resolve({ status, stdout: Buffer.concat(stdout).toString("utf8"), stderr: Buffer.concat(stderr).toString("utf8") });
    });
  });
}
