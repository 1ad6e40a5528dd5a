export type LogLevel = "debug" | "info" | "warn" | "error";

/** Receives diagnostics. `fields` are structured data, safe to print. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Discards everything. */
export const silentLogger: Logger = { log() {} };
