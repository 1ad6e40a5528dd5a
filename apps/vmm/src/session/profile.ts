import { type FileHandle, open } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { cpuProfile, type Profile, Profiler, profileReport, readSymbols, SymbolTable, traceEvents } from "@zarch/machine";
import { HostError } from "@zarch/vmm-interface";
import type { GuestOptions } from "../command-line/arguments.ts";
import type { ProfileFormat, ProfileOption, SymbolsOption } from "../command-line/profile-option.ts";
import { readWholeFile, reasonOf } from "../host/files.ts";
import type { HostProcess } from "../host/process.ts";

const writers: Readonly<Record<ProfileFormat, (profile: Profile, symbols: SymbolTable) => string>> = {
  report: profileReport,
  "trace-events": (profile, symbols) => JSON.stringify(traceEvents(profile, symbols)),
  "cpu-profile": (profile, symbols) => JSON.stringify(cpuProfile(profile, symbols)),
};

/** The profile of a session. It is recorded from the making of the machine on, and written when the session has ended. */
export class ProfileSession implements AsyncDisposable {
  readonly profiler = new Profiler({ hostIdle: () => performance.eventLoopUtilization().idle * 1e6 });
  readonly #option: ProfileOption;
  readonly #symbols: SymbolTable;
  readonly #file: FileHandle | undefined;
  readonly #host: HostProcess;

  constructor(option: ProfileOption, symbols: SymbolTable, file: FileHandle | undefined, host: HostProcess) {
    this.#option = option;
    this.#symbols = symbols;
    this.#file = file;
    this.#host = host;
  }

  /**
   * Writes what was recorded.
   * @throws {HostError} ERR_ZARCH_FILE
   */
  async write(): Promise<void> {
    const text = writers[this.#option.format](this.profiler.profile(), this.#symbols);
    if (this.#file === undefined) {
      await this.#host.printError(text);
      return;
    }
    try {
      await this.#file.writeFile(text);
    } catch (error) {
      throw new HostError("ERR_ZARCH_FILE", `cannot write profile ${this.#option.path}: ${reasonOf(error)}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }
}

/**
 * Reads the symbols and opens the file, so that what is wrong with them is known before the guest starts.
 * @returns undefined if no profile is wanted
 * @throws {HostError} ERR_ZARCH_FILE, ERR_PROFILE_SYMBOLS
 */
export async function openProfile({ profile, symbols }: GuestOptions, host: HostProcess): Promise<ProfileSession | undefined> {
  if (profile === undefined) return undefined;
  const table = await readSymbolFiles(symbols);
  if (profile.path === undefined) return new ProfileSession(profile, table, undefined, host);
  try {
    return new ProfileSession(profile, table, await open(profile.path, "w"), host);
  } catch (error) {
    throw new HostError("ERR_ZARCH_FILE", `cannot write profile ${profile.path}: ${reasonOf(error)}`, { cause: error });
  }
}

async function readSymbolFiles(options: readonly SymbolsOption[]): Promise<SymbolTable> {
  const table = new SymbolTable();
  for (const { path, address } of options) {
    const bytes = await readWholeFile(path, "symbols");
    try {
      const file = readSymbols(bytes);
      if (address === undefined) table.addKernel(file);
      else table.addUser(file, address);
    } catch (error) {
      if (error instanceof HostError) throw new HostError(error.code, `cannot use symbols ${path}: ${error.message}`, { cause: error });
      throw error;
    }
  }
  return table;
}
