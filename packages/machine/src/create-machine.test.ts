import { assemble } from "@zarch/s390x-isa";
import { describe, expect, it } from "vitest";
import { createMachine } from "./create-machine.ts";
import { rawProgram } from "./ipl/ipl-program.ts";
import type { MachineOptions } from "./machine-options.ts";

const mebibyte = 2 ** 20;

/** A machine with the CPU of `@zarch/s390x-cpu` and a program in assembler. */
function machine(source: string, options: Partial<MachineOptions> = {}) {
  const { bytes } = assemble(`${source}\n .balign 8\nstop: .quad 0x0002000180000000,0xcafe\n`, { origin: 0x1_0000 });
  return createMachine({ memory: mebibyte, ipl: rawProgram({ bytes }), ...options });
}

const end = "larl %r15,stop\n lpswe 0(%r15)\n";

describe("a machine with a real CPU", () => {
  it("runs a program to its disabled wait", async () => {
    await using vm = await machine(`lghi %r1,6\n mghi %r1,7\n stg %r1,0x800\n ${end}`);
    expect(await vm.run()).toMatchObject({ reason: "disabled-wait", code: "000000000000cafe", psw: { maskHigh: 0x0002_0001 } });
    expect(vm.memory.loadUint64(0x800, "big")).toBe(42);
  });

  it("tells how much of the guest's code was compiled", async () => {
    await using vm = await machine(`lgfi %r1,200000\n lghi %r2,0\n 1: aghi %r2,1\n brctg %r1,1b\n ${end}`);
    expect(vm.compiledCode).toMatchObject({ present: 0, compiled: 0 });
    await vm.run();
    expect(vm.compiledCode).toMatchObject({ present: 1, compiled: 1, changed: 0 });
  });

  it("SIGP stop of the only CPU is a power-off", async () => {
    await using vm = await machine("lghi %r0,0\n lghi %r3,0\n lghi %r1,0\n 1: sigp %r0,%r3,5\n j 1b");
    expect(await vm.run()).toEqual({ reason: "power-off" });
  });

  it("bad-inputs: a program check whose new PSW is invalid ends in a check stop, not in a loop of the host", async () => {
    await using vm = await machine("larl %r1,bad\n mvc 0x1d0(16),0(%r1)\n .short 0\n .balign 8\nbad: .quad 0x0800000180000000,1");
    expect((await vm.run()).reason).toBe("check-stop");
  });

  it("DIAGNOSE 0x308 subcode 3 takes effect before the next instruction, and loads the program again", async () => {
    // The first time location 0x900 is zero: leave a mark in a register and in storage, and reset.
    await using vm = await machine(
      `lg %r1,0x900
       ltgr %r1,%r1
       jne again
       lghi %r9,1
       stg %r9,0x908
       lghi %r2,3
       diag %r4,%r2,0x308
       mvghi 0x910,1
  again: ${end}`,
      { onGuestReset: "exit" },
    );
    vm.memory.storeUint64(0x900, 0, "big");
    expect(await vm.run()).toEqual({ reason: "reset", reset: "load-clear" });
    expect([vm.memory.loadUint64(0x908, "big"), vm.memory.loadUint64(0x910, "big")]).toEqual([1, 0]);
    await vm.reset();
    expect(vm.memory.loadUint64(0x908, "big")).toBe(0);
    vm.memory.storeUint64(0x900, 1, "big");
    expect((await vm.run()).reason).toBe("disabled-wait");
  });

  it("DIAGNOSE 0x308 subcode 1 leaves storage alone and takes the PSW from location 0", async () => {
    await using vm = await machine(
      `larl %r1,psw
       mvc 0(8,%r0),0(%r1)
       mvghi 0x908,5
       lghi %r2,1
       diag %r4,%r2,0x308
       mvghi 0x910,1
  next: ${end}
       .balign 8
   psw: .long 0x00080000,0x80000000+next`,
    );
    const kinds: string[] = [];
    vm.on("reset", ({ kind }) => kinds.push(kind));
    expect((await vm.run()).reason).toBe("disabled-wait");
    expect([vm.memory.loadUint64(0x908, "big"), vm.memory.loadUint64(0x910, "big")]).toEqual([5, 0]);
    expect(kinds).toEqual(["load-normal"]);
  });

  it("DIAGNOSE: an unknown code and a bad operand are specification exceptions", async () => {
    for (const [code, subcode] of [
      [0x999, 0],
      [0x308, 99],
    ]) {
      await using vm = await machine(
        `larl %r1,new\n mvc 0x1d0(16),0(%r1)\n lghi %r2,${subcode}\n diag %r4,%r2,${code}\n j .\n .balign 8\nnew: .quad 0x0002000180000000,0xbad`,
      );
      expect(await vm.run()).toMatchObject({ reason: "disabled-wait", code: "0000000000000bad" });
      expect(vm.memory.loadUint16(0x8e, "big")).toBe(6);
    }
  });

  it("a wait ends by the clock comparator, in time", async () => {
    // 50 ms are 50,000 << 12 units of the TOD clock.
    await using vm = await machine(
      `larl %r1,new
       mvc 0x1b0(16),0(%r1)
       larl %r1,cr0
       lctlg %c0,%c0,0(%r1)
       stckf 0x800
       lg %r1,0x800
       llilf %r2,204800000
       algr %r1,%r2
       stg %r1,0x800
       sckc 0x800
       larl %r1,wait
       lpswe 0(%r1)
       .balign 8
  new: .quad 0x0002000180000000,0xcafe
  wait: .quad 0x0102000180000000,0
  cr0: .quad 0x800`,
    );
    const start = performance.now();
    expect((await vm.run()).reason).toBe("disabled-wait");
    const elapsed = performance.now() - start;
    expect(vm.memory.loadUint16(0x86, "big")).toBe(0x1004);
    expect(elapsed).toBeGreaterThan(45);
    expect(elapsed).toBeLessThan(1000);
  });

  it("a busy guest leaves the event loop its turns", async () => {
    await using vm = await machine("1: j 1b");
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const exit = vm.run();
    await new Promise((resolve) => setTimeout(resolve, 200));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
    await vm.close();
    expect(await exit).toEqual({ reason: "closed" });
  });

  it.each([0, -1, 1.5, 512 * 1024, 1021 * mebibyte, 2 ** 40, Number.NaN])("refuses a memory of %s bytes", async (memory) => {
    await expect(machine("j .", { memory })).rejects.toMatchObject({ kind: "host" });
  });

  it("refuses a number of CPUs that it does not have", async () => {
    await expect(machine("j .", { cpus: 2 })).rejects.toMatchObject({ code: "ERR_MACHINE_CPUS" });
  });
});
