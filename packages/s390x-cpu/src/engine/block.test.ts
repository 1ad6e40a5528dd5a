import { assemble } from "@zarch/s390x-isa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { definedInstructions } from "../definitions/all.ts";
import { type Cpu, createCpu } from "../runtime/cpu.ts";
import { blockImports, compileBlock } from "./block.ts";
import { BlockExit } from "./block-context.ts";
import * as layout from "./layout.ts";

const clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };
const size = 4 << 20;
const places = layout.memoryLayout(size);
const byId = new Map(definedInstructions().map((each) => [each.instruction.id, each]));
const code = 0x1_0000;
const data = 0x2_0000;

/** A CPU and a way to run straight-line code on it as a compiled block. */
function makeCpu(): Cpu {
  return createCpu({ memorySize: size, clock });
}

function prepare(cpu: Cpu, text: Uint8Array, registers: readonly bigint[], storage: Uint8Array): void {
  cpu.memory.write(code, text);
  cpu.memory.write(data, storage);
  for (const [number, value] of registers.entries()) cpu.setGeneral(number, value);
  cpu.setGeneral(12, BigInt(data));
  cpu.setGeneral(13, BigInt(data + 0xff0));
  cpu.setPsw(0x0000_0001_8000_0000n, BigInt(code));
}

function runBlock(cpu: Cpu, text: Uint8Array, offset = 0): { exit: number; count: number } {
  const block = compileBlock(text.subarray(offset), BigInt(code + offset), byId, places);
  const engine = cpu.core.engine as unknown as Record<string, WebAssembly.ImportValue>;
  const imports = Object.fromEntries(blockImports.map((name) => [name, engine[name]!]));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(block.wasm), { env: { ...imports, memory: cpu.wasmMemory } });
  return { exit: (instance.exports.block as () => number)(), count: block.count };
}

/** Runs a program as blocks; what a block hands back is interpreted. Returns how many instructions were handed back. */
function runThrough(cpu: Cpu, text: Uint8Array): number {
  for (let handedBack = 0; ; handedBack++) {
    const offset = Number(cpu.state.psw.address) - code;
    if (offset >= text.length || runBlock(cpu, text, offset).exit === BlockExit.done) return handedBack;
    cpu.step();
  }
}

const registerValue = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.constantFrom(0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, (1n << 64n) - 1n),
);

// Straight-line instructions of many kinds: %r12 points to the start of a page of data, %r13 near its end.
const lines = [
  "agr %r1,%r2",
  "ar %r3,%r4",
  "sgr %r5,%r1",
  "slr %r2,%r3",
  "alcgr %r4,%r5",
  "slbr %r1,%r6",
  "ahi %r3,-7",
  "aghik %r7,%r1,99",
  "lgr %r8,%r1",
  "lgfr %r9,%r8",
  "llgcr %r1,%r9",
  "lhi %r2,-1",
  "iilf %r3,305419896",
  "oihh %r4,4660",
  "nill %r5,65280",
  "xilf %r6,1",
  "lg %r1,8(%r12)",
  "l %r2,12(%r12)",
  "lgh %r3,3(%r12)",
  "llc %r4,5(%r12)",
  "stg %r5,16(%r12)",
  "sth %r6,33(%r12)",
  "stc %r7,40(%r12)",
  "lg %r8,12(%r13)",
  "stg %r9,13(%r13)",
  "lmg %r1,%r3,48(%r12)",
  "stmg %r4,%r7,64(%r12)",
  "stm %r1,%r2,10(%r13)",
  "lm %r5,%r6,9(%r13)",
  "agsi 72(%r12),-3",
  "ni 80(%r12),240",
  "laag %r1,%r2,88(%r12)",
  "csg %r3,%r4,96(%r12)",
  "cgr %r1,%r2",
  "clr %r3,%r4",
  "ltgr %r5,%r5",
  "locgre %r1,%r2",
  "sllg %r3,%r4,13",
  "srag %r5,%r6,7",
  "sla %r1,5",
  "rll %r2,%r3,9",
  "risbg %r4,%r5,16,175,24",
  "rxsbg %r6,%r7,40,20,3",
  "msgr %r1,%r2",
  "mlgr %r4,%r1",
  "flogr %r6,%r3",
  "popcnt %r5,%r6",
  "icm %r1,5,104(%r12)",
  "stcm %r2,10,108(%r12)",
  "mvc 112(8,%r12),0(%r12)",
  "xc 120(5,%r12),3(%r12)",
  "clc 0(16,%r12),8(%r12)",
  "la %r1,100(%r2,%r3)",
  "larl %r4,.+256",
  "ahhlr %r1,%r2,%r3",
  "lrvgr %r6,%r7",
  "tm 2(%r12),129",
  "slag %r1,3",
  "lcgr %r2,%r3",
  "lpr %r4,%r5",
  "ipm %r8",
  "tmll %r3,4112",
  "brc 1,.+100",
  "cgij %r1,1,8,.+50",
].map((line) => line.replace("slag %r1,3", "slag %r1,%r1,3"));

describe("compiled blocks: the same definitions, in lockstep with the interpreter", () => {
  const compiled = makeCpu();
  const interpreted = makeCpu();

  it("a random straight-line program leaves the same registers, condition code, storage and PSW", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...lines), { minLength: 1, maxLength: 30 }),
        fc.array(registerValue, { minLength: 16, maxLength: 16 }),
        fc.uint8Array({ minLength: 256, maxLength: 256 }),
        (program, registers, storage) => {
          const text = assemble(program.join("\n"), { origin: code }).bytes;
          for (const cpu of [compiled, interpreted]) prepare(cpu, text, registers, storage);
          // Only what misses the translation bank is handed back.
          expect(runThrough(compiled, text)).toBeLessThanOrEqual(8);
          const end = compiled.state.psw.address;
          // As many steps as lead to the same place; a taken branch leaves earlier than the end of the text.
          for (let step = 0; step < program.length && interpreted.state.psw.address !== end; step++) interpreted.step();
          expect(compiled.state).toEqual(interpreted.state);
          const bytes = (cpu: Cpu): Uint8Array => {
            const target = new Uint8Array(8192);
            cpu.memory.read(data, target);
            return target;
          };
          expect(bytes(compiled)).toEqual(bytes(interpreted));
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it("an instruction that faults leaves the block before it, with earlier effects in place", () => {
    const text = assemble("lghi %r1,5\naghi %r1,2\nlg %r2,0(%r3)\nlghi %r1,9", { origin: code }).bytes;
    prepare(compiled, text, new Array<bigint>(16).fill(0xffff_0000_0000n), new Uint8Array(16));
    expect(runBlock(compiled, text).exit).toBe(BlockExit.interpret);
    expect(compiled.state.general[1]).toBe(7n);
    expect(compiled.state.psw.address).toBe(BigInt(code) + 8n);
  });

  it("an instruction that only the runtime can do ends the block", () => {
    const text = assemble("lghi %r1,5\nstap 0(%r12)", { origin: code }).bytes;
    prepare(compiled, text, new Array<bigint>(16).fill(0n), new Uint8Array(16));
    const { exit } = runBlock(compiled, text);
    expect(exit).toBe(BlockExit.interpret);
    expect(compiled.state.psw.address).toBe(BigInt(code) + 4n);
  });

  it("every definition compiles to a valid block, EXECUTE apart", () => {
    const refused: string[] = [];
    for (const { instruction } of byId.values()) {
      const text = new Uint8Array(instruction.format.length);
      for (let i = 0; i < instruction.opcodeDigits.length / 2; i++)
        text[i] = Number.parseInt(instruction.opcodeDigits.slice(i * 2, i * 2 + 2), 16);
      const block = compileBlock(text, BigInt(code), byId, places);
      expect(WebAssembly.validate(block.wasm), instruction.mnemonic).toBe(true);
      if (block.count === 0) refused.push(instruction.mnemonic);
    }
    expect(refused.sort()).toEqual(["ex", "exrl"]);
  });
});
