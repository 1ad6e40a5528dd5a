// Assembles the guest and writes src/image.ts:
//
//   node --conditions=@zarch/source packages/demo-guest/scripts/assemble.ts

import { writeFileSync } from "node:fs";
import { AssemblerSourceError } from "@zarch/s390x-isa";
import { imageModule } from "./image-module.ts";
import { guestSource } from "./sources.ts";

try {
  writeFileSync(new URL("../src/image.ts", import.meta.url), imageModule());
} catch (error) {
  if (!(error instanceof AssemblerSourceError)) throw error;
  const { locate } = guestSource();
  for (const { line, message } of error.diagnostics) console.error(`${line === undefined ? "guest" : locate(line)}: ${message}`);
  process.exitCode = 1;
}
