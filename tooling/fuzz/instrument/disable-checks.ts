import { parseSync, Visitor } from "oxc-parser";

export interface Disabled {
  readonly source: string;
  /** The code of each check that was taken out, once per place. */
  readonly removed: readonly string[];
}

/**
 * Takes checks out of a source: every statement whose only purpose is to fail with one of the error codes, or words of a message, becomes
 * empty. For tests of the fuzzer, which has to find that a check is missing.
 */
export function disableChecks(path: string, source: string, codes: readonly string[]): Disabled {
  if (!codes.some((code) => source.includes(code))) return { source, removed: [] };
  const literals: { readonly at: number; readonly code: string }[] = [];
  const statements: { readonly start: number; readonly end: number }[] = [];
  const statement = (node: { start: number; end: number }): void => void statements.push({ start: node.start, end: node.end });
  new Visitor({
    TemplateElement: (node) => {
      const code = codes.find((words) => node.value.raw.trim() === words);
      if (code !== undefined) literals.push({ at: node.start, code });
    },
    Literal: (node) => {
      if (typeof node.value === "string" && codes.includes(node.value)) literals.push({ at: node.start, code: node.value });
    },
    ThrowStatement: statement,
    ExpressionStatement: statement,
    ReturnStatement: statement,
  }).visit(parseSync(path, source).program);
  let text = source;
  const removed: string[] = [];
  for (const { at, code } of literals) {
    const innermost = statements.filter(({ start, end }) => start <= at && at < end).sort((a, b) => b.start - a.start)[0];
    if (!innermost) continue;
    // Of the same length, so that the other positions stay what they are.
    const { start, end } = innermost;
    text = `${text.slice(0, start)};${text.slice(start + 1, end).replace(/[^\n]/g, " ")}${text.slice(end)}`;
    removed.push(code);
  }
  return { source: text, removed };
}
