import { beforeEach, describe, expect, test } from "vitest";
import { TestMachine } from "../testing/machine.ts";
import { doubleword } from "../testing/tables.ts";

const machine = new TestMachine();
const { cpu, clock } = machine;
beforeEach(() => machine.reset());

/** TOD clock at 1970-01-01: the wall clock of the test machine. */
const EPOCH = 0x7d91_048b_ca00_0000n;
const MICROSECOND = 4096n;
const DATA = 0x2_0000;
const EXTERNAL = 1n << 56n;
const WAIT = 1n << 49n;
const MODE_64 = 0x1_8000_0000n;
const CLOCK_COMPARATOR = 0x800n;
const CPU_TIMER = 0x400n;

const run = (source: string, mask?: bigint) => machine.interruption(`llilf %r2,${DATA}\n${source}\n svc 0`, mask);
const stored = (offset = 0): bigint => BigInt(`0x${machine.read(DATA + offset, 8)}`);
/** A program may have set the clock: back to the epoch. */
const setClock = (value: bigint): void => cpu.core.engine.setTod(Number(value >> 32n), Number(value & 0xffff_ffffn));
beforeEach(() => setClock(EPOCH));

describe("PoP chapter 4, TOD Clock", () => {
  test("insn: STCK: counts 4096 units a microsecond from 1900; insn: STCKF", () => {
    expect(run("stckf 0(%r2)\n stck 8(%r2)")).toBe("supervisorCall");
    expect([stored(0), stored(8)]).toEqual([EPOCH, EPOCH]);
    clock.time = 1_000_000;
    run("stckf 0(%r2)");
    expect(stored()).toBe(EPOCH + 1000n * MICROSECOND);
    expect(cpu.state.psw.mask & (3n << 44n)).toBe(0n);
  });

  test("insn: STCK: each value is higher than the one before, though the clock stands; insn: STCKE", () => {
    run("stck 0(%r2)\n stck 8(%r2)\n stcke 16(%r2)\n stck 32(%r2)");
    expect(stored(8)).toBeGreaterThan(stored(0));
    const extended = (stored(16) << 8n) | (stored(24) >> 56n);
    expect(extended).toBeGreaterThan(stored(8));
    expect(stored(32)).toBeGreaterThan(extended);
  });

  test("insn: STCKE: zeros, the clock, and the TOD programmable field of insn: SCKPF", () => {
    run("llilf %r0,0xabcd\n sckpf\n stcke 0(%r2)");
    expect(machine.read(DATA, 1)).toBe("00");
    expect(machine.read(DATA + 1, 8)).toBe(doubleword(EPOCH));
    expect(machine.read(DATA + 14, 2)).toBe("abcd");
    expect(BigInt(`0x${machine.read(DATA + 9, 5)}`)).not.toBe(0n);
  });

  test("insn: SCKPF: bits 32-47 of register 0 must be zeros, bits 0-31 may be anything", () => {
    expect(run("llilf %r0,0x10000\n sckpf")).toBe("program");
    expect(machine.read(0x8e, 2)).toBe("0006");
    expect(run("llihf %r0,0xffffffff\n sckpf")).toBe("supervisorCall");
  });

  test("insn: SCK: sets the clock, which goes on from there", () => {
    machine.write(DATA, doubleword(0x1234_5678_0000_0000n));
    run("sck 0(%r2)\n stckf 8(%r2)");
    expect(stored(8)).toBe(0x1234_5678_0000_0000n);
    clock.time += 1000;
    run("stckf 8(%r2)");
    expect(stored(8)).toBe(0x1234_5678_0000_0000n + MICROSECOND);
  });

  test.each(["sck", "sckc", "spt", "stckc", "stpt"])("insn: %s: doubleword alignment", (mnemonic) => {
    expect(run(`${mnemonic} 4(%r2)`)).toBe("program");
    expect(machine.read(0x8e, 2)).toBe("0006");
  });

  test("insn: PTFF: tells the functions it has, and the clock's offset", () => {
    run("lgr %r1,%r2\n lghi %r0,0\n ptff\n lghi %r0,1\n aghi %r1,16\n ptff");
    expect(machine.read(DATA, 16)).toBe("c0000000000000000000000000000000");
    // Physical clock, TOD offset, logical TOD offset, TOD epoch difference.
    expect([stored(16), stored(24), stored(32), stored(40)]).toEqual([EPOCH, 0n, 0n, 0n]);
    run("lgr %r1,%r2\n lghi %r0,66\n ptff\n ipm %r5");
    expect(cpu.state.general[5]! >> 28n).toBe(3n);
    expect(run("lgr %r1,%r2\n lghi %r0,0x80\n ptff")).toBe("program");
    expect(machine.read(0x8e, 2)).toBe("0006");
    // Functions from 64 on are for the supervisor.
    expect(run("lgr %r1,%r2\n lghi %r0,64\n ptff", MODE_64 | (1n << 48n))).toBe("program");
    expect(machine.read(0x8e, 2)).toBe("0002");
  });
});

describe("PoP chapter 4, Clock Comparator", () => {
  const arm = (after: bigint, mask: bigint): void => {
    machine.write(DATA, doubleword(EPOCH + after));
    machine.write(DATA + 8, doubleword(0xe0n | mask));
  };
  const WAITING = "lctlg %c0,%c0,8(%r2)\n sckc 0(%r2)\n lpswe 16(%r2)";
  const waitPsw = (bits: bigint): void => machine.write(DATA + 16, doubleword(MODE_64 | bits) + doubleword(0x1_0000n));

  test("insn: SCKC; insn: STCKC: set and store", () => {
    arm(77n, 0n);
    run("sckc 0(%r2)\n stckc 8(%r2)");
    expect(stored(8)).toBe(EPOCH + 77n);
  });

  test("an interruption when the clock has passed it, with code 0x1004 and no CPU address", () => {
    arm(1000n * MICROSECOND, CLOCK_COMPARATOR);
    waitPsw(EXTERNAL | WAIT);
    expect(run(WAITING)).toEqual({ reason: "wait" });
    const alarm = cpu.nextAlarm()!;
    expect(Math.abs(alarm - 1_000_000)).toBeLessThan(2);
    clock.time += 1_000_000;
    expect(machine.run()).toEqual({ reason: "wait" });
    clock.time += 2;
    expect(machine.interruption()).toBe("external");
    expect([machine.read(0x86, 2), machine.read(0x84, 2)]).toEqual(["1004", "0000"]);
    // The old PSW is the waiting one; the condition stays pending until the comparator is set anew.
    expect(machine.read(0x130, 16)).toBe(doubleword(MODE_64 | EXTERNAL | WAIT) + doubleword(0x1_0000n));
    cpu.setPsw(MODE_64 | EXTERNAL | WAIT, 0n);
    expect(machine.interruption()).toBe("external");
  });

  test("without its subclass mask, or without the PSW's, nothing comes", () => {
    arm(0n, 0n);
    waitPsw(EXTERNAL | WAIT);
    clock.time = 1_000_000;
    expect(run(WAITING)).toEqual({ reason: "wait" });
    expect(cpu.nextAlarm()).toBeUndefined();
    arm(0n, CLOCK_COMPARATOR);
    waitPsw(WAIT | (1n << 57n));
    expect(run(WAITING)).toEqual({ reason: "wait" });
    expect(cpu.nextAlarm()).toBeUndefined();
  });

  test("enabling a pending condition interrupts before the next instruction: insn: LCTLG, insn: STOSM, insn: LPSWE, insn: SSM", () => {
    const enable = ["stosm 100(%r2),1", "ssm 64(%r2)", "lpswe 32(%r2)"];
    for (const each of enable) {
      machine.reset();
      setClock(EPOCH);
      arm(0n, CLOCK_COMPARATOR);
      machine.write(DATA + 64, "01");
      machine.write(DATA + 32, doubleword(MODE_64 | EXTERNAL) + doubleword(0x1_0000n));
      clock.time = 1000;
      expect(run(`lctlg %c0,%c0,8(%r2)\n sckc 0(%r2)\n ${each}\n lghi %r9,1`)).toBe("external");
      expect(cpu.state.general[9]).toBe(0n);
    }
    arm(0n, CLOCK_COMPARATOR);
    expect(run("sckc 0(%r2)\n lctlg %c0,%c0,8(%r2)\n lghi %r9,1", MODE_64 | EXTERNAL)).toBe("external");
    expect(cpu.state.general[9]).toBe(0n);
    // Setting the comparator under enabled masks.
    expect(run("lctlg %c0,%c0,8(%r2)\n sckc 0(%r2)\n lghi %r9,1", MODE_64 | EXTERNAL)).toBe("external");
    expect(cpu.state.general[9]).toBe(0n);
  });

  test("compares unsigned", () => {
    machine.write(DATA, doubleword(-1n));
    machine.write(DATA + 8, doubleword(0xe0n | CLOCK_COMPARATOR));
    waitPsw(EXTERNAL | WAIT);
    expect(run(WAITING)).toEqual({ reason: "wait" });
    expect(cpu.nextAlarm()).toBeGreaterThan(1e15);
  });
});

describe("PoP chapter 4, CPU Timer", () => {
  test("insn: SPT; insn: STPT: counts down", () => {
    machine.write(DATA, doubleword(1_000_000n));
    run("spt 0(%r2)\n stpt 8(%r2)");
    expect(stored(8)).toBe(1_000_000n);
    clock.time += 1000;
    run("stpt 8(%r2)");
    expect(stored(8)).toBe(1_000_000n - MICROSECOND);
    // Setting the TOD clock does not move the CPU timer.
    machine.write(DATA, doubleword(0x1234n));
    run("sck 0(%r2)\n stpt 8(%r2)");
    expect(stored(8)).toBe(1_000_000n - MICROSECOND);
  });

  test("an interruption while it is negative, with code 0x1005", () => {
    machine.write(DATA, doubleword(10n * MICROSECOND));
    machine.write(DATA + 8, doubleword(0xe0n | CPU_TIMER));
    machine.write(DATA + 16, doubleword(MODE_64 | EXTERNAL | WAIT) + doubleword(0x1_0000n));
    expect(run("lctlg %c0,%c0,8(%r2)\n spt 0(%r2)\n lpswe 16(%r2)")).toEqual({ reason: "wait" });
    expect(Math.abs(cpu.nextAlarm()! - 10_000)).toBeLessThan(2);
    clock.time += 10_000;
    expect(machine.run()).toEqual({ reason: "wait" });
    clock.time += 2;
    expect(machine.interruption()).toBe("external");
    expect(machine.read(0x86, 2)).toBe("1005");
    expect(cpu.nextAlarm()).toBeUndefined();
  });

  test("the clock comparator comes before the CPU timer", () => {
    machine.write(DATA, doubleword(0n));
    machine.write(DATA + 8, doubleword(0xe0n | CPU_TIMER | CLOCK_COMPARATOR));
    machine.write(DATA + 16, doubleword(-1n));
    expect(run("sckc 0(%r2)\n spt 16(%r2)\n lctlg %c0,%c0,8(%r2)", MODE_64 | EXTERNAL)).toBe("external");
    expect(machine.read(0x86, 2)).toBe("1004");
  });
});
