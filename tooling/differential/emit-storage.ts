import type { Body } from "./body.ts";
import { type Emitters, forEach } from "./emitter.ts";

/** Compare-and-swap with an old value that is in storage as often as not. */
function loadExpected(body: Body, register: number, offset: number, size: 4 | 8 | 16, halves: boolean): void {
  const { asm, random } = body;
  if (random.oneIn(3)) return;
  const at = body.slot + offset;
  if (size === 4) asm.a("lrl", register, at);
  else if (size === 8 && halves) asm.a("lrl", register, at).a("lrl", register + 1, at + 4);
  else if (size === 8) asm.a("lgrl", register, at);
  else asm.a("lgrl", register, at).a("lgrl", register + 1, at + 8);
}

const swaps: Readonly<Record<string, { size: 4 | 8 | 16; pair: boolean; isLong: boolean }>> = {
  cs: { size: 4, pair: false, isLong: false },
  csy: { size: 4, pair: false, isLong: true },
  csg: { size: 8, pair: false, isLong: true },
  cds: { size: 8, pair: true, isLong: false },
  cdsy: { size: 8, pair: true, isLong: true },
  cdsg: { size: 16, pair: true, isLong: true },
};

export const storageOperands: Emitters = [
  ...forEach(Object.keys(swaps).join(" "), (body, { mnemonic }) => {
    const { size, pair, isLong } = swaps[mnemonic]!;
    const offset = body.target(16, size);
    const [r1, r3] = pair ? (body.evens(2) as [number, number]) : [body.free(), body.free()];
    loadExpected(body, r1, offset, size, pair && size === 8);
    const place = body.place(offset, isLong, false);
    body.asm.a(mnemonic, { r1, r3, d2: place.d, b2: place.b });
  }),
  // Two first operands to the right, from which these go to the left.
  ...forEach("mvcin trtr", (body, { mnemonic }) => {
    const { random } = body;
    const shift = (reverse: boolean): number => body.target(256) + (reverse ? 255 : 0);
    const first = body.place(shift(mnemonic === "trtr"), false, false);
    const second = body.place(shift(mnemonic === "mvcin"), false, false);
    body.asm.a(mnemonic, {
      d1: first.d,
      l: 1 + (random.oneIn(2) ? random.below(256) : random.below(8)),
      b1: first.b,
      d2: second.d,
      b2: second.b,
    });
  }),
  ...forEach("lmd", (body) => {
    const first = body.place(body.target(64), false, false);
    const second = body.place(body.target(64), false, false);
    const r1 = body.random.below(10);
    const r3 = r1 + body.random.below(10 - r1);
    body.asm.a("lmd", { r1, r3, d2: first.d, b2: first.b, d4: second.d, b4: second.b });
  }),
  // COMPARE AND SWAP AND STORE: function code and store characteristic in register 0, parameter list by register 1.
  ...forEach("csst", (body) => {
    const { asm, random } = body;
    // QEMU 7.2 puts the old word into the left half of the register.
    const code = 1 + random.below(2);
    // QEMU 7.2 aborts at store characteristic 0, one byte.
    const characteristic = 1 + random.below(4);
    const r3 = random.pick([2, 4, 6, 8]);
    const offset = body.target(16, 4 << code);
    const [first, second] = [body.place(offset, false, false), body.place(body.target(16, 1 << characteristic), false, false)];
    loadExpected(body, r3, offset, (4 << code) as 4 | 8 | 16, false);
    body.load(0, BigInt((characteristic << 8) | code));
    body.loadAddress(1, body.target(32, 16));
    asm.a("csst", { d1: first.d, b1: first.b, d2: second.d, b2: second.b, r3 });
  }),
  // QEMU 7.2 never interrupts for fixed-point overflow, so that mask stays off.
  ...forEach("spm", (body) => {
    const register = body.free();
    body.load(register, body.random.edge64() & ~0x800_0000n);
    body.asm.a("spm", { r1: register });
  }),
  // With M3 it is an instruction of later machines.
  ...forEach("popcnt", (body) => void body.asm.a("popcnt", { r1: body.free(), r2: body.random.below(16) })),
  // Any value would do but one with an undefined rounding mode.
  ...forEach("sfpc", (body) => {
    const register = body.free();
    body.load(register, BigInt((body.random.below(32) << 19) | body.random.pick([0, 1, 2, 3, 7])));
    body.asm.a("sfpc", { r1: register });
  }),
];
