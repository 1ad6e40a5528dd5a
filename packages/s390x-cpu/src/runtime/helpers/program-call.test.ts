import { describe, expect, test } from "vitest";
import { FIRST_DESCRIPTOR, PRIMARY_ASCE, runWithStack, STATE_ENTRY_SIZE, stateEntry } from "../../testing/linkage-stack.ts";
import type { ProgramSetup, ProgramState } from "../../testing/program.ts";
import { doubleword, PSW_TRANSLATION } from "../../testing/tables.ts";

const PROBLEM = 1n << 48n;
const ACCESS_REGISTER = 1n << 46n;
const SECONDARY = 2n << 46n;
const MODE_31 = 0x0400_0000_8000_0000n;
const GROUP = 0x200n;
const FIRST_TABLE = 0x3_2000;
const SECOND_TABLE = 0x3_3000;
const AUTHORITY = 0x3_4000;
const LINKAGE_TABLE = 0x3_5000;
const ENTRY_TABLE = 0x3_6000;
const ENTRY_POINT = 0x1_0100;
const ASN_CONTROL = BigInt(FIRST_TABLE >>> 12) | 0x8_0000n;
const OWN = 5;
const OTHER = 6;
const space = (asn: number): number => SECOND_TABLE + asn * 64;
const word = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
const spaceEntry = (asce: bigint, linkage = 0x8000_0000 + LINKAGE_TABLE): string =>
  `${word(AUTHORITY)}00040000${doubleword(asce)}0000000000000009${word(linkage)}`;
/** PC number 0x105: linkage index 1, entry index 5. */
const NUMBER = 0x105;
const STACKING = 0x8000_0000;
const EXTENDED = 0x4000_0000;

interface EntryFields {
  readonly flags: number;
  readonly asn?: number;
  readonly address?: number;
}
const tableEntry = ({ flags, asn = 0, address = ENTRY_POINT }: EntryFields): string =>
  `00000000 ${word(address)} ${word(0x0f00_0000 + asn)} 00f00000 ${word(flags)} ${word(space(asn))} aaaabbbb ccccdddd`;

function call(entry: EntryFields, setup: ProgramSetup = {}, source = `pc ${NUMBER}(%r0)`, there = "nopr"): ProgramState {
  return runWithStack(`${source}\nback: svc 255\n .org ${ENTRY_POINT}\n ${there}`, {
    ...setup,
    control: {
      3: 0x0800_0000n | BigInt(OTHER),
      4: 0x2_0000n | BigInt(OWN),
      5: BigInt(space(OWN)),
      8: 0x1111_0000n,
      14: ASN_CONTROL,
      ...setup.control,
    },
    memory: {
      [FIRST_TABLE]: word(SECOND_TABLE),
      [space(OWN)]: spaceEntry(PRIMARY_ASCE),
      [space(OTHER)]: spaceEntry(PRIMARY_ASCE | GROUP),
      [AUTHORITY]: "ffff",
      [LINKAGE_TABLE + 4]: word(ENTRY_TABLE + 1),
      [ENTRY_TABLE + 5 * 32]: tableEntry(entry),
      ...setup.memory,
    },
  });
}
const controls = (state: ProgramState): unknown[] => [1, 3, 4, 5, 7, 8].map((n) => state.control[n]);

describe("PoP chapter 10, PROGRAM CALL", () => {
  test("insn: PC: basic, in the same space: link information in registers 14 and 3, parameter in 4", () => {
    const state = call({ flags: EXTENDED }, { psw: PSW_TRANSLATION | PROBLEM });
    expect(state.interruption).toBeUndefined();
    expect([state.psw.mask, state.psw.address >= BigInt(ENTRY_POINT)]).toEqual([PSW_TRANSLATION, true]);
    expect([state.general[14], state.general[3], state.general[4]]).toEqual([
      BigInt(state.address("back") + 1),
      0x0800_0005n,
      0xaaaa_bbbb_cccc_ddddn,
    ]);
    expect(controls(state)).toEqual([PRIMARY_ASCE, 0x08f0_0005n, 0x2_0005n, BigInt(space(OWN)), PRIMARY_ASCE, 0x1111_0000n]);
    expect(state.control[15]).toBe(BigInt(FIRST_DESCRIPTOR));
  });

  test("insn: PC: basic, 31-bit mode, to the problem state and another space", () => {
    const state = call({ flags: 0, asn: OTHER, address: 0x8000_0001 + ENTRY_POINT }, { psw: MODE_31 });
    expect([state.interruption, state.psw.mask]).toEqual([undefined, MODE_31 | PROBLEM]);
    expect([state.general[14], state.general[4]]).toEqual([BigInt(0x8000_0000 + state.address("back")), 0xcccc_ddddn]);
    expect(controls(state)).toEqual([PRIMARY_ASCE | GROUP, 0x08f0_0005n, 0x4_0006n, BigInt(space(OTHER)), PRIMARY_ASCE, 0x1111_0000n]);
  });

  test("insn: PC: stacking, with everything that an entry can ask for", () => {
    const state = call({ flags: 0xff90_7777, asn: OTHER }, { psw: PSW_TRANSLATION | (3n << 52n) });
    expect(state.interruption).toBeUndefined();
    // Key 9, access-register mode.
    expect(state.psw.mask).toBe(PSW_TRANSLATION | (9n << 52n) | ACCESS_REGISTER);
    const ownAsce = PRIMARY_ASCE | GROUP;
    expect(controls(state)).toEqual([ownAsce, 0x00f0_0006n, 0x4_0006n, BigInt(space(OTHER)), ownAsce, 0x7777_0000n]);
    const entry = stateEntry(state);
    const field = (offset: number, length: number): string => entry.slice(offset * 2, (offset + length) * 2);
    expect(field(128, 8)).toBe("0800000611110005");
    expect(field(136, 16)).toBe(`${doubleword(PSW_TRANSLATION | (3n << 52n))}0006000980000105`);
    expect(field(168, 8)).toBe(doubleword(BigInt(state.address("back"))));
    expect(field(288, 8)).toBe("0d0101d800000000");
    expect(state.control[15]).toBe(BigInt(FIRST_DESCRIPTOR + STATE_ENTRY_SIZE));
    expect([state.general[14], state.general[3]]).toEqual([0n, 0n]);
  });

  test("insn: PC; insn: PR: there and back, the caller's spaces and mode restored", () => {
    for (const asn of [0, OTHER]) {
      const psw = PSW_TRANSLATION | PROBLEM | (3n << 52n) | ACCESS_REGISTER;
      // The secondary space of the caller is the other one.
      const control = { 7: PRIMARY_ASCE | GROUP };
      const state = call({ flags: 0xff90_7777, asn }, { psw, control, general: { 4: 7n } }, undefined, "pr");
      expect([state.interruption, state.psw]).toEqual([undefined, { mask: psw, address: BigInt(state.address("back")) }]);
      expect(controls(state)).toEqual([
        PRIMARY_ASCE,
        0x0800_0006n,
        asn === 0 ? 0x2_0005n : 0x4_0005n,
        BigInt(space(OWN)),
        PRIMARY_ASCE | GROUP,
        0x1111_0000n,
      ]);
      expect([state.general[4], state.control[15]]).toEqual([7n, BigInt(FIRST_DESCRIPTOR)]);
    }
  });

  test("insn: ESTA: condition code 1, called space and PC number", () => {
    const state = call({ flags: STACKING | EXTENDED }, {}, undefined, "lghi %r1,2\n esta %r8,%r1");
    expect([state.cc, state.general[8], state.general[9]]).toEqual([1, 0n, 0x8000_0105n]);
  });

  test("insn: PC; insn: PR: space-switch events, behind the instruction", () => {
    const switching = PRIMARY_ASCE | 0x40n;
    const pc = call({ flags: STACKING | EXTENDED, asn: OTHER }, { control: { 1: switching } });
    expect(pc.interruption).toMatchObject({ code: 0x1c, length: 4, translationException: 0x8000_0005n });
    expect([pc.psw.address, pc.control[4]]).toEqual([BigInt(ENTRY_POINT), 0x4_0006n]);
    const pr = call({ flags: STACKING | EXTENDED, asn: OTHER }, { memory: { [space(OWN)]: spaceEntry(switching) } }, undefined, "pr");
    expect(pr.interruption).toMatchObject({ code: 0x1c, length: 2, translationException: 6n });
    expect(pr.psw.address).toBe(BigInt(pr.address("back")));
  });

  test("insn: PR: the secondary authority of the caller is looked up again", () => {
    const state = call({ flags: STACKING | EXTENDED }, { memory: { [AUTHORITY]: "00" } }, undefined, "pr");
    expect(state.interruption).toMatchObject({ code: 0x25, length: 2, translationException: 6n });
    expect([state.psw.address, state.control[15]]).toEqual([BigInt(ENTRY_POINT), BigInt(FIRST_DESCRIPTOR + STATE_ENTRY_SIZE)]);
  });

  const basic = { flags: EXTENDED };
  const stacking = { flags: STACKING | EXTENDED };
  test.each<[string, EntryFields, ProgramSetup, number]>([
    ["special operation: no translation", basic, { psw: 0x1_8000_0000n }, 0x13],
    ["special operation: secondary-space mode", stacking, { psw: PSW_TRANSLATION | SECONDARY }, 0x13],
    ["special operation: basic in access-register mode", basic, { psw: PSW_TRANSLATION | ACCESS_REGISTER }, 0x13],
    ["special operation: basic out of 64-bit mode", { flags: 0 }, {}, 0x13],
    ["special operation: no subsystem linkage", basic, { memory: { [space(OWN)]: spaceEntry(PRIMARY_ASCE, LINKAGE_TABLE) } }, 0x13],
    ["special operation: no ASN translation", { ...basic, asn: OTHER }, { control: { 14: 0n } }, 0x13],
    ["LX translation", basic, { memory: { [LINKAGE_TABLE + 4]: "80000000" } }, 0x22],
    ["EX translation", basic, { memory: { [LINKAGE_TABLE + 4]: word(ENTRY_TABLE) } }, 0x23],
    ["PC-translation specification", { flags: STACKING, address: 0x0100_0000 }, {}, 0x1f],
    ["privileged operation", basic, { psw: PSW_TRANSLATION | PROBLEM, control: { 3: 0xf0ff_0000n } }, 2],
    ["ASX translation", { ...basic, asn: OTHER }, { memory: { [space(OTHER)]: "80" } }, 0x21],
    ["stack full", stacking, { control: { 15: 0x10_0008n } }, 0x30],
  ])("insn: PC: %s", (_name, entry, setup, code) => {
    const state = call(entry, setup);
    expect(state.interruption).toMatchObject({ code, length: 4 });
    if (code === 0x22 || code === 0x23) expect(state.interruption?.translationException).toBe(BigInt(NUMBER));
    expect([state.control[4], state.general[4], state.general[14]]).toEqual([0x2_0005n, 0n, 0n]);
  });

  test("insn: PC: LX translation: an index outside the linkage table", () => {
    const state = call(basic, { general: { 7: 0xfff0_2005n } }, "pc 0(%r7)");
    expect(state.interruption).toMatchObject({ code: 0x22, translationException: 0x2005n });
  });
});
