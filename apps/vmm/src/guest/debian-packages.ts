import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HostError } from "@zarch/vmm-interface";
import { type HostCommandResult, runHostCommand } from "./host-command.ts";

/** One package as the host's apt would download it. */
export interface DebianPackage {
  readonly name: string;
  readonly fileName: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal SHA-256 of the file, from the signed index. */
  readonly sha256: string;
}

export type ProgressListener = (progress: { readonly text: string; readonly fraction?: number }) => void;

/**
 * The host's own apt-get, looking at s390x packages, with every file that it writes in a private folder. It reads the
 * host's sources, keyrings, proxies and preferences, so that signatures are checked against keys that the host trusts; it
 * needs no privileges, and neither installs anything nor touches the host's package lists and cache.
 */
export class DebianArchive {
  readonly #folder: string;
  readonly #signal: AbortSignal | undefined;
  readonly #progress: ProgressListener;
  #options: string[] = [];
  #updateError = "";

  /** @param folder an existing private folder for lists, cache and configuration */
  constructor(folder: string, progress: ProgressListener, signal?: AbortSignal) {
    this.#folder = folder;
    this.#progress = progress;
    this.#signal = signal;
  }

  /** Fetches the signed indexes. A source that fails is tolerated here; {@link resolve} then may not find a package. */
  async update(): Promise<void> {
    const state = join(this.#folder, "state");
    const cache = join(this.#folder, "cache");
    await mkdir(join(state, "lists", "partial"), { recursive: true });
    await mkdir(join(cache, "archives", "partial"), { recursive: true });
    const status = join(state, "status");
    await writeFile(status, "");
    const configuration = join(this.#folder, "apt.conf");
    await writeFile(configuration, CONFIGURATION);
    this.#options = [
      ["Dir::State", state],
      ["Dir::State::lists", join(state, "lists")],
      ["Dir::State::status", status],
      ["Dir::Cache", cache],
      ["Dir::Cache::archives", join(cache, "archives")],
    ].flatMap(([name, path]) => ["-o", `${name}=${path}`]);
    this.#options.push("-c", configuration);

    const text = "reading the package index for s390x";
    this.#progress({ text });
    const result = await this.#run("apt-get", ["update"], text);
    if (result.status !== 0) this.#updateError = firstError(result);
  }

  /** The package names in the `Depends` field of the newest version of a package, alternatives left out. */
  async dependencies(name: string): Promise<string[]> {
    const { stdout } = await this.#run("apt-cache", ["--no-all-versions", "show", name]);
    const field = /^Depends: (.*)$/m.exec(stdout)?.[1];
    if (field === undefined) throw this.#unavailable(name);
    return field.split(",").map((item) => item.trim().split(/[ |(:]/)[0] ?? "");
  }

  /**
   * Which files `apt-get download` would fetch.
   * @throws HostError `ERR_ZARCH_NO_DEFAULT_GUEST` if one of the packages is in no index
   */
  async resolve(names: readonly string[]): Promise<DebianPackage[]> {
    const result = await this.#run("apt-get", ["--print-uris", "download", ...names]);
    const packages = new Map<string, DebianPackage>();
    for (const line of result.stdout.split("\n")) {
      const match = /^'[^']*' (\S+) (\d+) SHA256:([0-9a-f]{64})$/.exec(line);
      const [, fileName = "", size, sha256 = ""] = match ?? [];
      const name = fileName.split("_")[0] ?? "";
      if (match && !fileName.includes("/")) packages.set(name, { name, fileName, size: Number(size), sha256 });
    }
    return names.map((name) => {
      const found = packages.get(name);
      if (found === undefined) throw this.#unavailable(name);
      return found;
    });
  }

  /** Downloads packages into `folder`. apt compares each file with the hash in the signed index. */
  async download(packages: readonly DebianPackage[], folder: string): Promise<void> {
    const bytes = packages.reduce((sum, { size }) => sum + size, 0);
    const text = `downloading ${packages.map(({ name }) => name).join(" and ")} (${(bytes / 1e6).toFixed(1)} MB)`;
    this.#progress({ text });
    const result = await this.#run("apt-get", ["download", ...packages.map(({ name }) => name)], text, folder);
    if (result.status !== 0) throw new HostError("ERR_ZARCH_NO_DEFAULT_GUEST", firstError(result));
  }

  #run(command: string, args: readonly string[], progressText?: string, cwd = this.#folder): Promise<HostCommandResult> {
    const options = [...this.#options];
    let onStatusLine: ((line: string) => void) | undefined;
    if (progressText !== undefined) {
      options.push("-o", "APT::Status-Fd=3");
      let last = -1;
      onStatusLine = (line) => {
        const percent = Math.min(100, Math.floor(Number(/^dlstatus:\d+:([0-9.]+):/.exec(line)?.[1] ?? last)));
        if (percent <= last) return;
        last = percent;
        this.#progress({ text: progressText, fraction: percent / 100 });
      };
    }
    return runHostCommand(command, [...options, ...args], { cwd, signal: this.#signal, ...(onStatusLine && { onStatusLine }) });
  }

  #unavailable(name: string): HostError {
    const reason = this.#updateError === "" ? "" : ` (${this.#updateError})`;
    return new HostError("ERR_ZARCH_NO_DEFAULT_GUEST", `the package sources of this host offer no ${name} for s390x${reason}`);
  }
}

/** The first error that apt names, in one line, without the address of the package host. */
function firstError({ stderr, status }: HostCommandResult): string {
  const line = stderr.split("\n").find((text) => text.startsWith("E: ")) ?? `apt-get ended with status ${status}`;
  return line
    .replace(/^E: /, "")
    .replace(/\b[a-z]+:\/\/\S+/g, "the package host")
    .trim();
}

/** Read after the host's own configuration, of which the cleared parts name other architectures, or programs to run. */
const CONFIGURATION = `#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
APT::Architecture "s390x";
APT::Architectures { "s390x"; };
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
`;
