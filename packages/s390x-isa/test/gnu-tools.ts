import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const prefix = "s390x-linux-gnu-";

/** True when a tool of the GNU cross toolchain for s390x is installed. */
export function hasTool(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, prefix + name)));
}

/**
 * True when tests against the GNU tools should be left out: a tool is missing, and this is no CI run. In CI a missing tool makes
 * the tests fail.
 */
export function toolsMissing(...names: string[]): boolean {
  const missing = names.filter((name) => !hasTool(name));
  if (missing.length === 0 || process.env.CI) return false;
  process.stderr.write(
    `SKIPPED: ${missing.map((name) => prefix + name).join(", ")} not found (Debian: binutils-s390x-linux-gnu, gcc-s390x-linux-gnu)\n`,
  );
  return true;
}

/** The same for a file that a package of the toolchain brings. */
export function fileMissing(file: string): boolean {
  if (existsSync(file) || process.env.CI) return false;
  process.stderr.write(`SKIPPED: ${file} not found (Debian: libc6-s390x-cross)\n`);
  return true;
}

export function runTool(name: string, args: readonly string[]): string {
  return execFileSync(prefix + name, args, { encoding: "utf8", maxBuffer: 1 << 30 });
}

/** Call `use` with a folder that is removed afterwards. */
export function withFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "s390x-isa-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One line of objdump output. */
export interface ObjdumpLine {
  readonly address: number;
  readonly bytes: readonly number[];
  /** Mnemonic, tab, operands; symbols such as `<main+0x8>` are removed. */
  readonly text: string;
}

function parseObjdump(output: string): ObjdumpLine[] {
  return [...output.matchAll(/^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t(.*)$/gm)].map(([, address, bytes, text]) => ({
    address: Number.parseInt(address!, 16),
    bytes: bytes!
      .trim()
      .split(" ")
      .map((byte) => Number.parseInt(byte, 16)),
    text: text!.replace(/\s*<[^>]*>$/, "").trim(),
  }));
}

/** Disassemble raw bytes, the first at address 0. */
export function objdumpBytes(bytes: Uint8Array): ObjdumpLine[] {
  return withFolder((folder) => {
    const file = join(folder, "code.bin");
    writeFileSync(file, bytes);
    return parseObjdump(runTool("objdump", ["-D", "-z", "-b", "binary", "-m", "s390:64-bit", file]));
  });
}

/** Disassemble the code sections of an ELF file. */
export function objdumpFile(file: string): ObjdumpLine[] {
  return parseObjdump(runTool("objdump", ["-d", "-z", file]));
}

/** Assemble with the GNU assembler; the bytes of the text section. */
export function gnuAssemble(source: string): Uint8Array {
  return withFolder((folder) => {
    const [text, object, binary] = ["code.s", "code.o", "code.bin"].map((name) => join(folder, name)) as [string, string, string];
    writeFileSync(text, source);
    runTool("as", ["-march=z16", "-mzarch", "-m64", text, "-o", object]);
    runTool("objcopy", ["-O", "binary", "-j", ".text", object, binary]);
    return new Uint8Array(readFileSync(binary));
  });
}
