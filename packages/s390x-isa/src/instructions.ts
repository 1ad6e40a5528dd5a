import { type Format, parseShape } from "./formats.ts";
import { facilities, instructionTable, shapes } from "./instruction-table.ts";

/**
 * Where the rest of the operation code sits after the first byte. Bit 0 is the leftmost bit of the instruction.
 * `none`: the first byte is the whole opcode. Otherwise the extension is `length` bits at `bit`:
 * 8-15 (E, RRE, RRF, S, SSE, SIL, IE ...), 12-15 (RI, RIL, SSF) or 40-47 (RXY, RSY, RIE, VRR ...).
 */
export interface OpcodeExtension {
  readonly bit: 8 | 12 | 40;
  readonly length: 4 | 8;
}

/** One machine instruction of z/Architecture. */
export interface Instruction {
  /** Dense index from 0 in opcode order; stable while the table does not grow. */
  readonly id: number;
  /** Lower case, as the GNU assembler writes it. */
  readonly mnemonic: string;
  /** First byte of the instruction, 0-255. */
  readonly firstByte: number;
  /** Place of the opcode extension, or undefined when the first byte is the whole opcode. */
  readonly extension: OpcodeExtension | undefined;
  /** Value of the opcode extension, 0 when there is none. */
  readonly extensionValue: number;
  /** First byte, then the extension digits: 0x5a, 0xb904, 0xa7a, 0xe304. Unique over all instructions. */
  readonly opcode: number;
  /** The fixed bits as hexadecimal digits in place, operand digits zero: `5a`, `b904`, `a70a`, `e30000000004`. */
  readonly opcodeDigits: string;
  readonly format: Format;
  /** Facility that provides the instruction. */
  readonly facility: string;
  /** First machine generation that has it: g5, z900, z990, z9-109, z9-ec, z10, z196, zEC12, z13, z14, z15, z16. */
  readonly level: string;
  /** Causes a privileged-operation exception in the problem state, whatever its operands. */
  readonly privileged: boolean;
  /** Allowed in the problem state only under an authority that the instruction itself checks. */
  readonly semiprivileged: boolean;
}

// First bytes whose opcode goes on in bits 12-15; all other two-part opcodes of up to four bytes go on in bits 8-15.
const nibbleExtended: ReadonlySet<number> = new Set([0xa5, 0xa7, 0xc0, 0xc2, 0xc4, 0xc6, 0xc8, 0xcc]);

function extensionOf(digits: string): OpcodeExtension | undefined {
  if (digits.length === 2) return undefined;
  if (digits.length === 12) return { bit: 40, length: 8 };
  return nibbleExtended.has(Number.parseInt(digits.slice(0, 2), 16)) ? { bit: 12, length: 4 } : { bit: 8, length: 8 };
}

function parseTable(): readonly Instruction[] {
  const formats = shapes.map((text) => {
    const [name = "", shape = ""] = text.split(" ");
    return parseShape(name, shape);
  });
  return instructionTable
    .trim()
    .split("\n")
    .map((line, id): Instruction => {
      const [mnemonic = "", opcodeDigits = "", shape, facility, level = "", authority] = line.split(" ");
      const extension = extensionOf(opcodeDigits);
      const firstByte = Number.parseInt(opcodeDigits.slice(0, 2), 16);
      const extensionValue = extension ? Number.parseInt(opcodeDigits.slice(extension.length === 4 ? -1 : -2), 16) : 0;
      return {
        id,
        mnemonic,
        firstByte,
        extension,
        extensionValue,
        opcode: firstByte * (extension ? 1 << extension.length : 1) + extensionValue,
        opcodeDigits,
        format: formats[Number(shape)]!,
        facility: facilities[Number(facility)]!,
        level,
        privileged: authority === "p",
        semiprivileged: authority === "s",
      };
    });
}

/** All instructions, in opcode order; `instructions[i].id === i`. */
export const instructions: readonly Instruction[] = parseTable();
