// Needs the default guest of the command: from the cache, or fetched. ZARCH_GUEST_TESTS=0 leaves it out.
import { describe, expect, it } from "vitest";
import { loadDefaultGuest } from "../../apps/vmm/src/guest/default-guest.ts";
import { createMachine, linux } from "../../packages/machine/src/index.ts";
import { createS390xCpu } from "../../packages/machine/src/s390x-cpu.ts";

const { ZARCH_GUEST_TESTS: wanted, ZARCH_NIGHTLY } = process.env;
const guest = wanted === "0" ? undefined : await loadDefaultGuest().catch(() => undefined);
const isNightly = ZARCH_NIGHTLY === "1";

/** Boots until the console says `text`. @returns what the console said; the machine's error fails the test */
async function bootUntil(text: string, lockstep: number): Promise<string> {
  let said = "";
  const { promise: found, resolve } = Promise.withResolvers<void>();
  const machine = await createMachine({
    memory: 256 << 20,
    ipl: linux({ kernel: guest!.kernel, initrd: guest!.initramfs, commandLine: "console=ttysclp0" }),
    cpu: (options) => createS390xCpu(options, { jit: { lockstep } }),
    vt220Console: {
      output: (bytes) => {
        said += new TextDecoder().decode(bytes);
        if (said.includes(text)) resolve();
      },
    },
  });
  try {
    await Promise.race([found, machine.run()]);
  } finally {
    await machine.close();
  }
  return said;
}

describe.skipIf(guest === undefined)("lockstep of regions and the interpreter", () => {
  // The first runs of each region, and one of a thousand of the others.
  it("a boot of Debian's kernel to /init", { timeout: 300_000 }, async () => {
    expect(await bootUntil("Run /init as init process", 1000)).toContain("Run /init as init process");
  });

  it.skipIf(!isNightly)("all of a boot of Debian's kernel to /init", { timeout: 3_600_000 }, async () => {
    expect(await bootUntil("Run /init as init process", 1)).toContain("Run /init as init process");
  });
});
