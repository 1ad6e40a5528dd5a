import type { Body } from "./body.ts";
import { type Emitters, forEach } from "./emitter.ts";
import { Slot } from "./layout.ts";

/** Emits an instruction until its condition code is not 3. */
function untilDone(body: Body, emit: () => void): void {
  const again = body.label();
  body.asm.label(again);
  emit();
  body.asm.a("jo", again);
}

/** Lengths of operands, of a few bytes or of a few hundred. */
function length(body: Body): number {
  return body.random.oneIn(3) ? body.random.below(600) : body.random.below(24);
}

/** A place for an operand; half of the time the same bytes are at both. */
function twoPlaces(body: Body, size: number): [number, number] {
  const { asm, random } = body;
  const first = body.target(40);
  const second = body.target(40);
  if (random.oneIn(2)) {
    body.loadAddress(body.scratch, first);
    const place = body.place(second, false, false);
    asm.a("mvc", { d1: 0, l: Math.min(256, size + 1), b1: body.scratch, d2: place.d, b2: place.b });
  }
  return [first, second];
}

/** Address and length of an operand in an even-odd pair, with some bits above the length where they do not count. */
function loadPair(body: Body, register: number, offset: number, size: bigint): void {
  body.loadAddress(register, offset);
  body.load(register + 1, size);
}

/** Puts a character at an offset, so that a search finds it there at the latest. */
function storeCharacter(body: Body, offset: number, bytes: readonly number[]): void {
  body.loadAddress(body.scratch, offset);
  for (const [i, byte] of bytes.entries()) body.asm.a("mvi", { d1: i, b1: body.scratch, i2: byte });
}

export const strings: Emitters = [
  ...forEach("mvcl clcl", (body, { mnemonic }) => {
    const { random } = body;
    const [r1, r2] = body.evens(2) as [number, number];
    const [size1, size2] = [length(body), random.oneIn(2) ? length(body) : 0];
    const [first, second] = twoPlaces(body, size1);
    loadPair(body, r1, first, (random.edge64() << 24n) | BigInt(size1));
    const other = random.oneIn(2) ? size1 : size2;
    loadPair(body, r2, second, (random.edge64() << 32n) | BigInt(random.pick([0, 0x40, 0x61, 0xff]) * 0x100_0000 + other));
    body.asm.a(mnemonic, { r1, r2 });
  }),
  ...forEach("mvcle clcle mvclu clclu", (body, { mnemonic, format }) => {
    const { random } = body;
    const even = mnemonic.endsWith("u") ? ~1 : ~0;
    const [r1, r3] = body.evens(2) as [number, number];
    const size1 = length(body) & even;
    // A destructive overlap has no defined result: the source of a move is before its target or far behind it.
    const [first, second] = mnemonic.startsWith("c")
      ? twoPlaces(body, size1)
      : [Slot.data + 0x1400 + random.below(0xe00), Slot.data + 0x20 + random.below(0x1080)];
    loadPair(body, r1, first, BigInt(size1));
    loadPair(body, r3, second, BigInt(random.oneIn(2) ? size1 : length(body) & even));
    const pad = random.pick([0, 0x40, 0x61, 0xff, 0x161, 0xfff]);
    untilDone(body, () => body.asm.a(mnemonic, { r1, r3, d2: pad, b2: format.name === "RSY-a" ? 0 : random.pick([0, 0, 11]) }));
  }),
  ...forEach("srst srstu", (body, { mnemonic }) => {
    const { random } = body;
    const [r1, r2] = [2, 4, 6, 8].splice(random.below(3), 2) as [number, number];
    const start = body.target(32);
    body.load(0, BigInt(random.edge32() & (mnemonic === "srst" ? 0xff : 0xffff)));
    body.loadAddress(r1, start + length(body));
    body.loadAddress(r2, start);
    untilDone(body, () => body.asm.a(mnemonic, { r1, r2 }));
  }),
  ...forEach("mvst clst", (body, { mnemonic }) => {
    const { random } = body;
    const [r1, r2] = [2, 4, 6, 8].splice(random.below(3), 2) as [number, number];
    const size = length(body);
    const [first, second] =
      mnemonic === "clst" ? twoPlaces(body, size) : [Slot.data + 0x1400 + random.below(0xe00), Slot.data + 0x20 + random.below(0x1080)];
    const end = random.below(256);
    storeCharacter(body, second + size, [end]);
    if (mnemonic === "clst") storeCharacter(body, first + (random.oneIn(2) ? size : length(body)), [end]);
    body.load(0, BigInt(end));
    body.loadAddress(r1, first);
    body.loadAddress(r2, second);
    untilDone(body, () => body.asm.a(mnemonic, { r1, r2 }));
  }),
  ...forEach("cksm", (body) => {
    const r2 = body.even();
    const r1 = (r2 + 2 + body.random.below(8)) % 10;
    loadPair(body, r2, body.target(40), BigInt(length(body)));
    body.load(r1, body.random.edge64());
    untilDone(body, () => body.asm.a("cksm", { r1, r2 }));
  }),
  ...forEach("tre", (body) => {
    const [r1, r2] = [2 + 2 * body.random.below(3), 9] as const;
    body.load(0, BigInt(body.random.edge32()));
    loadPair(body, r1, body.target(40), BigInt(length(body)));
    body.loadAddress(r2, body.target(256));
    untilDone(body, () => body.asm.a("tre", { r1, r2 }));
  }),
  ...forEach("troo trot trto trtt", (body, { mnemonic }) => {
    const { random } = body;
    const twoByteArguments = mnemonic.startsWith("trt");
    const r1 = 2 + 2 * random.below(3);
    // QEMU 7.2 takes eight bits of the test character of TROT, not sixteen.
    body.load(0, BigInt(random.edge32()) & (mnemonic === "trot" ? ~0xff00n : ~0n));
    // The table of two-byte arguments is what lies behind: only small arguments are in the data area.
    // QEMU 7.2 does not end at a length of zero, but goes on through all of storage.
    const size = twoByteArguments ? 2 + 2 * random.below(8) : 1 + (length(body) >> 1);
    const source = Slot.data + 0x20 + random.below(0x1080);
    if (twoByteArguments) {
      for (let i = 0; i < size; i += 2) storeCharacter(body, source + i, [random.below(2), random.below(256)]);
    }
    body.loadAddress(1, body.target(64));
    loadPair(body, r1, Slot.data + 0x1600 + random.below(0xb00), BigInt(size));
    body.loadAddress(9, source);
    untilDone(body, () => body.asm.a(mnemonic, { r1, r2: 9, m3: random.oneIn(2) ? 1 : 0 }));
  }),
];
