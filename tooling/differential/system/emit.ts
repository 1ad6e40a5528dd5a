import type { Body } from "./body.ts";
import { OPEN_KEY, REPLACEABLE_PAGES, WINDOW, WINDOW_PAGE_TABLES } from "./layout.ts";

type Emit = (body: Body, mnemonic: string) => void;

const twoRegisters: Emit = (body, mnemonic) => {
  body.asm.a(mnemonic, { r1: body.free(), r2: body.free() });
};
const oneRegister: Emit = (body, mnemonic) => {
  body.asm.a(mnemonic, { r1: body.free() });
};
/** QEMU does not check keys: storage has key 9, which the override opens to all, with and without fetch protection. */
const keyIn = (body: Body, register: number): void => {
  body.load(register, body.random.edge64());
  body.asm.a("nill", register, 0xff00).a("oill", register, OPEN_KEY | (body.random.below(8) << 1));
};

/** DAT, secondary-space and home-space: bits 5, 16 and 17 of the PSW. */
const translation = [0n, 1n << 58n, (1n << 58n) | (2n << 46n), (1n << 58n) | (3n << 46n)] as const;

/** Supervisor state, for what QEMU 7.2 takes for privileged or for not privileged. Translation is on more often than not. */
function supervisor(body: Body, translated = false): void {
  body.asm.a("svc", 1);
  if (!translated && body.random.oneIn(4)) return;
  body.asm.a("ssm", { d1: 0, b1: body.constantPlace(14, 1n << 58n) });
  if (body.random.oneIn(2)) body.asm.a("sacf", { d2: body.random.pick([0x100, 0x300]), b2: 0 });
}

/** A PSW mask without interruptions, access-register mode and wait state, in 64-bit mode or 31-bit mode. */
export function pswMask(body: { random: Body["random"] }, problemState: boolean): bigint {
  const { random } = body;
  const key = BigInt(random.oneIn(2) ? 0 : random.below(16)) << 52n;
  const mode = random.pick([0x1_8000_0000n, 0x1_8000_0000n, 0x8000_0000n, 0n]);
  const state = problemState ? 1n << 48n : 0n;
  return key | random.pick(translation) | state | (BigInt(random.below(4)) << 44n) | mode;
}

export const emitters: Readonly<Record<string, Emit>> = {
  svc: (body) => void body.asm.a("svc", 1),
  lpswe: (body) => {
    const problemState = body.random.oneIn(3);
    const place = body.constantPlace(14, 0n, 0n);
    body.constants[body.constants.length - 2] = pswMask(body, problemState);
    body.constants[body.constants.length - 1] = body.asm.location + 4n;
    body.asm.a("lpswe", { d2: 0, b2: place });
  },
  // Control.
  ...forEach("lctl lctlg", (body, mnemonic) => {
    // Subspace, linkage and tracing controls stay zero; nothing uses the others.
    const [r1, value] = body.random.pick([
      [3, BigInt(body.random.next() & 0xffff) << 16n],
      [8, BigInt(body.random.next() & 0xffff)],
      [10, body.random.edge64()],
      [11, body.random.edge64()],
    ] as const);
    const b2 = body.constantPlace(14, mnemonic === "lctl" ? value << 32n : value);
    body.asm.a(mnemonic, { r1, r3: r1, d2: 0, b2 });
  }),
  ...forEach("stctl stctg lam stam", (body, mnemonic) => {
    const count = 1 + body.random.below(5);
    const r1 = body.random.below(16);
    const step = mnemonic === "stctg" ? 8 : 4;
    // Access registers are loaded from the constants; their contents mean nothing outside of access-register mode.
    const place =
      mnemonic === "lam"
        ? { d: 0, b: body.constantPlace(14, body.random.edge64(), body.random.edge64(), body.random.edge64()) }
        : body.place(
            14, // QEMU 7.2 stores into the first page before it looks at the second.
            body.target(step * count, body.random.oneIn(8) ? 2 : step, "one-page"),
          );
    body.asm.a(mnemonic, { r1, r3: (r1 + count - 1) & 15, d2: place.d, b2: place.b });
  }),
  ...forEach("sar ear", twoRegisters),
  ssm: (body) => {
    const b1 = body.constantPlace(14, BigInt(body.random.below(2)) << 58n);
    body.asm.a("ssm", { d1: 0, b1 });
  },
  ...forEach("stnsm stosm", (body, mnemonic) => {
    const { d, b } = body.place(14, body.target(1));
    const i2 = mnemonic === "stosm" ? body.random.below(2) << 2 : body.random.below(256);
    body.asm.a(mnemonic, { d1: d, b1: b, i2 });
  }),
  epsw: (body) => {
    const [r1, r2] = [body.free(), body.free()];
    // QEMU 7.2 stores an old condition code.
    body.asm.a("epsw", { r1, r2 }).a("ipm", 10).a("nill", r1, 0xcfff);
    if (r2 !== 0 && r2 === r1) body.asm.a("lhi", r2, 0);
    body.asm.a("spm", 10);
  },
  spm: oneRegister,
  ipm: oneRegister,
  spka: (body) => {
    const { random } = body;
    supervisor(body);
    body.asm.a("spka", { d2: random.below(256), b2: 0 });
  },
  sacf: (body) => {
    // QEMU 7.2 does not refuse it when translation is off.
    supervisor(body, true);
    body.asm.a("sacf", { d2: body.random.pick([0, 0x100, 0x300, 0x300]), b2: 0 });
  },
  // Keys.
  sske: (body) => {
    const [r1, r2] = [body.base(), 14];
    keyIn(body, r1);
    body.loadAddress(r2, body.frame());
    body.asm.a("sske", { r1, r2, m3: 0 });
  },
  // Reference and change bits are not compared, see compare.ts.
  iske: (body) => {
    const [r1, r2] = [body.free(), body.base()];
    body.loadAddress(r2, body.frame(8, 8));
    body.asm.a("iske", { r1, r2 }).a("ipm", 10).a("nill", r1, 0xfff8).a("spm", 10);
  },
  rrbe: (body) => {
    const r2 = body.base();
    body.loadAddress(r2, body.frame(8, 8));
    body.asm.a("rrbe", { r1: body.free(), r2 }).a("lghi", 10, 0).a("spm", 10);
  },
  tprot: (body) => {
    supervisor(body);
    const { d, b } = body.place(14, body.target());
    body.asm.a("tprot", { d1: d, b1: b, d2: body.random.below(256), b2: 0 });
  },
  // Real addresses and translation.
  ...forEach("lra lrag lray", (body, mnemonic) => {
    // QEMU 7.2 does not translate when translation is off.
    body.asm.a("ssm", { d1: 0, b1: body.constantPlace(14, 1n << 58n) });
    // Nor does it tell which table entry is invalid.
    const { d, b } = body.place(14, body.random.oneIn(3) ? body.frame() : body.validWindowed());
    const r1 = body.free();
    // QEMU 7.2 changes the left half in 31-bit and 24-bit mode.
    body.asm.a("lghi", r1, 0).a(mnemonic, { r1, d2: d, x2: 0, b2: b });
  }),
  ...forEach("lura lurag stura sturg", (body, mnemonic) => {
    const r2 = body.base();
    const { random } = body;
    const address = random.oneIn(4) ? random.pick([0x18, 0x1008]) : body.frame(8, 8);
    body.loadAddress(r2, address);
    body.asm.a(mnemonic, { r1: body.free(), r2 });
  }),
  ptlb: (body) => void body.asm.a("ptlb", {}),
  ipte: (body) => {
    const { random } = body;
    body.loadAddress(8, WINDOW_PAGE_TABLES + random.below(3) * 0x800);
    body.loadAddress(9, WINDOW + random.pick(REPLACEABLE_PAGES) * 0x1000 + random.below(0x1000));
    body.asm.a("ipte", { r1: 8, r2: 9, r3: 0, m4: 0 });
    endBlock(body);
  },
  // The second operand's designation: its address, and in bit 63 of the register a request to purge.
  ...forEach("cspg", (body, mnemonic) => {
    const { random } = body;
    const address = random.oneIn(3) ? random.pick(tableEntries) : body.target(8, 8);
    const r1 = body.even();
    body.loadAddress(14, address);
    if (random.oneIn(2)) body.asm.a("lg", { r1, d2: 0, x2: 0, b2: 14 });
    body.load(r1 + 1, entryFor(body));
    body.asm.a("oill", 14, random.below(2)).a(mnemonic, { r1, r2: 14 });
    // QEMU 7.2 sets the condition code otherwise.
    body.asm.a("lghi", 10, 0).a("spm", 10);
    endBlock(body);
  }),
  mvcos: (body) => {
    const { random } = body;
    supervisor(body);
    // Access keys are not specified, spaces are: primary, secondary, home, or that of the PSW.
    const control = (): number => random.pick([0, 0x01, 0x81, 0xc1, 0x00]);
    body.load(0, BigInt(((control() << 16) | control()) >>> 0));
    body.load(3, BigInt(random.below(random.pick([64, 256]))));
    const [first, second] = body.twoTargets(256);
    const [to, from] = [body.place(14, first), body.place(15, second)];
    body.asm.a("mvcos", { d1: to.d, b1: to.b, d2: from.d, b2: from.b, r3: 3 });
  },
  stap: (body) => {
    const { d, b } = body.place(14, body.target(2, body.random.oneIn(8) ? 1 : 2));
    body.asm.a("stap", { d2: d, b2: b });
  },
  tb: (body) => {
    body.loadAddress(2, body.frame());
    body.asm.a("lghi", 0, 0).a("tb", { r1: 1, r2: 2 });
  },
  sigp: (body) => {
    const { random } = body;
    // SENSE of this CPU, and orders to one that does not exist.
    body.loadAddress(3, random.oneIn(2) ? 0 : 5);
    body.asm.a("sigp", { r1: 4, r3: 3, d2: 1, b2: 0 });
  },
  // Addressing modes.
  ...forEach("sam24 sam31 sam64", (body, mnemonic) => void body.asm.a(mnemonic, {})),
  ...forEach("ex exrl", (body, mnemonic) => {
    const { asm, random } = body;
    const [target, behind] = [body.label(), body.label()];
    const { d, b } = body.place(14, body.target());
    asm.a("j", behind).label(target);
    random.pick([
      () => asm.a("stnsm", { d1: d, b1: b, i2: 0xff }),
      () => asm.a("stosm", { d1: d, b1: b, i2: 0 }),
      () => asm.a("mc", { d1: d, b1: b, i2: 0 }),
      () => asm.a("stpx", { d2: d & ~3, b2: b }),
      () => asm.a("ptlb", {}),
      () => asm.a("lura", { r1: 2, r2: 13 }),
      () => asm.a("ex", { r1: 0, d2: d, x2: 0, b2: b }),
    ])();
    asm.label(behind);
    body.loadAddress(13, body.frame(8, 8));
    if (mnemonic === "exrl") asm.a("exrl", 0, target);
    else asm.a("llilf", 15, target).a("ex", { r1: 0, d2: 0, x2: 0, b2: 15 });
  }),
  // Problem-state accesses.
  ...forEach("lg stg l st ic stc", storageAccess()),
  mvc: (body) => {
    const l = 1 + body.random.below(64);
    const [first, second] = body.twoTargets(64);
    const [to, from] = [body.place(14, first), body.place(15, second)];
    body.asm.a("mvc", { d1: to.d, l, b1: to.b, d2: from.d, b2: from.b });
  },
  ...forEach("mvcp mvcs", (body, mnemonic) => {
    const { random } = body;
    supervisor(body);
    body.load(1, BigInt(random.pick([random.below(64), random.below(300), 0])));
    body.load(3, BigInt(random.next() & 0xff));
    const [first, second] = body.twoTargets(256);
    const [to, from] = [body.place(14, first), body.place(15, second)];
    body.asm.a(mnemonic, { d1: to.d, r1: 1, b1: to.b, d2: from.d, b2: from.b, r3: 3 });
  }),
  stpx: (body) => {
    const { d, b } = body.place(14, body.target(4, body.random.oneIn(8) ? 2 : 4));
    body.asm.a("stpx", { d2: d, b2: b });
  },
  spx: (body) => {
    const b2 = body.constantPlace(14, BigInt(body.random.pick([0, 0x4000, 0x6000])) << 32n);
    body.asm.a("spx", { d2: 0, b2 });
  },
  mc: (body) => {
    const { d, b } = body.place(14, body.target());
    body.asm.a("mc", { d1: d, b1: b, i2: body.random.oneIn(12) ? 16 + body.random.below(240) : body.random.below(16) });
  },
};

function storageAccess(): Emit {
  return (body, mnemonic) => {
    const { d, b } = body.place(14, body.target());
    body.asm.a(mnemonic, { r1: body.free(), d2: d, x2: 0, b2: b });
  };
}

const tableEntries = [0, 1, 2].flatMap((space) => REPLACEABLE_PAGES.map((page) => WINDOW_PAGE_TABLES + space * 0x800 + page * 8));

/**
 * Ends QEMU's block of translated code, for only there it purges what all CPUs may have; until then old entries are used. A branch
 * to the next instruction does not end one.
 */
function endBlock(body: Body): void {
  const behind = body.label();
  body.asm.a("j", behind).a("bcr", 0, 0).label(behind);
}

/** A page-table entry, for COMPARE AND SWAP AND PURGE. */
function entryFor(body: Body): bigint {
  return BigInt(body.frame() & ~0xfff) | BigInt(body.random.pick([0, 0, 0x200, 0x400]));
}

function forEach(mnemonics: string, emit: Emit): Record<string, Emit> {
  return Object.fromEntries(mnemonics.split(" ").map((mnemonic) => [mnemonic, emit]));
}
