import { opcodeLedger } from "./opcodes.ts";
import { readReasons, readRequired, readRequirements, requirementLedger, uncovered } from "./requirements.ts";
import { readSeedItems, readSeedRows, seedLedger } from "./seeds.ts";
import { readPassedTests } from "./tests.ts";

/** What is wrong with the ledger of a test run: titles that name nothing, outdated reasons and rows, and gaps in the lists that must be complete. */
export function checkCoverage(reportFile: string, required = readRequired()): string[] {
  const { tests } = readPassedTests(reportFile);
  const ledger = requirementLedger(readRequirements(), tests, readReasons());
  return [
    ...ledger.problems,
    ...opcodeLedger(tests).problems,
    ...seedLedger(readSeedItems(), readSeedRows(), tests, ledger.tests).problems,
    ...required.flatMap((selector) => uncovered(ledger, selector).map(({ id, text }) => `${id} has neither a test nor a reason: ${text}`)),
  ];
}
