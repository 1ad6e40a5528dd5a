import type { Body } from "./body.ts";
import { type Emitters, forEach } from "./emitter.ts";

/** Instructions that programs execute with a length from a register, and some others. */
function target(body: Body): void {
  const { asm, random } = body;
  const first = body.place(body.target(256), false, false);
  const second = body.place(body.target(256), false, false);
  const mnemonic = random.pick(["mvc", "clc", "xc", "oc", "nc", "tr", "trt", "mvi", "cr", "tm"]);
  switch (mnemonic) {
    case "mvi":
      asm.a("mvi", { d1: first.d, b1: first.b, i2: random.below(256) });
      return;
    // The modifier chooses registers: these only read them.
    case "cr":
      asm.a("cr", { r1: random.below(16), r2: random.below(16) });
      return;
    case "tm":
      asm.a("tm", { d1: first.d, b1: first.b, i2: random.below(256) });
      return;
    default:
      asm.a(mnemonic, { d1: first.d, l: random.oneIn(2) ? 1 : 1 + random.below(256), b1: first.b, d2: second.d, b2: second.b });
  }
}

export const executes: Emitters = forEach("ex exrl", (body, { mnemonic }) => {
  const { asm, random } = body;
  const where = body.label();
  const behind = body.label();
  asm.a("j", behind).label(where);
  target(body);
  asm.label(behind);
  let r1 = body.free();
  if (random.oneIn(8)) r1 = 0;
  else body.load(r1, (random.edge64() << 8n) | BigInt(random.below(256)));
  if (mnemonic === "exrl") asm.a("exrl", { r1, ri2: where });
  else {
    let base = body.free();
    while (base === 0 || base === r1) base = body.free();
    asm.a("larl", base, where).a("ex", { r1, d2: 0, x2: 0, b2: base });
  }
});
