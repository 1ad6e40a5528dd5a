import type { Body } from "./body.ts";
import { type Emitters, forEach } from "./emitter.ts";

/** Two operands of up to 64 bytes, which may overlap if that has a result that is defined. */
function twoOperands(body: Body, mayOverlap: boolean): { first: { d1: number; b1: number }; second: { d2: number; b2: number } } {
  const one = body.target(16);
  let two = body.target(16);
  while (!mayOverlap && Math.abs(one - two) < 64) two = body.target(16);
  if (mayOverlap && body.random.oneIn(8)) two = one + body.random.below(8);
  const [first, second] = [body.place(one, false, false), body.place(two, false, false)];
  return { first: { d1: first.d, b1: first.b }, second: { d2: second.d, b2: second.b } };
}

const length = (body: Body, most: number): number => 1 + body.random.below(most);

/** Pairs of registers with address and length of an operand. */
function loadOperand(body: Body, register: number, offset: number, size: number): void {
  body.loadAddress(register, offset);
  body.load(register + 1, BigInt(size));
}

/** Characters of a Unicode form, most of them valid. */
function storeText(body: Body, offset: number, form: "utf-8" | "utf-16" | "utf-32", size: number, mayBeInvalid: boolean): void {
  const { random, asm } = body;
  const bytes: number[] = [];
  while (bytes.length < size) {
    // QEMU 7.2 takes U+0800 to U+0FFF in three bytes of UTF-8 for longer than necessary.
    let code = random.pick([random.below(0x80), random.below(0x800), random.below(0x1_0000), 0x1_0000 + random.below(0x10_0000)]);
    if (form === "utf-8" && code >= 0x800 && code < 0x1000) code += 0x1000;
    if (form === "utf-8") bytes.push(...Buffer.from(String.fromCodePoint(code), "utf8"));
    else if (form === "utf-16") bytes.push(...Buffer.from(String.fromCodePoint(code), "utf16le").swap16());
    else bytes.push(0, code >>> 16, (code >>> 8) & 255, code & 255);
  }
  if (mayBeInvalid && random.oneIn(3)) {
    const wrong = random.below(256);
    // E0 is the first byte of those that QEMU refuses.
    bytes[random.below(bytes.length)] = wrong === 0xe0 ? 0xff : wrong;
  }
  body.loadAddress(body.scratch, offset);
  for (let i = 0; i < bytes.length; i++) asm.a("mvi", { d1: i, b1: body.scratch, i2: bytes[i]! });
}

const unicode: Readonly<Record<string, "utf-8" | "utf-16" | "utf-32">> = {
  cu12: "utf-8",
  cu14: "utf-8",
  cu21: "utf-16",
  cu24: "utf-16",
  cu41: "utf-32",
  cu42: "utf-32",
};

/** Decimal instructions that QEMU implements, and conversions between forms of Unicode. */
export const decimal: Emitters = [
  ...forEach("pack mvo", (body, { mnemonic }) => {
    const { first, second } = twoOperands(body, true);
    body.asm.a(mnemonic, { ...first, l1: length(body, 16), ...second, l2: length(body, 16) });
  }),
  // QEMU 7.2 loses the leftmost byte, so that must not be needed.
  ...forEach("unpk", (body) => {
    const { first, second } = twoOperands(body, false);
    const l2 = 2 + body.random.below(15);
    body.asm.a("unpk", { ...first, l1: length(body, Math.min(16, 2 * l2 - 3)), ...second, l2 });
  }),
  ...forEach("unpka unpku", (body, { mnemonic }) => {
    const { first, second } = twoOperands(body, false);
    body.asm.a(mnemonic, { ...first, l: mnemonic === "unpka" ? length(body, 32) : 2 * length(body, 32), ...second });
  }),
  ...forEach("cu12 cu14 cu21 cu24 cu41 cu42", (body, { mnemonic }) => {
    const { random, asm } = body;
    const [r1, r2] = body.evens(2) as [number, number];
    const size = 4 + random.below(20);
    const source = 0x1100 + random.below(0xf00);
    const check = random.below(2);
    // Unchecked, QEMU 7.2 makes one character of UTF-16 of an overlong form of four bytes, not two.
    storeText(body, source, unicode[mnemonic]!, size, check === 1 || mnemonic !== "cu12");
    loadOperand(body, r1, 0x2400 + random.below(0xc80), random.oneIn(4) ? random.below(24) : 100);
    loadOperand(body, r2, source, size);
    const again = body.label();
    // From UTF-32 there is no check of well-formedness to ask for.
    asm
      .label(again)
      .a(mnemonic, mnemonic.startsWith("cu4") ? { r1, r2 } : { r1, r2, m3: check })
      .a("jo", again);
  }),
];
