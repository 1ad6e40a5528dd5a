import { FlatMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "./crc32.ts";
import { rawProgram } from "./ipl-program.ts";
import { isLinux, linux } from "./linux.ts";

const mebibyte = 0x10_0000;
const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A Linux image as far as a loader looks at it. */
function image({ payload = new Uint8Array(0) as Uint8Array, maximumCommandLine = 4096, size = 0x2_0000 } = {}): Uint8Array {
  const bytes = new Uint8Array(Math.max(size, 0x1_2000 + payload.length));
  const view = new DataView(bytes.buffer);
  bytes.set([0x00, 0x08, 0x00, 0x00, 0x80, 0x00, 0x02, 0x00]);
  bytes.set(ascii("S390EP"), 0x1_0008);
  view.setUint32(0x1_042c, 0x1_1000);
  view.setUint32(0x1_0434, maximumCommandLine);
  bytes.set(payload, 0x1_2000);
  return bytes;
}

function elf(
  options: { machine?: number; data?: number; class64?: number; entry?: number; type?: number; segments?: [number, number][] } = {},
) {
  const { machine = 22, data = 2, class64 = 2, entry = 0x1_0000, type = 2, segments = [[0x1_0000, 0x1000]] } = options;
  const bytes = new Uint8Array(0x1000 + segments.length * 0x1000);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, class64, data, 1]);
  view.setUint16(16, type, data === 1);
  view.setUint16(18, machine, data === 1);
  view.setUint32(28, entry);
  view.setUint32(36, 64);
  view.setUint16(54, 56);
  view.setUint16(56, segments.length);
  segments.forEach(([address, memorySize], index) => {
    const at = 64 + 56 * index;
    view.setUint32(at, 1);
    view.setUint32(at + 12, 0x1000 + index * 0x1000);
    view.setUint32(at + 28, address);
    view.setUint32(at + 36, 0x1000);
    view.setUint32(at + 44, memorySize);
    bytes.fill(index + 1, 0x1000 + index * 0x1000, 0x2000 + index * 0x1000);
  });
  return bytes;
}

function xzStream(content = 100): Uint8Array<ArrayBuffer> {
  const flags = [0, 1];
  const little = (value: number) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
  const footer = [...little(7), ...flags];
  return Uint8Array.from([
    ...[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, ...flags, ...little(crc32(Uint8Array.from(flags)))],
    ...new Array<number>(content).fill(0x33),
    ...[...little(crc32(Uint8Array.from(footer))), ...footer, 0x59, 0x5a],
  ]);
}

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "none";
};

describe("IPL: Linux image", () => {
  it("stands at absolute 0, begins at 0x10000 in 64-bit mode, and finds its parameters", () => {
    const memory = new FlatMemory(16 * mebibyte);
    const initrd = Uint8Array.from({ length: 5000 }, (_, index) => index & 0xff);
    const psw = linux({ kernel: image(), initrd, commandLine: "console=ttysclp0 root=/dev/vda" }).load(memory);
    expect(psw).toEqual({ maskHigh: 1, maskLow: 0x8000_0000, addressHigh: 0, addressLow: 0x1_0000 });
    expect(memory.loadUint32(0, "big")).toBe(0x0008_0000);
    expect(memory.loadUint64(0x1_0408, "big")).toBe(8 * mebibyte);
    expect(memory.loadUint64(0x1_0410, "big")).toBe(5000);
    const loaded = new Uint8Array(5000);
    memory.read(8 * mebibyte, loaded);
    expect(loaded).toEqual(initrd);
    const text = new Uint8Array(31);
    memory.read(0x1_0480, text);
    expect(text).toEqual(ascii("console=ttysclp0 root=/dev/vda\0"));
  });

  it("leaves the built-in command line alone when none is given", () => {
    const kernel = image();
    kernel.set(ascii("root=/dev/ram0 ro"), 0x1_0480);
    const memory = new FlatMemory(mebibyte);
    linux({ kernel }).load(memory);
    expect(memory.loadUint8(0x1_0480)).toBe("r".charCodeAt(0));
  });

  it("reads the initrd's file anew for each load, piece by piece", () => {
    const memory = new FlatMemory(16 * mebibyte);
    const piece = new Uint8Array(2);
    let version = 0;
    const program = linux({
      kernel: image(),
      initrd: {
        size: 4,
        *pieces() {
          version++;
          for (const byte of [version, 7]) yield piece.fill(byte);
        },
      },
    });
    expect(version).toBe(0);
    for (const expected of [1, 2]) {
      program.load(memory);
      const loaded = new Uint8Array(4);
      memory.read(8 * mebibyte, loaded);
      expect(loaded).toEqual(Uint8Array.of(expected, expected, 7, 7));
      expect(memory.loadUint64(0x1_0410, "big")).toBe(4);
    }
  });

  it("takes as much of the initrd's file as there is, and refuses what has grown beyond memory", () => {
    const memory = new FlatMemory(9 * mebibyte);
    const load = (length: number) => linux({ kernel: image(), initrd: { size: 4, pieces: () => [new Uint8Array(length)] } }).load(memory);
    load(3);
    expect(memory.loadUint64(0x1_0410, "big")).toBe(3);
    expect(() => load(mebibyte + 1)).toThrow("the initrd (1.0 MiB) does not fit behind the kernel into 9 MiB of memory");
  });

  it("puts the initrd behind a kernel that reaches beyond 8 MiB, at least a MiB away", () => {
    const memory = new FlatMemory(32 * mebibyte);
    linux({ kernel: image({ size: 9 * mebibyte + 1 }), initrd: new Uint8Array(1) }).load(memory);
    expect(memory.loadUint64(0x1_0408, "big")).toBe(11 * mebibyte);
  });

  it("refuses a kernel or an initrd larger than memory", () => {
    const memory = new FlatMemory(9 * mebibyte);
    expect(codeOf(() => linux({ kernel: image({ size: 10 * mebibyte }) }).load(memory))).toBe("ERR_IPL_KERNEL_TOO_LARGE");
    const withInitrd = (size: number) => () => linux({ kernel: image(), initrd: new Uint8Array(size) }).load(memory);
    expect(codeOf(withInitrd(mebibyte))).toBe("none");
    expect(codeOf(withInitrd(mebibyte + 1))).toBe("ERR_IPL_INITRD_TOO_LARGE");
    expect(withInitrd(mebibyte + 1)).toThrow("the initrd (1.0 MiB) does not fit behind the kernel into 9 MiB of memory");
  });

  it("takes a command line as long as the kernel says, or 895 characters of an old one", () => {
    const lengths = (maximumCommandLine: number, length: number) =>
      codeOf(() => linux({ kernel: image({ maximumCommandLine }), commandLine: "x".repeat(length) }));
    expect([lengths(4096, 4095), lengths(4096, 4096), lengths(0, 895), lengths(0, 896)]).toEqual([
      "none",
      "ERR_IPL_COMMAND_LINE",
      "none",
      "ERR_IPL_COMMAND_LINE",
    ]);
  });

  it("refuses a command line that Linux would take for EBCDIC", () => {
    expect(codeOf(() => linux({ kernel: image(), commandLine: "name=Grüße" }))).toBe("ERR_IPL_COMMAND_LINE");
    expect(codeOf(() => linux({ kernel: image(), commandLine: "a\0b" }))).toBe("ERR_IPL_COMMAND_LINE");
  });

  it("recognises a truncated image wherever it is cut", () => {
    const complete = image({ payload: xzStream(20_000) });
    expect(codeOf(() => linux({ kernel: complete }))).toBe("none");
    for (const length of [8, 0x200, 0x1_0000, 0x1_0481, 0x1_1000, 0x1_2100, 0x1_2000 + 20_000])
      expect(codeOf(() => linux({ kernel: complete.subarray(0, length) }))).toMatch(/TRUNCATED|FORMAT/);
    expect(() => linux({ kernel: complete.subarray(0, 0x1_2100) })).toThrow("the kernel is truncated: its xz data end before their time");
  });

  it("recognises a truncated zstd or LZ4 kernel", () => {
    const zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 100];
    const blocks = [0, 0, 1].flatMap((last) => [(30 << 3) | last, 0, 0, ...new Array<number>(30).fill(0x55)]);
    const lz4 = [0x02, 0x21, 0x4c, 0x18, 100, 0, 0, 0, ...new Array<number>(100).fill(7), 0, 0, 0, 0];
    for (const payload of [
      [...zstd, ...blocks],
      [0, 0, ...lz4],
    ]) {
      const kernel = image({ payload: Uint8Array.from(payload), size: 0 });
      expect(codeOf(() => linux({ kernel }))).toBe("none");
      expect(codeOf(() => linux({ kernel: kernel.subarray(0, 0x1_2000 + 50) }))).toBe("ERR_IPL_KERNEL_TRUNCATED");
    }
  });

  it.each<[string, number, string]>([
    ["x86 Linux kernel", 0x202, "HdrS"],
    ["arm64 Linux kernel", 0x38, "ARM\x64"],
    ["RISC-V Linux kernel", 0x38, "RSC\x05"],
    ["gzip-compressed", 0, "\x1f\x8b\x08"],
    ["cpio archive", 0, "070701"],
    ["script", 0, "#!/bin/sh"],
  ])("says of a file that it is an %s", (what, offset, signature) => {
    const bytes = new Uint8Array(0x2_0000);
    bytes.set(ascii(signature), offset);
    expect(() => linux({ kernel: bytes })).toThrow(what);
    expect(codeOf(() => linux({ kernel: bytes }))).toBe("ERR_IPL_KERNEL_FORMAT");
  });

  it("refuses an empty file and one of anything else", () => {
    expect(codeOf(() => linux({ kernel: new Uint8Array(0) }))).toBe("ERR_IPL_KERNEL_EMPTY");
    expect(codeOf(() => linux({ kernel: new Uint8Array(0x2_0000) }))).toBe("ERR_IPL_KERNEL_FORMAT");
  });
});

describe("IPL: ELF", () => {
  it("loads each segment at its physical address and clears the rest of it", () => {
    const memory = new FlatMemory(mebibyte);
    memory.fill(0, memory.size, 0xee);
    const program = linux({
      kernel: elf({
        entry: 0x2_0008,
        segments: [
          [0x2_0000, 0x1000],
          [0x4_0000, 0x2000],
        ],
      }),
    });
    expect(program.load(memory).addressLow).toBe(0x2_0008);
    expect([0x1_ffff, 0x2_0000, 0x2_1000, 0x4_0fff, 0x4_1000, 0x4_1fff, 0x4_2000].map((at) => memory.loadUint8(at))).toEqual([
      0xee, 1, 0xee, 2, 0, 0, 0xee,
    ]);
  });

  it("an ELF kernel of Linux takes parameters, also with the entry of old kernels; another program does not", () => {
    const memory = new FlatMemory(16 * mebibyte);
    for (const entry of [0x1_0000, 0x800]) {
      expect(linux({ kernel: elf({ entry }), commandLine: "quiet", initrd: new Uint8Array(9) }).load(memory).addressLow).toBe(0x1_0000);
      expect(memory.loadUint64(0x1_0410, "big")).toBe(9);
    }
    expect(codeOf(() => linux({ kernel: elf({ entry: 0x2_0000 }), commandLine: "quiet" }))).toBe("ERR_IPL_NOT_LINUX");
    expect([isLinux(image()), isLinux(elf()), isLinux(elf({ entry: 0x2_0000 }))]).toEqual([true, true, false]);
  });

  it("names the machine that a foreign ELF file is for", () => {
    expect(() => linux({ kernel: elf({ machine: 62, data: 1 }) })).toThrow("not for s390x: it is an ELF program for x86-64");
    expect(() => linux({ kernel: elf({ class64: 1 }) })).toThrow("31-bit");
    expect(() => linux({ kernel: elf({ type: 1 }) })).toThrow("not linked");
    expect(() => linux({ kernel: elf({ segments: [] }) })).toThrow("nothing to load");
  });

  it("bad-inputs: an image that is truncated or claims sizes beyond memory is refused, whatever its headers say", () => {
    const memory = new FlatMemory(4 * mebibyte);
    fc.assert(
      fc.property(fc.nat(0x2000), fc.array(fc.tuple(fc.nat(180), fc.nat(255)), { maxLength: 6 }), (length, changes) => {
        const bytes = elf();
        for (const [at, value] of changes) bytes[at] = value;
        expect(codeOf(() => linux({ kernel: bytes.subarray(0, length) }).load(memory))).toMatch(/^(none|ERR_IPL_[A-Z_]+)$/);
      }),
    );
  });
});

describe("IPL: raw program", () => {
  it("refuses one that does not fit", () => {
    const program = rawProgram({ bytes: new Uint8Array(100), address: mebibyte - 99 });
    expect(codeOf(() => program.load(new FlatMemory(mebibyte)))).toBe("ERR_IPL_PROGRAM_TOO_LARGE");
  });
});
