import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diagramNames, readmeDiagrams, withDiagrams } from "../test/readme-diagrams.ts";

describe("the README", () => {
  it("shows every diagram as the renderer draws it now (scripts/draw-readme.ts)", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const diagrams = readmeDiagrams();
    expect(diagramNames(readme).toSorted()).toEqual([...diagrams.keys()].toSorted());
    expect(readme).toBe(withDiagrams(readme, diagrams));
  });
});
