import { HostError } from "@zarch/vmm-interface";

/** Stable codes of everything that the assembler refuses. */
export type AssemblerErrorCode =
  | "ERR_ASM_SYNTAX"
  | "ERR_ASM_MNEMONIC"
  | "ERR_ASM_DIRECTIVE"
  | "ERR_ASM_OPERAND_COUNT"
  | "ERR_ASM_OPERAND_KIND"
  | "ERR_ASM_REGISTER_PAIR"
  | "ERR_ASM_RANGE"
  | "ERR_ASM_ALIGNMENT"
  | "ERR_ASM_UNDEFINED_SYMBOL"
  | "ERR_ASM_DUPLICATE_SYMBOL"
  | "ERR_ASM_LOCATION"
  | "ERR_ASM_TOO_LARGE"
  | "ERR_ASM_SOURCE";

/** One fault in a source text. */
export interface AssemblerDiagnostic {
  readonly code: AssemblerErrorCode;
  readonly message: string;
  /** Line number from 1; undefined when the statement did not come from a text. */
  readonly line: number | undefined;
}

/** A statement that cannot be assembled; `line` is set when it came from a source text. */
export class AssemblerError extends HostError {
  declare readonly code: AssemblerErrorCode;
  readonly line: number | undefined;

  constructor(code: AssemblerErrorCode, message: string, line?: number) {
    super(code, line === undefined ? message : `line ${line}: ${message}`);
    this.line = line;
  }
}

/** A source text with faults: every one is in `diagnostics`, in line order. The message quotes the first. */
export class AssemblerSourceError extends AssemblerError {
  readonly diagnostics: readonly AssemblerDiagnostic[];

  constructor(diagnostics: readonly AssemblerDiagnostic[]) {
    const [first] = diagnostics;
    const more = diagnostics.length > 1 ? ` (and ${diagnostics.length - 1} more)` : "";
    super("ERR_ASM_SOURCE", `${first?.message ?? "no diagnostics"}${more}`, first?.line);
    this.diagnostics = diagnostics;
  }
}
