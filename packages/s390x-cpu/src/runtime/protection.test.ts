import { describe, expect, test } from "vitest";
import { AFP_REGISTER_CONTROL, type ProgramSetup, type ProgramState, runProgram } from "../testing/program.ts";
import { PRIVATE_SPACE, PSW_TRANSLATION, REAL_SPACE, translationTables } from "../testing/tables.ts";

const LOW_ADDRESS_PROTECTION = 0x1000_0000n | AFP_REGISTER_CONTROL;
const FETCH_OVERRIDE = 0x0200_0000n | AFP_REGISTER_CONTROL;
const STORAGE_OVERRIDE = 0x0100_0000n | AFP_REGISTER_CONTROL;
const PROTECTION = 4;
const TEA_STORE = 0x400n;
const TEA_FETCH = 0x800n;

describe("PoP chapter 3, Low-Address Protection", () => {
  const store = (address: bigint, setup: ProgramSetup = {}): ProgramState =>
    runProgram("mvi 0(%r2),0xff", { general: { 2: address }, control: { 0: LOW_ADDRESS_PROTECTION }, ...setup });

  test.each([0n, 256n, 511n, 4096n, 4607n])("a store at %i is refused", (address) => {
    const state = store(address);
    expect(state.interruption).toMatchObject({ code: PROTECTION, length: 4, translationException: (address & ~0xfffn) | TEA_STORE });
    expect(state.psw.address).toBe(0x1_0004n);
  });

  test.each([512n, 4095n, 4608n, 8191n, 8192n])("a store at %i is allowed", (address) => {
    const state = store(address);
    expect(state.interruption).toBeUndefined();
    expect(state.memory(Number(address), 1)).toBe("ff");
  });

  test("an allowed store does not open the rest of its page", () => {
    for (const exactly of [false, true]) {
      const state = runProgram("mvi 0(%r2),1\n mvi 512(%r2),1\n mvi 511(%r2),1", {
        general: { 2: 4096n },
        control: { 0: LOW_ADDRESS_PROTECTION },
        exactly,
      });
      expect(state.interruption?.code).toBe(PROTECTION);
      const second = runProgram("mvi 512(%r2),1\n mvi 512(%r2),2\n mvi 511(%r2),1", {
        general: { 2: 4096n },
        control: { 0: LOW_ADDRESS_PROTECTION },
        exactly,
      });
      expect([second.interruption?.code, second.psw.address, second.memory(4608, 1)]).toEqual([PROTECTION, 0x1_000cn, "02"]);
    }
  });

  test("an operand that reaches into the protected part is refused whole", () => {
    const state = runProgram("stg %r1,0(%r2)", { general: { 1: -1n, 2: 4092n }, control: { 0: LOW_ADDRESS_PROTECTION } });
    expect(state.interruption?.code).toBe(PROTECTION);
    expect(state.memory(4092, 4)).toBe("00000000");
    expect(
      runProgram("mvc 0(16,%r2),0(%r3)", { general: { 2: 4090n, 3: 0x2_0000n }, control: { 0: LOW_ADDRESS_PROTECTION } }).interruption
        ?.code,
    ).toBe(PROTECTION);
  });

  test("loads are allowed, and so are stores when the control is off", () => {
    expect(runProgram("lg %r1,0(%r2)", { general: { 2: 0n }, control: { 0: LOW_ADDRESS_PROTECTION } }).interruption).toBeUndefined();
    expect(store(300n, { control: {} }).interruption).toBeUndefined();
  });

  test("virtual addresses count, and a private space has no such protection", () => {
    const { asce, memory } = translationTables();
    const inSpace = (element: bigint): ProgramState =>
      store(300n, { psw: PSW_TRANSLATION, memory, control: { 0: LOW_ADDRESS_PROTECTION, 1: element } });
    expect(inSpace(asce).interruption).toMatchObject({ code: PROTECTION, translationException: TEA_STORE });
    expect(inSpace(asce | PRIVATE_SPACE).interruption).toBeUndefined();
    expect(inSpace(REAL_SPACE).interruption?.code).toBe(PROTECTION);
    expect(inSpace(REAL_SPACE | PRIVATE_SPACE).interruption).toBeUndefined();
  });

  test("insn: STURA: a real address is protected too; insn: STURG", () => {
    for (const mnemonic of ["stura", "sturg"]) {
      expect(runProgram(`${mnemonic} %r1,%r2`, { general: { 2: 256n }, control: { 0: LOW_ADDRESS_PROTECTION } }).interruption?.code).toBe(
        PROTECTION,
      );
      expect(
        runProgram(`${mnemonic} %r1,%r2`, { general: { 2: 512n }, control: { 0: LOW_ADDRESS_PROTECTION } }).interruption,
      ).toBeUndefined();
    }
  });
});

const key = (access: number, psw = 0x0000_0001_8000_0000n): bigint => psw | (BigInt(access) << 52n);
/** SSKE of GR4 for the frame of GR2, then the program under access key 5. */
const keyed = (storageKey: number, source: string, setup: ProgramSetup = {}): ProgramState =>
  runProgram(`sske %r4,%r2\n spka 0x50\n${source}`, {
    ...setup,
    general: { 2: 0x2_0000n, 3: 0x3_0000n, 4: BigInt(storageKey), ...setup.general },
  });

describe("PoP chapter 3, Key-Controlled Protection", () => {
  test.each([
    ["equal keys", 0x58, true, true],
    ["other keys", 0x60, true, false],
    ["other keys, fetch-protected", 0x68, false, false],
    ["storage key 0", 0x00, true, false],
    ["storage key 0, fetch-protected", 0x08, false, false],
    ["storage key 9 without the override", 0x98, false, false],
  ])("%s", (_name, storageKey, mayFetch, mayStore) => {
    const fetched = keyed(storageKey, "l %r1,0(%r2)").interruption;
    const stored = keyed(storageKey, "st %r1,0(%r2)").interruption;
    if (mayFetch) expect(fetched).toBeUndefined();
    else expect(fetched).toMatchObject({ code: PROTECTION, length: 4, translationException: 0x2_0000n | TEA_FETCH });
    if (mayStore) expect(stored).toBeUndefined();
    else expect(stored).toMatchObject({ code: PROTECTION, length: 4, translationException: 0x2_0000n | TEA_STORE });
  });

  test("access key 0 opens everything", () => {
    const state = runProgram("sske %r4,%r2\n st %r1,0(%r2)\n l %r1,0(%r2)", { general: { 2: 0x2_0000n, 4: 0x68n } });
    expect(state.interruption).toBeUndefined();
  });

  test("instructions are fetched with the key too", () => {
    const state = keyed(0x68, "br %r2");
    expect(state.interruption).toMatchObject({ code: PROTECTION, translationException: 0x2_0000n | TEA_FETCH });
    expect(keyed(0x60, "br %r2", { memory: { 131072: "07fe" }, general: { 14: 0x3_0000n } }).interruption?.code).toBe(1);
  });

  test("a key that is set between two accesses counts for the second, however often the first ran", () => {
    for (const access of ["l %r1,0(%r2)", "st %r1,0(%r2)", "mvc 0(8,%r2),0(%r3)", "basr %r14,%r2"]) {
      const state = runProgram(`${access}\n ${access}\n sske %r4,%r2\n spka 0x50\n ${access}`, {
        general: { 2: 0x2_0000n, 3: 0x3_0000n, 4: 0x68n },
        memory: { 131072: "07fe" },
        psw: 0x0000_0001_8000_0000n,
      });
      expect([access, state.interruption?.code]).toEqual([access, PROTECTION]);
    }
  });

  test("a key that is set under the access key of use counts at once", () => {
    // Key 5 throughout: the entries that the first accesses made are of the bank in use.
    for (const access of ["l %r1,0(%r2)", "st %r1,0(%r2)", "basr %r14,%r2"]) {
      const state = runProgram(`sske %r5,%r2\n spka 0x50\n ${access}\n ${access}\n sske %r4,%r2\n ${access}`, {
        general: { 2: 0x2_0000n, 3: 0x3_0000n, 4: 0x68n, 5: 0x58n },
        memory: { 131072: "07fe" },
        control: { 0: AFP_REGISTER_CONTROL },
      });
      expect([access, state.interruption?.code]).toEqual([access, PROTECTION]);
    }
  });

  test("the program's own page: fetch protection stops it at the next instruction", () => {
    const state = runProgram("spka 0x50\n sske %r4,%r2\n lghi %r7,1", { general: { 2: 0x1_0000n, 4: 0x68n } });
    // Key 5 may fetch from key 0 without fetch protection, until SSKE.
    expect(state.interruption).toMatchObject({ code: PROTECTION, translationException: 0x1_0000n | TEA_FETCH });
    expect(state.general[7]).toBe(0n);
  });

  test("storage-protection override: storage with key 9 is open to all", () => {
    expect(keyed(0x98, "st %r1,0(%r2)\n l %r1,0(%r2)", { control: { 0: STORAGE_OVERRIDE } }).interruption).toBeUndefined();
    expect(keyed(0x88, "l %r1,0(%r2)", { control: { 0: STORAGE_OVERRIDE } }).interruption?.code).toBe(PROTECTION);
  });

  test("fetch-protection override: effective addresses 0 to 2047 may be fetched", () => {
    const run = (source: string, cr0: bigint): number | undefined =>
      keyed(0x68, source, { general: { 2: 0n }, control: { 0: cr0 } }).interruption?.code;
    expect(run("l %r1,2044(%r2)", FETCH_OVERRIDE)).toBeUndefined();
    expect(run("l %r1,2044(%r2)", AFP_REGISTER_CONTROL)).toBe(PROTECTION);
    expect(run("l %r1,2048(%r2)", FETCH_OVERRIDE)).toBe(PROTECTION);
    expect(run("l %r1,2044(%r2)\n l %r1,2048(%r2)", FETCH_OVERRIDE)).toBe(PROTECTION);
    expect(run("l %r1,2046(%r2)", FETCH_OVERRIDE)).toBe(PROTECTION);
    expect(run("st %r1,0(%r2)", FETCH_OVERRIDE)).toBe(PROTECTION);
  });

  test("fetch-protection override does not apply in a private space", () => {
    const { asce, memory } = translationTables();
    const run = (element: bigint): number | undefined =>
      keyed(0x68, "l %r1,0(%r2)", { general: { 2: 0n }, psw: PSW_TRANSLATION, memory, control: { 0: FETCH_OVERRIDE, 1: element } })
        .interruption?.code;
    expect(run(asce)).toBeUndefined();
    expect(run(asce | PRIVATE_SPACE)).toBe(PROTECTION);
  });

  test("the key of the PSW applies from its introduction", () => {
    const state = runProgram("l %r1,0(%r2)", { general: { 2: 0x2_0000n }, psw: key(5) });
    expect(state.interruption).toBeUndefined();
    expect(runProgram("st %r1,0(%r2)", { general: { 2: 0x2_0000n }, psw: key(5) }).interruption?.code).toBe(PROTECTION);
  });
});
