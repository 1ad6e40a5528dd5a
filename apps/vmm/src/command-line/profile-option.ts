import { UsageError } from "./usage-error.ts";

/** What a profile is written as: a report for people, trace events for Perfetto, or a profile for Chrome's DevTools. */
export type ProfileFormat = "report" | "trace-events" | "cpu-profile";

export interface ProfileOption {
  /** Undefined: standard error. */
  readonly path: string | undefined;
  readonly format: ProfileFormat;
}

/** A file with symbols: of the kernel, or of a program that is at an address in user space. */
export interface SymbolsOption {
  readonly path: string;
  readonly address?: number;
}

/**
 * Reads the FILE of --profile, whose ending says what is written.
 * @throws {UsageError}
 */
export function parseProfileOption(text: string): ProfileOption {
  if (text === "-") return { path: undefined, format: "report" };
  if (text.endsWith(".cpuprofile")) return { path: text, format: "cpu-profile" };
  if (text.endsWith(".json")) return { path: text, format: "trace-events" };
  if (text.endsWith(".txt")) return { path: text, format: "report" };
  throw new UsageError(`--profile: "${text}" ends with none of .txt, .json and .cpuprofile, which say what is written`);
}

/**
 * Reads FILE[@ADDRESS] of --symbols, with the address in hexadecimal. A name with an @ that no address follows is just a name.
 * @throws {UsageError}
 */
export function parseSymbolsOption(text: string): SymbolsOption {
  if (text === "") throw new UsageError("--symbols needs a file name");
  const match = /^(.+)@(?:0x)?([0-9a-f]+)$/i.exec(text);
  if (match === null) return { path: text };
  const address = Number.parseInt(match[2]!, 16);
  if (!Number.isSafeInteger(address)) throw new UsageError(`--symbols: there is no address ${match[2]}`);
  return { path: match[1]!, address };
}
