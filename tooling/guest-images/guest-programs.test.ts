import { describe, expect, it } from "vitest";
import { buildGuestProgram, canBuild, expectedOutput, GUEST_PROGRAMS, runInUserMode } from "./guest-programs.ts";

describe.skipIf(!(await canBuild()))("programs for the guest, in user-mode emulation", () => {
  it.each(GUEST_PROGRAMS)("$name prints what is stored as expected, and again", { timeout: 60_000 }, async ({ name, status }) => {
    const path = await buildGuestProgram(name);
    for (let turn = 0; turn < 2; turn++) {
      expect(await runInUserMode(path)).toEqual({ stdout: await expectedOutput(name), status });
    }
  });
});
