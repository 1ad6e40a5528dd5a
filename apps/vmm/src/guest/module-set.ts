import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { HostError } from "@zarch/vmm-interface";
import { type ModuleInfo, normalModuleName, readModuleInfo } from "./module-info.ts";

/** A kernel module chosen for an initramfs. */
export interface GuestModule {
  /** Path below `lib/modules/<release>/`. */
  readonly path: string;
  readonly info: ModuleInfo;
  readonly content: Uint8Array;
}

/** Modules with everything that they need, each after the modules that it needs. */
export interface ModuleSet {
  /** Kernel release, the name of the directory under `lib/modules`. */
  readonly release: string;
  readonly modules: readonly GuestModule[];
  /** The kernel's own list of what is built in, for modprobe. */
  readonly builtin: string;
}

/**
 * Chooses `wanted` modules and the closure of their dependencies from the tree of a kernel package. Such a package has no
 * `modules.dep` (depmod makes it at installation), so the modules themselves are asked.
 *
 * @param modulesDirectory a `lib/modules` directory with one kernel release in it
 * @throws HostError `ERR_ZARCH_MODULE_MISSING` when a module is neither in the tree nor built in
 */
export async function collectModules(modulesDirectory: string, wanted: readonly string[]): Promise<ModuleSet> {
  const release = (await readdir(modulesDirectory)).sort()[0];
  if (release === undefined) throw new HostError("ERR_ZARCH_MODULE_MISSING", `${modulesDirectory} holds no kernel release`);
  const root = join(modulesDirectory, release);
  const builtin = await readFile(join(root, "modules.builtin"), "utf8");
  const builtinNames = new Set(builtin.split("\n").map(moduleNameOfPath));
  const pathOfName = new Map<string, string>();
  for (const path of await readdir(join(root, "kernel"), { recursive: true })) {
    if (path.endsWith(".ko")) pathOfName.set(moduleNameOfPath(path), `kernel/${path.replaceAll("\\", "/")}`);
  }

  const modules: GuestModule[] = [];
  const done = new Set<string>();
  const take = async (name: string, optional: boolean): Promise<void> => {
    if (done.has(name) || builtinNames.has(name)) return;
    done.add(name);
    const path = pathOfName.get(name);
    if (path === undefined) {
      if (optional) return;
      throw new HostError("ERR_ZARCH_MODULE_MISSING", `the kernel ${release} has no module ${name}`);
    }
    const content = await readFile(join(root, path));
    const info = readModuleInfo(content, path);
    for (const dependency of info.depends) await take(dependency, false);
    for (const dependency of info.softPre) {
      // "crypto-crc32c" asks for an algorithm of the crypto API; the portable implementation is in crc32c_generic.
      const generic = `${dependency.replace(/^crypto_/, "")}_generic`;
      await take(pathOfName.has(generic) ? generic : dependency, true);
    }
    modules.push({ path, info, content });
  };
  for (const name of wanted) await take(normalModuleName(name), false);
  return { release, modules, builtin };
}

/** `modules.dep`: for each module the modules to load before it, the nearest first, as depmod writes it. */
export function modulesDep(set: ModuleSet): string {
  const byName = new Map(set.modules.map((module) => [module.info.name, module]));
  return set.modules.map((module) => `${[`${module.path}:`, ...dependencyPaths(module, byName)].join(" ")}\n`).join("");
}

function dependencyPaths(module: GuestModule, byName: ReadonlyMap<string, GuestModule>): string[] {
  const order: string[] = [];
  const visit = (name: string): void => {
    const dependency = byName.get(name);
    if (dependency === undefined || order.includes(dependency.path)) return;
    for (const next of dependency.info.depends) visit(next);
    order.push(dependency.path);
  };
  for (const name of module.info.depends) visit(name);
  return order.reverse();
}

/** `modules.alias`: by which other names the kernel asks for a module. */
export function modulesAlias(set: ModuleSet): string {
  return set.modules.flatMap(({ info }) => info.aliases.map((alias) => `alias ${alias} ${info.name}\n`)).join("");
}

function moduleNameOfPath(path: string): string {
  return normalModuleName(path.slice(path.lastIndexOf("/") + 1).replace(/\.ko$/, ""));
}
