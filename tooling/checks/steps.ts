import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { checkCoverage } from "../coverage/check.ts";
import { fuzzTargets } from "../fuzz/check.ts";
import { checkLayers, unusedDependencies } from "../layers/rules.ts";
import { turboBoundaries } from "../layers/turbo.ts";
import { documentationPages, runExamples } from "../publishing/examples.ts";
import { packAll } from "../publishing/tarballs.ts";
import { checkContents, checkPublint, checkTypesResolve } from "../publishing/verify.ts";
import { publicPackages, readPackages, workspaceRoot } from "../workspace/packages.ts";
import { checkChangesets } from "./changesets.ts";
import { checkLockfile } from "./lockfile.ts";
import { type Outcome, outcome, type Selection, type Step } from "./outcome.ts";
import { runVitest } from "./vitest.ts";

const outputDirectory = join(workspaceRoot, ".cache/checks");
const fullReport = join(outputDirectory, "vitest.json");
const partialReport = join(outputDirectory, "vitest-partial.json");

/** All steps in the order in which they run: what is quick and explains later failures comes first. */
export const steps: Record<string, Step> = {
  build: { title: "compile all packages (tsc -b)", run: () => [tool("tsc -b", "node", prepare("build"))] },
  types: { title: "types of tests and tooling", run: () => [tool("types of tests", "tsc", ["-p", "tsconfig.tests.json"])] },
  lint: {
    title: "lint and format (biome)",
    run: () => [tool("biome", "biome", ["ci", "--colors=off", "--diagnostic-level=warn", "--error-on-warnings", "."])],
  },
  layers: { title: "layers and dependencies", run: layers },
  changesets: { title: "changesets", run: () => [outcome("changesets", checkChangesets(readPackages()))] },
  unit: {
    title: "tests (vitest)",
    run: ({ packages, everything }) =>
      runVitest(everything ? [] : packages.map(({ path }) => path), everything ? fullReport : partialReport),
  },
  fuzz: { title: "fuzzing: the corpus, then each target for some seconds", run: fuzz },
  coverage: {
    title: "requirement ids and instructions in test titles",
    run: () => [outcome("coverage ledger", checkCoverage(fullReport))],
  },
  publish: { title: "what would be published (publint, attw, contents)", run: publish },
  examples: { title: "first example of each README and all on pages of docs, from packed tarballs", run: examples },
};

function prepare(task: string): string[] {
  return [join(workspaceRoot, "tooling/bootstrap/prepare.js"), task];
}

/** Runs a command of the workspace; its output is shown when it fails. */
function tool(name: string, command: string, arguments_: string[]): Outcome {
  const { status, stdout, stderr, error } = spawnSync(join(workspaceRoot, "node_modules/.bin", command), arguments_, {
    cwd: workspaceRoot,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (error) return outcome(name, [error.message]);
  return outcome(name, status === 0 ? [] : [`${stdout}${stderr}`]);
}

function layers(): Outcome[] {
  const turbo = turboBoundaries();
  const packages = readPackages();
  const violations = checkLayers(packages);
  return [
    outcome("turbo boundaries", turbo.ok ? [] : [turbo.output]),
    outcome(
      "layer rules",
      violations.map(({ rule, where, message }) => `${where}: ${message} [${rule}]`),
    ),
    outcome("lockfile", checkLockfile()),
    outcome(
      "unused dependencies",
      unusedDependencies(packages).map(({ path, name }) => `${path}/package.json: nothing imports ${name}`),
    ),
  ];
}

async function fuzz({ everything }: Selection): Promise<Outcome[]> {
  if (!everything) return [];
  return (await fuzzTargets()).map(({ target, replayed, executions, problems }) => {
    process.stdout.write(`   ${target}: ${replayed} inputs of the corpus, ${executions} executions\n`);
    return outcome(`fuzzing ${target}`, problems);
  });
}

async function publish({ packages }: Selection): Promise<Outcome[]> {
  const selected = publicPackages([...packages]);
  const tarballs = packAll(selected, join(outputDirectory, "publish"));
  const results: Outcome[] = [];
  for (const owner of selected) {
    const tarball = tarballs.get(owner.manifest.name)!;
    results.push(outcome(`contents of ${owner.path}`, checkContents(owner, tarball)));
    results.push(outcome(`publint ${owner.path}`, await checkPublint(tarball)));
    results.push(outcome(`attw ${owner.path}`, await checkTypesResolve(tarball)));
  }
  return results;
}

function examples({ packages, everything }: Selection): Outcome[] {
  // Every tarball is installed even if one package is checked: its dependencies must come from somewhere.
  const tarballs = packAll(publicPackages(), join(outputDirectory, "examples"));
  const pages = everything ? documentationPages() : [];
  return runExamples(publicPackages([...packages]), tarballs, pages).map(({ name, problems }) => outcome(`example of ${name}`, problems));
}
