import { HostError } from "@zarch/vmm-interface";
import type { CodeSymbol, SymbolFile } from "./symbol-file.ts";

const machineS390 = 22;
const headerLength = 64;
const programLoad = 1;
const sectionSymbols = 2;
const sectionDynamicSymbols = 11;
const sectionHeaderLength = 64;
const programHeaderLength = 56;
const symbolLength = 24;
const symbolFunction = 2;
const symbolIndirectFunction = 10;

/** Whether a file begins like an ELF file. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * Reads the functions that the symbol table of an s390x ELF file names (ELF-64 object file format): that for linking, or in a stripped file
 * that for dynamic linking.
 * @throws {HostError} ERR_PROFILE_SYMBOLS
 */
export function readElfSymbols(bytes: Uint8Array): SymbolFile {
  const unsuitable = (why: string): HostError => new HostError("ERR_PROFILE_SYMBOLS", why);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerLength || bytes[4] !== 2 || bytes[5] !== 2 || view.getUint16(18) !== machineS390)
    throw unsuitable("not an ELF file for s390x");
  const within = (offset: number, length: number): void => {
    if (offset + length > bytes.length) throw unsuitable("the ELF file is truncated");
  };
  const load64 = (at: number): number => view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);

  const sections = load64(40);
  const sectionCount = view.getUint16(60);
  within(sections, sectionCount * sectionHeaderLength);
  const tables = Array.from({ length: sectionCount }, (_, i) => sections + i * sectionHeaderLength);
  const table = [sectionSymbols, sectionDynamicSymbols]
    .map((type) => tables.find((at) => view.getUint32(at + 4) === type))
    .find((at) => at !== undefined);
  if (table === undefined) throw unsuitable("the ELF file has no symbols: it is stripped");
  const names = tables[view.getUint32(table + 40)];
  if (names === undefined) throw unsuitable("the ELF file's symbols have no names");
  const [namesOffset, namesLength] = [load64(names + 24), load64(names + 32)];
  const [offset, length] = [load64(table + 24), load64(table + 32)];
  within(namesOffset, namesLength);
  within(offset, length);

  const decoder = new TextDecoder();
  const symbols: CodeSymbol[] = [];
  for (let at = offset; at + symbolLength <= offset + length; at += symbolLength) {
    const type = view.getUint8(at + 4) & 0xf;
    const isDefined = view.getUint16(at + 6) !== 0;
    if (!isDefined || (type !== symbolFunction && type !== symbolIndirectFunction)) continue;
    const name = namesOffset + view.getUint32(at);
    const end = bytes.indexOf(0, name);
    symbols.push({
      name: decoder.decode(bytes.subarray(name, end < 0 ? name : Math.min(end, namesOffset + namesLength))),
      address: load64(at + 8),
      size: load64(at + 16),
    });
  }

  const headers = load64(32);
  const count = view.getUint16(56);
  within(headers, count * programHeaderLength);
  let lowest = Number.POSITIVE_INFINITY;
  for (let at = headers; at < headers + count * programHeaderLength; at += programHeaderLength)
    if (view.getUint32(at) === programLoad) lowest = Math.min(lowest, load64(at + 16));
  return { symbols, ...(Number.isFinite(lowest) && { loadAddress: lowest - (lowest % 4096) }) };
}
