import type { Assembler } from "./assembler.ts";
import { AssemblerError } from "./assembler-error.ts";
import { type Expression, parseExpression } from "./expression.ts";
import type { Scanner } from "./scanner.ts";

const dataSizes: ReadonlyMap<string, number> = new Map([
  [".byte", 1],
  [".short", 2],
  [".half", 2],
  [".hword", 2],
  [".2byte", 2],
  [".long", 4],
  [".int", 4],
  [".4byte", 4],
  [".quad", 8],
  [".8byte", 8],
]);

// About object files and debuggers only: a flat program has no use for them.
const ignored: ReadonlySet<string> = new Set(
  ".global .globl .local .weak .hidden .type .size .file .loc .ident .machine .machinemode .text .cfi_startproc .cfi_endproc .end".split(
    " ",
  ),
);

const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, b: 8, f: 12, '"': 34, "\\": 92 };

function expressions(assembler: Assembler, scanner: Scanner): Expression[] {
  const result: Expression[] = [];
  if (scanner.atEnd) return result;
  do {
    result.push(parseExpression(scanner, assembler.expressionContext));
  } while (scanner.take(","));
  scanner.expectEnd();
  return result;
}

/** Values that decide the layout, so every symbol in them must be defined above. */
function numbers(assembler: Assembler, scanner: Scanner, minimum: number, maximum: number): number[] {
  const values = expressions(assembler, scanner).map((each) => assembler.evaluate(each));
  if (values.length < minimum || values.length > maximum) {
    throw new AssemblerError(
      "ERR_ASM_OPERAND_COUNT",
      `the directive takes ${minimum === maximum ? minimum : `${minimum} to ${maximum}`} values`,
    );
  }
  return values.map((value) => {
    if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < 0n) throw new AssemblerError("ERR_ASM_RANGE", `${value} is out of range`);
    return Number(value);
  });
}

function stringBytes(scanner: Scanner): Uint8Array {
  const text = scanner.match(/"(?:\\.|[^"\\])*"/y);
  if (text === undefined) throw new AssemblerError("ERR_ASM_SYNTAX", `expected a string at "${scanner.rest()}"`);
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (const [part, octal, hex, letter] of text.slice(1, -1).matchAll(/\\(?:([0-7]{1,3})|x([0-9a-fA-F]+)|(.))|[^\\]+/gy)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else if (hex !== undefined) bytes.push(Number.parseInt(hex.slice(-2), 16));
    else if (letter === undefined) for (const byte of encoder.encode(part)) bytes.push(byte);
    else {
      const byte = escapes[letter];
      if (byte === undefined) throw new AssemblerError("ERR_ASM_SYNTAX", `unknown escape \\${letter}`);
      bytes.push(byte);
    }
  }
  return Uint8Array.from(bytes);
}

function strings(assembler: Assembler, scanner: Scanner, terminated: boolean): void {
  do {
    assembler.bytes(stringBytes(scanner));
    if (terminated) assembler.byte(0);
  } while (scanner.take(","));
  scanner.expectEnd();
}

function setSymbol(assembler: Assembler, scanner: Scanner): void {
  const name = scanner.match(/[A-Za-z_.$][\w.$]*/y);
  if (name === undefined) throw new AssemblerError("ERR_ASM_SYNTAX", "expected a symbol");
  scanner.expect(",");
  const value = parseExpression(scanner, assembler.expressionContext);
  scanner.expectEnd();
  assembler.set(name, value);
}

/** Carry out one directive of a source text. `name` is in lower case with its dot; the scanner stands after it. */
export function directive(assembler: Assembler, name: string, scanner: Scanner): void {
  const size = dataSizes.get(name);
  if (size !== undefined) {
    // Each value by itself: `.` is the address of the value.
    if (scanner.atEnd) return;
    do {
      assembler.data(size, [parseExpression(scanner, assembler.expressionContext)]);
    } while (scanner.take(","));
    scanner.expectEnd();
    return;
  }
  if (ignored.has(name) || name.startsWith(".cfi_")) return;
  switch (name) {
    case ".ascii":
      strings(assembler, scanner, false);
      return;
    case ".asciz":
    case ".string":
      strings(assembler, scanner, true);
      return;
    // On s390 the operand of .align is a number of bytes.
    case ".align":
    case ".balign": {
      const [boundary = 1, fill] = numbers(assembler, scanner, 1, 2);
      assembler.align(boundary, fill);
      return;
    }
    case ".p2align": {
      const [power = 0, fill] = numbers(assembler, scanner, 1, 2);
      assembler.align(2 ** power, fill);
      return;
    }
    case ".org":
      assembler.org(numbers(assembler, scanner, 1, 1)[0]!);
      return;
    case ".space":
    case ".skip":
    case ".zero": {
      const [count = 0, fill] = numbers(assembler, scanner, 1, 2);
      assembler.space(count, fill);
      return;
    }
    case ".fill": {
      const [repeat = 0, width = 1, value = 0] = numbers(assembler, scanner, 1, 3);
      if (width < 1 || width > 8) throw new AssemblerError("ERR_ASM_RANGE", "the size of .fill is between 1 and 8 bytes");
      assembler.fill(
        Uint8Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** (width - 1 - i)) % 256),
        repeat,
      );
      return;
    }
    case ".equ":
    case ".set":
      setSymbol(assembler, scanner);
      return;
    case ".ltorg":
      scanner.expectEnd();
      assembler.literalPool();
      return;
    default:
      throw new AssemblerError("ERR_ASM_DIRECTIVE", `directive ${name} is not supported`);
  }
}
