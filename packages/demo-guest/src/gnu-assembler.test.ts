// Against the GNU assembler and linker for s390x (Debian: binutils-s390x-linux-gnu).
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { assemble } from "@zarch/s390x-isa";
import { expect, it } from "vitest";
import { guestSource } from "../scripts/sources.ts";
import { demoGuest } from "./index.ts";

const tool = (name: string): string => `s390x-linux-gnu-${name}`;
const installed = (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, tool("ld"))));
if (!installed && !process.env.CI) process.stderr.write(`SKIPPED: ${tool("ld")} not found (Debian: binutils-s390x-linux-gnu)\n`);

/** Statements with instructions that binutils does not know, and what makes as many bytes. */
const unknown = /\b(servc|clp|pcilg|pcistg|mpcifc)\s[^\n#]*/g;
const placeholder = (text: string): string => text.replaceAll(unknown, (_, name) => `.fill ${name === "mpcifc" ? 6 : 4},1,0`);

function gnuImage(source: string, origin: number): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "demo-guest-"));
  const file = (name: string): string => join(folder, name);
  try {
    writeFileSync(file("guest.s"), `.globl _start\n_start:\n${source}`);
    execFileSync(tool("as"), ["-march=z196", "-m64", file("guest.s"), "-o", file("guest.o")]);
    execFileSync(tool("ld"), [`-Ttext=0x${origin.toString(16)}`, file("guest.o"), "-o", file("guest")]);
    execFileSync(tool("objcopy"), ["-O", "binary", "-j", ".text", file("guest"), file("image")]);
    return readFileSync(file("image"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it.skipIf(!installed && !process.env.CI)("the GNU tools make the same image, but for the instructions that they do not know", () => {
  const { bytes, address } = demoGuest();
  const source = placeholder(guestSource().text);
  const ours = assemble(source, { origin: address }).bytes;
  expect(Buffer.from(ours).equals(gnuImage(source, address))).toBe(true);
  // The placeholders are all that is different from the image.
  const different = ours.reduce((count, byte, i) => count + (byte === bytes[i] ? 0 : 1), 0);
  expect([ours.length, different > 0, different < 100]).toEqual([bytes.length, true, true]);
});
