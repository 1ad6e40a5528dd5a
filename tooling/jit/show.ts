// Prints the code that the JIT makes of a guest program.
//
//   npm run jit -- FILE.s [--exact]
//
// The program is in the syntax of the GNU assembler; guest-program.ts tells how to say in comments where the region begins, in which
// addressing mode, and where computed branches go. --exact prints all that is in the code, so that any assembler of
// WebAssembly makes the same bytes of it.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readGuestProgram } from "./guest-program.ts";
import { listing } from "./listing.ts";

try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { exact: { type: "boolean", default: false } } });
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new Error("say which file: npm run jit -- FILE.s");
  process.stdout.write(listing(readGuestProgram(readFileSync(file, "utf8")), { isExact: values.exact }));
} catch (error) {
  process.stderr.write(`jit: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
