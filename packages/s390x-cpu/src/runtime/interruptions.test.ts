import { beforeEach, describe, expect, test } from "vitest";
import { TestMachine } from "../testing/machine.ts";
import { doubleword } from "../testing/tables.ts";

const machine = new TestMachine();
const { cpu, channels, service } = machine;
beforeEach(() => machine.reset());

const MODE_64 = 0x1_8000_0000n;
const IO = 1n << 57n;
const EXTERNAL = 1n << 56n;
const MACHINE_CHECK = 1n << 50n;
const WAIT = 1n << 49n;
const CHANNEL_REPORT = 0x1000_0000n;
const SERVICE_SIGNAL = 0x200n;
const INTERRUPT_KEY = 0x40n;

const number = (address: number, length: number): number => Number.parseInt(machine.read(address, length), 16);

describe("PoP chapter 6, interruption action", () => {
  test("the old PSW has the condition code, program mask and key of the moment, the new one takes over whole", () => {
    machine.write(0x1c0, doubleword(0x0002_0001_8000_0000n) + doubleword(0x1c0n));
    machine.interruption("spka 0x50\n cr %r1,%r2\n svc 3", MODE_64 | (0x7n << 40n));
    expect(machine.read(0x140, 16)).toBe(doubleword(MODE_64 | (5n << 52n) | (7n << 40n)) + doubleword(0x1_0008n));
    expect(cpu.state.psw.mask).toBe(0x0002_0001_8000_0000n);
    cpu.setGeneral(2, 5n);
    machine.interruption("cr %r1,%r2\n svc 3");
    expect(machine.read(0x140, 8)).toBe(doubleword(MODE_64 | (1n << 44n)));
  });

  test("insn: SVC: length, code, the address behind it", () => {
    expect(machine.interruption("nopr\n svc 0xfe")).toBe("supervisorCall");
    expect(machine.read(0x88, 4)).toBe("000200fe");
    expect(machine.read(0x148, 8)).toBe(doubleword(0x1_0004n));
  });

  test("a new PSW with a condition code and program mask brings them", () => {
    machine.write(0x1c0, doubleword(0x0002_2501_8000_0000n) + doubleword(0x1c0n));
    machine.interruption("svc 0");
    expect(cpu.state.psw.mask).toBe(0x0002_2501_8000_0000n);
  });
});

describe("PoP chapter 6, Program Interruption: completed, suppressed, nullified", () => {
  const programCode = (source: string, mask = MODE_64): number[] => {
    expect(machine.interruption(source, mask)).toBe("program");
    return [number(0x8e, 2), number(0x8c, 2), number(0x15c, 4) - 0x1_0000];
  };

  test.each([
    ["operation", ".short 0", 1, 2, 2],
    ["addressing", "llilh %r2,0x20\n l %r1,0(%r2)", 5, 4, 8],
    ["specification", "lghi %r3,3\n cs %r1,%r2,0(%r3)", 6, 4, 8],
    ["specification of an odd register", ".short 0x1d34", 6, 2, 2],
    ["fixed-point divide", "lghi %r4,0\n dr %r2,%r4", 9, 2, 6],
    ["fixed-point divide of a quotient too large", "lghi %r2,5\n lghi %r4,1\n dr %r2,%r4", 9, 2, 10],
    ["fixed-point divide, 64 bits", "lghi %r4,0\n dsgr %r2,%r4", 9, 4, 8],
    ["fixed-point divide, unsigned", "lghi %r2,1\n lghi %r4,1\n dlgr %r2,%r4", 9, 4, 12],
    ["special operation", "sac 0", 0x13, 4, 4],
  ])("suppressed: %s", (_name, source, code, length, behind) => {
    expect(programCode(source)).toEqual([code, length, behind]);
  });

  test("completed: fixed-point overflow, only with its program mask", () => {
    cpu.setGeneral(1, 0x7fff_ffffn);
    expect(programCode("ahi %r1,1", MODE_64 | (8n << 40n))).toEqual([8, 4, 4]);
    expect(cpu.state.general[1]).toBe(0x8000_0000n);
    // Condition code 3 in the old PSW.
    expect(number(0x152, 1) >> 4).toBe(3);
    cpu.setGeneral(1, 0x7fff_ffffn);
    expect(machine.interruption("ahi %r1,1\n svc 0", MODE_64 | (7n << 40n))).toBe("supervisorCall");
  });

  test("data exception: the code in storage, and in the FPC with the AFP-register control on", () => {
    // An AFP register without the control.
    expect(programCode("ldr %f1,%f3")).toEqual([7, 2, 2]);
    expect([number(0x90, 4), cpu.state.fpc]).toEqual([1, 0]);
    expect(programCode("adbr %f0,%f2")).toEqual([7, 4, 4]);
    expect([number(0x90, 4), cpu.state.fpc]).toEqual([2, 0]);
    // Compare-and-trap: 0xff, told by the FPC too.
    cpu.setControl(0, 0x4_00e0n);
    expect(programCode("cgrte %r1,%r1")).toEqual([7, 4, 4]);
    expect([number(0x90, 4), cpu.state.fpc]).toEqual([0xff, 0xff00]);
  });

  test("insn: MC: a monitor event with class and code, when CR8 allows its class", () => {
    cpu.setControl(8, 0x0010n);
    cpu.setGeneral(2, 0x1234_5678_9abc_d000n);
    expect(programCode("mc 0x123(%r2),11")).toEqual([0x40, 4, 4]);
    expect([machine.read(0x94, 2), machine.read(0xb0, 8)]).toEqual(["000b", "123456789abcd123"]);
    for (const monitorClass of [0, 10, 12, 15]) expect(machine.interruption(`mc 0(%r2),${monitorClass}\n svc 0`)).toBe("supervisorCall");
  });

  test("insn: MC: a class of 16 or more is a specification exception, whatever CR8 says", () => {
    for (const monitorClass of [16, 32, 0x80, 0xff]) expect(programCode(`mc 0,${monitorClass}`)).toEqual([6, 4, 4]);
  });

  test("insn: CKSM: an odd register is a specification exception", () => {
    expect(programCode("cksm %r1,%r3")).toEqual([6, 4, 4]);
  });
});

describe("PoP chapter 6, External Interruption", () => {
  const waiting = (mask = EXTERNAL): ReturnType<TestMachine["interruption"]> => {
    cpu.setPsw(MODE_64 | WAIT | mask, 0x1_0000n);
    return machine.interruption();
  };

  test("service signal: parameter and code, once", () => {
    cpu.setControl(0, 0xe0n | SERVICE_SIGNAL);
    service.signal = 0x1234_5678;
    expect(waiting()).toBe("external");
    expect([machine.read(0x80, 4), machine.read(0x84, 4), service.signal]).toEqual(["12345678", "00002401", 0]);
    expect(waiting()).toEqual({ reason: "wait" });
  });

  test("a queued interruption brings its parameters, one after the other", () => {
    cpu.setControl(0, 0xe0n | SERVICE_SIGNAL);
    cpu.queueExternal({ code: 0x2603, cpuAddress: 0xd00, parameter: 0x1111_1111, parameter64: { high: 0x12, low: 0x3456_789a } });
    cpu.queueExternal({ code: 0x2603, cpuAddress: 0xd01, parameter: 0x2222_2222 });
    expect(waiting()).toBe("external");
    expect([machine.read(0x80, 8), machine.read(0x11b8, 8)]).toEqual(["111111110d002603", "000000123456789a"]);
    expect(waiting()).toBe("external");
    expect([machine.read(0x80, 8), machine.read(0x11b8, 8)]).toEqual(["222222220d012603", "0000000000000000"]);
    expect(waiting()).toEqual({ reason: "wait" });
  });

  test("subclass masks: the interrupt key has its own", () => {
    cpu.queueExternal({ code: 0x2603, cpuAddress: 0, parameter: 0 });
    cpu.queueExternal({ code: 0x0040, cpuAddress: 0, parameter: 0 });
    cpu.setControl(0, 0n);
    expect(waiting()).toEqual({ reason: "wait" });
    cpu.setControl(0, INTERRUPT_KEY);
    expect(waiting()).toBe("external");
    expect(machine.read(0x86, 2)).toBe("0040");
    expect(waiting()).toEqual({ reason: "wait" });
    cpu.setControl(0, SERVICE_SIGNAL);
    expect(waiting()).toBe("external");
    expect(machine.read(0x86, 2)).toBe("2603");
  });

  test("without PSW bit 7 none is taken", () => {
    cpu.setControl(0, SERVICE_SIGNAL);
    service.signal = 8;
    expect(waiting(IO | MACHINE_CHECK)).toEqual({ reason: "wait" });
  });
});

describe("PoP chapter 6, Input/Output Interruption", () => {
  const pend = (subclass: number, parameter = subclass): void => {
    channels.pending.push({ subclass, subsystemId: 0x1_0000 + subclass, parameter, identification: subclass << 27 });
    cpu.attention();
  };
  const waiting = (mask = IO): ReturnType<TestMachine["interruption"]> => {
    cpu.setPsw(MODE_64 | WAIT | mask, 0x1_0000n);
    return machine.interruption();
  };

  test("subsystem identification, parameter and identification word", () => {
    cpu.setControl(6, 0xff00_0000n);
    pend(3, 0xdead_beef);
    expect(waiting()).toBe("io");
    expect(machine.read(0xb8, 12)).toBe("00010003deadbeef18000000");
    expect(machine.read(0x170, 16)).toBe(doubleword(MODE_64 | WAIT | IO) + doubleword(0x1_0000n));
    expect(waiting()).toEqual({ reason: "wait" });
  });

  test("CR6 bits 32-39 are the subclass masks", () => {
    for (let subclass = 0; subclass < 8; subclass++) {
      machine.reset();
      pend(subclass);
      cpu.setControl(6, 0xff00_0000n & ~(0x8000_0000n >> BigInt(subclass)));
      expect(waiting()).toEqual({ reason: "wait" });
      cpu.setControl(6, 0x8000_0000n >> BigInt(subclass));
      expect(waiting(EXTERNAL)).toEqual({ reason: "wait" });
      expect(waiting()).toBe("io");
    }
  });

  test("an interruption that becomes pending while instructions run is taken between two of them", () => {
    cpu.setControl(6, 0xff00_0000n);
    machine.load("lghi %r5,0\n1: aghi %r5,1\n j 1b", MODE_64 | IO);
    expect(cpu.run({ budget: 1000 })).toEqual({ reason: "budget" });
    pend(5);
    expect(machine.interruption()).toBe("io");
    expect(cpu.state.general[5]).toBeGreaterThan(100n);
  });
});

describe("PoP chapter 11, machine check of a channel report", () => {
  test("interruption code, save areas, and no second one for the same report", () => {
    channels.reportPending = true;
    cpu.setControl(14, 0xc200_0000n | CHANNEL_REPORT);
    for (let n = 0; n < 16; n++) cpu.setGeneral(n, BigInt(n) << 60n);
    cpu.setControl(10, 0x1234_5678_9abc_def0n);
    cpu.setAccess(7, 0x7777_7777);
    cpu.setFloatingPoint(3, 0x3333n);
    cpu.setPsw(MODE_64 | WAIT | MACHINE_CHECK, 0x1_0000n);
    expect(machine.interruption()).toBe("machineCheck");
    const code = BigInt(`0x${machine.read(0xe8, 8)}`);
    const bit = (n: number): boolean => ((code >> BigInt(63 - n)) & 1n) === 1n;
    // Channel report pending; validity of PSW, storage, all registers, clocks. No damage of any kind.
    expect(bit(9)).toBe(true);
    expect([20, 21, 22, 23, 27, 28, 29, 31, 33, 42, 43, 46, 47].filter((n) => !bit(n))).toEqual([]);
    expect([0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 14, 15, 16, 17, 18, 19].filter(bit)).toEqual([]);
    expect(machine.read(0x160, 16)).toBe(doubleword(MODE_64 | WAIT | MACHINE_CHECK) + doubleword(0x1_0000n));
    expect(machine.read(0x1200 + 3 * 8, 8)).toBe(doubleword(0x3333n));
    expect(machine.read(0x1280 + 7 * 8, 8)).toBe(doubleword(7n << 60n));
    expect(machine.read(0x1340 + 7 * 4, 4)).toBe("77777777");
    expect(machine.read(0x1380 + 10 * 8, 8)).toBe("123456789abcdef0");
    expect(channels.presented).toBe(1);
    cpu.setPsw(MODE_64 | WAIT | MACHINE_CHECK, 0x1_0000n);
    expect(machine.interruption()).toEqual({ reason: "wait" });
  });

  test("PSW bit 13 and CR14 bit 35 both must allow it", () => {
    channels.reportPending = true;
    cpu.setControl(14, 0xc200_0000n);
    cpu.setPsw(MODE_64 | WAIT | MACHINE_CHECK, 0n);
    expect(machine.interruption()).toEqual({ reason: "wait" });
    cpu.setControl(14, CHANNEL_REPORT);
    cpu.setPsw(MODE_64 | WAIT | IO | EXTERNAL, 0n);
    expect(machine.interruption()).toEqual({ reason: "wait" });
  });
});

describe("PoP chapter 6, Priority of Interruptions", () => {
  const all = (): void => {
    channels.reportPending = true;
    channels.pending.push({ subclass: 0, subsystemId: 1, parameter: 0, identification: 0 });
    service.signal = 8;
    cpu.setControl(0, 0xe0n | SERVICE_SIGNAL | 0x4000n);
    cpu.setControl(6, 0xff00_0000n);
    cpu.setControl(14, CHANNEL_REPORT);
    cpu.attention();
  };
  const ENABLED = MODE_64 | IO | EXTERNAL | MACHINE_CHECK;

  test("machine check, then external, then I/O", () => {
    all();
    cpu.setPsw(ENABLED | WAIT, 0n);
    expect(machine.interruption()).toBe("machineCheck");
    cpu.setPsw(ENABLED | WAIT, 0n);
    expect(machine.interruption()).toBe("external");
    cpu.setPsw(ENABLED | WAIT, 0n);
    expect(machine.interruption()).toBe("io");
  });

  test("with new PSWs that allow the others, all are taken before an instruction: the last one's handler runs first", () => {
    all();
    machine.write(0x1e0, doubleword(MODE_64 | EXTERNAL | IO) + doubleword(0x2_0000n));
    machine.write(0x1b0, doubleword(MODE_64 | IO) + doubleword(0x3_0000n));
    cpu.setPsw(ENABLED | WAIT, 0x1_0000n);
    expect(machine.interruption()).toBe("io");
    expect(machine.read(0x178, 8)).toBe(doubleword(0x3_0000n));
    expect(machine.read(0x138, 8)).toBe(doubleword(0x2_0000n));
    expect(machine.read(0x168, 8)).toBe(doubleword(0x1_0000n));
  });

  test("a supervisor call goes before what becomes enabled by its new PSW", () => {
    all();
    machine.write(0x1c0, doubleword(MODE_64 | IO) + doubleword(0x2_0000n));
    expect(machine.interruption("svc 1")).toBe("io");
    expect(machine.read(0x178, 8)).toBe(doubleword(0x2_0000n));
  });

  test("emergency signal before service signal", () => {
    all();
    cpu.core.emergencySignal = true;
    cpu.setPsw(MODE_64 | EXTERNAL | WAIT, 0n);
    expect(machine.interruption()).toBe("external");
    expect(machine.read(0x86, 2)).toBe("1201");
  });
});
