import { Assembler, type AssemblerOptions, type Program } from "./assembler.ts";
import { type AssemblerDiagnostic, AssemblerError, AssemblerSourceError } from "./assembler-error.ts";
import { directive } from "./directives.ts";
import { parseExpression } from "./expression.ts";
import { type ParsedOperand, parseOperand } from "./operands.ts";
import { Scanner } from "./scanner.ts";
import { statements } from "./statements.ts";

/** No more faults than these are collected from one text. */
const maximumDiagnostics = 100;

function assembleStatement(assembler: Assembler, text: string): void {
  const scanner = new Scanner(text);
  for (;;) {
    const label = scanner.match(/(?:[A-Za-z_.$][\w.$]*|\d+)\s*:/y);
    if (label === undefined) break;
    assembler.label(label.slice(0, -1).trimEnd());
  }
  if (scanner.atEnd) return;
  const assigned = scanner.match(/[A-Za-z_.$][\w.$]*\s*=(?!=)/y);
  if (assigned !== undefined) {
    const value = parseExpression(scanner, assembler.expressionContext);
    scanner.expectEnd();
    assembler.set(assigned.slice(0, -1).trimEnd(), value);
    return;
  }
  const name = scanner.match(/[A-Za-z_.$][\w.$]*/y);
  if (name === undefined) throw new AssemblerError("ERR_ASM_SYNTAX", `expected a statement at "${scanner.rest()}"`);
  if (name.startsWith(".")) {
    directive(assembler, name.toLowerCase(), scanner);
    return;
  }
  const operands: ParsedOperand[] = [];
  if (!scanner.atEnd) {
    const context = assembler.expressionContext;
    do {
      operands.push(parseOperand(scanner, context));
    } while (scanner.take(","));
    scanner.expectEnd();
  }
  assembler.instruction(name, operands);
}

function report(error: unknown, line: number | undefined): AssemblerDiagnostic[] {
  if (error instanceof AssemblerSourceError) return [...error.diagnostics];
  if (!(error instanceof AssemblerError)) throw error;
  const prefix = error.line === undefined ? "" : `line ${error.line}: `;
  return [{ code: error.code, message: error.message.slice(prefix.length), line }];
}

/**
 * Assemble a text in the syntax of the GNU assembler for s390 (AT&T-like: `lg %r1,8(%r15)`), with its extended mnemonics. One
 * section, no macros, no relocations. Throws AssemblerSourceError with every fault and its line number.
 */
export function assemble(source: string, options: AssemblerOptions = {}): Program {
  const assembler = new Assembler(options);
  const diagnostics: AssemblerDiagnostic[] = [];
  for (const { text, line } of statements(source)) {
    assembler.sourceLine = line;
    try {
      assembleStatement(assembler, text);
    } catch (error) {
      diagnostics.push(...report(error, line));
      if (diagnostics.length >= maximumDiagnostics) break;
    }
  }
  assembler.sourceLine = undefined;
  let program: Program | undefined;
  try {
    program = assembler.assemble();
  } catch (error) {
    diagnostics.push(...report(error, undefined));
  }
  if (!program || diagnostics.length > 0) throw new AssemblerSourceError(diagnostics.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)));
  return program;
}
