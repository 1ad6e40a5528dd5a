import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { workspaceRoot } from "../workspace/packages.ts";
import { parseCsv } from "./csv.ts";
import type { PassedTest } from "./tests.ts";

export interface Opcode {
  /** Upper case, e.g. `AGR`. */
  mnemonic: string;
  facility: string;
  level: string;
}

export interface OpcodeLedger {
  opcodes: Opcode[];
  /** Mnemonics whose execution is tested: named by a passed test outside of s390x-isa, or by a corpus that such a test runs. */
  executed: Set<string>;
  /** Mnemonics named by a passed test of s390x-isa: encoding, decoding, disassembly. */
  encoded: Set<string>;
  problems: string[];
}

/** A file `opcodes-tested.json` beside a corpus: what the corpus exercises, and the title of the test that runs it. */
interface CorpusDeclaration {
  test: string;
  mnemonics: string[];
}

const ENCODING_OWNER = "s390x-isa";

/** The distinct opcodes of `requirements/isa/instructions.csv`, and the mnemonic that each alias stands for. */
export function readOpcodes(file = join(workspaceRoot, "requirements/isa/instructions.csv")) {
  const rows = parseCsv(readFileSync(file, "utf8"));
  const opcodes = rows
    .filter((row) => row.alias === "")
    .map((row): Opcode => ({ mnemonic: row.mnemonic!.toUpperCase(), facility: row.facility!, level: row.cpu_level! }));
  const aliases = new Map(rows.filter((row) => row.alias !== "").map((row) => [row.mnemonic!.toUpperCase(), row.alias_of!.toUpperCase()]));
  return { opcodes, aliases };
}

/** The mnemonics after `insn:` in a title, e.g. `insn: AGR, AGFR: sets the condition code`. */
export function mnemonicsInTitle(title: string): string[] {
  return [...title.matchAll(/\binsn: *([A-Za-z][A-Za-z0-9]*(?:, *[A-Z][A-Z0-9]*\b)*)/g)].flatMap(([, list]) =>
    list!.toUpperCase().split(/, */),
  );
}

export function opcodeLedger(passed: readonly PassedTest[], corpora = readCorpora()): OpcodeLedger {
  const { opcodes, aliases } = readOpcodes();
  const known = new Set(opcodes.map(({ mnemonic }) => mnemonic));
  const ledger: OpcodeLedger = { opcodes, executed: new Set(), encoded: new Set(), problems: [] };
  const add = (mnemonic: string, into: Set<string>, where: string) => {
    const canonical = known.has(mnemonic) ? mnemonic : aliases.get(mnemonic);
    if (canonical !== undefined && known.has(canonical)) into.add(canonical);
    else ledger.problems.push(`${where}: there is no instruction ${mnemonic}`);
  };
  for (const { title, owner, file } of passed) {
    for (const mnemonic of mnemonicsInTitle(title)) add(mnemonic, owner === ENCODING_OWNER ? ledger.encoded : ledger.executed, file);
  }
  for (const { file, test, mnemonics } of corpora) {
    const runner = passed.find(({ title }) => title.includes(test));
    if (!runner) ledger.problems.push(`${file}: no passed test has the title "${test}"`);
    else for (const name of mnemonics) add(name.toUpperCase(), runner.owner === ENCODING_OWNER ? ledger.encoded : ledger.executed, file);
  }
  ledger.problems = [...new Set(ledger.problems)];
  return ledger;
}

function readCorpora(): (CorpusDeclaration & { file: string })[] {
  return ["packages", "apps", "tooling"]
    .flatMap((group) => readdirSync(join(workspaceRoot, group)).map((folder) => join(workspaceRoot, group, folder)))
    .flatMap((folder) => findDeclarations(folder))
    .map((path) => ({ ...(JSON.parse(readFileSync(path, "utf8")) as CorpusDeclaration), file: relative(workspaceRoot, path) }));
}

function findDeclarations(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules" || entry.name === "dist") return [];
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return findDeclarations(path);
    return entry.name === "opcodes-tested.json" ? [path] : [];
  });
}
