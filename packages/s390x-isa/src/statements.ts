/** One statement of a source text, without comments. */
export interface Statement {
  readonly text: string;
  /** Line number from 1. */
  readonly line: number;
}

/**
 * Split a text into statements: at line ends and semicolons, except within strings. `#` begins a comment to the end of the
 * line; slash-star comments may span lines.
 */
export function* statements(source: string): Generator<Statement> {
  const token = /"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^\\\n])'?|\/\*[\s\S]*?(?:\*\/|$)|#[^\n]*|[;\n]|[^"'/#;\n]+|./gy;
  let line = 1;
  let start = 1;
  let text = "";
  for (const [part] of source.matchAll(token)) {
    if (part === ";" || part === "\n") {
      if (text.trim() !== "") yield { text: text.trim(), line: start };
      text = "";
    } else if (part.startsWith("/*")) text += " ";
    else if (!part.startsWith("#")) {
      if (text.trim() === "") start = line;
      text += part;
    }
    for (const character of part) if (character === "\n") line++;
  }
  if (text.trim() !== "") yield { text: text.trim(), line: start };
}
