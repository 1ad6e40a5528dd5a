import { beforeEach, describe, expect, test } from "vitest";
import { TestMachine } from "../../testing/machine.ts";

const machine = new TestMachine({ pci: true });
const { cpu, pci } = machine;
beforeEach(() => machine.reset());

const DATA = 0x2_0000;
const HANDLE = 0x8002_0001n;
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i + 1);
const digits = (length: number): string => Array.from(bytes(length), (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * Runs an instruction with a request in GR2 and GR6, an offset or start in GR3, data or a range in GR7, and the operand address in GR5; tells the
 * condition code or the program interruption.
 */
function run(source: string, { control = 0x0004_0008n, operand = DATA, mask = undefined as bigint | undefined } = {}): number | string {
  cpu.setGeneral(2, (HANDLE << 32n) | control);
  cpu.setGeneral(6, (HANDLE << 32n) | control);
  cpu.setGeneral(3, 0x11_0000_0020n);
  cpu.setGeneral(7, 0x0102_0304_0506_0708n);
  cpu.setGeneral(5, BigInt(operand));
  const ended = machine.interruption(`${source}\n ipm %r4\n svc 0`, mask);
  if (ended === "program") return `program ${machine.read(0x8e, 2)}`;
  expect(ended).toBe("supervisorCall");
  return Number(cpu.state.general[4]! >> 28n) & 3;
}

describe("PCI instructions", () => {
  test("insn: PCILG: request in an even register, offset in the odd one, and the value", () => {
    pci.data = bytes(8);
    expect(run("pcilg %r8,%r2")).toBe(0);
    expect([pci.calls, cpu.state.general[8]]).toEqual([["pcilg 80020001 40008 11 20"], 0x0102_0304_0506_0708n]);
    expect(run("pcilg %r8,%r3")).toBe("program 0006");
  });

  test("insn: PCILG, PCISTG: condition code 1 comes with a status in bits 32 to 39 of the request; then nothing is loaded", () => {
    pci.result = 1 | (12 << 8);
    cpu.setGeneral(8, 77n);
    expect([run("pcilg %r8,%r2"), cpu.state.general[2], cpu.state.general[8]]).toEqual([1, (HANDLE << 32n) | 0x0c04_0008n, 77n]);
    expect([run("pcistg %r7,%r2"), cpu.state.general[2]]).toEqual([1, (HANDLE << 32n) | 0x0c04_0008n]);
    pci.result = 3;
    expect([run("pcilg %r8,%r2"), cpu.state.general[2]]).toEqual([3, (HANDLE << 32n) | 0x0004_0008n]);
    pci.result = -0x15;
    expect([run("pcilg %r8,%r2"), run("pcistg %r7,%r2")]).toEqual(["program 0015", "program 0015"]);
  });

  test("insn: PCISTG: request, offset and value", () => {
    expect(run("pcistg %r7,%r2")).toBe(0);
    expect(pci.calls).toEqual(["pcistg 80020001 40008 11 20 1020304 5060708"]);
    expect(run("pcistg %r7,%r3")).toBe("program 0006");
  });

  test("insn: PCISTB: as many bytes as the request says", () => {
    machine.write(DATA, digits(64));
    expect(run("pcistb %r2,%r3,0(%r5)", { control: 0x0004_0020n })).toBe(0);
    expect([pci.calls, Array.from(pci.given)]).toEqual([["pcistb 80020001 40020 11 20"], Array.from(bytes(32))]);
    expect(run("pcistb %r2,%r3,4(%r5)", { control: 0x0004_0020n })).toBe("program 0006");
    expect(run("pcistb %r2,%r3,0(%r5)", { control: 0x0004_0020n, operand: 0x4000_0000 })).toBe("program 0005");
    // What the port refuses is not fetched at all.
    pci.blockCheck = 3;
    expect(run("pcistb %r2,%r3,0(%r5)", { control: 0x0004_0020n, operand: 0x4000_0000 })).toBe(3);
    pci.blockCheck = -6;
    expect(run("pcistb %r2,%r3,0(%r5)")).toBe("program 0006");
    expect(pci.calls.length).toBe(1);
  });

  test("insn: MPCIFC: the block of 80 bytes, also across pages", () => {
    for (const operand of [DATA, DATA + 0xfe8]) {
      machine.write(operand, digits(80));
      expect(run("mpcifc %r6,0(%r5)", { control: 2n, operand })).toBe(0);
      expect(Array.from(pci.given)).toEqual(Array.from(bytes(80)));
    }
    expect(pci.calls[0]).toBe("mpcifc 80020001 2");
    pci.result = 1 | (24 << 8);
    expect([run("mpcifc %r6,0(%r5)", { control: 2n }), cpu.state.general[6]]).toEqual([1, (HANDLE << 32n) | 0x1800_0002n]);
    expect(run("mpcifc %r6,4(%r5)")).toBe("program 0006");
  });

  test("insn: STPCIFC: stores the block with condition code 0 only; marks the handle of a function that is enabled", () => {
    pci.data = bytes(80);
    expect([run("stpcifc %r6,0(%r5)", { control: 0n }), machine.read(DATA, 81)]).toEqual([0, `${digits(80)}00`]);
    pci.result = 0x1_0000;
    cpu.setGeneral(6, 0n);
    expect([run("stpcifc %r6,0(%r5)", { control: 0n }), cpu.state.general[6]]).toEqual([0, HANDLE << 32n]);
    pci.result = 3;
    machine.write(DATA, "00".repeat(80));
    expect([run("stpcifc %r6,0(%r5)"), machine.read(DATA, 80)]).toEqual([3, "00".repeat(80)]);
    pci.result = 1 | (28 << 8);
    expect([run("stpcifc %r6,0(%r5)", { control: 0x1_0000n }), cpu.state.general[6]]).toEqual([1, (HANDLE << 32n) | 0x1c01_0000n]);
    expect(run("stpcifc %r6,4(%r5)")).toBe("program 0006");
    pci.calls.length = 0;
    expect([run("stpcifc %r6,0(%r5)", { operand: 0x4000_0000 }), pci.calls]).toEqual(["program 0005", []]);
  });

  test("insn: RPCIT: the handle, start and range in a pair of registers", () => {
    cpu.setGeneral(8, 0x5_0000_1000n);
    cpu.setGeneral(9, 0x2000n);
    expect(run("rpcit %r2,%r8")).toBe(0);
    expect(pci.calls).toEqual(["rpcit 80020001 5 1000 0 2000"]);
    expect(run("rpcit %r2,%r9")).toBe("program 0006");
    pci.result = 1 | (8 << 8);
    expect([run("rpcit %r2,%r8"), cpu.state.general[2]]).toEqual([1, (HANDLE << 32n) | 0x0804_0008n]);
  });

  test("insn: SIC: the operation, and the subclass in bits 34 to 36; no condition code", () => {
    cpu.setGeneral(8, 0xffff_0001n);
    cpu.setGeneral(9, 0x2800_0000n);
    cpu.setGeneral(1, 0n);
    expect([run("cr %r1,%r1\n sic %r8,%r9,0(%r5)"), pci.calls]).toEqual([0, ["sic 1 5"]]);
    pci.result = -0x15;
    expect(run("sic %r8,%r9,0(%r5)")).toBe("program 0015");
  });

  test("insn: CLP: request and response, each of the length in its header", () => {
    pci.data = Uint8Array.of(0, 16, 0, 0x10, 9, 9, 9, 9, 8, 8, 8, 8, 7, 7, 7, 7);
    const call = (request: number, response: number, at = DATA): number | string => {
      machine.write(at, `${request.toString(16).padStart(4, "0")}0002`);
      if (request < 8184) machine.write(at + request, response.toString(16).padStart(4, "0"));
      return run("clp 0,%r5", { operand: at });
    };
    expect(call(32, 16)).toBe(0);
    expect([pci.calls, machine.read(DATA + 32, 16)]).toEqual([["clp 0 30 20"], "00100010090909090808080807070707"]);
    expect([call(32, 8160), call(16, 8176, DATA + 0x10)]).toEqual([0, 0]);
    for (const [request, response] of [
      [8, 16],
      [20, 16],
      [8192, 16],
      [32, 8],
      [32, 20],
      [32, 8168],
    ] as const) {
      expect([request, response, call(request, response)]).toEqual([request, response, "program 0015"]);
    }
    expect(call(32, 64, 0x1f_ffc0)).toBe("program 0005");
  });

  test("the facilities are offered: bits 69, 71 and 72", () => {
    cpu.setGeneral(0, 1n);
    machine.interruption("stfle 0x400\n svc 0");
    expect(machine.read(0x408, 8)).toBe("0592000000000000");
  });

  test("without PCI they are operation exceptions, also in the problem state", () => {
    const without = new TestMachine();
    for (const source of ["pcilg %r8,%r2", "sic %r8,%r9,0(%r5)", "clp 0,%r5", "mpcifc %r6,0(%r5)"]) {
      for (const mask of [0x1_8000_0000n, 0x1_0001_8000_0000n]) {
        expect(without.interruption(source, mask)).toBe("program");
        expect(without.read(0x8e, 2)).toBe("0001");
      }
    }
  });
});
