import { describe, expect, it } from "vitest";
import { checkChangeset } from "./changesets.ts";
import { checkLockfile } from "./lockfile.ts";
import { outcome } from "./outcome.ts";
import { countReport } from "./vitest.ts";

describe("checkChangeset", () => {
  const names = new Set(["@zarch/vring", "@zarch/virtio"]);

  it("accepts packages that exist, a bump each, and a reason", () => {
    expect(checkChangeset('---\n"@zarch/vring": minor\n"@zarch/virtio": patch\n---\n\nRings are checked once.\n', names)).toEqual([]);
  });

  it.each([
    ["no front matter", '## "@zarch/vring": minor\n\nwhy\n', "no front matter"],
    ["a package that does not exist", '---\n"@zarch/wring": minor\n---\n\nwhy\n', "no public package @zarch/wring"],
    ["a bump that does not exist", '---\n"@zarch/vring": mini\n---\n\nwhy\n', 'not a release: "@zarch/vring": mini'],
    ["no reason", '---\n"@zarch/vring": minor\n---\n\n', "no word on why"],
  ])("refuses %s", (_, content, problem) => {
    expect(checkChangeset(content, names)).toEqual([problem]);
  });
});

describe("checkLockfile", () => {
  it("refuses addresses", () => {
    expect(checkLockfile("packages:\n  a@1:\n    resolution: {integrity: sha512-x}\n")).toEqual([]);
    expect(checkLockfile("packages:\n  a@1:\n    resolution: {integrity: sha512-x, tarball: a.tgz}\n")).toHaveLength(1);
    expect(checkLockfile("packages:\n  a@http://host/a.tgz:\n")).toHaveLength(1);
  });
});

describe("outcome", () => {
  it("counts a check once, whatever the number of its problems", () => {
    expect(outcome("a", [])).toMatchObject({ passed: 1, failed: 0 });
    expect(outcome("a", ["x", "y"])).toMatchObject({ passed: 0, failed: 1 });
  });
});

describe("countReport", () => {
  const file = (status: string, ...tests: string[]) => ({
    name: "/a.test.ts",
    status,
    message: "cannot be loaded",
    assertionResults: tests.map((test) => ({ status: test })),
  });

  it("counts tests", () => {
    const report = { numPassedTests: 2, numFailedTests: 1, testResults: [file("failed", "passed", "passed", "failed")] };
    expect(countReport(report, 1)).toMatchObject({ passed: 2, failed: 1, skipped: [], problems: [] });
  });

  it("counts a file that cannot be loaded as a failure", () => {
    const report = { numPassedTests: 2, numFailedTests: 0, testResults: [file("passed", "passed", "passed"), file("failed")] };
    expect(countReport(report, 1)).toMatchObject({ passed: 2, failed: 1, problems: ["/a.test.ts: cannot be loaded"] });
  });

  it("counts an error outside of all tests as a failure", () => {
    const report = { numPassedTests: 1, numFailedTests: 0, testResults: [file("passed", "passed")] };
    expect(countReport(report, 1)).toMatchObject({ passed: 1, failed: 1 });
    expect(countReport(report, 0)).toMatchObject({ passed: 1, failed: 0 });
  });

  it("says where tests did not run", () => {
    const report = { numPassedTests: 1, numFailedTests: 0, testResults: [file("passed", "passed", "skipped", "todo")] };
    expect(countReport(report, 0).skipped).toEqual([expect.stringMatching(/^2 in .*a\.test\.ts$/)]);
  });
});
