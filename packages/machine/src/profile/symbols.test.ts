import { describe, expect, it } from "vitest";
import { elfFile } from "../../test/elf-file.ts";
import { readSymbols, SymbolTable } from "./symbols.ts";

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const codeOf = (bytes: Uint8Array): unknown[] => readSymbols(bytes).symbols.map(({ name, address, size }) => [name, address, size]);

describe("readSymbols", () => {
  it("reads a System.map", () => {
    expect(codeOf(text("0000000000100000 T _text\n0000000000100010 t local\n0000000000200000 D data\n"))).toEqual([
      ["_text", 0x10_0000, 0],
      ["local", 0x10_0010, 0],
      ["data", 0x20_0000, undefined],
    ]);
  });

  it("reads /proc/kallsyms with modules, and the carriage returns of a console", () => {
    expect(codeOf(text("0000000000100000 T _text\r\n000003ff80001000 t read\t[virtio_blk]\r\n\r\n"))).toEqual([
      ["_text", 0x10_0000, 0],
      ["read [virtio_blk]", 0x3ff_8000_1000, 0],
    ]);
  });

  it("reads the functions of an ELF file", () => {
    const file = elfFile({
      loadAddress: 0x100_0123,
      symbols: [
        { name: "main", address: 0x100_1000, size: 0x20 },
        { name: "table", address: 0x100_2000, size: 8, type: 1 },
        { name: "outside", address: 0, section: 0 },
        { name: "fast", address: 0x100_3000, type: 10 },
      ],
    });
    expect(readSymbols(file)).toEqual({
      symbols: [
        { name: "main", address: 0x100_1000, size: 0x20 },
        { name: "fast", address: 0x100_3000, size: 0 },
      ],
      loadAddress: 0x100_0000,
    });
  });

  it("takes the dynamic symbols of a stripped file", () => {
    expect(codeOf(elfFile({ symbols: [{ name: "puts", address: 0x1000, size: 4 }], tableType: 11 }))).toEqual([["puts", 0x1000, 4]]);
  });

  it.each([
    ["something else", text("hello\n"), /neither a System.map nor an ELF file/],
    ["nothing", text(""), /all addresses are 0/],
    ["hidden addresses", text("0000000000000000 T _text\n0000000000000000 T start\n"), /root can read/],
    ["Debian's placeholder", text("ffffffffffffffff B The real System.map is in the linux-image-dbg package\n"), /System.map/],
    [
      "Debian's placeholder in one word",
      text("ffffffffffffffff B The_real_System.map_is_in_linux-image-dbg\n"),
      /where the real System.map is/,
    ],
    ["a stripped ELF file", elfFile({ symbols: [], tableType: 1 }), /stripped/],
    ["an ELF file of another machine", elfFile({ symbols: [], machine: 62 }), /not an ELF file for s390x/],
    ["a short ELF file", elfFile({ symbols: [{ name: "main", address: 1 }] }).subarray(0, 200), /truncated/],
  ])("refuses %s", (_name, bytes, message) => {
    expect(() => readSymbols(bytes)).toThrow(message);
    expect(() => readSymbols(bytes)).toThrow(expect.objectContaining({ code: "ERR_PROFILE_SYMBOLS" }));
  });
});

describe("SymbolTable", () => {
  const table = new SymbolTable();
  table.addKernel(
    readSymbols(
      text(`0000000000000100 D lowcore
0000000000100000 T _stext
0000000000100000 T _text
0000000000100000 D also_data
0000000000100400 t second
0000000000200000 D data
0000000000300000 T last`),
    ),
  );
  table.addUser(readSymbols(elfFile({ loadAddress: 0x1000, symbols: [{ name: "main", address: 0x1100, size: 0x10 }] })), 0x2aa_0000_0000);
  const kernel = (address: number) => table.find({ address, isUser: false })?.name;
  const user = (address: number) => table.find({ address, isUser: true })?.name;

  it("finds the symbol at or before an address; data end it", () => {
    expect([0xff_fffe, 0x10_0000, 0x10_03fe, 0x10_0400, 0x1f_fffe, 0x20_0000].map(kernel)).toEqual([
      undefined,
      "_stext",
      "_stext",
      "second",
      "second",
      undefined,
    ]);
    expect(table.find({ address: 0x10_0404, isUser: false })).toEqual({ name: "second", start: 0x10_0400 });
  });

  it("does not stretch the last symbol without end", () => {
    expect([0x30_0000, 0x3f_fffe, 0x40_0000].map(kernel)).toEqual(["last", "last", undefined]);
  });

  it("keeps programs in user space apart, moved to where they are and with their sizes", () => {
    expect([0x2aa_0000_0100, 0x2aa_0000_010e, 0x2aa_0000_0110, 0x10_0000].map(user)).toEqual(["main", "main", undefined, undefined]);
    expect(kernel(0x2aa_0000_0100)).toBeUndefined();
  });

  it("refuses to move a System.map", () => {
    expect(() => table.addUser(readSymbols(text("0000000000100000 T _text")), 0)).toThrow(/ELF/);
  });
});
