import { HostError } from "@zarch/vmm-interface";
import { isCommandName, parseCommandLine } from "./command-line/arguments.ts";
import { ExitStatus } from "./command-line/exit-status.ts";
import { helpText } from "./command-line/help.ts";
import { UsageError } from "./command-line/usage-error.ts";
import type { HostProcess } from "./host/process.ts";
import { packageVersion } from "./host/version.ts";

/**
 * The command `zarch`.
 * @param args arguments without the names of Node and the script
 * @returns the exit status
 */
export async function zarch(args: readonly string[], host: HostProcess): Promise<number> {
  try {
    const invocation = parseCommandLine(args);
    switch (invocation.command) {
      case "help":
        await host.print(helpText(invocation.topic));
        return ExitStatus.success;
      case "version":
        await host.print(`zarch ${await packageVersion()}\n`);
        return ExitStatus.success;
      // The commands are loaded when they are needed, so that help and errors come at once.
      case "boot":
        return await (await import("./commands/boot.ts")).boot(invocation.options, host);
      case "start":
        return await (await import("./commands/start.ts")).start(invocation.options, host);
      case "run":
        return await (await import("./commands/run.ts")).run(invocation.options, host);
      case "demo":
        return await (await import("./commands/demo.ts")).demo(host);
    }
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    // One line, whatever a cause further down has put into its message.
    const message = error.message.replaceAll(/\s*\n\s*/g, "; ");
    const advice = error instanceof UsageError ? ` (see zarch ${adviceTopic(args)}--help)` : "";
    await host.printError(`zarch: ${message}${advice}\n`);
    return ExitStatus.usage;
  }
}

function adviceTopic([command]: readonly string[]): string {
  return isCommandName(command) ? `${command} ` : "";
}
