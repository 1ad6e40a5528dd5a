// Draws the diagrams of the README again: node --conditions=@zarch/source packages/vring/scripts/draw-readme.ts

import { readFileSync, writeFileSync } from "node:fs";
import { readmeDiagrams, withDiagrams } from "../test/readme-diagrams.ts";

const readme = new URL("../README.md", import.meta.url);
writeFileSync(readme, withDiagrams(readFileSync(readme, "utf8"), readmeDiagrams()));
