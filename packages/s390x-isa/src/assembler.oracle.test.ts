// Against the GNU assembler for s390x (Debian: binutils-s390x-linux-gnu).
import { describe, expect, it } from "vitest";
import { encodingOf, randomNumbers } from "../test/encodings.ts";
import { gnuAssemble, toolsMissing } from "../test/gnu-tools.ts";
import { forms } from "./forms.ts";
import { assemble, disassemble } from "./index.ts";

const notInBinutils = new Set("servc chsc pcistb sic clp pcistg pcilg rpcit mpcifc stpcifc".split(" "));

/** Both results as hexadecimal text, in lines of 16 bytes for readable failures. */
function listing(bytes: Uint8Array): string[] {
  return (
    Buffer.from(bytes)
      .toString("hex")
      .match(/.{1,32}/g) ?? []
  );
}

describe.skipIf(toolsMissing("as", "objcopy"))("assembler against the GNU assembler", () => {
  it("encodes every mnemonic alike, with pseudo-random operands", () => {
    const next = randomNumbers(9672);
    const lines: string[] = [];
    for (const form of forms()) {
      if (notInBinutils.has(form.mnemonic)) continue;
      for (let i = 0; i < 4; i++) {
        const bytes = encodingOf(form, i === 3 ? () => next() & next() & next() : next, true);
        // The GNU assembler makes relocations for absolute targets; relative ones it resolves.
        const { text } = disassemble(bytes, 0, { formatAddress: (target) => (target < 0 ? `.-${-target}` : `.+${target}`) });
        lines.push(text, ".balign 8");
      }
    }
    const source = `${lines.join("\n")}\n`;
    expect(listing(assemble(source).bytes)).toEqual(listing(gnuAssemble(source)));
    expect(lines.length).toBeGreaterThan(20_000);
  });

  it("takes every mnemonic under its own name", () => {
    const next = randomNumbers(2064);
    const lines: string[] = [];
    for (const form of forms()) {
      if (notInBinutils.has(form.mnemonic)) continue;
      const bytes = encodingOf(form, () => next() & next() & next(), true);
      const { text } = disassemble(bytes, 0, { formatAddress: (target) => (target < 0 ? `.-${-target}` : `.+${target}`) });
      // Extended mnemonics with the same operands as the one that is printed.
      const printed = text.split("\t")[0];
      const same = forms().find((each) => each.mnemonic === printed && each.format.shape === form.format.shape);
      if (same) lines.push(text.replace(/^\S+/, form.mnemonic), ".balign 8");
    }
    const source = `${lines.join("\n")}\n`;
    expect(listing(assemble(source).bytes)).toEqual(listing(gnuAssemble(source)));
    expect(lines.length).toBeGreaterThan(4_800);
  });

  it.each<[string, string]>([
    [
      "storage operands",
      "l 1,8\nl 1,8(2)\nl 1,8(2,3)\nl 1,8(,3)\nl 1,8(%r2,%r3)\nmvc 0(256,%r1),4095(%r2)\nmvc 0(1),0\nap 0(16,1),0(1,2)\nlm 0,15,0(13)\nnop 0\nvnot 1,%v30\nnop\nnopr\nl 1,(2)\nlg %r15,-8(%r15)",
    ],
    [
      "expressions",
      "a=3\n.set b,a*4+1\n.equ c,(b-a)<<2\n.long a,b,c,-c,~a,b/a,b%a,0x10|1,7&3,5^1,0b101,010,'A',1+2*3,-(1)\n.quad -1,0xffffffffffffffff,1<<40",
    ],
    [
      "labels",
      "start: j end\n1: brct 1,1b\nj 1f\n1: larl 2,start+2\nbrasl 14,end-2\n.long end-start, .-start\nlg 3,end-start(4)\nend: br 14",
    ],
    [
      "data",
      '.byte 1,-1,255\n.short -2\n.hword 3\n.long 5\n.int 6\n.quad 7\n.ascii "a\\n\\t\\"\\\\\\101\\x42"\n.asciz "z","y"\n.string "s"\n.space 3\n.skip 2,9\n.zero 2\n.fill 3,2,0x1234',
    ],
    ["alignment", ".byte 1\n.balign 4\n.long 1\n.byte 2\n.p2align 3\n.quad 1\n.byte 1\n.align 8,0xaa\n.quad 2\n.org 0x100\n.byte 5"],
    ["comments", 'lr 1,2 # one ; lr 3,4\n/* two\n lines */ lr 5,6 ; lr 7,8\n.ascii "#;/*"\n'],
  ])("%s", (_, source) => {
    // The GNU assembler fills the section up to a multiple of its alignment.
    const padded = `${source}\n.balign 16\n`;
    expect(listing(assemble(padded).bytes)).toEqual(listing(gnuAssemble(padded)));
  });
});
