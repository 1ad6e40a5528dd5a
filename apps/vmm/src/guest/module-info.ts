import { HostError } from "@zarch/vmm-interface";

/** What a kernel module says about itself in its `.modinfo` section. */
export interface ModuleInfo {
  /** Name as the kernel shows it, with underscores. */
  readonly name: string;
  /** Kernel release and options it was built for. */
  readonly vermagic: string;
  /** Names of the modules whose symbols it uses, with underscores. */
  readonly depends: readonly string[];
  /** Names, or aliases, of modules to load before it. */
  readonly softPre: readonly string[];
  /** Patterns under which the kernel asks for it. */
  readonly aliases: readonly string[];
}

/** Module names mean the same with `-` and `_`. */
export function normalModuleName(name: string): string {
  return name.replaceAll("-", "_");
}

/**
 * Reads the `.modinfo` section of a 64-bit big-endian ELF file (a sequence of `key=value` strings, each with a zero byte).
 * @throws HostError `ERR_ZARCH_MODULE_FORMAT`
 */
export function readModuleInfo(file: Uint8Array, path: string): ModuleInfo {
  const section = elfSection(file, ".modinfo");
  if (section === undefined) throw new HostError("ERR_ZARCH_MODULE_FORMAT", `${path} is not a kernel module for s390x`);
  const values = new Map<string, string[]>();
  for (const pair of latin1.decode(section).split("\0")) {
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const key = pair.slice(0, equals);
    const list = values.get(key);
    if (list) list.push(pair.slice(equals + 1));
    else values.set(key, [pair.slice(equals + 1)]);
  }
  const fileName = path.slice(path.lastIndexOf("/") + 1).replace(/\.ko$/, "");
  return {
    name: normalModuleName(values.get("name")?.[0] ?? fileName),
    vermagic: values.get("vermagic")?.[0] ?? "",
    depends: (values.get("depends")?.[0] ?? "").split(",").filter(Boolean).map(normalModuleName),
    softPre: (values.get("softdep") ?? []).flatMap(preOf),
    aliases: values.get("alias") ?? [],
  };
}

/** The `pre:` part of a softdep line such as "pre: a b post: c". */
function preOf(softdep: string): string[] {
  const names: string[] = [];
  let inPre = false;
  for (const word of softdep.split(/\s+/)) {
    if (word.endsWith(":")) inPre = word === "pre:";
    else if (inPre && word !== "") names.push(normalModuleName(word));
  }
  return names;
}

/** The bytes of a section of an ELF64 big-endian file, or `undefined` if there is none or the file is damaged. */
function elfSection(file: Uint8Array, wanted: string): Uint8Array | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 64 || view.getUint32(0) !== 0x7f454c46 || view.getUint16(4) !== 0x0202) return undefined;
  const tableAt = Number(view.getBigUint64(40));
  const entrySize = view.getUint16(58);
  const count = view.getUint16(60);
  const span = (index: number): Uint8Array | undefined => {
    const at = tableAt + index * entrySize;
    if (entrySize < 64 || index >= count || at + 64 > file.length) return undefined;
    const offset = Number(view.getBigUint64(at + 24));
    const size = Number(view.getBigUint64(at + 32));
    return offset + size <= file.length ? file.subarray(offset, offset + size) : undefined;
  };
  const names = span(view.getUint16(62));
  if (names === undefined) return undefined;
  for (let index = 0; index < count; index++) {
    const at = tableAt + index * entrySize;
    if (at + 64 > file.length) return undefined;
    const nameAt = view.getUint32(at);
    const end = names.indexOf(0, nameAt);
    if (end >= 0 && latin1.decode(names.subarray(nameAt, end)) === wanted) return span(index);
  }
  return undefined;
}

const latin1 = new TextDecoder("latin1");
