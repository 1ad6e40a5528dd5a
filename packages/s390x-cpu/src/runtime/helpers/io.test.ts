import { beforeEach, describe, expect, test } from "vitest";
import { TestMachine } from "../../testing/machine.ts";
import { createCpu } from "../cpu.ts";

const machine = new TestMachine();
const { cpu, channels, service } = machine;
beforeEach(() => machine.reset());

const DATA = 0x2_0000;
const SUBCHANNEL = 0x1_0005;
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i + 1);
const digits = (length: number): string => Array.from(bytes(length), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Runs an instruction with GR1 a subchannel, GR2 the operand address; tells the condition code or the program interruption. */
function run(source: string, operand = DATA): number | string {
  cpu.setGeneral(1, 0xffff_ffff_0000_0000n | BigInt(SUBCHANNEL));
  cpu.setGeneral(2, BigInt(operand));
  const ended = machine.interruption(`${source}\n ipm %r4\n svc 0`);
  if (ended === "program") return `program ${machine.read(0x8e, 2)}`;
  expect(ended).toBe("supervisorCall");
  return Number(cpu.state.general[4]! >> 28n) & 3;
}

describe("PoP chapter 14, I/O instructions", () => {
  test.each(["csch", "hsch", "rsch", "xsch", "rchp"])("insn: %s: the subchannel of register 1, and the condition code", (mnemonic) => {
    for (const result of [0, 1, 2, 3]) {
      channels.result = result;
      expect(run(mnemonic)).toBe(result);
    }
    expect(channels.calls).toEqual(new Array(4).fill(`${mnemonic} 10005`));
    channels.result = -0x15;
    expect(run(mnemonic)).toBe("program 0015");
  });

  test.each([
    ["ssch", 32],
    ["msch", 52],
  ])("insn: %s: gives the operand", (mnemonic, length) => {
    machine.write(DATA, digits(length));
    expect(run(`${mnemonic} 0(%r2)`)).toBe(0);
    expect([channels.calls, Array.from(channels.given)]).toEqual([[`${mnemonic} 10005`], Array.from(bytes(length))]);
    channels.result = -0x15;
    expect(run(`${mnemonic} 0(%r2)`)).toBe("program 0015");
  });

  test.each([
    ["stsch", 52, [0]],
    ["tsch", 64, [0, 1]],
  ] as const)("insn: %s: stores the operand when there is one", (mnemonic, length, storing) => {
    channels.data = bytes(96);
    for (const result of [0, 1, 3]) {
      machine.write(DATA, "00".repeat(100));
      channels.result = result;
      expect(run(`${mnemonic} 0(%r2)`)).toBe(result);
      const stored = storing.some((each) => each === result) ? digits(length) : "00".repeat(length);
      expect(machine.read(DATA, length + 1)).toBe(`${stored}00`);
    }
  });

  test.each(["ssch", "msch", "stsch", "tsch", "stcrw", "tpi"])("insn: %s: word alignment", (mnemonic) => {
    expect(run(`${mnemonic} 2(%r2)`)).toBe("program 0006");
    expect(channels.calls).toEqual([]);
  });

  test.each(["ssch", "msch", "tsch"])("insn: %s: an operand outside storage is refused before the subchannel sees anything", (mnemonic) => {
    expect(run(`${mnemonic} 0(%r2)`, 0x20_0000)).toBe("program 0005");
    expect(run(`${mnemonic} 0(%r2)`, 0x1f_fff0)).toBe("program 0005");
    expect(channels.calls).toEqual([]);
  });

  test("insn: STCRW: a report word, or zeros with condition code 1", () => {
    channels.report = 0x8404_0005;
    expect(run("stcrw 0(%r2)")).toBe(0);
    expect(machine.read(DATA, 4)).toBe("84040005");
    expect(run("stcrw 0(%r2)")).toBe(1);
    expect(machine.read(DATA, 4)).toBe("00000000");
    // The report stays when it cannot be stored.
    channels.report = 7;
    expect(run("stcrw 0(%r2)", 0x20_0000)).toBe("program 0005");
    expect(channels.report).toBe(7);
  });

  describe("TEST PENDING INTERRUPTION", () => {
    const pend = (): void => {
      channels.pending.push({ subclass: 2, subsystemId: 0x1_0007, parameter: 0x1122_3344, identification: 0x1000_0000 });
    };

    test("insn: TPI: takes one whose subclass is enabled, though the PSW is not", () => {
      pend();
      cpu.setControl(6, 0xdf00_0000n);
      expect(run("tpi 0(%r2)")).toBe(0);
      cpu.setControl(6, 0x2000_0000n);
      expect(run("tpi 0(%r2)")).toBe(1);
      expect(machine.read(DATA, 12)).toBe("000100071122334400000000");
      expect(run("tpi 0(%r2)")).toBe(0);
    });

    test("insn: TPI: operand address zero stores at the assigned locations, even with low-address protection", () => {
      cpu.setControl(6, 0x2000_0000n);
      cpu.setControl(0, 0x1000_00e0n);
      for (const [source, base] of [
        ["tpi 0", DATA],
        ["tpi 0(%r2)", 0],
      ] as const) {
        pend();
        machine.write(0xb8, "00".repeat(12));
        expect(run(source, base)).toBe(1);
        expect(machine.read(0xb8, 12)).toBe("000100071122334410000000");
      }
    });

    test("insn: TPI: across a page, and refused without losing the interruption", () => {
      cpu.setControl(6, 0x2000_0000n);
      pend();
      expect(run("tpi 0(%r2)", 0x1f_fffc)).toBe("program 0005");
      expect(channels.pending.length).toBe(1);
      expect(run("tpi 0(%r2)", DATA + 0xffc)).toBe(1);
      expect(machine.read(DATA + 0xffc, 8)).toBe("0001000711223344");
    });
  });

  test("insn: SAL; insn: SCHM: values of the registers", () => {
    expect(run("sal")).toBe(0);
    cpu.setGeneral(2, 0x1234_5678_9abc_def0n);
    machine.run("schm\n svc 0");
    expect(channels.calls).toEqual(["sal 10005", "schm 10005 12345678 9abcdef0"]);
    channels.result = -0x15;
    expect([run("sal"), run("schm")]).toEqual(["program 0015", "program 0015"]);
  });

  test("insn: CHSC: the absolute address of a page", () => {
    expect(run("chsc %r2")).toBe(0);
    expect(channels.calls).toEqual(["chsc 20000"]);
    expect(run("chsc %r2", DATA + 8)).toBe("program 0006");
    expect(run("chsc %r2", 0x20_0000)).toBe("program 0005");
    channels.result = -6;
    expect(run("chsc %r2")).toBe("program 0006");
  });

  test("insn: STCPS: no path is active; alignment of 32 bytes", () => {
    machine.write(DATA, "ff".repeat(33));
    run("stcps 0(%r2)");
    expect(machine.read(DATA, 33)).toBe(`${"00".repeat(32)}ff`);
    expect(run("stcps 16(%r2)")).toBe("program 0006");
  });

  test("insn: SIGA: no queues", () => {
    expect(run("siga 0(%r2)")).toBe(3);
  });

  test("insn: SERVC: command and absolute address; what is no block address is a specification exception", () => {
    const servc = (block: bigint): number | string => {
      cpu.setGeneral(6, 0x12_0005n);
      cpu.setGeneral(7, block);
      return run("servc %r6,%r7");
    };
    expect(servc(BigInt(DATA))).toBe(0);
    expect(service.calls).toEqual(["120005 20000"]);
    service.result = 2;
    expect(servc(BigInt(DATA))).toBe(2);
    service.result = -6;
    expect(servc(BigInt(DATA))).toBe("program 0006");
    for (const block of [BigInt(DATA) + 4n, 0x8000_0000n, 0x1000n]) expect(servc(block)).toBe("program 0006");
    expect(servc(0x20_0000n)).toBe("program 0005");
  });

  test("without a channel subsystem every subchannel is not operational", () => {
    const bare = createCpu({ memorySize: 0x10_0000, clock: machine.clock });
    for (const [index, opcode] of [0xb230, 0xb231, 0xb238, 0xb276, 0xb23b, 0xb234, 0xb235, 0xb233, 0xb232].entries()) {
      bare.memory.storeUint16(0x1_0000 + index * 4, opcode, "big");
      // Operand: base register 2.
      bare.memory.storeUint16(0x1_0002 + index * 4, 0x2000, "big");
    }
    bare.setGeneral(2, BigInt(DATA));
    bare.setPsw(0x1_8000_0000n, 0x1_0000n);
    for (let i = 0; i < 9; i++) {
      bare.step();
      expect((bare.state.psw.mask >> 44n) & 3n).toBe(3n);
    }
    expect(bare.state.psw.address).toBe(0x1_0024n);
  });
});
