const REQUIREMENT = /\b((?:[A-Z][A-Z0-9]*-)+(?:DEV|DRV)-)(\d{3})((?:(?:\.\.|\/)\d{3})*)/g;

/** Items of the founding documents, `S003-017`, and disagreements between them and the specification, `D-004`. */
const SEED = /(?<![\w-])((?:S00\d|D)-)(\d{3})((?:(?:\.\.|\/)\d{3})*)/g;

/** The requirement ids in a title. `X-DEV-003..005` means 003, 004 and 005; `X-DEV-003/007` means 003 and 007. */
export function idsInTitle(title: string): string[] {
  return find(title, REQUIREMENT);
}

/** The ids of the founding documents' items in a title, with the same abbreviations. */
export function seedIdsInTitle(title: string): string[] {
  return find(title, SEED);
}

function find(title: string, pattern: RegExp): string[] {
  const ids: string[] = [];
  for (const [, prefix, first, rest] of title.matchAll(pattern)) {
    let last = Number(first);
    ids.push(`${prefix}${first}`);
    for (const [, operator, digits] of rest!.matchAll(/(\.\.|\/)(\d{3})/g)) {
      const next = Number(digits);
      for (let number = operator === ".." ? last + 1 : next; number <= next; number++) {
        ids.push(`${prefix}${String(number).padStart(3, "0")}`);
      }
      last = next;
    }
  }
  return ids;
}
