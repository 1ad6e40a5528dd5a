import type { Format } from "./formats.ts";
import { type Instruction, instructions } from "./instructions.ts";

export interface OpcodeTableOptions {
  /** Which instructions to list. Default: all. */
  readonly include?: (instruction: Instruction) => boolean;
  /** Title and text of a further column, for example whether an emulator has the instruction. */
  readonly note?: { readonly title: string; readonly text: (instruction: Instruction) => string };
  /** Level of the facility headings. Default 2. */
  readonly headingLevel?: number;
}

/** Operands as the manual writes them: `R1,D2(X2,B2)`. Optional operands stand in brackets: `R1,R2[,R3[,M4]]`. */
export function operandNotation(format: Format): string {
  let open = 0;
  const texts = format.operands.map(({ fields }, i) => {
    const [first, ...inner] = fields.map((field) => field.name.toUpperCase());
    const text = `${i > 0 ? "," : ""}${first}${inner.length > 0 ? `(${inner.join(",")})` : ""}`;
    if (!fields[0]!.optional) return text;
    open++;
    return `[${text}`;
  });
  return texts.join("") + "]".repeat(open);
}

/** All instructions by facility: facilities in alphabetical order, mnemonics in alphabetical order within each. */
export function instructionsByFacility(): ReadonlyMap<string, readonly Instruction[]> {
  const names = [...new Set(instructions.map((each) => each.facility))].sort();
  return new Map(
    names.map((name) => {
      const members = instructions.filter((each) => each.facility === name);
      return [name, members.sort((a, b) => (a.mnemonic < b.mnemonic ? -1 : 1))];
    }),
  );
}

/** Markdown with one table of opcodes for each facility. */
export function opcodeTables(options: OpcodeTableOptions = {}): string {
  const { include = () => true, note, headingLevel = 2 } = options;
  const titles = ["Mnemonic", "Operands", "Opcode", "Format", "Since", "Authority", ...(note ? [note.title] : [])];
  const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const sections: string[] = [];
  for (const [facility, all] of instructionsByFacility()) {
    const members = all.filter(include);
    if (members.length === 0) continue;
    const rows = members.map((each) => {
      const authority = each.privileged ? "privileged" : each.semiprivileged ? "semiprivileged" : "";
      // At least two digits, as in the manual: 04, 5A, A7A, B904.
      const opcode = each.opcode.toString(16).toUpperCase().padStart(2, "0");
      const cells = [each.mnemonic.toUpperCase(), operandNotation(each.format), opcode, each.format.name, each.level, authority];
      return row(note ? [...cells, note.text(each)] : cells);
    });
    sections.push(
      [`${"#".repeat(headingLevel)} ${facility} (${members.length})`, "", row(titles), row(titles.map(() => "---")), ...rows].join("\n"),
    );
  }
  return `${sections.join("\n\n")}\n`;
}
