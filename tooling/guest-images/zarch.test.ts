import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildGuestProgram, canBuild, expectedOutputOfAll } from "./guest-programs.ts";
import { loadTestGuest, writeGuest } from "./test-guest.ts";
import { zarch } from "./zarch-command.ts";

const hasCompiler = (await canBuild()) || process.env.CI !== undefined;

/** Programs of a cross compiler, in Debian's unmodified kernel, on our own machine. */
describe.skipIf(!hasCompiler)("zarch: programs under Debian's Linux", { timeout: 300_000 }, () => {
  it("static programs (floating point, threads, signals, fork ...) print what qemu-s390x prints", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zarch-test-"));
    const { kernel, initrd } = await writeGuest(await loadTestGuest({ programs: true }), folder);
    const { stdout } = await zarch(
      ["boot", "--kernel", kernel, "--initrd", initrd, "--append", "quiet", "--console", "sclp"],
      "/opt/zarch/all\npoweroff\n",
    );
    const lines = stdout.replaceAll("\r", "");
    const expected = await expectedOutputOfAll();
    expect(lines.slice(lines.indexOf("== "))).toContain(expected.trimEnd());
    await rm(folder, { recursive: true });
  });

  it("PoP chapter 4, program-event recording: a debugger single-steps a program", async () => {
    const program = await readFile(await buildGuestProgram("single-step"));
    const { stdout } = await zarch(["run", "--", "sh", "-c", "cat >/tmp/step && chmod +x /tmp/step && /tmp/step"], program);
    expect(stdout).toBe("exited 1 with 45, enough steps 1, steps without progress 0, other stops 0\n");
  });
});
