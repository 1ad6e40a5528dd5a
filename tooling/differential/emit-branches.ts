import type { Body } from "./body.ts";
import { type Emitters, type Fields, forEach } from "./emitter.ts";

/** Ends a branch instruction: one that is not taken changes a register before the target is reached. */
function land(body: Body, label: string): void {
  const register = body.free();
  body.asm.a("la", { r1: register, d2: 1, x2: register, b2: 0 }).label(label);
}

/** A register with the address of a label, other than those given. */
function addressOf(body: Body, label: string, others: readonly number[] = []): number {
  let register = body.free();
  while (register === 0 || others.includes(register)) register = body.free();
  body.asm.a("larl", register, label);
  return register;
}

/** Counts and indexes near the values that decide. */
function count(body: Body, register: number): void {
  const { random } = body;
  body.load(register, random.pick([0n, 1n, 2n, -1n, 1n << 32n, (1n << 32n) + 1n, random.edge64()]));
}

export const branches: Emitters = [
  ...forEach("bcr", (body) => {
    const label = body.label();
    const r2 = body.random.oneIn(8) ? 0 : addressOf(body, label);
    body.asm.a("bcr", { m1: body.random.below(16), r2 });
    land(body, label);
  }),
  ...forEach("basr balr bctr bctgr", (body, { mnemonic }) => {
    const label = body.label();
    const r1 = body.free();
    if (mnemonic.startsWith("bct")) count(body, r1);
    const r2 = body.random.oneIn(8) ? 0 : addressOf(body, label, mnemonic.startsWith("bct") ? [r1] : []);
    body.asm.a(mnemonic, { r1, r2 });
    land(body, label);
  }),
  ...forEach("bc bas bal bct bctg", (body, { mnemonic }) => {
    const label = body.label();
    const r1 = body.free();
    if (mnemonic.startsWith("bct")) count(body, r1);
    const base = addressOf(body, label, [r1]);
    const address: Fields = body.random.oneIn(2) ? { d2: 0, x2: base, b2: 0 } : { d2: 0, x2: 0, b2: base };
    body.asm.a(mnemonic, mnemonic === "bc" ? { m1: body.random.below(16), ...address } : { r1, ...address });
    land(body, label);
  }),
  ...forEach("brc brcl", (body, { mnemonic }) => {
    const label = body.label();
    body.asm.a(mnemonic, { m1: body.random.below(16), ri2: label });
    land(body, label);
  }),
  ...forEach("bras brasl brct brctg brcth", (body, { mnemonic }) => {
    const label = body.label();
    const r1 = body.free();
    if (mnemonic.startsWith("brct")) count(body, r1);
    body.asm.a(mnemonic, { r1, ri2: label });
    land(body, label);
  }),
  ...forEach("bxh bxle bxhg bxleg brxh brxle brxhg brxlg", (body, { mnemonic }) => {
    const label = body.label();
    const r1 = body.free();
    let r3 = body.random.oneIn(3) ? body.free() : body.even();
    if (r3 === 9) r3 = 8;
    for (const register of new Set([r1, r3, r3 | 1])) body.load(register, body.random.edge64());
    if (mnemonic.startsWith("br")) body.asm.a(mnemonic, { r1, r3, ri2: label });
    else body.asm.a(mnemonic, { r1, r3, d2: 0, b2: addressOf(body, label, [r1, r3, r3 | 1]) });
    land(body, label);
  }),
  ...forEach("crj cgrj clrj clgrj crb cgrb clrb clgrb", (body, { mnemonic }) => {
    const label = body.label();
    const r1 = body.free();
    const r2 = body.random.below(10);
    if (body.random.oneIn(2)) body.load(r1, body.random.edge64());
    const m3 = body.random.below(16);
    if (mnemonic.endsWith("j")) body.asm.a(mnemonic, { r1, r2, m3, ri4: label });
    else body.asm.a(mnemonic, { r1, r2, m3, d4: 0, b4: addressOf(body, label) });
    land(body, label);
  }),
  ...forEach("cij cgij clij clgij cib cgib clib clgib", (body, { mnemonic }) => {
    const label = body.label();
    const r1 = body.free();
    const byte = body.random.edge32() & 0xff;
    const i2 = mnemonic.startsWith("cl") ? byte : (byte << 24) >> 24;
    if (body.random.oneIn(2)) body.load(r1, body.random.oneIn(2) ? BigInt(i2) : body.random.edge64());
    const m3 = body.random.below(16);
    if (mnemonic.endsWith("j")) body.asm.a(mnemonic, { r1, i2, m3, ri4: label });
    else body.asm.a(mnemonic, { r1, i2, m3, d4: 0, b4: addressOf(body, label, [r1]) });
    land(body, label);
  }),
];
