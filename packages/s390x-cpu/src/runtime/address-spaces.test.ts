import { describe, expect, test } from "vitest";
import { type ProgramSetup, type ProgramState, runProgram } from "../testing/program.ts";
import { designation, doubleword, PAGE_INVALID, PAGE_TABLE, PSW_TRANSLATION, TABLE, translationTables } from "../testing/tables.ts";

// Three spaces, alike in the first MiB. In each, virtual 0x10_0000 is a frame of its own and virtual 0x10_1000 invalid.
const AT = 0x10_0000n;
const spaces = [
  { segments: TABLE[0], pages: 0x11_1000, frame: 0x2_0000n },
  { segments: TABLE[0] + 0x1000, pages: 0x11_1800, frame: 0x2_1000n },
  { segments: TABLE[0] + 0x2000, pages: 0x11_2000, frame: 0x2_2000n },
] as const;
const [primary, secondary, home] = spaces.map(({ segments }) => designation(segments, 0, 0)) as [bigint, bigint, bigint];
const entries: Record<number, bigint> = {};
for (const { segments, pages, frame } of spaces) {
  entries[segments] = BigInt(PAGE_TABLE);
  entries[segments + 8] = BigInt(pages);
  entries[pages] = frame;
  entries[pages + 8] = PAGE_INVALID;
}
const tables = translationTables(0, entries).memory;

// What access-register translation goes through: dispatchable-unit control table, access list, ASN-second-table entry.
const DUCT = 0x3_0000;
const LIST = 0x3_1000;
const SECOND_TABLE_ENTRY = 0x3_2000;
const AUTHORITY_TABLE = 0x3_3000;
const SEQUENCE = "00000007";
interface AccessListEntry {
  /** First word: invalid, fetch-only and private bits, sequence number, authorization index. */
  readonly first?: string;
  readonly sequence?: string;
  readonly spaceFirst?: string;
  readonly authority?: string;
  readonly element?: bigint;
}
/** An access list whose entry 2 leads to the home space. */
function accessList({
  first = "00050000",
  sequence = SEQUENCE,
  spaceFirst = "00033000",
  authority = "00000000",
  element = home,
}: AccessListEntry = {}) {
  return {
    [DUCT + 16]: "00031000",
    [LIST + 0x20]: `${first} 00000000 00032000 ${sequence}`,
    [SECOND_TABLE_ENTRY]: `${spaceFirst} 0000${authority.slice(4)} ${doubleword(element)} 00000000 ${SEQUENCE}`,
  };
}
const ALET = 0x0005_0002;

const contents = Object.fromEntries(spaces.map(({ frame }, i) => [Number(frame), `${i + 1}${i + 1}`.repeat(8)]));
const PRIMARY = 0n;
const ACCESS_REGISTER = 1n << 46n;
const SECONDARY = 2n << 46n;
const HOME = 3n << 46n;
const CR0 = 0x0484_0000n;

function run(source: string, control: bigint, setup: ProgramSetup = {}): ProgramState {
  return runProgram(source, {
    ...setup,
    psw: setup.psw ?? PSW_TRANSLATION | control,
    general: { 2: AT, ...setup.general },
    control: { 0: CR0, 1: primary, 2: BigInt(DUCT), 7: secondary, 13: home, ...setup.control },
    memory: { ...tables, ...contents, ...accessList(), ...setup.memory },
  });
}
const value = (digit: string): bigint => BigInt(`0x${digit.repeat(16)}`);

describe("PoP chapter 3, address-space modes", () => {
  test.each([
    ["primary", PRIMARY, "1"],
    ["secondary", SECONDARY, "2"],
    ["home", HOME, "3"],
  ])("%s-space mode: operands come from that space", (_name, control, digit) => {
    for (const exactly of [false, true]) {
      expect(run("lg %r1,0(%r2)", control, { exactly }).general[1]).toBe(value(digit));
      const stored = run("stg %r3,0(%r2)", control, { general: { 3: -1n }, exactly });
      expect(spaces.map(({ frame }) => stored.memory(Number(frame), 1) === "ff")).toEqual(["1", "2", "3"].map((each) => each === digit));
    }
  });

  test.each([
    ["primary", PRIMARY, "1"],
    ["secondary", SECONDARY, "1"],
    ["access-register", ACCESS_REGISTER, "1"],
    ["home", HOME, "3"],
  ])("%s-space mode: instructions come from the right space", (_name, control, digit) => {
    // In each space's frame: LGHI of its own number, then a return.
    const memory = Object.fromEntries(spaces.map(({ frame }, i) => [Number(frame), `a779000${i + 1} 07fe`]));
    expect(run("basr %r14,%r2", control, { memory }).general[7]).toBe(BigInt(digit));
  });

  test("insn: SAC: goes through all modes, insn: IAC: tells each, by condition code and register", () => {
    const codes = [0x000, 0x100, 0x200, 0x300, 0x100, 0x300, 0x200, 0x000];
    const source = codes
      .map(
        (code, i) =>
          `sac ${code}\n lg %r8,0(%r2)\n iac %r9\n ipm %r10\n stg %r9,${i * 16}(%r5)\n st %r10,${i * 16 + 8}(%r5)\n stg %r8,${0x400 + i * 8}(%r5)`,
      )
      .join("\n");
    const state = run(source, PRIMARY, { general: { 5: 0x4_0000n, 9: 0x1111_1111n }, access: { 2: 1 } });
    expect(state.interruption).toBeUndefined();
    const told = codes.map((_, i) => [
      Number.parseInt(state.memory(0x4_0000 + i * 16 + 6, 1), 16),
      Number.parseInt(state.memory(0x4_0008 + i * 16, 1), 16) >> 4,
    ]);
    expect(told).toEqual(codes.map((code) => [code >> 8, code >> 8]));
    expect(codes.map((_, i) => state.memory(0x4_0400 + i * 8, 1))).toEqual(["11", "22", "22", "33", "22", "33", "22", "11"]);
  });

  test("insn: SACF: as SAC", () => {
    expect(run("sacf 0x100\n lg %r1,0(%r2)\n sacf 0", PRIMARY).general[1]).toBe(value("2"));
  });

  test("insn: SAC: reserved code bits are a specification exception, no translation or no secondary-space control a special operation", () => {
    for (const mnemonic of ["sac", "sacf"]) {
      expect(run(`${mnemonic} 0x400`, PRIMARY).interruption?.code).toBe(6);
      expect(run(`${mnemonic} 0x100`, PRIMARY, { control: { 0: 0x84_0000n } }).interruption?.code).toBe(0x13);
      expect(run(`${mnemonic} 0x100`, PRIMARY, { psw: 0x1_8000_0000n }).interruption?.code).toBe(0x13);
      // Home-space mode is for the supervisor.
      expect(run(`${mnemonic} 0x300`, PRIMARY | (1n << 48n)).interruption?.code).toBe(2);
      expect(run(`${mnemonic} 0x100`, PRIMARY | (1n << 48n)).interruption).toBeUndefined();
    }
  });

  test("insn: IAC: extraction authority in the problem state; insn: IPK; insn: EPAR; insn: ESAR", () => {
    for (const source of ["iac %r1", "epar %r1", "esar %r1", "ipk"]) {
      expect(run(source, 1n << 48n).interruption?.code).toBe(2);
      expect(run(source, 1n << 48n, { control: { 0: CR0 | 0x0800_0000n } }).interruption).toBeUndefined();
    }
    for (const source of ["iac %r1", "epar %r1", "esar %r1"])
      expect(run(source, 0n, { psw: 0x1_8000_0000n }).interruption?.code).toBe(0x13);
  });

  test("insn: EPAR: primary ASN of CR4; insn: ESAR: secondary ASN of CR3", () => {
    const state = run("epar %r8\n esar %r9", PRIMARY, {
      control: { 4: 0x1111_2222_3333_4444n, 3: 0x5555_6666_7777_8888n },
      general: { 8: -1n, 9: -1n },
    });
    expect([state.general[8], state.general[9]]).toEqual([0xffff_ffff_0000_4444n, 0xffff_ffff_0000_8888n]);
  });

  test("insn: ESEA: exchanges the extended authority", () => {
    const state = run("esea %r8\n stctg %c8,%c8,0(%r5)", PRIMARY, {
      control: { 8: 0x1234_0001n },
      general: { 5: 0x4_0000n, 8: 0xaaaa_5678n },
    });
    expect(state.general[8]).toBe(0x1234_5678n);
    expect(state.memory(0x4_0000, 8)).toBe("0000000056780001");
  });

  describe("SET SECONDARY ASN", () => {
    // First table at 0x4_0000, entry 0x48 for ASNs 0x1200 to 0x123f, whose second table is at 0x4_1000.
    const T = 0x0008_0000n;
    const tables: ProgramSetup["memory"] = {
      [0x4_0000 + 0x48 * 4]: "00041000",
      [0x4_1000 + 0x34 * 64]: `00033000 00000000 ${doubleword(home)}`,
      // Authorization index 5: secondary bit of the second pair in byte 1.
      [AUTHORITY_TABLE + 1]: "10",
    };
    const ssar = (asn: bigint, setup: { memory?: ProgramSetup["memory"]; ax?: bigint; cr14?: bigint } = {}): ProgramState =>
      run("ssar %r8\n esar %r9\n sac 0x100\n lg %r1,0(%r2)", PRIMARY, {
        general: { 8: asn },
        control: { 4: ((setup.ax ?? 5n) << 16n) | 0x1111n, 14: setup.cr14 ?? T | 0x40n },
        memory: { ...tables, ...setup.memory },
      });

    test("insn: SSAR: the current primary space", () => {
      const state = ssar(0x1111n);
      expect([state.general[9], state.general[1]]).toEqual([0x1111n, value("1")]);
    });

    test("insn: SSAR: a space by ASN translation and authorization", () => {
      const state = ssar(0x1234n);
      expect([state.interruption, state.general[9], state.general[1]]).toEqual([undefined, 0x1234n, value("3")]);
    });

    test.each([
      ["AFX translation", 0x20, { memory: { [0x4_0000 + 0x48 * 4]: "80041000" } }],
      ["ASX translation", 0x21, { memory: { [0x4_1000 + 0x34 * 64]: "80033000" } }],
      ["secondary authority", 0x25, { ax: 4n }],
      ["secondary authority beyond the table", 0x25, { ax: 0x10n }],
    ] as const)("insn: SSAR: %s", (_name, code, setup) => {
      const state = ssar(0x1234n, setup);
      expect(state.interruption).toMatchObject({ code, length: 4, translationException: 0x1234n });
      expect(state.psw.address).toBe(0x1_0000n);
    });

    test("insn: SSAR: special operation without the ASN-translation control; addressing outside storage", () => {
      expect(ssar(0x1234n, { cr14: 0x40n }).interruption?.code).toBe(0x13);
      expect(ssar(0x1234n, { cr14: T | 0x200n }).interruption?.code).toBe(5);
    });
  });

  test("space-switch event on the way to and from home-space mode", () => {
    const SWITCH = 0x40n;
    const to = run("sac 0x300", PRIMARY, { control: { 1: primary | SWITCH, 4: 0x1234n } });
    expect(to.interruption).toMatchObject({ code: 0x1c, length: 4, translationException: 0x8000_1234n });
    // Complete: the mode is changed, and the address that of the next instruction.
    expect([(to.psw.mask >> 46n) & 3n, to.psw.address]).toEqual([3n, 0x1_0004n]);
    const from = run("sac 0", HOME, { control: { 13: home | SWITCH, 4: 0x1234n } });
    expect(from.interruption).toMatchObject({ code: 0x1c, translationException: 0x8000_0000n });
    expect(run("sac 0", HOME, { control: { 1: primary | SWITCH } }).interruption).toMatchObject({ code: 0x1c, translationException: 0n });
    expect(run("sac 0x100", PRIMARY, { control: { 1: primary | SWITCH } }).interruption).toBeUndefined();
  });
});

describe("PoP chapter 3, Translation-Exception Identification", () => {
  const MISSING = AT + 0x1000n;
  test.each([
    ["primary", PRIMARY, 0n],
    ["access-register", ACCESS_REGISTER, 1n],
    ["secondary", SECONDARY, 2n],
    ["home", HOME, 3n],
  ])("%s-space mode: bits 62 and 63", (_name, control, identification) => {
    expect(run("lg %r1,0(%r2)", control, { general: { 2: MISSING } }).interruption).toMatchObject({
      code: 0x11,
      translationException: MISSING | 0x800n | identification,
    });
    expect(run("mvi 0(%r2),1", control, { general: { 2: MISSING } }).interruption?.translationException).toBe(
      MISSING | 0x400n | identification,
    );
  });

  test("a fetch in secondary-space mode names the primary space, in home-space mode the home space", () => {
    const fetch = (control: bigint): bigint | undefined =>
      run("br %r2", control, { general: { 2: MISSING } }).interruption?.translationException;
    expect([fetch(PRIMARY), fetch(SECONDARY), fetch(HOME)]).toEqual([MISSING | 0x800n, MISSING | 0x800n, MISSING | 0x803n]);
  });

  test("exception access identification: the access register of the operand, and zero in other modes", () => {
    const identification = (state: ProgramState): string => state.memory(0xa0, 1);
    expect(identification(run("lg %r1,0(%r2)", ACCESS_REGISTER, { general: { 2: MISSING } }))).toBe("02");
    expect(identification(run("mvc 0(1,%r2),0(%r9)", ACCESS_REGISTER, { general: { 9: MISSING } }))).toBe("09");
    expect(identification(run("br %r2", ACCESS_REGISTER, { general: { 2: MISSING }, memory: { 160: "ff" } }))).toBe("00");
    // Nothing remains from an access in another mode.
    expect(
      identification(
        run("lg %r1,0(%r7)\n sac 0\n lg %r1,0(%r2)", ACCESS_REGISTER, { general: { 2: MISSING, 7: AT }, memory: { 160: "ff" } }),
      ),
    ).toBe("00");
  });
});

describe("PoP chapter 5, Access-Register Translation", () => {
  const load = (alet: number, memory: ProgramSetup["memory"] = {}, control: ProgramSetup["control"] = {}): ProgramState =>
    run("lg %r1,0(%r2)", ACCESS_REGISTER, { access: { 2: alet }, memory, control });

  test("ALET 0 is the primary space, ALET 1 the secondary, access register 0 always the primary", () => {
    expect(load(0).general[1]).toBe(value("1"));
    expect(load(1).general[1]).toBe(value("2"));
    expect(run("lg %r1,0(%r2)\n lghi %r2,0\n lg %r3,0x100(%r2)", ACCESS_REGISTER, { access: { 0: 1 } }).general[1]).toBe(value("1"));
  });

  test("each operand has its own space", () => {
    const state = run("mvc 0(8,%r2),0(%r3)", ACCESS_REGISTER, { access: { 2: 1, 3: ALET }, general: { 3: AT } });
    expect(state.memory(0x2_1000, 8)).toBe("33".repeat(8));
    const long = run("lghi %r5,8\n lghi %r7,8\n mvcl %r4,%r6", ACCESS_REGISTER, { access: { 4: ALET, 6: 1 }, general: { 4: AT, 6: AT } });
    expect(long.memory(0x2_2000, 8)).toBe("22".repeat(8));
  });

  test("an access-list entry leads to its space; the list of the primary space too", () => {
    expect(load(ALET).general[1]).toBe(value("3"));
    expect(load(ALET | 0x0100_0000, { 213008: "00031000" }, { 2: 0n, 5: 0x3_4000n }).general[1]).toBe(value("3"));
  });

  test.each([
    ["ALET specification: reserved bits", 0x0205_0002, {}, 0x28],
    ["ALEN translation: outside the list", 0x0005_0008, {}, 0x29],
    ["ALEN translation: an invalid entry", ALET, { first: "80050000" }, 0x29],
    ["ALE sequence", 0x0006_0002, {}, 0x2a],
    ["ASTE validity", ALET, { spaceFirst: "80033000" }, 0x2b],
    ["ASTE sequence", ALET, { sequence: "00000008" }, 0x2c],
    ["extended authority: a private entry and no authority", ALET, { first: "01050009" }, 0x2d],
  ] as const)("%s", (_name, alet, list: AccessListEntry, code) => {
    const state = load(alet, accessList(list));
    expect(state.interruption).toMatchObject({ code, length: 6 });
    // Nullified, with the access register told.
    expect([state.psw.address, state.memory(0xa0, 1)]).toEqual([0x1_0000n, "02"]);
  });

  test("a private entry is open to its own authorization index, and to those of the authority table", () => {
    const list = accessList({ first: "01050009" });
    expect(load(ALET, list, { 8: 0x0009_0000n }).general[1]).toBe(value("3"));
    // Index 6: secondary bit of the third pair in byte 1.
    expect(load(ALET, { ...list, [AUTHORITY_TABLE + 1]: "04" }, { 8: 0x0006_0000n }).general[1]).toBe(value("3"));
    expect(load(ALET, { ...list, [AUTHORITY_TABLE + 1]: "fb" }, { 8: 0x0006_0000n }).interruption?.code).toBe(0x2d);
    expect(load(ALET, { ...list, [AUTHORITY_TABLE + 4]: "ff" }, { 8: 0x0010_0000n }).interruption?.code).toBe(0x2d);
  });

  test("a fetch-only entry refuses stores as DAT protection does", () => {
    const memory = accessList({ first: "02050000" });
    expect(load(ALET, memory).general[1]).toBe(value("3"));
    const state = run("mvi 0(%r2),1", ACCESS_REGISTER, { access: { 2: ALET }, memory });
    expect(state.interruption).toMatchObject({ code: 4, translationException: AT | 0x405n });
    expect(state.memory(0xa0, 1)).toBe("02");
    // The refusal of one access has nothing to do with the next.
    const next = run("lg %r1,0(%r2)\n stg %r1,0(%r3)", ACCESS_REGISTER, { access: { 2: ALET }, general: { 3: AT }, memory });
    expect([next.interruption, next.memory(0x2_0000, 1)]).toEqual([undefined, "33"]);
  });

  test("insn: TAR: the condition code tells where an ALET would lead", () => {
    const tar = (alet: number, eax = 0n, memory: ProgramSetup["memory"] = {}): number =>
      run("tar %a2,%r4", PRIMARY, { access: { 2: alet }, general: { 4: eax << 16n }, memory, control: { 5: 0x3_4000n } }).cc;
    expect([tar(0), tar(1), tar(ALET), tar(0x0205_0002), tar(0x0006_0002)]).toEqual([0, 3, 1, 3, 3]);
    expect(tar(ALET | 0x0100_0000, 0n, { 213008: "00031000" })).toBe(2);
    expect([tar(ALET, 9n, accessList({ first: "01050009" })), tar(ALET, 8n, accessList({ first: "01050009" }))]).toEqual([1, 3]);
  });

  test("insn: PALB: supervisor only, and otherwise nothing to see", () => {
    expect(run("palb", PRIMARY).interruption).toBeUndefined();
  });
});

describe("PoP chapter 7, LOAD ADDRESS EXTENDED", () => {
  test.each([
    ["primary", PRIMARY, 0],
    ["secondary", SECONDARY, 1],
    ["access-register", ACCESS_REGISTER, 0x77],
    ["home", HOME, 2],
  ])("insn: LAE: in %s-space mode; insn: LAEY", (_name, control, expected) => {
    const lae = run("lae %r8,0x10(%r2)", control, { access: { 2: 0x77, 8: -1 } });
    expect([lae.general[8], lae.access[8]]).toEqual([AT + 0x10n, expected]);
    const laey = run("laey %r8,-16(%r2)", control, { access: { 2: 0x77, 8: -1 } });
    expect([laey.general[8], laey.access[8]]).toEqual([AT - 0x10n, expected]);
    expect(run("lae %r8,0x10", control, { access: { 0: 0x55, 8: -1 } }).access[8]).toBe(expected === 0x77 ? 0 : expected);
  });

  test("insn: LAE: the address-space control counts without translation too", () => {
    expect(run("lae %r8,0(%r2)", 0n, { psw: 0x1_8000_0000n | SECONDARY }).access[8]).toBe(1);
  });
});
