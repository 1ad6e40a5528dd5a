import { readFileSync } from "node:fs";

/** The sources of the guest, in the order in which they stand in storage. */
const SOURCES = [
  "layout",
  "start",
  "interruptions",
  "sclp",
  "page",
  "channel",
  "ccw",
  "pci",
  "virtio-pci",
  "ring",
  "drive",
  "console",
  "entropy",
  "block",
  "devices",
  "table",
  "text",
  "power-off",
];

/** The whole program as one text for the assembler, and where a line of that is. */
export function guestSource(): { text: string; locate(line: number): string } {
  const starts: { file: string; line: number }[] = [];
  let text = "";
  let line = 1;
  for (const name of SOURCES) {
    const source = readFileSync(new URL(`../src/guest/${name}.s`, import.meta.url), "utf8");
    starts.push({ file: `${name}.s`, line });
    text += source;
    line += source.split("\n").length - 1;
  }
  return {
    text,
    locate(wanted) {
      const start = starts.findLast((each) => each.line <= wanted) ?? starts[0]!;
      return `${start.file}:${wanted - start.line + 1}`;
    },
  };
}
