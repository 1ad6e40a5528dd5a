import type { Body } from "./body.ts";
import { type Emitters, forEach } from "./emitter.ts";

interface Division {
  readonly width: 32 | 64;
  readonly signed: boolean;
  /** Bits of the dividend. */
  readonly dividend: 32 | 64 | 128;
  /** Bits of the divisor. */
  readonly divisor: 32 | 64;
}

const divisionsByMnemonic: Readonly<Record<string, Division>> = {
  dr: { width: 32, signed: true, dividend: 64, divisor: 32 },
  d: { width: 32, signed: true, dividend: 64, divisor: 32 },
  dlr: { width: 32, signed: false, dividend: 64, divisor: 32 },
  dl: { width: 32, signed: false, dividend: 64, divisor: 32 },
  dlgr: { width: 64, signed: false, dividend: 128, divisor: 64 },
  dlg: { width: 64, signed: false, dividend: 128, divisor: 64 },
  dsgr: { width: 64, signed: true, dividend: 64, divisor: 64 },
  dsg: { width: 64, signed: true, dividend: 64, divisor: 64 },
  dsgfr: { width: 64, signed: true, dividend: 64, divisor: 32 },
  dsgf: { width: 64, signed: true, dividend: 64, divisor: 32 },
};

function value(body: Body, bits: number, signed: boolean): bigint {
  const raw = body.random.edge64() & ((1n << BigInt(bits)) - 1n);
  return signed ? BigInt.asIntN(bits, raw) : raw;
}

/** Operands by quotient, divisor and remainder, so that most divisions succeed; a few overflow or divide by zero. */
export const divisions: Emitters = forEach(Object.keys(divisionsByMnemonic).join(" "), (body, { mnemonic, format }) => {
  const { width, signed, dividend, divisor } = divisionsByMnemonic[mnemonic]!;
  const { random, asm } = body;
  let by = value(body, divisor, signed);
  let whole: bigint;
  if (dividend === width || random.oneIn(10) || by === 0n) whole = value(body, 64, signed);
  else {
    const quotient = value(body, width, signed);
    const magnitude = by < 0n ? -by : by;
    const rest = random.edge64() % magnitude;
    whole = quotient * by + (quotient < 0n !== by < 0n ? -rest : rest);
  }
  // QEMU 7.2 is ended by a signal of the host when this division is not done in 64 bits.
  if (by === -1n && BigInt.asIntN(64, whole) === -(1n << 63n)) by = -3n;
  const even = body.even();
  if (width === 32) {
    // The dividend is in the right halves of the pair.
    body.load(even, (random.edge64() << 32n) | BigInt.asUintN(32, whole >> 32n));
    body.load(even + 1, (random.edge64() << 32n) | BigInt.asUintN(32, whole));
  } else {
    if (dividend === 128) body.load(even, whole >> 64n);
    body.load(even + 1, whole);
  }
  if (format.fields.some((field) => field.name === "d2")) {
    const place = body.place(body.target(8), format.name.startsWith("RXY"), true);
    body.load(body.scratch, by);
    asm.a(divisor === 32 ? "sty" : "stg", { r1: body.scratch, d2: place.d, x2: place.x, b2: place.b });
    asm.a(mnemonic, { r1: even, d2: place.d, x2: place.x, b2: place.b });
    return;
  }
  let r2 = body.free();
  while (r2 === even || r2 === even + 1) r2 = body.free();
  body.load(r2, divisor === 32 ? (random.edge64() << 32n) | BigInt.asUintN(32, by) : by);
  asm.a(mnemonic, { r1: even, r2 });
});
