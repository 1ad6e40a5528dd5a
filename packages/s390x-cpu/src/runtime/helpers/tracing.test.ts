import { describe, expect, test } from "vitest";
import { type ProgramSetup, type ProgramState, runProgram } from "../../testing/program.ts";

const TABLE = 0x3_0000;
const OPERAND = 0x2_0000;
const run = (source: string, setup: ProgramSetup = {}): ProgramState =>
  runProgram(`${source}\n stctg %c12,%c12,0x10(%r2)`, {
    ...setup,
    general: { 2: BigInt(OPERAND), 14: 0x1111_1111_eeee_eeeen, 15: 0x2222_2222_ffff_ffffn, 0: 0x3333_3333_0000_0001n },
    control: { 12: BigInt(TABLE) | 1n, ...setup.control },
    memory: { [OPERAND]: "12345678", ...setup.memory },
  });

describe("PoP chapter 4, Tracing", () => {
  test("insn: TRACE: an entry with the clock, the operand and the registers, wrapping from 15 to 0", () => {
    const state = run("stckf 8(%r2)\n trace %r14,%r0,0(%r2)");
    const clock = state.memory(OPERAND + 8, 8);
    expect(state.memory(TABLE, 24)).toBe(`7200${clock.slice(4)}12345678eeeeeeeeffffffff00000001`);
    expect(state.memory(OPERAND + 0x10, 8)).toBe("0000000000030019");
  });

  test("insn: TRACG: whole registers", () => {
    const state = run("stckf 8(%r2)\n tracg %r14,%r15,0(%r2)");
    const clock = state.memory(OPERAND + 8, 8);
    expect(state.memory(TABLE, 32)).toBe(`7180${clock}00001234567811111111eeeeeeee22222222ffffffff`);
    expect(state.memory(OPERAND + 0x10, 8)).toBe("0000000000030021");
  });

  test("nothing without the control, or with the operand's left bit; insn: TRACE; insn: TRACG", () => {
    for (const mnemonic of ["trace", "tracg"]) {
      // The operand is not even looked at.
      expect(run(`${mnemonic} %r1,%r1,1(%r2)`, { control: { 12: BigInt(TABLE) } }).memory(TABLE, 1)).toBe("00");
      expect(run(`${mnemonic} %r1,%r1,0(%r2)`, { memory: { [OPERAND]: "80000000" } }).memory(TABLE, 1)).toBe("00");
      expect(run(`${mnemonic} %r1,%r1,2(%r2)`).interruption?.code).toBe(6);
    }
  });

  test("trace-table exception at a page's end; low-address protection; addressing", () => {
    const at = (address: bigint, cr0 = 0xe0n): ProgramState => run("trace %r1,%r1,0(%r2)", { control: { 0: cr0, 12: address | 1n } });
    expect(at(0x3_0ff0n).interruption).toMatchObject({ code: 0x16, length: 4 });
    expect(at(0x3_0ff0n).psw.address).toBe(0x1_0000n);
    expect(at(0x3_0fecn).interruption).toBeUndefined();
    expect(at(0x1000n, 0x1000_00e0n).interruption?.code).toBe(4);
    expect(at(0x20_0000n).interruption?.code).toBe(5);
  });
});
