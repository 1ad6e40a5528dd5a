import { assemble } from "@zarch/s390x-isa";
import { describe, expect, it } from "vitest";
import { createMachine } from "../create-machine.ts";
import { rawProgram } from "../ipl/ipl-program.ts";
import { hotPlaces } from "./hot-places.ts";
import { Profiler } from "./profiler.ts";
import { readSymbols, SymbolTable } from "./symbols.ts";

/** Most of the time goes into a loop that is compiled, some into a function without a loop, and some into the runtime. */
const source = `
start:  lgfi  %r9,1000000
again:  lghi  %r1,60
spin:   aghi  %r2,3
        xgr   %r3,%r2
        brctg %r1,spin
        brasl %r14,callee
        tmll  %r9,4095
        jne   next
        brasl %r13,runtime
next:   brctg %r9,again
        larl  %r3,wait
        lpswe 0(%r3)
callee: aghi  %r4,1
        msgr  %r5,%r4
        br    %r14
runtime: lghi %r1,50
rloop:  stpt  0x800
        stidp 0x808
        brctg %r1,rloop
        br    %r13
        .align 8
wait:   .quad 0x0002000180000000, 0xfff`;

describe("a profile of a machine", () => {
  // Once more if the host was busy with something else just then.
  it("shows the hot loop first, by its name, and what the runtime does", { retry: 2 }, async () => {
    const program = assemble(source, { origin: 0x1_0000 });
    const at = (label: string): string => program.symbols.get(label)!.toString(16).padStart(16, "0");
    const map = ["spin", "callee", "runtime", "start"].map((label) => `${at(label)} T ${label}\n`).join("");
    const symbols = new SymbolTable();
    symbols.addKernel(readSymbols(new TextEncoder().encode(map)));
    const profiler = new Profiler({ interval: 200_000 });
    await using machine = await createMachine({
      memory: 2 ** 20,
      ipl: rawProgram({ bytes: program.bytes }),
      observer: profiler,
    });
    await machine.run();
    const profile = profiler.profile();
    const places = hotPlaces(profile, symbols);
    expect(places[0]).toMatchObject({ name: "spin", isUser: false });
    expect(places[0]!.tiers.compiled).toBeGreaterThan(0);
    expect(places.map(({ name }) => name)).toContain("runtime");
    const [first] = profile.instructions;
    expect(first?.mnemonic).toBe("stidp");
    expect(first?.count).toBe(Math.floor(1_000_000 / 4096) * 50);
    expect(profile.compilations.length).toBeGreaterThan(0);
    const sum = Object.values(profile.tiers).reduce((a, b) => a + b, 0);
    expect(sum / profile.duration).toBeCloseTo(1, 6);
  });
});
