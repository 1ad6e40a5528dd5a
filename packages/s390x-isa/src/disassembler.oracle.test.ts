// Against the GNU tools for s390x (Debian: binutils-s390x-linux-gnu, gcc-s390x-linux-gnu with its C library).
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodingOf, randomNumbers } from "../test/encodings.ts";
import { fileMissing, type ObjdumpLine, objdumpBytes, objdumpFile, runTool, toolsMissing, withFolder } from "../test/gnu-tools.ts";
import { forms } from "./forms.ts";
import { disassemble, disassembleAll, opcodeGroups } from "./index.ts";

const notInBinutils = new Set("servc chsc pcistb sic clp pcistg pcilg rpcit mpcifc stpcifc".split(" "));
const libraries = "/usr/s390x-linux-gnu/lib";
const spacing = 16;

/** Compare entries that stand 16 bytes apart; returns those that differ, and how many were compared. */
function compareEntries(encodings: readonly Uint8Array[]): { differing: string[]; compared: number } {
  const bytes = new Uint8Array(encodings.length * spacing).fill(0x07);
  for (const [i, encoding] of encodings.entries()) bytes.set(encoding, i * spacing);
  const expected = new Map(objdumpBytes(bytes).map((line) => [line.address, line.text]));
  const differing: string[] = [];
  let compared = 0;
  for (let address = 0; address < bytes.length; address += spacing) {
    const { text, instruction } = disassemble(bytes, address, { address });
    const wanted = expected.get(address);
    if (wanted === undefined || (instruction && notInBinutils.has(instruction.mnemonic))) continue;
    // objdump 2.40 loses the end of a NOP operand with an index and no base.
    if (/^nop\t\d+\(%r\d+$/.test(wanted)) continue;
    compared++;
    if (text !== wanted)
      differing.push(`${Buffer.from(bytes.subarray(address, address + 6)).toString("hex")}: ${text} instead of ${wanted}`);
  }
  return { differing, compared };
}

/** Compare a whole listing, run by run of consecutive bytes. */
function compareListing(lines: readonly ObjdumpLine[]): string[] {
  const differing: string[] = [];
  for (let first = 0; first < lines.length; ) {
    let last = first;
    const next = (i: number): number => lines[i]!.address + lines[i]!.bytes.length;
    while (last + 1 < lines.length && lines[last + 1]!.address === next(last)) last++;
    const run = lines.slice(first, last + 1);
    const { address } = run[0]!;
    const bytes = Uint8Array.from(run.flatMap((line) => line.bytes));
    for (const line of run) {
      const { text } = disassemble(bytes, line.address - address, {
        address: line.address,
        formatAddress: (target) => target.toString(16),
      });
      if (text !== line.text) differing.push(`${line.address.toString(16)}: ${text} instead of ${line.text}`);
    }
    first = last + 1;
  }
  return differing;
}

describe.skipIf(toolsMissing("objdump"))("disassembler against objdump", () => {
  it("agrees on every mnemonic with pseudo-random operands", () => {
    const next = randomNumbers(390);
    const all = forms().flatMap((form) => [
      ...Array.from({ length: 6 }, () => encodingOf(form, next)),
      ...Array.from({ length: 2 }, () => encodingOf(form, () => next() & next() & next())),
    ]);
    const { differing, compared } = compareEntries(all);
    expect(differing).toEqual([]);
    expect(compared).toBeGreaterThan(19_000);
  });

  it("agrees on pseudo-random bytes behind every first byte, reserved bits included", () => {
    const next = randomNumbers(360);
    const encodings: Uint8Array[] = [];
    for (let i = 0; i < 30_000; i++) {
      const encoding = Uint8Array.from({ length: 6 }, () => (next() % 4 === 0 ? 0 : next() & 0xff));
      const group = opcodeGroups[encoding[0]!];
      const values = group?.extension ? [...group.ids.keys()].filter((value) => group.ids[value]! >= 0) : [];
      const value = values[next() % (values.length || 1)];
      if (group?.extension && value !== undefined) {
        if (group.extension.bit === 40) encoding[5] = value;
        else encoding[1] = group.extension.bit === 12 ? (encoding[1]! & 0xf0) | value : value;
      }
      encodings.push(encoding);
    }
    const { differing, compared } = compareEntries(encodings);
    expect(differing).toEqual([]);
    expect(compared).toBeGreaterThan(25_000);
  });

  it("agrees on instructions cut off by the end of the buffer", () => {
    for (const hex of [
      "e3",
      "e310",
      "e31020",
      "e3102000",
      "e310200000",
      "b9",
      "b904",
      "b90400",
      "58",
      "5810",
      "581020",
      "ffffffffff",
      "07",
      "0707ff",
    ]) {
      const bytes = new Uint8Array(Buffer.from(hex, "hex"));
      // objdump 2.40 forgets the commas between single bytes.
      const texts = [...disassembleAll(bytes)].map((line) => (line.text.startsWith(".byte") ? line.text.replaceAll(",", "") : line.text));
      expect(texts, hex).toEqual(objdumpBytes(bytes).map((line) => line.text));
    }
  });
});

describe.skipIf(toolsMissing("objdump", "gcc") || fileMissing(join(libraries, "libc.so.6")))(
  "disassembler against objdump on real programs",
  () => {
    it.each(["libc.so.6", "libm.so.6", "ld64.so.1", "libgcc_s.so.1"])("agrees on all code of %s", (name) => {
      const lines = objdumpFile(join(libraries, name));
      expect(lines.length).toBeGreaterThan(5_000);
      expect(compareListing(lines)).toEqual([]);
    });

    it.each(["z900", "z10", "z13", "z15"])("agrees on a program compiled for %s", (arch) => {
      const source = `
      #include <stdio.h>
      #include <string.h>
      float f[64]; double d[64]; int n[64]; long q[64]; char s[256]; _Atomic int a;
      int main(int c, char **v) {
        for (int i = 0; i < 64; i++) {
          f[i] = f[i] * 2 + n[i]; d[i] += f[i] / 3; n[i] = n[i] < 3 ? c : (n[i] << 3) ^ i; q[i] = q[i] / (c + 1) + (unsigned long)n[i] % 7;
          switch (n[i] & 7) { case 0: a++; break; case 1: memset(s, i, i); break; case 5: memcpy(s, v[0], 40); break; default: q[i] &= 0xff0; }
        }
        return printf("%f %ld %s", d[c], q[c], s);
      }`;
      withFolder((folder) => {
        writeFileSync(join(folder, "program.c"), source);
        runTool("gcc", ["-O3", `-march=${arch}`, "-o", join(folder, "program.o"), "-c", join(folder, "program.c")]);
        const lines = objdumpFile(join(folder, "program.o"));
        expect(lines.length).toBeGreaterThan(100);
        expect(compareListing(lines)).toEqual([]);
      });
    });
  },
);
