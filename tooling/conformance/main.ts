// Runs the conformance suite over every device and every transport of this repository.
//
//   npm run conformance                        reports go to .cache/conformance/report.txt and report.xml (JUnit)
//   npm run conformance -- --output FOLDER     elsewhere
//   npm run conformance -- --target "blk over" those targets whose name contains the text
//   npm run conformance -- --all               prints every result

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type ConformanceReport, renderJUnit, renderText, runConformance } from "../../packages/virtio-conformance/src/index.ts";
import { workspaceRoot } from "../workspace/packages.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: {
    output: { type: "string", default: join(workspaceRoot, ".cache/conformance") },
    target: { type: "string", default: "" },
    all: { type: "boolean", default: false },
  },
});

const reports: ConformanceReport[] = [];
for (const target of targets.filter(({ name }) => name.includes(values.target))) {
  const report = await runConformance(target);
  process.stdout.write(renderText(report, { all: values.all }));
  reports.push(report);
}
if (reports.length === 0)
  throw new Error(`no target has ${values.target} in its name; there are: ${targets.map(({ name }) => name).join(", ")}`);

mkdirSync(values.output, { recursive: true });
writeFileSync(join(values.output, "report.txt"), reports.map((report) => renderText(report, { all: true })).join("\n"));
writeFileSync(join(values.output, "report.xml"), renderJUnit(...reports));
process.stdout.write(`reports: ${values.output}\n`);
process.exitCode = reports.every(({ ok }) => ok) ? 0 : 1;
