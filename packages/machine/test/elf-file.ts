interface TestSymbol {
  readonly name: string;
  readonly address: number;
  readonly size?: number;
  /** Default: a function. */
  readonly type?: number;
  /** Index of the section that it is in. Default 1. */
  readonly section?: number;
}

/** An ELF file for s390x with one segment without content, a symbol table and its names. */
export function elfFile({
  symbols,
  loadAddress = 0,
  tableType = 2,
  machine = 22,
}: {
  readonly symbols: readonly TestSymbol[];
  readonly loadAddress?: number;
  readonly tableType?: number;
  readonly machine?: number;
}): Uint8Array {
  const names = new TextEncoder().encode(`\0${symbols.map(({ name }) => `${name}\0`).join("")}`);
  const segmentAt = 64;
  const sectionsAt = segmentAt + 56;
  const symbolsAt = sectionsAt + 3 * 64;
  const namesAt = symbolsAt + symbols.length * 24;
  const bytes = new Uint8Array(namesAt + names.length);
  const view = new DataView(bytes.buffer);
  const set64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value));
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1]);
  view.setUint16(16, 2);
  view.setUint16(18, machine);
  set64(32, segmentAt);
  set64(40, sectionsAt);
  view.setUint16(54, 56);
  view.setUint16(56, 1);
  view.setUint16(58, 64);
  view.setUint16(60, 3);
  view.setUint32(segmentAt, 1);
  set64(segmentAt + 16, loadAddress);
  const section = (index: number, type: number, offset: number, length: number, link: number): void => {
    const at = sectionsAt + index * 64;
    view.setUint32(at + 4, type);
    set64(at + 24, offset);
    set64(at + 32, length);
    view.setUint32(at + 40, link);
  };
  section(1, tableType, symbolsAt, symbols.length * 24, 2);
  section(2, 3, namesAt, names.length, 0);
  let nameAt = 1;
  for (const [index, { name, address, size = 0, type = 2, section = 1 }] of symbols.entries()) {
    const at = symbolsAt + index * 24;
    view.setUint32(at, nameAt);
    view.setUint8(at + 4, type);
    view.setUint16(at + 6, section);
    set64(at + 8, address);
    set64(at + 16, size);
    nameAt += name.length + 1;
  }
  bytes.set(names, namesAt);
  return bytes;
}
