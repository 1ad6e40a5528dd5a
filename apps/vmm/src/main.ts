#!/usr/bin/env node
import { zarch } from "./cli.ts";
import { ExitStatus } from "./command-line/exit-status.ts";
import { HostProcess } from "./host/process.ts";
import { boundYoungGeneration } from "./host/young-generation.ts";

/** The oldest Node that has what zarch uses; as `engines` in package.json says, which npm does not enforce. */
const OLDEST_NODE = 22;
if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  process.stderr.write(`zarch: Node ${OLDEST_NODE} or newer is needed; this is Node ${process.versions.node}\n`);
  process.exit(ExitStatus.usage);
}

const host = new HostProcess(process);

/** An error of our own: say what it is, with all that helps to find it. The terminal is restored by its exit handler. */
function internalError(error: unknown): void {
  host.terminal.restore();
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`zarch: internal error: ${text}\n`, () => process.exit(ExitStatus.internal));
  // Standard error may be what is broken.
  setTimeout(() => process.exit(ExitStatus.internal), 1000).unref();
}

process.on("uncaughtException", internalError);
boundYoungGeneration();

try {
  const status = await zarch(process.argv.slice(2), host);
  host.terminal.restore();
  await host.flushed();
  // What is left open (a pipe nobody closes, a timer of an abandoned request) must not keep the process alive.
  process.exit(status);
} catch (error) {
  internalError(error);
}
