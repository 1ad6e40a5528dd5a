import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as decimal from "./index.ts";

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (b) => Number.parseInt(b, 16));
}

function hex(data: Uint8Array): string {
  return Buffer.from(data).toString("hex");
}

const result = new decimal.DecimalResult();

type Arithmetic = (
  result: decimal.DecimalResult,
  first: decimal.StorageOperand,
  length1: number,
  second: decimal.StorageOperand,
  length2: number,
) => void;

function compute(operation: Arithmetic, first: string, second: string): string {
  const a = bytes(first);
  const b = bytes(second);
  result.cc = 9;
  operation(result, decimal.operandOf(a), a.length, decimal.operandOf(b), b.length);
  return result.exception !== 0
    ? `exception ${result.exception}, ${hex(a) === first ? "unchanged" : "changed"}`
    : `${hex(a)} cc${result.cc}`;
}

/** Packed decimal of `length` bytes. */
function packed(value: bigint, length: number): string {
  const magnitude = value < 0n ? -value : value;
  return magnitude.toString().padStart(2 * length - 1, "0") + (value < 0n ? "d" : "c");
}

describe("PoP 8: ADD, SUBTRACT, ZERO AND ADD, COMPARE DECIMAL", () => {
  it("adds and subtracts with the preferred sign codes", () => {
    expect(compute(decimal.addDecimal, "00123f", "456c")).toBe("00579c cc2");
    expect(compute(decimal.addDecimal, "00123b", "456d")).toBe("00579d cc1");
    expect(compute(decimal.subtractDecimal, "00123a", "456e")).toBe("00333d cc1");
    expect(compute(decimal.subtractDecimal, "123c", "0000123c")).toBe("000c cc0");
    expect(compute(decimal.addDecimal, "123d", "123c")).toBe("000c cc0");
    expect(compute(decimal.addDecimal, "0d", "0d")).toBe("0c cc0");
  });

  it("overflow: the left digits are lost, condition code 3; a zero keeps the sign of the full result", () => {
    expect(compute(decimal.addDecimal, "999c", "001c")).toBe("000c cc3");
    expect(compute(decimal.addDecimal, "999d", "001d")).toBe("000d cc3");
    expect(compute(decimal.addDecimal, "5c", "1000007c")).toBe("2c cc3");
    expect(compute(decimal.zeroAndAdd, "00", "100d")).toBe("0d cc3");
    expect(compute(decimal.zeroAndAdd, "ffffff", "007d")).toBe("00007d cc1");
    expect(compute(decimal.zeroAndAdd, "ffffff", "0d")).toBe("00000c cc0");
  });

  it("compares algebraically; the zeros are equal", () => {
    expect(compute(decimal.compareDecimal, "000c", "0d")).toBe("000c cc0");
    expect(compute(decimal.compareDecimal, "005d", "1d")).toBe("005d cc1");
    expect(compute(decimal.compareDecimal, "005c", "1000000d")).toBe("005c cc2");
  });

  it("an invalid digit or sign is a data exception that suppresses", () => {
    for (const operation of [decimal.addDecimal, decimal.subtractDecimal, decimal.compareDecimal]) {
      expect(compute(operation, "0a0c", "1c")).toBe("exception 7, unchanged");
      expect(compute(operation, "001c", "19")).toBe("exception 7, unchanged");
    }
    expect(compute(decimal.zeroAndAdd, "001c", "a1")).toBe("exception 7, unchanged");
  });

  it("agrees with integers of up to 31 digits", () => {
    const value = fc.bigInt({ min: -(10n ** 31n) + 1n, max: 10n ** 31n - 1n });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const modulus = 10n ** 31n;
        const sum = a + b;
        const kept = (sum < 0n ? -sum : sum) % modulus;
        const sign = sum < 0n ? "d" : "c";
        const cc = kept !== (sum < 0n ? -sum : sum) ? 3 : sum === 0n ? 0 : sum < 0n ? 1 : 2;
        expect(compute(decimal.addDecimal, packed(a, 16), packed(b, 16))).toBe(`${packed(kept, 16).slice(0, -1)}${sign} cc${cc}`);
        expect(compute(decimal.compareDecimal, packed(a, 16), packed(b, 16)).slice(-1)).toBe(a === b ? "0" : a < b ? "1" : "2");
      }),
    );
  });

  it("operands may be the same storage", () => {
    const data = bytes("0321c0");
    decimal.addDecimal(result, decimal.operandOf(data), 2, decimal.operandOf(data), 2);
    expect(result.exception).toBe(decimal.DATA_EXCEPTION);
    const same = bytes("00321c");
    decimal.addDecimal(result, decimal.operandOf(same), 3, decimal.operandOf(same, 1), 2);
    expect(hex(same)).toBe("00642c");
  });
});

describe("PoP 8: MULTIPLY and DIVIDE DECIMAL", () => {
  it("multiplies; the sign is that of algebra even of a zero", () => {
    expect(compute(decimal.multiplyDecimal, "0000012c", "012d")).toBe("0000144d cc9");
    expect(compute(decimal.multiplyDecimal, "0000012c", "0d")).toBe("0000000d cc9");
    expect(compute(decimal.multiplyDecimal, "00999c", "999c")).toBe("exception 7, unchanged");
    expect(compute(decimal.multiplyDecimal, "0000999c", "999c")).toBe("0998001c cc9");
  });

  it("the second operand must be shorter and have at most 8 bytes: specification exception", () => {
    expect(compute(decimal.multiplyDecimal, "001c", "001c")).toBe("exception 6, unchanged");
    expect(compute(decimal.multiplyDecimal, packed(1n, 16), packed(1n, 9))).toBe("exception 6, unchanged");
    expect(compute(decimal.divideDecimal, "001c", "001c")).toBe("exception 6, unchanged");
  });

  it("divides into quotient and remainder, the remainder with the sign of the dividend", () => {
    expect(compute(decimal.divideDecimal, "0012345c", "321c")).toBe("038c147c cc9");
    expect(compute(decimal.divideDecimal, "0012345d", "321c")).toBe("038d147d cc9");
    expect(compute(decimal.divideDecimal, "0000000d", "321d")).toBe("000c000d cc9");
    expect(compute(decimal.divideDecimal, "0000005d", "321d")).toBe("000c005d cc9");
  });

  it("a quotient too large or a zero divisor is a decimal-divide exception, after data exceptions", () => {
    expect(compute(decimal.divideDecimal, "0321000c", "321c")).toBe("exception 11, unchanged");
    expect(compute(decimal.divideDecimal, "0320999c", "321c")).toBe("999c320c cc9");
    expect(compute(decimal.divideDecimal, "0000001c", "000c")).toBe("exception 11, unchanged");
    expect(compute(decimal.divideDecimal, "000000ac", "000c")).toBe("exception 7, unchanged");
  });
});

describe("PoP 8: SHIFT AND ROUND DECIMAL", () => {
  function shift(value: string, count: number, rounding = 0): string {
    const data = bytes(value);
    decimal.shiftAndRound(result, decimal.operandOf(data), data.length, count & 0x3f, rounding);
    return result.exception !== 0 ? `exception ${result.exception}` : `${hex(data)} cc${result.cc}`;
  }

  it("shifts left, losing digits with condition code 3", () => {
    expect(shift("00123c", 2)).toBe("12300c cc2");
    expect(shift("00123d", 3)).toBe("23000d cc3");
    expect(shift("00100d", 3)).toBe("00000d cc3");
    expect(shift("00000d", 31)).toBe("00000c cc0");
    expect(shift("00123f", 0)).toBe("00123c cc2");
  });

  it("shifts right, adding the rounding digit to the last digit shifted out", () => {
    expect(shift("12345c", -1, 5)).toBe("01235c cc2");
    expect(shift("12345c", -1, 4)).toBe("01234c cc2");
    expect(shift("99995d", -1, 5)).toBe("10000d cc1");
    expect(shift("00004d", -1, 5)).toBe("00000c cc0");
    expect(shift("99999c", -5, 5)).toBe("00001c cc2");
    expect(shift("99999c", -6, 9)).toBe("00000c cc0");
    expect(shift("99999c", -32, 9)).toBe("00000c cc0");
  });

  it("an invalid rounding digit is a data exception, even when not needed", () => {
    expect(shift("00001c", 1, 10)).toBe("exception 7");
    expect(shift("0000a1", 1, 1)).toBe("exception 7");
  });
});

describe("PoP 8: TEST DECIMAL", () => {
  it("tells digits from sign", () => {
    const test = (value: string) => {
      const data = bytes(value);
      decimal.testDecimal(result, decimal.operandOf(data), data.length);
      return result.cc;
    };
    expect(["123c", "1234", "1a3c", "1a34", "ac", "a5", "0f"].map(test)).toEqual([0, 1, 2, 3, 2, 3, 0]);
  });
});

describe("PoP 7: CONVERT TO BINARY and CONVERT TO DECIMAL", () => {
  const load = (value: string) => decimal.operandOf(bytes(value));

  it("CVB completes with the right 32 bits and a fixed-point-divide exception when out of range", () => {
    decimal.convertToBinary32(result, load("000002147483647c"));
    expect([result.low, result.exception]).toEqual([0x7fff_ffff, 0]);
    decimal.convertToBinary32(result, load("000002147483648d"));
    expect([result.low, result.exception]).toEqual([-0x8000_0000, 0]);
    decimal.convertToBinary32(result, load("000002147483648c"));
    expect([result.low, result.exception]).toEqual([-0x8000_0000, decimal.FIXED_POINT_DIVIDE_EXCEPTION]);
    decimal.convertToBinary32(result, load("999999999999999b"));
    expect([result.low, result.exception]).toEqual([-0xa4c6_7fff | 0, decimal.FIXED_POINT_DIVIDE_EXCEPTION]);
    decimal.convertToBinary32(result, load("0000000000000012"));
    expect(result.exception).toBe(decimal.DATA_EXCEPTION);
  });

  it("CVBG suppresses when out of range", () => {
    decimal.convertToBinary64(result, load(packed(2n ** 63n - 1n, 16)));
    expect([result.high, result.low, result.exception]).toEqual([0x7fff_ffff, -1, 0]);
    decimal.convertToBinary64(result, load(packed(2n ** 63n, 16)));
    expect([result.high, result.low, result.exception]).toEqual([0x7fff_ffff, -1, decimal.FIXED_POINT_DIVIDE_EXCEPTION]);
    decimal.convertToBinary64(result, load(packed(-(2n ** 63n), 16)));
    expect([result.high, result.low, result.exception]).toEqual([-0x8000_0000, 0, 0]);
  });

  it("CVD and CVDG undo CVB and CVBG", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const data = new Uint8Array(16);
        const [high, low] = [Number(value >> 32n), Number(BigInt.asIntN(32, value))];
        decimal.convertToDecimal64(decimal.operandOf(data), high, low);
        expect(hex(data)).toBe(packed(value, 16));
        decimal.convertToBinary64(result, decimal.operandOf(data));
        expect([result.high, result.low]).toEqual([high, low]);
        decimal.convertToDecimal32(decimal.operandOf(data), low);
        expect(hex(data.subarray(0, 8))).toBe(packed(BigInt(low), 8));
      }),
    );
  });
});

describe("PoP 7 and 8: PACK, UNPACK and their ASCII and Unicode forms", () => {
  it("PACK and UNPK in one place work right to left", () => {
    const zoned = bytes("f1f2f3f4d5");
    decimal.pack(decimal.operandOf(zoned), 5, decimal.operandOf(zoned), 5);
    expect(hex(zoned)).toBe("000012345d");
    // Each source byte is fetched once, before the two bytes made of it are stored.
    const data = bytes("000000123456");
    decimal.unpack(decimal.operandOf(data), 6, decimal.operandOf(data), 6);
    expect(hex(data)).toBe("f3fff3f3f465");
    const separate = new Uint8Array(6);
    decimal.unpack(decimal.operandOf(separate), 6, decimal.operandOf(bytes("1234567d")), 4);
    expect(hex(separate)).toBe("f2f3f4f5f6d7");
  });

  it("UNPK undoes PACK, filling with zeros or cutting off on the left", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), fc.integer({ min: 1, max: 16 }), (value, length) => {
        const data = bytes(packed(value, 8));
        const zoned = new Uint8Array(length);
        decimal.unpack(decimal.operandOf(zoned), length, decimal.operandOf(data), 8);
        const digits = value.toString().padStart(16, "0").slice(-length);
        expect(hex(zoned)).toBe([...digits].map((d, i) => (i === length - 1 ? "c" : "f") + d).join(""));
        decimal.pack(decimal.operandOf(data), 8, decimal.operandOf(zoned), length);
        expect(hex(data)).toBe(packed(BigInt(digits), 8));
      }),
    );
  });

  it("PKA keeps the 31 rightmost digits and makes a plus sign", () => {
    const target = new Uint8Array(16);
    decimal.packAscii(result, decimal.operandOf(target), decimal.operandOf(bytes("37")), 1);
    expect(hex(target)).toBe(packed(7n, 16));
    const digits = "9".padEnd(32, "1234567890");
    decimal.packAscii(result, decimal.operandOf(target), decimal.operandOf(Buffer.from(digits)), 32);
    expect(hex(target)).toBe(`${digits.slice(1)}c`);
    decimal.packAscii(result, decimal.operandOf(target), decimal.operandOf(target), 33);
    expect(result.exception).toBe(decimal.SPECIFICATION_EXCEPTION);
  });

  it("PKU takes every second byte; UNPKA and UNPKU give the digits back with the sign as condition code", () => {
    const target = new Uint8Array(16);
    const unicode = Buffer.from("31415926", "utf16le").swap16();
    decimal.packUnicode(result, decimal.operandOf(target), decimal.operandOf(unicode), 16);
    expect(hex(target)).toBe(packed(31415926n, 16));
    decimal.packUnicode(result, decimal.operandOf(target), decimal.operandOf(unicode), 15);
    expect(result.exception).toBe(decimal.SPECIFICATION_EXCEPTION);
    const text = new Uint8Array(64);
    decimal.unpackAscii(result, decimal.operandOf(text), 32, decimal.operandOf(target));
    expect([Buffer.from(text.subarray(0, 32)).toString(), result.cc]).toEqual(["31415926".padStart(32, "0"), 0]);
    target[15] = 0x6d;
    decimal.unpackUnicode(result, decimal.operandOf(text), 6, decimal.operandOf(target));
    expect([hex(text.subarray(0, 6)), result.cc]).toEqual(["003900320036", 1]);
    target[15] = 0x65;
    decimal.unpackAscii(result, decimal.operandOf(text), 1, decimal.operandOf(target));
    expect([text[0], result.cc, result.exception]).toEqual([0x36, 3, 0]);
    decimal.unpackUnicode(result, decimal.operandOf(text), 66, decimal.operandOf(target));
    expect(result.exception).toBe(decimal.SPECIFICATION_EXCEPTION);
  });
});

describe("PoP 8: EDIT and EDIT AND MARK", () => {
  function edit(pattern: string, source: string): string {
    const data = bytes(pattern);
    decimal.edit(result, decimal.operandOf(data), data.length, decimal.operandOf(bytes(source)));
    if (result.exception !== 0) return `exception ${result.exception}, ${hex(data) === pattern ? "unchanged" : "changed"}`;
    return `${hex(data)} cc${result.cc} ${result.mark}`;
  }

  it("suppresses leading zeros, inserts the message characters and drops the credit sign of a positive number", () => {
    expect(edit("4020206b2020214b202040c3d9", "0257426c")).toBe("4040f26bf5f7f44bf2f6404040 cc2 2");
    expect(edit("4020206b2020214b202040c3d9", "0000026c")).toBe("404040404040404bf2f6404040 cc2 -1");
    expect(edit("4020206b2020214b202040c3d9", "0000026d")).toBe("404040404040404bf2f640c3d9 cc1 -1");
    expect(edit("4020206b2020214b202040c3d9", "0000000c")).toBe("404040404040404bf0f0404040 cc0 -1");
  });

  it("the significance starter turns significance on after its own digit", () => {
    expect(edit("5c2021204b20", "0001")).toBe("5c5c5cf04bf1 cc1 -1");
    expect(edit("5c212020", "000f")).toBe("5c5cf0f0 cc0 -1");
  });

  it("a field separator ends a field, and the condition code is that of the last", () => {
    expect(edit("4020202022202120", "012c000c")).toBe("4040f1f2404040f0 cc0 2");
    expect(edit("4020202022", "123d")).toBe("40f1f2f340 cc0 1");
    expect(edit("4020202022202020", "000c456d")).toBe("4040404040f4f5f6 cc1 5");
  });

  it("a sign is skipped over: the next digit comes from the next byte", () => {
    expect(edit("40202020", "1c0c3d")).toBe("40f140f3 cc1 3");
    expect(edit("40202020", "1d2d3c")).toBe("40f1f2f3 cc2 1");
  });

  it("an invalid left digit is a data exception; the right half is then never looked at", () => {
    expect(edit("402020", "a1")).toBe("exception 7, unchanged");
  });

  it("the fill character may be a control", () => {
    expect(edit("202020", "012c")).toBe("20f1f2 cc2 1");
  });
});
