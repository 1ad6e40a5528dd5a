import { HostError } from "@zarch/vmm-interface";
import { isElf, readElfSymbols } from "./elf-symbols.ts";
import type { ProfilePlace } from "./profile.ts";
import type { CodeSymbol, SymbolFile } from "./symbol-file.ts";

/** No function is longer, in bytes: what is further behind a symbol of unknown size is not its code. */
const longestFunction = 2 ** 20;

const mapLine = /^([0-9a-f]+) ([a-zA-Z?]) (\S+)(?:\s+(\[\w+\]))?$/i;

/**
 * Reads a System.map, a copy of a guest's /proc/kallsyms, or an ELF file with symbols.
 * @throws {HostError} ERR_PROFILE_SYMBOLS
 */
export function readSymbols(bytes: Uint8Array): SymbolFile {
  return isElf(bytes) ? readElfSymbols(bytes) : readSystemMap(new TextDecoder().decode(bytes));
}

function readSystemMap(text: string): SymbolFile {
  const symbols: CodeSymbol[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const match = mapLine.exec(line.trimEnd());
    if (match === null) throw new HostError("ERR_PROFILE_SYMBOLS", "neither a System.map nor an ELF file");
    const [, address, type, name, module] = match;
    const isCode = /[tw]/i.test(type!);
    symbols.push({ name: module ? `${name} ${module}` : name!, address: Number.parseInt(address!, 16), size: isCode ? 0 : undefined });
  }
  if (symbols.every(({ address }) => address === 0))
    throw new HostError("ERR_PROFILE_SYMBOLS", "all addresses are 0; in the guest, root can read /proc/kallsyms with them");
  if (symbols.length < 3 && symbols.some(({ address }) => address >= 2 ** 63))
    throw new HostError("ERR_PROFILE_SYMBOLS", "only says where the real System.map is; take the guest's /proc/kallsyms");
  return { symbols };
}

/** A place with a name. */
export interface NamedPlace {
  readonly name: string;
  /** Address that the name stands for. */
  readonly start: number;
}

interface Entry extends CodeSymbol {
  readonly end: number;
}

/** Names for addresses in a guest. */
export class SymbolTable {
  readonly #kernel: CodeSymbol[] = [];
  readonly #user: CodeSymbol[] = [];
  #sorted: { readonly kernel: readonly Entry[]; readonly user: readonly Entry[] } | undefined;

  /** Adds names for what runs in the supervisor state. */
  addKernel({ symbols }: SymbolFile): void {
    this.#kernel.push(...symbols);
    this.#sorted = undefined;
  }

  /**
   * Adds names for a program in user space.
   * @param address where its first segment is in the guest; see /proc/PID/maps
   * @throws {HostError} ERR_PROFILE_SYMBOLS for a file that does not tell where its symbols lie in it
   */
  addUser({ symbols, loadAddress }: SymbolFile, address: number): void {
    if (loadAddress === undefined) throw new HostError("ERR_PROFILE_SYMBOLS", "only an ELF program can be given an address");
    for (const symbol of symbols) this.#user.push({ ...symbol, address: symbol.address - loadAddress + address });
    this.#sorted = undefined;
  }

  /** The function that lies at a place, if it is known. */
  find({ address, isUser }: ProfilePlace): NamedPlace | undefined {
    this.#sorted ??= { kernel: sorted(this.#kernel), user: sorted(this.#user) };
    const entries = isUser ? this.#sorted.user : this.#sorted.kernel;
    let [low, high] = [0, entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (entries[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const entry = entries[low - 1];
    return entry !== undefined && entry.size !== undefined && address < entry.end ? { name: entry.name, start: entry.address } : undefined;
  }
}

/** By address, one symbol for each: the first of those that are code. */
function sorted(symbols: readonly CodeSymbol[]): Entry[] {
  const byAddress = new Map<number, CodeSymbol>();
  for (const symbol of symbols) {
    const before = byAddress.get(symbol.address);
    if (before === undefined || (before.size === undefined && symbol.size !== undefined)) byAddress.set(symbol.address, symbol);
  }
  const all = [...byAddress.values()].sort((a, b) => a.address - b.address);
  return all.map((symbol, index) => {
    const next = all[index + 1]?.address ?? Number.POSITIVE_INFINITY;
    return { ...symbol, end: symbol.size ? symbol.address + symbol.size : Math.min(next, symbol.address + longestFunction) };
  });
}
