import { describe, expect, test } from "vitest";
import { HOME_ASCE, PRIMARY_ASCE, runWithStack } from "../../testing/linkage-stack.ts";
import type { ProgramSetup, ProgramState } from "../../testing/program.ts";
import { doubleword, PSW_TRANSLATION } from "../../testing/tables.ts";

const PROBLEM = 1n << 48n;
const SECONDARY = 2n << 46n;
const MODE_31 = 0x0400_0000_8000_0000n;
const SPACE_SWITCH = 0x40n;
const GROUP = 0x200n;

// Control blocks: dispatchable-unit control table, access list, ASN tables with two spaces, both like the primary one.
const DUCT = 0x3_0000;
const LIST = 0x3_1000;
const FIRST_TABLE = 0x3_2000;
const SECOND_TABLE = 0x3_3000;
const AUTHORITY = 0x3_4000;
const ASN_CONTROL = BigInt(FIRST_TABLE >>> 12) | 0x8_0000n;
const space = (asn: number): number => SECOND_TABLE + asn * 64;
const OWN = 5;
const OTHER = 6;
const word = (value: number): string => value.toString(16).padStart(8, "0");
/** An ASN-second-table entry: authorization index 4, sequence number 9, subsystem linkage on. */
const entry = (asce = PRIMARY_ASCE, first = AUTHORITY, linkage = 0x8000_0000): string =>
  `${word(first)}00040000${doubleword(asce)}0000000000000009${word(linkage)}`;
const memory = {
  [FIRST_TABLE]: word(SECOND_TABLE),
  [space(OWN)]: entry(),
  [space(OTHER)]: entry(),
  [AUTHORITY]: "ff",
  [DUCT]: `${word(space(OWN))} 00000000 00000000 00000000 ${word(LIST)}`,
  [LIST + 0x20]: `00050000 00000000 ${word(space(OTHER))} 00000009`,
};
const ALET = 0x0005_0002;
const control = {
  2: BigInt(DUCT),
  3: 0xffff_0000n | BigInt(OWN),
  4: 0x2_0000n | BigInt(OWN),
  5: BigInt(space(OWN)),
  14: ASN_CONTROL,
};

function run(source: string, setup: ProgramSetup = {}): ProgramState {
  return runWithStack(source, { ...setup, control: { ...control, ...setup.control }, memory: { ...memory, ...setup.memory } });
}

describe("PoP chapter 10, BRANCH AND SET AUTHORITY", () => {
  const reduce = " larl %r2,there\n bsa %r1,%r2\nback: svc 255\nthere: ";

  test("insn: BSA: reduces authority and keeps the old one in the control table, and restores it", () => {
    const given = { 1: 0x4000_0010n };
    const psw = PSW_TRANSLATION | (3n << 52n);
    const reduced = run(reduce, { psw, general: given });
    expect(reduced.psw.mask).toBe(PSW_TRANSLATION | PROBLEM | (1n << 52n));
    expect(reduced.control[3]).toBe(0x4000_0005n);
    expect(reduced.memory(DUCT + 20, 4)).toBe("ffff0038");
    expect(reduced.memory(DUCT + 32, 8)).toBe(doubleword(BigInt(reduced.address("back"))));
    const restored = run(`${reduce}bsa %r7,%r0\nnext: nopr`, { psw, general: given });
    expect([restored.psw, restored.control[3]]).toEqual([{ mask: psw, address: BigInt(restored.address("back")) }, 0xffff_0005n]);
    expect(restored.general[7]).toBe(BigInt(restored.address("next")));
    expect(restored.memory(DUCT + 20, 4)).toBe("ffff0030");
  });

  test("insn: BSA: 31-bit mode and the problem state are kept with the address", () => {
    const reduced = run(" lr %r2,%r3\n bsa %r1,%r2\nback: svc 255", { psw: MODE_31 | PROBLEM, general: { 3: 0x1_0006n, 1: 0xffff_0000n } });
    // Branch to the same place, in 24-bit mode.
    expect([reduced.psw.mask & 0xffff_ffffn, reduced.psw.address]).toEqual([0n, 0x1_0006n]);
    expect([reduced.memory(DUCT + 20, 4), reduced.memory(DUCT + 36, 4)]).toEqual(["ffff0009", "80010006"]);
  });

  test("insn: BSA: exceptions", () => {
    const reducedTable = { [DUCT + 20]: "ffff0008" };
    expect(run("bsa %r1,%r0").interruption).toMatchObject({ code: 0x13, length: 4 });
    expect(run("bsa %r1,%r2", { memory: reducedTable }).interruption?.code).toBe(0x13);
    const keys = { psw: PSW_TRANSLATION | PROBLEM, control: { 3: 0x8000_0000n }, general: { 1: 0x10n } };
    expect(run("bsa %r1,%r2", keys).interruption).toMatchObject({ code: 2, length: 4 });
    expect(run("bsa %r1,%r2", { control: { 0: 0x1484_0000n, 2: 0n } }).interruption?.code).toBe(4);
    expect(run("bsa %r1,%r2", { control: { 2: 0x20_0000n } }).interruption?.code).toBe(5);
    const early = run("bsa %r0,%r0", { psw: MODE_31, memory: { [DUCT + 20]: "ffff0008", [DUCT + 36]: "01010000" } });
    expect([early.interruption?.code, early.interruption?.length, early.psw]).toEqual([
      6,
      0,
      { mask: 0x0400_0000_0000_0000n, address: 0x101_0000n },
    ]);
  });
});

describe("PoP chapter 10, BRANCH IN SUBSPACE GROUP", () => {
  const group = PRIMARY_ASCE | GROUP;
  const spaces = { [space(OWN)]: entry(group), [space(OTHER)]: entry(group) };
  const go = (setup: ProgramSetup): ProgramState =>
    run(" larl %r2,there\n bsg %r1,%r2\nback: lghi %r8,1\nthere: nopr", {
      ...setup,
      control: { 1: PRIMARY_ASCE | 0x80n, 7: HOME_ASCE, ...setup.control },
      memory: { ...spaces, ...setup.memory },
    });

  test("insn: BSG: to a subspace of the access list, which is then the last used", () => {
    const state = go({ access: { 2: ALET } });
    expect(state.interruption).toBeUndefined();
    expect([state.general[1], state.general[8]]).toEqual([BigInt(state.address("back")), 0n]);
    // The event controls stay.
    expect([state.control[1], state.control[7]]).toEqual([group | 0x80n, group | 0x80n]);
    expect(state.control[3]! & 0xffffn).toBe(BigInt(OWN));
    expect(state.memory(DUCT + 4, 12)).toBe(`${word(0x8000_0000 + space(OTHER))}0000000000000009`);
  });

  test("insn: BSG: to the base space, and to the subspace used last", () => {
    const base = go({ access: { 2: 0 }, memory: { [DUCT + 4]: word(0x8000_0000 + space(OTHER)) } });
    expect([base.control[1], base.control[7], base.memory(DUCT + 4, 4)]).toEqual([group, group, word(space(OTHER))]);
    const last = go({ access: { 2: 1 }, memory: { [DUCT + 4]: word(space(OTHER)), [DUCT + 12]: "00000009" } });
    expect([last.control[1], last.memory(DUCT + 4, 4)]).toEqual([group | 0x80n, word(0x8000_0000 + space(OTHER))]);
  });

  test.each<[string, ProgramSetup, number]>([
    ["special operation: no translation", { psw: 0x1_8000_0000n }, 0x13],
    ["special operation: another primary space", { control: { 5: BigInt(space(OTHER)) } }, 0x13],
    ["special operation: no subspace used", { access: { 2: 1 } }, 0x13],
    ["special operation: a base space", { access: { 2: ALET }, memory: { [space(OTHER)]: entry(group, AUTHORITY + 1) } }, 0x13],
    ["special operation: not in a group", { access: { 2: ALET }, memory: { [space(OTHER)]: entry() } }, 0x13],
    ["ALEN translation", { access: { 2: 0x0005_0009 } }, 0x29],
    ["ALE sequence", { access: { 2: 0x0006_0002 } }, 0x2a],
    ["ASTE sequence of the last subspace", { access: { 2: 1 }, memory: { [DUCT + 4]: word(space(OTHER)), [DUCT + 12]: "00000008" } }, 0x2c],
    ["ASTE validity of the last subspace", { access: { 2: 1 }, memory: { [DUCT + 4]: word(space(OTHER)), [space(OTHER)]: "80" } }, 0x2b],
  ])("insn: BSG: %s", (_name, setup, code) => {
    const state = go(setup);
    expect([state.interruption?.code, state.control[1]]).toEqual([code, PRIMARY_ASCE | 0x80n]);
    if (code > 0x20) expect(state.memory(0xa0, 1)).toBe("02");
  });
});

describe("PoP chapter 10, PROGRAM TRANSFER", () => {
  const transfer = (first: bigint, setup: ProgramSetup = {}, low = 0): ProgramState =>
    run(` larl %r2,there\n aghi %r2,${low}\n pt %r1,%r2\n lghi %r8,1\nthere: nopr`, { ...setup, general: { 1: first, ...setup.general } });

  test("insn: PT: in the same space, to the problem state and a smaller key mask", () => {
    const state = transfer(0x0ff0_0005n, { control: { 7: HOME_ASCE, 3: 0xff00_0001n } }, 1);
    expect([state.interruption, state.general[8]]).toEqual([undefined, 0n]);
    expect((state.psw.mask >> 48n) & 1n).toBe(1n);
    expect([state.control[3], state.control[7]]).toEqual([0x0f00_0005n, PRIMARY_ASCE]);
  });

  test("insn: PT: to another space", () => {
    const state = transfer(0xffff_0006n, { memory: { [space(OTHER)]: entry(PRIMARY_ASCE | GROUP) } });
    expect(state.interruption).toBeUndefined();
    expect([1, 3, 4, 5, 7].map((n) => state.control[n])).toEqual([
      PRIMARY_ASCE | GROUP,
      0xffff_0006n,
      0x4_0006n,
      BigInt(space(OTHER)),
      PRIMARY_ASCE | GROUP,
    ]);
  });

  test("insn: PT: a space-switch event comes behind it", () => {
    const state = transfer(0xffff_0006n, { control: { 1: PRIMARY_ASCE | SPACE_SWITCH } });
    expect(state.interruption).toMatchObject({ code: 0x1c, length: 4, translationException: 0x8000_0005n });
    expect([state.psw.address, state.control[4]]).toEqual([BigInt(state.address("there")), 0x4_0006n]);
  });

  test.each<[string, bigint, ProgramSetup, number]>([
    ["special operation: no translation", 5n, { psw: 0x1_8000_0000n }, 0x13],
    ["special operation: secondary-space mode", 5n, { psw: PSW_TRANSLATION | SECONDARY }, 0x13],
    ["special operation: no subsystem linkage", 5n, { memory: { [space(OWN)]: entry(PRIMARY_ASCE, AUTHORITY, 0) } }, 0x13],
    ["special operation: no ASN translation", 6n, { control: { 14: ASN_CONTROL & 0x7_ffffn } }, 0x13],
    ["privileged operation: to the supervisor state", 5n, { psw: PSW_TRANSLATION | PROBLEM }, 2],
    ["AFX translation", 0x46n, { memory: { [FIRST_TABLE + 4]: "80000000" } }, 0x20],
    ["ASX translation", 6n, { memory: { [space(OTHER)]: "80" } }, 0x21],
    ["primary authority", 6n, { memory: { [AUTHORITY]: "f7" } }, 0x24],
  ])("insn: PT: %s", (_name, first, setup, code) => {
    const state = transfer(first, setup);
    expect(state.interruption).toMatchObject({ code, length: 4 });
    if (code >= 0x20) expect(state.interruption?.translationException).toBe(first);
    expect(state.control[4]).toBe(0x2_0005n);
  });

  test("insn: PT: an address that does not fit 24 bits", () => {
    const state = run("pt %r1,%r2", { psw: MODE_31, general: { 1: 5n, 2: 0x100_0000n } });
    expect(state.interruption?.code).toBe(6);
  });
});

describe("PoP chapter 10, LOAD ADDRESS SPACE PARAMETERS", () => {
  const OPERAND = 0x5_0000;
  const lasp = (operand: string, functions: number, setup: ProgramSetup = {}): ProgramState =>
    run(`lasp 0(%r6),${functions}(%r0)`, {
      ...setup,
      general: { 6: BigInt(OPERAND) },
      control: { 7: HOME_ASCE, ...setup.control },
      memory: { [space(OTHER)]: entry(PRIMARY_ASCE | GROUP), ...setup.memory, [OPERAND]: operand },
    });
  const controls = (state: ProgramState): unknown[] => [state.cc, ...[1, 3, 4, 5, 7].map((n) => state.control[n])];
  const own = BigInt(space(OWN));
  const other = BigInt(space(OTHER));

  test("insn: LASP: both spaces the present one, or the primary switched", () => {
    expect(controls(lasp("1234000500070005", 0))).toEqual([0, PRIMARY_ASCE, 0x1234_0005n, 0x2_0005n, own, PRIMARY_ASCE]);
    expect(controls(lasp("1234000600070006", 0))).toEqual([0, PRIMARY_ASCE | GROUP, 0x1234_0006n, 0x4_0006n, other, PRIMARY_ASCE | GROUP]);
    expect(controls(lasp("1234000600070006", 2))).toEqual([0, PRIMARY_ASCE | GROUP, 0x1234_0006n, 0x7_0006n, other, PRIMARY_ASCE | GROUP]);
  });

  test("insn: LASP: another secondary space, translated or kept", () => {
    expect(controls(lasp("1234000600070005", 0))).toEqual([0, PRIMARY_ASCE, 0x1234_0006n, 0x2_0005n, own, PRIMARY_ASCE | GROUP]);
    const kept = { control: { 3: 6n } };
    expect(controls(lasp("1234000600070005", 1, kept))[5]).toBe(HOME_ASCE);
    expect(controls(lasp("1234000600070005", 5, kept))[5]).toBe(PRIMARY_ASCE | GROUP);
    // The secondary authority of index 2 is bit 5.
    const closed = { memory: { [AUTHORITY]: "fb" } };
    expect([lasp("1234000600070005", 0, closed).cc, lasp("1234000600070005", 1, closed).cc]).toEqual([2, 0]);
  });

  test("insn: LASP: condition codes 1, 2 and 3 change nothing", () => {
    const unchanged = [PRIMARY_ASCE, 0xffff_0005n, 0x2_0005n, own, HOME_ASCE];
    const invalid = { memory: { [space(OTHER)]: "80" } };
    expect(controls(lasp("1234000600070006", 0, invalid))).toEqual([1, ...unchanged]);
    expect(controls(lasp("1234000600070005", 0, invalid))).toEqual([2, ...unchanged]);
    const event = { memory: { [space(OTHER)]: entry(PRIMARY_ASCE | SPACE_SWITCH) } };
    expect(controls(lasp("1234000600070006", 0, event))).toEqual([3, ...unchanged]);
  });

  test("insn: LASP: exceptions", () => {
    expect(lasp("00", 0, { psw: PSW_TRANSLATION | PROBLEM }).interruption).toMatchObject({ code: 2, length: 6 });
    expect(lasp("00", 0, { control: { 14: 0n } }).interruption?.code).toBe(0x13);
    expect(run("lasp 4(%r6),0").interruption?.code).toBe(6);
  });
});
