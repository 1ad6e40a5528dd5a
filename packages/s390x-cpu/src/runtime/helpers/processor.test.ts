import { beforeEach, describe, expect, test } from "vitest";
import { TestMachine } from "../../testing/machine.ts";
import { doubleword } from "../../testing/tables.ts";

const machine = new TestMachine();
const { cpu } = machine;
beforeEach(() => machine.reset());

const MODE_64 = 0x1_8000_0000n;
const EXTERNAL = 1n << 56n;
const CR0 = 0xe0n;
const EMERGENCY_SIGNAL = 0x4000n;
const EXTERNAL_CALL = 0x2000n;

/** SIGP of an order to a CPU address; GR1 is the status register, GR4 the condition code afterwards. */
const signal = (order: number, address = 0, mask = MODE_64) =>
  machine.interruption(`lghi %r3,${address}\n sigp %r1,%r3,${order}\n ipm %r4\n svc 0`, mask);
const cc = (): number => Number(cpu.state.general[4]! >> 28n) & 3;
const status = (): number => Number(cpu.state.general[1]! & 0xffff_ffffn);

describe("PoP chapter 4, SIGNAL PROCESSOR on the only CPU", () => {
  test("insn: SIGP: another CPU address is not operational", () => {
    for (const order of [0x01, 0x05, 0x06, 0x15]) {
      expect(signal(order, 1)).toBe("supervisorCall");
      expect(cc()).toBe(3);
    }
  });

  test("insn: SIGP: sense, sense running status and start have nothing to report", () => {
    for (const order of [0x01, 0x04, 0x15]) {
      cpu.setGeneral(1, 0xffff_ffff_1234_5678n);
      signal(order);
      expect([cc(), cpu.state.general[1]]).toEqual([0, 0xffff_ffff_1234_5678n]);
    }
  });

  test("insn: SIGP: an unassigned order; the order is bits 56-63 of the address", () => {
    signal(0x7f);
    expect([cc(), status()]).toEqual([1, 0x02]);
    signal(0xf01);
    expect(cc()).toBe(0);
  });

  test("insn: SIGP: the status goes to bits 32-63 alone", () => {
    cpu.setGeneral(1, -1n);
    signal(0x7f);
    expect(cpu.state.general[1]).toBe(0xffff_ffff_0000_0002n);
  });

  test("insn: SIGP: set prefix and store status at address need a stopped CPU, set architecture changes nothing", () => {
    for (const order of [0x0d, 0x0e]) {
      signal(order);
      expect([cc(), status()]).toEqual([1, 0x200]);
    }
    signal(0x12);
    expect([cc(), status()]).toEqual([1, 0x100]);
  });

  test("insn: SIGP: emergency signal and external call interrupt, the first before the second", () => {
    cpu.setControl(0, CR0 | EMERGENCY_SIGNAL | EXTERNAL_CALL);
    machine.load("lghi %r3,0\n sigp %r1,%r3,2\n sigp %r1,%r3,3\n stosm 0x800,1\n lghi %r9,1");
    expect(machine.interruption()).toBe("external");
    expect([machine.read(0x86, 2), machine.read(0x84, 2)]).toEqual(["1201", "0000"]);
    expect(cpu.state.general[9]).toBe(0n);
    cpu.setPsw(MODE_64 | EXTERNAL, 0x2_0000n);
    expect(machine.interruption()).toBe("external");
    expect(machine.read(0x86, 2)).toBe("1202");
    cpu.setPsw(MODE_64 | EXTERNAL | (1n << 49n), 0x2_0000n);
    expect(machine.run()).toEqual({ reason: "wait" });
  });

  test("insn: SIGP: a pending external call is told by sense, and a second one refused", () => {
    signal(0x02);
    expect(cc()).toBe(0);
    signal(0x01);
    expect([cc(), status()]).toEqual([1, 0x80]);
    signal(0x02);
    expect([cc(), status()]).toEqual([1, 0x80]);
    cpu.reset("cpu");
    signal(0x01);
    expect(cc()).toBe(0);
  });

  test("insn: SIGP: subclass masks of emergency signal and external call", () => {
    for (const [order, mask] of [
      [0x03, EXTERNAL_CALL],
      [0x02, EMERGENCY_SIGNAL],
    ] as const) {
      machine.reset();
      cpu.setControl(0, CR0 | mask);
      expect(signal(order, 0, MODE_64 | EXTERNAL)).toBe("supervisorCall");
    }
  });

  test("insn: SIGP: stop: the instruction is complete, and a restart goes on", () => {
    expect(signal(0x05)).toEqual({ reason: "stopped" });
    expect(machine.run()).toEqual({ reason: "stopped" });
    expect(cpu.state.psw.address).toBe(0x1_0008n);
    cpu.restart();
    expect(machine.interruption()).toBe("restart");
    expect(machine.read(0x128, 8)).toBe(doubleword(0x1_0008n));
  });

  test("insn: SIGP: restart of itself: the old PSW is behind the SIGP", () => {
    expect(signal(0x06)).toBe("restart");
    expect(machine.read(0x120, 16)).toBe(doubleword(MODE_64) + doubleword(0x1_0008n));
  });

  test("insn: SIGP: CPU reset and initial CPU reset of itself leave it stopped", () => {
    cpu.setControl(5, 0x1234n);
    cpu.setGeneral(8, 7n);
    expect(signal(0x0c)).toEqual({ reason: "stopped" });
    expect([cpu.state.control[5], cpu.state.general[8], cpu.state.psw.address]).toEqual([0x1234n, 7n, 0x1_0008n]);
    expect(signal(0x0b)).toEqual({ reason: "stopped" });
    expect([cpu.state.control[5], cpu.state.control[0], cpu.state.control[14], cpu.state.general[8]]).toEqual([
      0n,
      0xe0n,
      0xc200_0000n,
      7n,
    ]);
    expect(cpu.state.psw).toEqual({ mask: 0n, address: 0n });
  });

  test("insn: SIGP: stop and store status; PoP chapter 4, Store Status", () => {
    for (let n = 0; n < 16; n++) {
      cpu.setGeneral(n, BigInt(n) * 0x0101_0101_0101_0101n);
      cpu.setAccess(n, n * 0x1111_1111);
      cpu.setFloatingPoint(n, BigInt(n) << 32n);
    }
    cpu.setControl(10, 0xaaaa_bbbb_cccc_ddddn);
    cpu.setFpc(0x0070_0000);
    machine.write(0x2_0000, "123456789abcdef0 0000000000000000");
    cpu.setPrefix(0x4_0000);
    const source =
      "lghi %r0,0x1357\n sckpf\n llilf %r2,0x20000\n sckc 0(%r2)\n spt 8(%r2)\n lghi %r3,0\n lghi %r1,1\n cghi %r1,0\n sigp %r1,%r3,9\n nopr";
    expect(machine.run(source)).toEqual({ reason: "stopped" });
    const at = 0x4_0000;
    expect(machine.read(at + 0x1200 + 15 * 8, 8)).toBe("0000000f00000000");
    expect(machine.read(at + 0x1280 + 15 * 8, 8)).toBe("0f".repeat(8));
    // The SIGP is complete: its condition code 0, and the address behind it.
    expect(machine.read(at + 0x1300, 16)).toBe(doubleword(MODE_64) + doubleword(BigInt(cpu.state.psw.address)));
    expect(machine.read(at + 0x1318, 4)).toBe("00040000");
    expect(machine.read(at + 0x131c, 4)).toBe("00700000");
    expect(machine.read(at + 0x1324, 4)).toBe("00001357");
    expect(machine.read(at + 0x1328, 8)).toBe("0000000000000000");
    expect(machine.read(at + 0x1330, 8)).toBe("00123456789abcde");
    expect(machine.read(at + 0x1340 + 15 * 4, 4)).toBe("ffffffff");
    expect(machine.read(at + 0x1380 + 10 * 8, 8)).toBe("aaaabbbbccccdddd");
  });
});

describe("PoP chapter 4, Resets", () => {
  const spoil = (): void => {
    machine.reset();
    machine.write(0x2_0000, "11");
    for (let n = 0; n < 16; n++) {
      cpu.setGeneral(n, 1n);
      cpu.setControl(n, 0x1234n);
      cpu.setAccess(n, 1);
      cpu.setFloatingPoint(n, 1n);
    }
    cpu.setFpc(0x0070_0000);
    cpu.setPrefix(0x4_0000);
    cpu.setPsw(MODE_64, 0x1_0000n);
    cpu.core.storageKeys[0x20] = 0x36;
    cpu.queueExternal({ code: 0x2603, cpuAddress: 0, parameter: 0 });
    cpu.core.emergencySignal = true;
  };

  test("CPU reset: registers stay, pending interruptions go, the CPU is stopped", () => {
    spoil();
    cpu.reset("cpu");
    const { state } = cpu;
    expect([state.general[3], state.control[3], state.prefix, state.fpc, state.psw.address]).toEqual([
      1n,
      0x1234n,
      0x4_0000,
      0x0070_0000,
      0x1_0000n,
    ]);
    expect([cpu.core.externalQueue.length, cpu.core.emergencySignal]).toEqual([0, false]);
    expect(cpu.run({ budget: 1 })).toEqual({ reason: "stopped" });
  });

  test("initial CPU reset: PSW, prefix, FPC, clocks and control registers are initialised", () => {
    spoil();
    cpu.reset("initial-cpu");
    const { state } = cpu;
    expect([state.psw, state.prefix, state.fpc]).toEqual([{ mask: 0n, address: 0n }, 0, 0]);
    expect(state.control).toEqual(Array.from({ length: 16 }, (_, n) => (n === 0 ? 0xe0n : n === 14 ? 0xc200_0000n : 0n)));
    expect([state.general[3], state.access[3], state.floatingPoint[3]]).toEqual([1n, 1, 1n]);
    expect([machine.read(0x2_0000, 1), cpu.core.storageKeys[0x20]]).toEqual(["11", 0x36]);
  });

  test("clear reset: all registers, storage and keys as well", () => {
    spoil();
    cpu.reset("clear");
    const { state } = cpu;
    const zeros = new Array(16).fill(0n);
    expect([state.general, state.floatingPoint, state.access]).toEqual([zeros, zeros, new Array(16).fill(0)]);
    expect([machine.read(0x2_0000, 1), cpu.core.storageKeys[0x20]]).toEqual(["00", 0]);
  });

  test("code of before a clear reset does not run again", () => {
    expect(machine.interruption("lghi %r1,1\n svc 0")).toBe("supervisorCall");
    machine.reset();
    expect(machine.interruption("lghi %r1,2\n svc 0")).toBe("supervisorCall");
    expect(cpu.state.general[1]).toBe(2n);
  });
});

describe("PoP chapter 10, identification and prefix", () => {
  const DATA = 0x2_0000;

  test("insn: STIDP: a virtual machine's version code, the machine type; insn: STAP: the CPU address", () => {
    expect(machine.interruption(`llilf %r2,${DATA}\n stidp 0(%r2)\n stap 8(%r2)\n svc 0`)).toBe("supervisorCall");
    expect(machine.read(DATA, 10)).toBe("ff00000028170000" + "0000");
    for (const source of ["stidp 4(%r2)", "stap 1(%r2)"]) {
      expect(machine.interruption(`llilf %r2,${DATA}\n ${source}\n svc 0`)).toBe("program");
      expect(machine.read(0x8e, 2)).toBe("0006");
    }
  });

  test("insn: STFL: the first word at real 200, even with low-address protection; insn: STFLE: as much as there is room for", () => {
    cpu.setControl(0, 0x1000_00e0n);
    expect(
      machine.interruption(
        `stfl 0\n llilf %r2,${DATA}\n llilf %r0,0xaabbcc00\n stfle 0(%r2)\n ipm %r4\n lgr %r5,%r0\n lghi %r0,5\n stfle 16(%r2)\n svc 0`,
      ),
    ).toBe("supervisorCall");
    const first = machine.read(200, 4);
    expect(machine.read(DATA, 4)).toBe(first);
    expect(machine.read(DATA + 8, 8)).toBe("0".repeat(16));
    // One doubleword where two are needed: condition code 3 and the number needed, less one.
    expect([cc(), cpu.state.general[5]]).toEqual([3, 0xaabb_cc01n]);
    expect([machine.read(DATA + 16, 8), cpu.state.general[0]]).toEqual([machine.read(DATA, 8), 1n]);
    const isInstalled = (bit: number): boolean =>
      (Number.parseInt(machine.read(DATA + 16 + (bit >> 3), 1), 16) & (0x80 >> (bit & 7))) !== 0;
    // z/Architecture active, long displacement, enhanced DAT, distinct operands; no transactions, no vectors.
    expect([2, 18, 8, 45, 50, 73].map(isInstalled)).toEqual([true, true, true, true, false, false]);
    expect(cpu.state.psw.mask & (3n << 44n)).toBe(0n);
  });

  test("insn: STFLE: doubleword alignment", () => {
    expect(machine.interruption(`llilf %r2,${DATA}\n stfle 4(%r2)\n svc 0`)).toBe("program");
  });

  test("insn: SPX; insn: STPX: prefixing exchanges the first 8 KiB with the prefix area", () => {
    machine.write(DATA, "7fff1fff 00040000");
    machine.write(0x1000, "aa");
    machine.write(0x4_1000, "bb");
    const source = `llilf %r2,${DATA}\n spx 4(%r2)\n stpx 8(%r2)\n lghi %r3,0x1000\n llgc %r4,0(%r3)\n llilf %r5,0x41000\n llgc %r6,0(%r5)\n mvi 1(%r3),0xcc\n lghi %r7,0\n st %r7,4(%r2)\n spx 4(%r2)\n svc 0`;
    expect(machine.interruption(source)).toBe("supervisorCall");
    expect(machine.read(DATA + 8, 4)).toBe("00040000");
    expect([cpu.state.general[4], cpu.state.general[6]]).toEqual([0xbbn, 0xaan]);
    expect(machine.read(0x4_1001, 1)).toBe("cc");
    // Bits 0 and 19-31 are ignored; an area outside storage is refused.
    machine.write(DATA, "80041fff");
    machine.run(`llilf %r2,${DATA}\n spx 0(%r2)\n stpx 8(%r2)\n stpx 12(%r2)\n mvc 0(4,%r2),16(%r2)\n spx 0(%r2)\n svc 0`);
    expect(machine.read(DATA + 8, 4)).toBe("00040000");
    for (const outside of ["00200000", "7fffe000"]) {
      machine.write(DATA, outside);
      expect(machine.interruption(`llilf %r2,${DATA}\n spx 0(%r2)\n svc 0`)).toBe("program");
      expect(machine.read(0x8e, 2)).toBe("0005");
    }
    for (const source of ["spx 2(%r2)", "stpx 2(%r2)"]) {
      expect(machine.interruption(`llilf %r2,${DATA}\n ${source}\n svc 0`)).toBe("program");
      expect(machine.read(0x8e, 2)).toBe("0006");
    }
  });

  test("PoP chapter 6: interruptions use the prefix area", () => {
    machine.write(DATA, "00040000");
    machine.write(0x4_01c0, doubleword(0x0002_0001_8000_0000n) + doubleword(0x777n));
    expect(machine.interruption(`llilf %r2,${DATA}\n spx 0(%r2)\n svc 42`)).toEqual({ reason: "disabled-wait", address: 0x777n });
    expect([machine.read(0x4_008a, 2), machine.read(0x8a, 2)]).toEqual(["002a", "0000"]);
  });

  test("insn: ECAG: no cache is described, and what is not defined is all ones; insn: LPP", () => {
    expect(machine.interruption(`ecag %r5,%r0,0\n ecag %r6,%r0,0x10\n llilf %r2,${DATA}\n lpp 0(%r2)\n svc 0`)).toBe("supervisorCall");
    expect([cpu.state.general[5], cpu.state.general[6]]).toEqual([0n, 0xffff_ffff_ffff_ffffn]);
  });
});

describe("PoP chapter 10, DIAGNOSE and its handlers", () => {
  test("insn: DIAG: a handler gets the registers, and may ask for a program interruption", () => {
    let result = 0;
    machine.diagnose.set(0x500, (registers, r1, r3) => {
      registers.set(r1, 1, registers.low(r3));
      return result;
    });
    expect(machine.interruption("lghi %r7,5\n diag %r6,%r7,0x500\n svc 0")).toBe("supervisorCall");
    expect(cpu.state.general[6]).toBe(0x1_0000_0005n);
    result = 6;
    expect(machine.interruption("diag %r6,%r7,0x500\n svc 0")).toBe("program");
    expect([machine.read(0x8e, 2), machine.read(0x8c, 2)]).toEqual(["0006", "0004"]);
  });

  test("insn: DIAG: yields are nothing on one CPU, unknown functions a specification exception", () => {
    for (const code of [0x44, 0x9c]) expect(machine.interruption(`diag %r6,%r7,${code}\n svc 0`)).toBe("supervisorCall");
    expect(machine.interruption("diag %r6,%r7,0x999\n svc 0")).toBe("program");
    expect(machine.read(0x8e, 2)).toBe("0006");
  });
});
