/** Writes `expected/` anew from what the programs print in user-mode emulation: `node tooling/guest-images/record.ts`. */
import { writeFile } from "node:fs/promises";
import { buildGuestProgram, expectedPath, GUEST_PROGRAMS, runInUserMode } from "./guest-programs.ts";

for (const { name, status } of GUEST_PROGRAMS) {
  const result = await runInUserMode(await buildGuestProgram(name));
  if (result.status !== status) throw new Error(`${name} ended with status ${result.status} instead of ${status}`);
  await writeFile(expectedPath(name), result.stdout);
  console.log(`${name}: ${result.stdout.split("\n").length - 1} lines`);
}
