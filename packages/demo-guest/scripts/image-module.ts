import { assemble } from "@zarch/s390x-isa";
import { guestSource } from "./sources.ts";

/** Where the guest is loaded. */
const ORIGIN = 0x1_0000;
const LINE_LENGTH = 120;

/** The text of src/image.ts. */
export function imageModule(): string {
  const program = assemble(guestSource().text, { origin: ORIGIN });
  const base64 = Buffer.from(program.bytes).toString("base64");
  const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return `// Made from guest/*.s by scripts/assemble.ts. Do not edit.

/** Absolute address of the image; the program begins with its first byte. */
export const ORIGIN = 0x${ORIGIN.toString(16)};

/** Absolute address of the first device block. */
export const DEVICES = 0x${program.address("devices").toString(16)};

/** The image in base 64. */
export const IMAGE = \`
${lines.join("\n")}
\`;
`;
}
