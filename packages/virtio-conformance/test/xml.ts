/** A strict look at XML without namespaces, comments, DTDs or CDATA: throws for what is not well-formed, counts the elements. */
export function countElements(xml: string): Map<string, number> {
  const counts = new Map<string, number>();
  const open: string[] = [];
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!xml.startsWith(declaration)) throw new Error("no XML declaration");
  const token =
    /<(\/?)([a-z][a-z-]*)((?: [a-z]+="(?:[^<&"]|&(?:lt|gt|amp|quot|apos|#\d+);)*")*)(\/?)>|((?:[^<&]|&(?:lt|gt|amp|quot|apos|#\d+);)+)/y;
  let at = declaration.length;
  while (at < xml.length) {
    token.lastIndex = at;
    const match = token.exec(xml);
    if (!match) throw new Error(`not well-formed at ${at}: ${xml.slice(at, at + 60)}`);
    at = token.lastIndex;
    const [, slash, name, attributes = "", empty, text] = match;
    if (text !== undefined) {
      if (open.length === 0 && text.trim() !== "") throw new Error(`text outside of the root: ${text}`);
    } else if (slash) {
      if (open.pop() !== name || attributes !== "") throw new Error(`</${name}> closes something else`);
    } else {
      if (open.length === 0 && counts.size > 0) throw new Error("a second root");
      const names = [...attributes.matchAll(/ ([a-z]+)=/g)].map(([, attribute]) => attribute);
      if (new Set(names).size !== names.length) throw new Error(`an attribute twice in <${name}>`);
      counts.set(name as string, (counts.get(name as string) ?? 0) + 1);
      if (!empty) open.push(name as string);
    }
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what XML does not know.
  if (open.length > 0 || /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(xml))
    throw new Error(`not closed, or no XML: ${open.join()}`);
  return counts;
}
