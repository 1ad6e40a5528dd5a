import { createHash, randomBytes } from "node:crypto";
import { constants, copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { HostError } from "@zarch/vmm-interface";
import { DebianArchive, type DebianPackage, type ProgressListener } from "./debian-packages.ts";
import { runHostCommand } from "./host-command.ts";
import { buildInitramfs, DEFAULT_MODULES, type InitramfsFile } from "./initramfs.ts";
import { collectModules } from "./module-set.ts";

/** The kernel and the initramfs of the default guest, and where they come from. */
export interface DefaultGuest {
  /** Kernel release, for instance `6.1.0-50-s390x`. */
  readonly release: string;
  /** The kernel image as Debian ships it: to be loaded at absolute address 0, entered at 0x10000. */
  readonly kernel: Uint8Array;
  /** Path of {@link kernel}. */
  readonly kernelPath: string;
  readonly initramfs: Uint8Array;
  /** Path of the kernel's configuration. */
  readonly configPath: string;
  /** Path of the static busybox that is `/bin/busybox` in the guest. */
  readonly busyboxPath: string;
  /** File names of the Debian packages. */
  readonly packages: readonly string[];
}

export interface DefaultGuestOptions {
  /** Where fetched files are kept; {@link cacheDirectory} when absent. */
  readonly cache?: string;
  /** Asks the package sources for a newer kernel also when there is one in the cache. */
  readonly refresh?: boolean;
  readonly progress?: ProgressListener;
  readonly signal?: AbortSignal;
  /** Modules with their dependencies; {@link DEFAULT_MODULES} when absent. */
  readonly modules?: readonly string[];
  readonly extraFiles?: readonly InitramfsFile[];
}

/** `$ZARCH_CACHE`, or `zarch` in the user's cache folder as the XDG Base Directory Specification defines it. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment.ZARCH_CACHE;
  if (own) return own;
  const xdg = environment.XDG_CACHE_HOME;
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), ".cache"), "zarch");
}

/**
 * The default guest, from the cache, or fetched through the host's apt-get. Runs at the same time do not disturb each other.
 * @throws HostError `ERR_ZARCH_NO_DEFAULT_GUEST` with a message that names the options to use instead
 */
export async function loadDefaultGuest(options: DefaultGuestOptions = {}): Promise<DefaultGuest> {
  const modules = options.modules ?? DEFAULT_MODULES;
  try {
    const store = new GuestStore(join(options.cache ?? cacheDirectory(), "guest"), options);
    let entry = options.refresh ? undefined : await store.current(modules);
    entry ??= await store.fetch([...new Set([...DEFAULT_MODULES, ...modules])]);
    const set = await collectModules(join(entry.folder, "modules"), modules);
    return {
      release: set.release,
      kernel: entry.kernel,
      kernelPath: join(entry.folder, "vmlinuz"),
      initramfs: buildInitramfs({ busybox: entry.busybox, modules: set, extraFiles: options.extraFiles ?? [] }),
      configPath: join(entry.folder, "config"),
      busyboxPath: join(entry.folder, "busybox"),
      packages: entry.manifest.packages.map(({ fileName }) => fileName),
    };
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    if (!(cause instanceof HostError) && !(cause instanceof Error && "code" in cause)) throw cause;
    throw noDefaultGuest(cause);
  }
}

function noDefaultGuest(cause: Error): HostError {
  const message = `cannot get the default guest: ${cause.message}; name one with --kernel FILE --initrd FILE`;
  return new HostError("ERR_ZARCH_NO_DEFAULT_GUEST", message, { cause });
}

/** What `manifest.json` of an entry says. Its files are checked against it whenever they are used. */
interface Manifest {
  readonly format: 1;
  readonly packages: readonly DebianPackage[];
  /** SHA-256 of each file, by path below the entry. */
  readonly files: Readonly<Record<string, string>>;
  /** The modules asked for when the entry was made. */
  readonly modules: readonly string[];
}

interface Entry {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly kernel: Uint8Array;
  readonly busybox: Uint8Array;
}

/**
 * A folder of entries, one for each pair of packages and set of modules, and a file `current` with the name of the one to
 * use. An entry is made under another name and renamed when complete, so that a half-made one is never seen.
 */
class GuestStore {
  readonly #root: string;
  readonly #signal: AbortSignal | undefined;
  readonly #progress: ProgressListener;

  constructor(root: string, options: DefaultGuestOptions) {
    this.#root = root;
    this.#signal = options.signal;
    this.#progress = options.progress ?? (() => {});
  }

  async current(modules: readonly string[]): Promise<Entry | undefined> {
    const name = (await readFile(join(this.#root, "current"), "utf8").catch(() => "")).trim();
    const entry = /^[0-9a-f]{16}$/.test(name) ? await this.#open(name) : undefined;
    return entry && modules.every((module) => entry.manifest.modules.includes(module)) ? entry : undefined;
  }

  async fetch(modules: readonly string[]): Promise<Entry> {
    await mkdir(this.#root, { recursive: true });
    await this.#removeAbandoned();
    const work = join(this.#root, `${WORK_PREFIX}${process.pid}-${randomBytes(6).toString("hex")}`);
    await mkdir(join(work, "apt"), { recursive: true });
    try {
      const archive = new DebianArchive(join(work, "apt"), this.#progress, this.#signal);
      await archive.update();
      const kernelName = (await archive.dependencies("linux-image-s390x")).find((name) => name.startsWith("linux-image-"));
      if (kernelName === undefined) throw new HostError("ERR_ZARCH_NO_DEFAULT_GUEST", "linux-image-s390x names no kernel");
      const packages = await archive.resolve([kernelName, "busybox-static"]);
      const hash = createHash("sha256").update(JSON.stringify([packages.map(({ sha256 }) => sha256), [...modules].sort()]));
      const name = hash.digest("hex").slice(0, 16);
      let entry = await this.#open(name);
      if (entry === undefined) {
        await archive.download(packages, work);
        await this.#build(work, join(work, "entry"), packages, modules);
        await this.#publish(join(work, "entry"), name);
        entry = await this.#open(name);
        if (entry === undefined) throw new HostError("ERR_ZARCH_NO_DEFAULT_GUEST", `${join(this.#root, name)} cannot be read back`);
      }
      const pointer = join(work, "current");
      await writeFile(pointer, `${name}\n`);
      await rename(pointer, join(this.#root, "current"));
      return entry;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  async #build(work: string, target: string, packages: readonly DebianPackage[], modules: readonly string[]): Promise<void> {
    this.#progress({ text: "unpacking" });
    const trees: string[] = [];
    for (const { fileName, sha256 } of packages) {
      const file = join(work, fileName);
      if ((await sha256OfFile(file)) !== sha256) throw new HostError("ERR_ZARCH_NO_DEFAULT_GUEST", `${fileName} has a wrong SHA-256`);
      const tree = join(work, `tree${trees.length}`);
      const result = await runHostCommand("dpkg-deb", ["-x", file, tree], { signal: this.#signal });
      if (result.status !== 0) throw new HostError("ERR_ZARCH_NO_DEFAULT_GUEST", `dpkg-deb cannot unpack ${fileName}`);
      trees.push(tree);
    }
    const [kernelTree = "", busyboxTree = ""] = trees;
    const files: Record<string, string> = {};
    const keep = async (from: string, to: string): Promise<void> => {
      await mkdir(dirname(join(target, to)), { recursive: true });
      await copyFile(from, join(target, to), constants.COPYFILE_FICLONE);
      files[to] = await sha256OfFile(join(target, to));
    };
    const modulesTree = await firstExisting([join(kernelTree, "lib/modules"), join(kernelTree, "usr/lib/modules")]);
    const set = await collectModules(modulesTree, modules);
    await keep(join(kernelTree, "boot", `vmlinuz-${set.release}`), "vmlinuz");
    await keep(join(kernelTree, "boot", `config-${set.release}`), "config");
    await keep(await firstExisting([join(busyboxTree, "bin/busybox"), join(busyboxTree, "usr/bin/busybox")]), "busybox");
    await keep(join(modulesTree, set.release, "modules.builtin"), `modules/${set.release}/modules.builtin`);
    for (const { path } of set.modules) await keep(join(modulesTree, set.release, path), `modules/${set.release}/${path}`);
    const manifest: Manifest = { format: 1, packages, files, modules };
    await writeFile(join(target, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
  }

  /** Gives a complete entry its name. If another run was faster with a good one, that one stays. */
  async #publish(from: string, name: string): Promise<void> {
    const to = join(this.#root, name);
    try {
      await rename(from, to);
    } catch {
      if (await this.#open(name)) return;
      const damaged = join(this.#root, `${WORK_PREFIX}damaged-${randomBytes(6).toString("hex")}`);
      await rename(to, damaged);
      await rename(from, to);
      await rm(damaged, { recursive: true, force: true });
    }
  }

  /** An entry all of whose files are as its manifest says, or `undefined`. */
  async #open(name: string): Promise<Entry | undefined> {
    const folder = join(this.#root, name);
    try {
      const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Manifest;
      if (manifest.format !== 1 || !Array.isArray(manifest.packages) || !Array.isArray(manifest.modules)) return undefined;
      const contents = new Map<string, Uint8Array>();
      for (const [path, sha256] of Object.entries(manifest.files)) {
        const content = await readFile(join(folder, path));
        if (createHash("sha256").update(content).digest("hex") !== sha256) return undefined;
        contents.set(path, content);
      }
      const kernel = contents.get("vmlinuz");
      const busybox = contents.get("busybox");
      return kernel && busybox ? { folder, manifest, kernel, busybox } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Removes work folders that killed runs left behind more than a day ago. */
  async #removeAbandoned(): Promise<void> {
    for (const name of await readdir(this.#root)) {
      if (!name.startsWith(WORK_PREFIX)) continue;
      const path = join(this.#root, name);
      const made = (await stat(path).catch(() => undefined))?.mtimeMs ?? Number.POSITIVE_INFINITY;
      if (made < Date.now() - 86_400_000) await rm(path, { recursive: true, force: true });
    }
  }
}

async function sha256OfFile(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

async function firstExisting(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    if (await stat(path).catch(() => undefined)) return path;
  }
  throw new HostError("ERR_ZARCH_NO_DEFAULT_GUEST", `the package holds no ${paths[0]}`);
}

const WORK_PREFIX = "work-";
