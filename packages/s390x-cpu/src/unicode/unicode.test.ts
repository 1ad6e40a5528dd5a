import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { operandOf } from "../decimal/operand.ts";
import * as unicode from "./index.ts";

type Conversion = (result: unicode.UnicodeResult, operands: unicode.UnicodeOperands, limit: number, check: boolean) => void;

const CONVERSIONS: Record<string, Conversion> = {
  cu12: unicode.convertUtf8ToUtf16,
  cu14: unicode.convertUtf8ToUtf32,
  cu21: unicode.convertUtf16ToUtf8,
  cu24: unicode.convertUtf16ToUtf32,
  cu41: unicode.convertUtf32ToUtf8,
  cu42: unicode.convertUtf32ToUtf16,
};

/** Converts the hexadecimal bytes of `source`; the answer is condition code, consumed bytes, and the bytes produced. */
function run(name: string, source: string, check = false, targetLength = 64, limit = 1000): string {
  const input = Uint8Array.from(source.match(/../g) ?? [], (b) => Number.parseInt(b, 16));
  const target = new Uint8Array(64);
  const result = new unicode.UnicodeResult();
  const operands = { target: operandOf(target), targetLength, source: operandOf(input), sourceLength: input.length };
  CONVERSIONS[name]!(result, operands, limit, check);
  expect(target.subarray(result.produced).every((b) => b === 0)).toBe(true);
  return `${result.cc} ${result.consumed} ${Buffer.from(target.subarray(0, result.produced)).toString("hex")}`;
}

function encodings(text: string): Record<"1" | "2" | "4", string> {
  return {
    1: Buffer.from(text).toString("hex"),
    2: Buffer.from(text, "utf16le").swap16().toString("hex"),
    4: [...text].map((c) => c.codePointAt(0)!.toString(16).padStart(8, "0")).join(""),
  };
}

describe("PoP 7: CONVERT UTF-8, UTF-16 and UTF-32 to one another", () => {
  it("agree with the host on every well-formed text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 12 }), fc.boolean(), (text, check) => {
        const forms = encodings(text);
        for (const name of Object.keys(CONVERSIONS)) {
          const source = forms[name[2] as "1"];
          expect(run(name, source, check)).toBe(`0 ${source.length / 2} ${forms[name[3] as "1"]}`);
        }
      }),
    );
  });

  it("condition code 1: the target has no room for the next character, which is not begun", () => {
    expect(run("cu12", "41c3a4", false, 3)).toBe("1 1 0041");
    expect(run("cu12", "f09f9880", false, 3)).toBe("1 0 ");
    expect(run("cu21", "00410416", false, 2)).toBe("1 2 41");
    expect(run("cu41", "0001f600", false, 3)).toBe("1 0 ");
    expect(run("cu24", "0041", false, 0)).toBe("1 0 ");
  });

  it("condition code 0: the source is used up, also at the end of the target, or ends within a character", () => {
    expect(run("cu12", "", false, 0)).toBe("0 0 ");
    expect(run("cu12", "41", false, 2)).toBe("0 1 0041");
    expect(run("cu14", "41e282", true)).toBe("0 1 00000041");
    expect(run("cu21", "0041d83d", true)).toBe("0 2 41");
    expect(run("cu24", "004100")).toBe("0 2 00000041");
    expect(run("cu42", "000000410001f6")).toBe("0 4 0041");
  });

  it("condition code 2: an invalid first byte of UTF-8", () => {
    for (const byte of ["80", "bf", "f8", "ff"]) expect(run("cu12", `41${byte}41414141`)).toBe("2 1 0041");
    for (const byte of ["c0", "c1", "f5", "f7"]) {
      expect(run("cu14", `${byte}808080`, true)).toBe("2 0 ");
      expect(run("cu14", `${byte}808080`, false).slice(0, 3)).toBe(byte < "d" ? "2 2" : "0 4");
    }
  });

  it("condition code 2 with the well-formedness check: bad continuation, overlong forms, surrogates, beyond 10FFFF", () => {
    for (const bad of ["c341", "e28241", "e24182", "e09f80", "eda080", "edbfbf", "f08f8080", "f4908080", "f09f4180"])
      for (const name of ["cu12", "cu14"]) expect(run(name, bad, true)).toBe("2 0 ");
    for (const good of ["e0a080", "ed9fbf", "ee8080", "f0908080", "f48fbfbf", "c280", "dfbf"])
      for (const name of ["cu12", "cu14"]) expect(run(name, good, true).startsWith(`0 ${good.length / 2} `)).toBe(true);
  });

  it("without the check the left two bits of continuation bytes are ignored and overlong forms pass", () => {
    expect(run("cu14", "c3e4")).toBe("0 2 000000e4");
    expect(run("cu14", "c081")).toBe("0 2 00000001");
    expect(run("cu12", "eda080")).toBe("0 3 d800");
    expect(run("cu14", "f7bfbfbf")).toBe("0 4 001fffff");
    expect(run("cu12", "f0808080")).toBe("0 4 dbc0dc00");
  });

  it("UTF-16: the low surrogate after a high one is checked on request; one alone is a character", () => {
    expect(run("cu21", "d83d0041", true)).toBe("2 0 ");
    expect(run("cu24", "d83d0041", false)).toBe("0 4 0001f441");
    expect(run("cu21", "dc00", true)).toBe("0 2 edb080");
    expect(run("cu24", "dfff", true)).toBe("0 2 0000dfff");
  });

  it("UTF-32: high surrogates and what is beyond 10FFFF are invalid", () => {
    for (const name of ["cu41", "cu42"]) {
      for (const bad of ["0000d800", "0000dbff", "00110000", "ffffffff", "80000041"]) expect(run(name, bad)).toBe("2 0 ");
    }
    expect(run("cu41", "0000dc00")).toBe("0 4 edb080");
    expect(run("cu42", "0010ffff")).toBe("0 4 dbffdfff");
  });

  it("condition code 3: after the amount asked for, to be resumed", () => {
    expect(run("cu12", "414243", false, 64, 2)).toBe("3 2 00410042");
    expect(run("cu12", "4142", false, 64, 2)).toBe("0 2 00410042");
  });

  it("counts only complete characters when storage refuses access", () => {
    const target = operandOf(new Uint8Array(8));
    const refusing = {
      load: target.load,
      store: (index: number, byte: number) => {
        if (index >= 3) throw new Error("access");
        target.store(index, byte);
      },
    };
    const result = new unicode.UnicodeResult();
    const source = operandOf(Buffer.from("abc"));
    const operands = { target: refusing, targetLength: 8, source, sourceLength: 3 };
    expect(() => unicode.convertUtf8ToUtf16(result, operands, 9, false)).toThrow("access");
    expect(result).toMatchObject({ consumed: 1, produced: 2 });
  });
});
