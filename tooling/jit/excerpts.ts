const block = /(<!-- golden ([\w-]+): (.+?) -->\n```wat\n)(?:.*\n)*?(```\n)/g;

/**
 * A page of documentation with its excerpts from golden files renewed. An excerpt is a `wat` block behind a comment
 * `<!-- golden NAME: PLACE -->`, where PLACE is what the comment before that piece of code begins with.
 *
 * @param listingOf the listing of a golden program
 */
export function renewExcerpts(page: string, listingOf: (name: string) => string): string {
  return page.replaceAll(block, (_, head: string, name: string, place: string, end: string) => {
    return `${head}${excerpt(listingOf(name), place)}${end}`;
  });
}

/** What stands behind one comment and before the next, without the brackets that close what was opened before. */
function excerpt(listing: string, place: string): string {
  const lines = listing.split("\n");
  const start = lines.findIndex((line) => line.trimStart().startsWith(`;; ${place}:`));
  if (start < 0) throw new Error(`there is no comment ";; ${place}:"`);
  const indentation = lines[start]!.search(/\S/);
  const isOver = (line: string): boolean => /^\s*;; /.test(line) || (line !== "" && line.search(/\S/) < indentation);
  const length = lines.slice(start + 1).findIndex(isOver);
  const piece = lines.slice(start, start + 1 + length).map((line) => line.slice(indentation));
  return `${piece.join("\n").trimEnd()}\n`;
}
