import type { Logger, LogLevel } from "@zarch/vmm-interface";

/** A logger that keeps errors: failures of the host and bugs, which no guest may be able to cause. */
export class ErrorLog implements Logger {
  readonly errors: string[] = [];

  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    if (level === "error") this.errors.push(fields?.error === undefined ? message : `${message}: ${String(fields.error)}`);
  }
}
