import { describe, expect, it } from "vitest";
import { AFP_REGISTER_CONTROL, type ProgramSetup, type ProgramState, runProgram } from "../testing/program.ts";

const DATA = 0x2_0000;
const SPECIFICATION = 6;
const DATA_EXCEPTION = 7;
const ADDRESSING = 5;
/** Floating-point registers that tell apart all halves. */
const contents: Readonly<Record<number, bigint>> = {
  0: 0x0011_2233_4455_6677n,
  1: 0x8899_aabb_ccdd_eeffn,
  2: 0x0102_0304_0506_0708n,
  3: 0xf1f2_f3f4_f5f6_f7f8n,
  4: 0x1111_1111_2222_2222n,
  5: 0x8333_3333_4444_4444n,
  6: 0x5555_5555_6666_6666n,
  7: 0x7777_7777_8888_8888n,
};

const view = new DataView(new ArrayBuffer(8));
function long(x: number): bigint {
  view.setFloat64(0, x);
  return view.getBigUint64(0);
}
function short(x: number): bigint {
  view.setFloat32(0, x);
  return BigInt(view.getUint32(0)) << 32n;
}

function run(source: string, setup: ProgramSetup = {}): ProgramState {
  return runProgram(source, { floatingPoint: contents, ...setup, general: { 1: BigInt(DATA), ...setup.general } });
}

function finished(source: string, setup: ProgramSetup = {}): ProgramState {
  const state = run(source, setup);
  expect(state.interruption).toBeUndefined();
  return state;
}

describe("floating-point-support instructions (PoP chapter 9)", () => {
  it("insn: LD, LDY, LE, LEY, LDE: load from storage; a short operand leaves the right half alone", () => {
    const memory = { [DATA]: "d0d1d2d3d4d5d6d7 e0e1e2e3" };
    const { floatingPoint } = finished("ld %f0,0(%r1)\n ldy %f1,-8(%r2,%r1)\n le %f2,8(%r1)\n ley %f3,0(%r1)\n lde %f4,8(%r1)", {
      memory,
      general: { 2: 8n },
    });
    expect(floatingPoint.slice(0, 5)).toEqual([
      0xd0d1_d2d3_d4d5_d6d7n,
      0xd0d1_d2d3_d4d5_d6d7n,
      0xe0e1_e2e3_0506_0708n,
      0xd0d1_d2d3_f5f6_f7f8n,
      0xe0e1_e2e3_0000_0000n,
    ]);
  });

  it("insn: STD, STDY, STE, STEY: store to storage, also across pages", () => {
    const state = finished("std %f0,0(%r1)\n stdy %f1,4094(%r1)\n ste %f2,16(%r1)\n stey %f3,-4(%r1)");
    expect(state.memory(DATA, 8)).toBe("0011223344556677");
    expect(state.memory(DATA + 4094, 8)).toBe("8899aabbccddeeff");
    expect(state.memory(DATA + 16, 8)).toBe("0102030400000000");
    expect(state.memory(DATA - 4, 4)).toBe("f1f2f3f4");
  });

  it("insn: LDR, LER, LXR, LDER, LZDR, LZER, LZXR: move and clear registers", () => {
    expect(finished("ldr %f0,%f7").floatingPoint[0]).toBe(contents[7]);
    expect(finished("ler %f0,%f7").floatingPoint[0]).toBe(0x7777_7777_4455_6677n);
    expect(finished("lder %f0,%f7").floatingPoint[0]).toBe(0x7777_7777_0000_0000n);
    const pair = finished("lxr %f0,%f5").floatingPoint;
    expect([pair[0], pair[2]]).toEqual([contents[5], contents[7]]);
    expect(finished("lzdr %f1").floatingPoint[1]).toBe(0n);
    expect(finished("lzer %f1").floatingPoint[1]).toBe(0xccdd_eeffn);
    const zeros = finished("lzxr %f1").floatingPoint;
    expect([zeros[1], zeros[2], zeros[3]]).toEqual([0n, contents[2], 0n]);
  });

  it("insn: LDGR, LGDR: move all bits between register files", () => {
    const state = finished("ldgr %f15,%r3\n lgdr %r4,%f1", { general: { 3: 0xdead_beef_0123_4567n } });
    expect(state.floatingPoint[15]).toBe(0xdead_beef_0123_4567n);
    expect(state.general[4]).toBe(contents[1]);
  });

  it("insn: LCDFR, LNDFR, LPDFR, CPSDR: set the sign and no condition code", () => {
    const state = finished("tmll %r1,0\n lcdfr %f8,%f1\n lndfr %f9,%f0\n lpdfr %f10,%f1\n cpsdr %f11,%f1,%f0\n cpsdr %f12,%f0,%f1");
    expect(state.cc).toBe(0);
    expect(state.floatingPoint.slice(8, 13)).toEqual([
      0x0899_aabb_ccdd_eeffn,
      0x8011_2233_4455_6677n,
      0x0899_aabb_ccdd_eeffn,
      0x8011_2233_4455_6677n,
      0x0899_aabb_ccdd_eeffn,
    ]);
  });

  it("insn: EFPC, STFPC, LFPC, SFPC: the FPC as it is", () => {
    const state = finished("sfpc %r2\n efpc %r3\n stfpc 4(%r1)\n lfpc 0(%r1)", {
      general: { 2: 0xffff_ffff_fcfc_ff77n, 3: -1n },
      memory: { [DATA]: "08100013" },
    });
    expect(state.general[3]).toBe(0xffff_ffff_fcfc_ff77n);
    expect(state.memory(DATA + 4, 4)).toBe("fcfcff77");
    expect(state.fpc).toBe(0x0810_0013);
  });

  it("insn: LFPC, SFPC, LFAS, SFASR: reserved bits and BFP rounding modes 4 to 6 are specification exceptions", () => {
    for (const value of [0x0200_0000, 0x0001_0000, 0x0000_0080, 0x0000_0008, 4, 5, 6]) {
      const setup = { general: { 2: BigInt(value) }, memory: { [DATA]: value.toString(16).padStart(8, "0") }, fpc: 1 };
      for (const source of ["sfpc %r2", "lfpc 0(%r1)", "sfasr %r2", "lfas 0(%r1)"]) {
        const { interruption, fpc } = run(source, setup);
        expect([interruption?.code, fpc], `${source} ${value.toString(16)}`).toEqual([SPECIFICATION, 1]);
      }
    }
  });

  it("insn: SRNM, SRNMB, SRNMT: set the rounding modes alone", () => {
    const fpc = 0xf8f8_ff77;
    expect(finished("srnm 2", { fpc }).fpc).toBe(0xf8f8_ff72);
    expect(finished("srnm 255(%r2)", { fpc, general: { 2: 0xfffn } }).fpc).toBe(0xf8f8_ff72);
    expect(finished("srnmb 7", { fpc: 0 }).fpc).toBe(7);
    expect(finished("srnmb 0(%r2)", { fpc, general: { 2: 0xff00n } }).fpc).toBe(0xf8f8_ff70);
    expect(finished("srnmt 5", { fpc }).fpc).toBe(0xf8f8_ff57);
    for (const mode of [4, 5, 6, 8, 0x80]) {
      const { interruption, fpc: after } = run(`srnmb ${mode}`, { fpc });
      expect([interruption?.code, after]).toEqual([SPECIFICATION, fpc]);
    }
  });

  it("insn: LFAS, SFASR: flags stay on, and those that the new masks enable are a simulated IEEE exception", () => {
    for (const [source, dxc] of [
      ["00000001", undefined],
      ["08000001", 0x0b],
      ["10000001", 0x13],
      ["18000001", 0x1b],
      ["38000001", 0x2b],
      ["20000001", 0x23],
      ["78000001", 0x43],
      ["f8000001", 0x83],
      ["04000001", 0x07],
    ] as const) {
      const value = Number.parseInt(source, 16);
      for (const instruction of ["lfas 0(%r1)", "sfasr %r2"]) {
        const state = run(instruction, { fpc: 0x00fc_0000, memory: { [DATA]: source }, general: { 2: BigInt(value) } });
        const expected = (value | 0x00fc_0000) >>> 0;
        expect(state.interruption?.dxc, instruction + source).toBe(dxc);
        expect(state.fpc, instruction + source).toBe((expected | ((dxc ?? 0) << 8)) >>> 0);
      }
    }
    // Only old flags signal, not those of the new value.
    expect(run("sfasr %r2", { general: { 2: 0x8080_0000n } }).interruption).toBeUndefined();
  });
});

describe("AFP-register control (PoP chapter 9, data-exception codes 1 to 3)", () => {
  const off = { control: { 0: 0n } };
  it("insn: LD, LDR, LDGR, LGDR, STD, CPSDR: registers besides 0, 2, 4 and 6 are refused with code 1 while it is off", () => {
    for (const source of [
      "ld %f1,0(%r1)",
      "ldr %f0,%f8",
      "ldr %f15,%f0",
      "ldgr %f3,%r1",
      "lgdr %r2,%f5",
      "std %f7,0(%r1)",
      "cpsdr %f0,%f9,%f2",
    ]) {
      const { interruption, fpc, floatingPoint } = run(source, off);
      expect(interruption, source).toMatchObject({ code: DATA_EXCEPTION, dxc: 1 });
      expect(floatingPoint[0], source).toBe(contents[0]);
      expect(fpc, "the code goes to the FPC only while the control is on").toBe(0);
    }
    expect(run("ldr %f0,%f6\n ld %f2,0(%r1)\n ldgr %f4,%r1", off).interruption).toBeUndefined();
  });

  it("insn: ADBR, ADB, CDBR, LTDBR, LCDBR, TCDB, EFPC, STFPC, SRNM: BFP is refused with code 2 while it is off", () => {
    for (const source of ["adbr %f0,%f2", "adb %f0,0(%r1)", "cdbr %f0,%f2", "ltdbr %f0,%f2", "lcdbr %f0,%f2", "tcdb %f0,1", "efpc %r2"]) {
      const { interruption, floatingPoint } = run(source, off);
      expect(interruption, source).toMatchObject({ code: DATA_EXCEPTION, dxc: 2 });
      expect(floatingPoint[0], source).toBe(contents[0]);
    }
    for (const source of ["stfpc 0(%r1)", "srnm 1", "axbr %f0,%f4", "cgdbr %r2,5,%f0", "fidbr %f0,5,%f2", "ldebr %f0,%f2", "cdgbr %f0,%r2"])
      expect(run(source, off).interruption, source).toMatchObject({ code: DATA_EXCEPTION, dxc: 2 });
  });

  it("insn: LFAS, SFASR, SRNMT: code 3", () => {
    for (const source of ["lfas 0(%r1)", "sfasr %r2", "srnmt 1"])
      expect(run(source, off).interruption, source).toMatchObject({ code: DATA_EXCEPTION, dxc: 3 });
  });
});

describe("IEEE traps and refusals (PoP chapters 9 and 19)", () => {
  const maximum = 0x7fef_ffff_ffff_ffffn;
  it("insn: ADBR: an overflow trap completes: scaled result, condition code, code in FPC and lowcore", () => {
    const state = run("adbr %f0,%f2", { floatingPoint: { 0: maximum, 2: maximum }, fpc: 0x2000_0000 });
    expect(state.interruption).toMatchObject({ code: DATA_EXCEPTION, dxc: 0x20, length: 4 });
    expect(state.fpc).toBe(0x2000_2000);
    expect(state.cc).toBe(2);
    // Twice the maximum, with the exponent adjusted by -1536.
    expect(state.floatingPoint[0]).toBe(maximum - (1535n << 52n));
    expect(state.psw.address).toBe(0x1_0004n);
  });

  it("insn: DDBR: a divide-by-zero trap suppresses", () => {
    const state = run("cr %r1,%r2\n ddbr %f0,%f2", { floatingPoint: { 0: long(1), 2: 0n }, fpc: 0x4000_0000 });
    expect(state.interruption).toMatchObject({ code: DATA_EXCEPTION, dxc: 0x40 });
    expect(state.floatingPoint[0]).toBe(long(1));
    expect(state.cc).toBe(2);
    expect(finished("ddbr %f0,%f2", { floatingPoint: { 0: long(1), 2: 0n } })).toMatchObject({ fpc: 0x0040_0000 });
  });

  it("insn: MEEBR: an inexact trap completes with the rounded result", () => {
    const state = run("meebr %f0,%f2", { floatingPoint: { 0: short(1 + 2 ** -23), 2: short(1 + 2 ** -23) }, fpc: 0x0800_0000 });
    expect(state.interruption?.dxc).toBe(0x08);
    expect(state.floatingPoint[0]).toBe(short(1 + 2 ** -22));
    expect(state.fpc).toBe(0x0800_0800);
  });

  it("insn: LEDBR: an overflow trap delivers the scaled result in the format of the source", () => {
    const state = run("ledbr %f0,%f2", { floatingPoint: { 2: long(2 ** 200) }, fpc: 0x2000_0000 });
    expect(state.interruption?.dxc).toBe(0x20);
    expect(state.floatingPoint[0]).toBe(long(2 ** (200 - 512)));
  });

  it("insn: CDBR, KDBR, CEB, KEB: unordered is condition code 3; a quiet NaN is invalid to the signaling form alone", () => {
    const quiet = { floatingPoint: { 0: 0x7ff8_0000_0000_0000n, 2: long(1) }, memory: { [DATA]: "7fc00000" } };
    expect(finished("cdbr %f0,%f2", quiet)).toMatchObject({ cc: 3, fpc: 0 });
    expect(finished("kdbr %f0,%f2", quiet)).toMatchObject({ cc: 3, fpc: 0x0080_0000 });
    expect(finished("ceb %f2,0(%r1)", quiet)).toMatchObject({ cc: 3, fpc: 0 });
    expect(finished("keb %f2,0(%r1)", quiet)).toMatchObject({ cc: 3, fpc: 0x0080_0000 });
    const trapped = run("kdbr %f0,%f2", { ...quiet, fpc: 0x8000_0000 });
    expect(trapped).toMatchObject({ cc: 0, interruption: { code: DATA_EXCEPTION, dxc: 0x80 } });
  });

  it("insn: ADBR: NaN payloads pass through unchanged, and a signaling NaN turns quiet", () => {
    const quiet = 0xfff8_0000_dead_beefn;
    expect(finished("adbr %f0,%f2", { floatingPoint: { 0: long(1), 2: quiet } })).toMatchObject({ cc: 3, fpc: 0 });
    expect(finished("adbr %f0,%f2", { floatingPoint: { 0: long(1), 2: quiet } }).floatingPoint[0]).toBe(quiet);
    const signaling = finished("mdbr %f0,%f2", { floatingPoint: { 0: 0x7ff0_0000_0000_0001n, 2: long(1) } });
    expect([signaling.floatingPoint[0], signaling.fpc]).toEqual([0x7ff8_0000_0000_0001n, 0x0080_0000]);
  });

  it("insn: LTDBR, LDEBR, LEDBR: a NaN keeps its payload", () => {
    expect(finished("ltdbr %f0,%f2", { floatingPoint: { 2: 0xfff8_0000_0000_0123n } })).toMatchObject({ cc: 3 });
    expect(finished("ldebr %f0,%f2", { floatingPoint: { 2: 0x7fc0_1234_0000_0000n } }).floatingPoint[0]).toBe(0x7ff8_0246_8000_0000n);
    expect(finished("ledbr %f0,%f2", { floatingPoint: { 0: 0n, 2: 0xfff8_0246_8000_0000n } }).floatingPoint[0]).toBe(
      0xffc0_1234_0000_0000n,
    );
  });

  it("insn: LCDBR, LNDBR, LPDBR, LCEBR, LNEBR, LPEBR: sign and condition code, signaling NaNs included", () => {
    const cases = [
      [1, 1, 1, 2],
      [-1, 2, 1, 2],
      [0, 0, 0, 0],
      [Number.NEGATIVE_INFINITY, 2, 1, 2],
    ] as const;
    for (const [x, ...codes] of cases)
      for (const [index, name] of ["lc", "ln", "lp"].entries()) {
        const result = [-x, -Math.abs(x), Math.abs(x)][index]!;
        const wide = finished(`${name}dbr %f0,%f2`, { floatingPoint: { 2: long(x) } });
        expect([wide.floatingPoint[0], wide.cc], `${name}dbr ${x}`).toEqual([long(result), codes[index]]);
        const narrow = finished(`${name}ebr %f0,%f2`, { floatingPoint: { 0: 5n, 2: short(x) } });
        expect([narrow.floatingPoint[0], narrow.cc], `${name}ebr ${x}`).toEqual([short(result) | 5n, codes[index]]);
      }
    expect(finished("lcdbr %f0,%f2", { floatingPoint: { 2: 0x7ff0_0000_0000_0001n } })).toMatchObject({ cc: 3, fpc: 0 });
    expect(finished("lpebr %f0,%f2", { floatingPoint: { 2: 0xff80_0001_0000_0000n } })).toMatchObject({ cc: 3, fpc: 0 });
  });

  it("insn: LCXBR, LNXBR, LPXBR: pairs", () => {
    const one = { floatingPoint: { 4: 0x3fff_0000_0000_0000n, 6: 7n } };
    for (const [name, high, cc] of [
      ["lcxbr", 0xbfff_0000_0000_0000n, 1],
      ["lnxbr", 0xbfff_0000_0000_0000n, 1],
      ["lpxbr", 0x3fff_0000_0000_0000n, 2],
    ] as const) {
      const state = finished(`${name} %f0,%f4`, one);
      expect([state.floatingPoint[0], state.floatingPoint[2], state.cc], name).toEqual([high, 7n, cc]);
    }
    expect(finished("lpxbr %f0,%f4", { floatingPoint: {} }).cc).toBe(0);
    expect(finished("lpxbr %f0,%f4", { floatingPoint: { 4: 0x7fff_0000_0000_0000n, 6: 1n } }).cc).toBe(3);
  });

  it("insn: DIDBR, DIEBR: remainder to operand 1, quotient to operand 3; the registers must differ", () => {
    const wide = finished("didbr %f0,%f4,%f2,0", { floatingPoint: { 0: long(17), 2: long(5) } });
    expect([wide.floatingPoint[0], wide.floatingPoint[4], wide.cc]).toEqual([long(2), long(3), 0]);
    const narrow = finished("diebr %f0,%f4,%f2,5", { floatingPoint: { 0: short(18) | 9n, 2: short(5), 4: 8n } });
    expect([narrow.floatingPoint[0], narrow.floatingPoint[4], narrow.cc]).toEqual([short(3) | 9n, short(3) | 8n, 0]);
    for (const source of [
      "didbr %f0,%f0,%f2,0",
      "didbr %f0,%f4,%f0,0",
      "diebr %f0,%f2,%f2,0",
      "didbr %f0,%f4,%f2,2",
      "diebr %f0,%f4,%f2,8",
    ])
      expect(run(source).interruption?.code, source).toBe(SPECIFICATION);
  });

  it("insn: THDR, THDER, TBDR, TBEDR: between BFP and HFP", () => {
    const hexadecimal = 0x4118_0000_0000_0000n; // 1.5 as HFP
    const thdr = finished("thdr %f0,%f2", { floatingPoint: { 2: long(1.5) } });
    expect([thdr.floatingPoint[0], thdr.cc]).toEqual([hexadecimal, 2]);
    expect(finished("thder %f0,%f2", { floatingPoint: { 2: short(-1.5) } })).toMatchObject({ cc: 1 });
    const tbdr = finished("tbdr %f0,0,%f2", { floatingPoint: { 2: hexadecimal } });
    expect([tbdr.floatingPoint[0], tbdr.cc]).toEqual([long(1.5), 2]);
    expect(finished("tbedr %f0,4,%f2", { floatingPoint: { 2: hexadecimal } }).floatingPoint[0]).toBe(short(1.5));
    for (const m3 of [2, 3, 8, 15]) expect(run(`tbdr %f0,${m3},%f2`).interruption?.code).toBe(SPECIFICATION);
  });

  it("insn: CFDBR, CDFBRA, FIDBR, LEDBRA, CGXBR, CXFBRA: rounding methods 2 and 8 to 15 are specification exceptions", () => {
    for (const m3 of [2, 8, 15])
      for (const source of [
        `cfdbr %r2,${m3},%f0`,
        `cdfbra %f0,${m3},%r2,0`,
        `fidbr %f0,${m3},%f2`,
        `ledbra %f0,${m3},%f2,0`,
        `cgxbr %r2,${m3},%f0`,
        `cxfbra %f0,${m3},%r2,0`,
      ])
        expect(run(source).interruption?.code, source).toBe(SPECIFICATION);
  });

  it("insn: AXBR, KXBR, LXDB, SQXBR, LXR: registers that name no pair are specification exceptions", () => {
    // AXBR 0,2; AXBR 2,0; KXBR 0,2; KXBR 6,0; SQXBR 0,3; LXR 7,0; LXDB 2,0(0,1)
    for (const digits of ["b34a0002", "b34a0020", "b3480002", "b3480060", "b3160003", "b3650070", "ed2010000005"])
      expect(run((digits.match(/../g) ?? []).map((byte) => `.byte 0x${byte}`).join("\n")).interruption?.code, digits).toBe(SPECIFICATION);
  });

  it("insn: ADB, MAEB, SQDB: a refused access leaves everything as it was", () => {
    for (const source of ["adb %f0,0(%r2)", "maeb %f0,%f4,0(%r2)", "sqdb %f0,0(%r2)", "lxeb %f0,0(%r2)", "ld %f0,0(%r2)"]) {
      const { interruption, floatingPoint } = run(source, { general: { 2: 0x7fff_0000n }, control: { 0: AFP_REGISTER_CONTROL } });
      expect([interruption?.code, floatingPoint[0]], source).toEqual([ADDRESSING, contents[0]]);
    }
  });

  it("insn: ADB, STD: operands across pages", () => {
    const state = finished("adb %f0,4092(%r1)\n std %f0,4093(%r1)", {
      floatingPoint: { 0: long(1) },
      memory: { [DATA + 4092]: "4008000000000000" },
    });
    expect(state.floatingPoint[0]).toBe(long(4));
    expect(state.memory(DATA + 4093, 8)).toBe("4010000000000000");
  });
});
