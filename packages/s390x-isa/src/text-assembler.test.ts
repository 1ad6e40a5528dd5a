import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AssemblerError, AssemblerSourceError, assemble, disassembleAll, forms } from "./index.ts";

const hex = (source: string, origin = 0): string => Buffer.from(assemble(source, { origin }).bytes).toString("hex");

function diagnose(source: string): string[] {
  try {
    assemble(source);
  } catch (error) {
    expect(error).toBeInstanceOf(AssemblerSourceError);
    return (error as AssemblerSourceError).diagnostics.map(({ code, message, line }) => `${line} ${code} ${message}`);
  }
  return [];
}

describe("text assembler", () => {
  it("assembles a program with labels, literals and a string", () => {
    const program = assemble(
      `
        .globl  start
      start:                        # entry
        larl    %r2, message
        lghi    %r3, message_end - message
        brasl   %r14, 1f; j .
      1: lgrl   %r4, =quad(0x8000)
        br      %r14
        .equ    limit, 4 * 2
        clgfi   %r3, limit
      message: .ascii "hello\\n"
      message_end:
      `,
      { origin: 0x10000 },
    );
    expect(
      [...disassembleAll(program.bytes.subarray(0, program.address("message") - 0x10000), { address: 0x10000 })].map((line) => line.text),
    ).toEqual(["larl\t%r2,0x10022", "lghi\t%r3,6", "brasl\t%r14,0x10014", "j\t0x10010", "lgrl\t%r4,0x10028", "br\t%r14", "clgfi\t%r3,8"]);
    expect(program.bytes.at(-2)).toBe(0x80);
    expect(program.symbols.get("limit")).toBe(8n);
  });

  it("lets symbols count", () => {
    expect(hex("n = 1\n.byte n\nn = n + 1\n.byte n\n.set n, n * 5\n.byte n")).toBe("01020a");
  });

  it("knows the plain and the prefixed register names", () => {
    expect(hex("lgr 1,%r2\nlgr %r1,2\nlg %r15,8(%sp)\nldr %f1,2\ncpya %a1,%a2\nlctlg %c0,%c15,0")).toBe(
      `b9040012b9040012e3f0f008000428${"12"}b24d0012eb0f0000002f`,
    );
  });

  it("gives every fault its line, in order", () => {
    expect(
      diagnose(
        [
          "lg %r1",
          "frob 1,2",
          "/* a",
          "comment */ mr %r1,%r2",
          "j nowhere",
          ".byte 256",
          ".align 2",
          "lr %f1,%r2",
          "l %r1,4096(%r2)",
          ".macro x",
          '.ascii "open',
          "1+1",
          "lr 1,2 3",
          ".long 1/0",
          "x: x:",
        ].join("\n"),
      ),
    ).toEqual([
      "1 ERR_ASM_OPERAND_COUNT lg takes 2 operands, not 1",
      "2 ERR_ASM_MNEMONIC unknown mnemonic frob",
      "4 ERR_ASM_REGISTER_PAIR r1: general register 1 is not even",
      "5 ERR_ASM_UNDEFINED_SYMBOL symbol nowhere is not defined",
      "6 ERR_ASM_RANGE 256 does not fit in 1 bytes",
      "8 ERR_ASM_OPERAND_KIND r1 does not take this kind of register",
      "9 ERR_ASM_RANGE d2 is 4096, not within 0..4095",
      "10 ERR_ASM_DIRECTIVE directive .macro is not supported",
      '11 ERR_ASM_SYNTAX expected a string at ""open"',
      '12 ERR_ASM_SYNTAX expected a statement at "1+1"',
      '13 ERR_ASM_SYNTAX unexpected "3"',
      "14 ERR_ASM_RANGE division by zero",
      "15 ERR_ASM_DUPLICATE_SYMBOL symbol x is already defined",
    ]);
  });

  it("bounds what a source can ask for", () => {
    expect(diagnose(".space 1<<40")[0]).toMatch("ERR_ASM_TOO_LARGE");
    expect(diagnose(".fill 1<<50,8,1")[0]).toMatch("ERR_ASM_RANGE");
    expect(diagnose(".org 1<<50")[0]).toMatch("ERR_ASM_TOO_LARGE");
    expect(diagnose(".byte 1\n.p2align 50")[0]).toMatch("ERR_ASM_TOO_LARGE");
    expect(diagnose(".p2align 5000")[0]).toMatch("ERR_ASM_ALIGNMENT");
    expect(diagnose(`.quad ${"(".repeat(5000)}1`)[0]).toMatch("nested too deeply");
    expect(diagnose(`.quad ${"-".repeat(5000)}1`)[0]).toMatch("nested too deeply");
    expect(diagnose(".quad 1<<63<<63<<63, 1<<64")[0]).toMatch("shift count");
    expect(diagnose(`.quad ${"9".repeat(41)}`)[0]).toMatch("ERR_ASM");
    expect(diagnose(".quad 0xffffffffffffffff*3")[0]).toMatch("64 bits");
    expect(diagnose("x\n".repeat(1000))).toHaveLength(100);
  });

  it("ignores directives for linkers and debuggers", () => {
    expect(hex('.machine z13\n.text\n.globl a\n.type a,@function\na: .cfi_startproc\nbr 14\n.size a,.-a\n.ident "x;#"')).toBe("07fe");
  });

  it("answers any text with a program or an AssemblerError", () => {
    const mnemonics = [...new Set(forms().map((form) => form.mnemonic))];
    const fragment = fc.oneof(
      fc.constantFrom(
        ...mnemonics,
        ".byte",
        ".quad",
        ".align",
        ".org",
        ".equ",
        ".ascii",
        ".fill",
        ".ltorg",
        "=quad(",
        "%r1",
        "%v31",
        "%f2",
        "1b",
        "1:",
        "a:",
        "a",
      ),
      fc.constantFrom(" ", ",", "(", ")", "+", "-", "\n", ";", "#", '"', "'", "/*", "*/", "\\", ".", "0x1f", "=", "~"),
      fc.integer({ min: -300, max: 70000 }).map(String),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 30 }), (parts) => {
        try {
          assemble(parts.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(AssemblerError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
