// Writes test/objdump-corpus.txt: encodings and what GNU objdump prints for them; and test/opcodes-tested.json, the instructions that
// are among them. Needs binutils for s390x.
// Usage: node scripts/generate-corpus.ts
import { writeFileSync } from "node:fs";
import { forms } from "../src/forms.ts";
import { disassemble, opcodeGroups } from "../src/index.ts";
import { encodingOf, randomNumbers } from "../test/encodings.ts";
import { objdumpBytes, runTool } from "../test/gnu-tools.ts";

const spacing = 16;
const next = randomNumbers(1964);
const encodings: Uint8Array[] = [];
for (const form of forms()) {
  encodings.push(encodingOf(form, next));
  // Mostly zero operands show what objdump leaves out.
  if (form.mnemonic === form.instruction.mnemonic) encodings.push(encodingOf(form, () => (next() % 3 === 0 ? next() : 0)));
}
for (const group of opcodeGroups) {
  if (group) encodings.push(Uint8Array.from({ length: 6 }, (_, i) => (i === 0 ? group.firstByte : next() & 0xff)));
}

const bytes = new Uint8Array(encodings.length * spacing).fill(0x07);
for (const [i, encoding] of encodings.entries()) bytes.set(encoding, i * spacing);
const lines = new Map(objdumpBytes(bytes).map((line) => [line.address, line.text]));
const hex = (each: Uint8Array): string => [...each].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const version = runTool("objdump", ["--version"])
  .split("\n")[0]!
  .replace(/^.*objdump /, "");

writeFileSync(
  new URL("../test/objdump-corpus.txt", import.meta.url),
  `# Encodings and their text according to objdump -m s390:64-bit (${version}). Entry n (from 0) stands at address 16 * n, followed by
# bytes of 07. Made by scripts/generate-corpus.ts.
${encodings.map((each, i) => `${hex(each)} ${lines.get(i * spacing)!.replace("\t", " ")}`).join("\n")}
`,
);

// Only what objdump names: it shows other instructions as data.
const named = encodings.flatMap((each, i) => (lines.get(i * spacing)!.startsWith(".") ? [] : [disassemble(each).instruction!.mnemonic]));
writeFileSync(
  new URL("../test/opcodes-tested.json", import.meta.url),
  `${JSON.stringify({ test: "agrees with objdump on every entry of the corpus", mnemonics: [...new Set(named)].sort() }, null, 2)}\n`,
);
