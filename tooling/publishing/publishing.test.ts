import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest, WorkspacePackage } from "../workspace/packages.ts";
import { documentationPages, firstExample, runExamples } from "./examples.ts";
import { checkContents, checkPublint, checkTypesResolve } from "./verify.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "publishing-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const README = '# good\n\n```ts\nimport { one } from "@zarch/good";\nif (one() !== 1) throw new Error("not one");\n```\n';
const MANIFEST = {
  name: "@zarch/good",
  version: "1.0.0",
  description: "A package that is right",
  license: "Apache-2.0",
  type: "module",
  sideEffects: false,
  exports: {
    ".": { "@zarch/source": "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" },
    "./package.json": "./package.json",
  },
  files: ["dist", "src"],
};
const FILES: Record<string, string> = {
  LICENSE: "Apache-2.0",
  "README.md": README,
  "dist/index.js": "export const one = () => 1;\n",
  "dist/index.d.ts": "export declare const one: () => number;\n",
  "src/index.ts": "export const one = (): number => 1;\n",
};

/** Makes a tarball like pnpm's, of a package that is right but for the changes. A file set to `undefined` is left out. */
function pack(changes: { manifest?: object; files?: Record<string, string | undefined> } = {}) {
  const directory = mkdtempSync(join(root, "p-"));
  const manifest = { ...MANIFEST, ...changes.manifest } as unknown as Manifest;
  const files = { ...FILES, "package.json": JSON.stringify(manifest), ...changes.files };
  for (const [path, content] of Object.entries(files)) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(directory, "package", path)), { recursive: true });
    writeFileSync(join(directory, "package", path), content);
  }
  const tarball = join(directory, "package.tgz");
  const { status } = spawnSync("tar", ["-czf", tarball, "package"], { cwd: directory });
  expect(status).toBe(0);
  const folder = manifest.name.replace("@zarch/", "");
  const owner: WorkspacePackage = {
    folder,
    path: `packages/${folder}`,
    directory: join(directory, "package"),
    manifest,
    tags: ["layer-1", "ring"],
  };
  return { owner, tarball };
}

const contents = (changes?: Parameters<typeof pack>[0]) => {
  const { owner, tarball } = pack(changes);
  return checkContents(owner, tarball);
};

describe("a package that is right", () => {
  it("passes every check", async () => {
    const { owner, tarball } = pack();
    expect(checkContents(owner, tarball)).toEqual([]);
    expect(await checkPublint(tarball)).toEqual([]);
    expect(await checkTypesResolve(tarball)).toEqual([]);
  });
});

describe("contents", () => {
  it.each([
    ["no README", { files: { "README.md": undefined } }, "README.md is missing"],
    ["no licence", { files: { LICENSE: undefined } }, "LICENSE is missing"],
    ["a test", { files: { "src/a.test.ts": "" } }, "src/a.test.ts does not belong into the package"],
    ["compiler state", { files: { "dist/tsconfig.tsbuildinfo": "" } }, "dist/tsconfig.tsbuildinfo does not belong into the package"],
    [
      "a leftover of a removed source",
      { files: { "dist/old.js": "" } },
      "dist/old.js has no source: a leftover, delete dist and build again",
    ],
    [
      "a workspace range",
      { manifest: { dependencies: { "@zarch/a": "workspace:^" } } },
      "package.json: a workspace: range was not replaced",
    ],
    ["a foreign run-time dependency", { manifest: { dependencies: { lodash: "1" } } }, "package.json: run-time dependency lodash"],
    ["side effects", { manifest: { sideEffects: true } }, "package.json: sideEffects must be false"],
    ["another licence", { manifest: { license: "MIT" } }, 'package.json: license must be "Apache-2.0"'],
  ])("refuses %s", (_, changes, problem) => {
    expect(contents(changes)).toEqual([problem]);
  });
});

describe("publint and attw", () => {
  it("refuse an export without its file", async () => {
    const { tarball } = pack({ files: { "dist/index.js": undefined } });
    expect(await checkPublint(tarball)).toEqual([expect.stringContaining("./dist/index.js")]);
  });

  it("refuse an export without types", async () => {
    const { tarball } = pack({ files: { "dist/index.d.ts": undefined } });
    expect((await checkTypesResolve(tarball)).length).toBeGreaterThan(0);
  });

  it("refuse declarations that import what does not resolve", async () => {
    const { tarball } = pack({ files: { "dist/index.d.ts": 'export { one } from "./missing.js";\n' } });
    expect(await checkTypesResolve(tarball)).toContainEqual(expect.stringContaining("Internal resolution error"));
  });
});

describe("firstExample", () => {
  it("takes the first ts block, or for commands the first block that is ts or sh", () => {
    const readme = "text\n\n```sh\nzarch\n```\n\n```ts title\nlet a = 1;\n```\n\n```ts\nlet b = 2;\n```\n";
    expect(firstExample(readme, false)).toEqual({ language: "ts", code: "let a = 1;\n" });
    expect(firstExample(readme, true)).toEqual({ language: "sh", code: "zarch\n" });
    expect(firstExample("```js\n1\n```\n", true)).toBeUndefined();
  });
});

describe("pages of documentation", () => {
  it("have one program each, of all ts blocks in their order", () => {
    const directory = mkdtempSync(join(root, "docs-"));
    writeFileSync(join(directory, "none.md"), "```sh\nls\n```\n");
    writeFileSync(join(directory, "two.md"), "# Two\n\n```ts\nconst a = 1;\n```\n\n```tsx\nno\n```\n\n```ts\nif (a !== 1) throw 1;\n```\n");
    expect(documentationPages(directory)).toEqual([{ name: "docs-two", code: "const a = 1;\n\nif (a !== 1) throw 1;\n" }]);
  });

  it("are checked and run with the packages", () => {
    const { owner, tarball } = pack();
    const pages = [
      { name: "right", code: 'import { one } from "@zarch/good";\nconsole.log(one());\n' },
      { name: "mistyped-page", code: 'import { two } from "@zarch/good";\nconsole.log(two);\n' },
      { name: "throwing-page", code: 'throw new Error("no");\n' },
    ];
    expect(runExamples([owner], new Map([[owner.manifest.name, tarball]]), pages)).toEqual([
      { name: "good", problems: [] },
      { name: "right", problems: [] },
      { name: "mistyped-page", problems: [expect.stringContaining("TS2305")] },
      { name: "throwing-page", problems: [expect.stringContaining("the example ended with status 1")] },
    ]);
  });
});

describe("runExamples", () => {
  it("passes what works, and tells type errors, failures at run time and missing examples apart", () => {
    const example = (name: string, code: string) =>
      pack({ manifest: { name: `@zarch/${name}` }, files: { "README.md": `\`\`\`ts\n${code}\n\`\`\`\n` } });
    const packages = [
      pack(),
      example("mistyped", 'import { one } from "@zarch/mistyped";\nconst text: string = one();\nconsole.log(text);'),
      example("throwing", 'import { one } from "@zarch/throwing";\nif (one() === 1) throw new Error("no");'),
      example("unresolved", 'import "@zarch/not-there";'),
      pack({ manifest: { name: "@zarch/silent" }, files: { "README.md": "# silent\n" } }),
      pack({
        manifest: { name: "@zarch/command", bin: { hello: "dist/index.js" } },
        files: { "README.md": "```sh\nhello || exit 3\n```\n", "dist/index.js": "#!/usr/bin/env node\nprocess.exit(1);\n" },
      }),
    ];
    const results = runExamples(
      packages.map(({ owner }) => owner),
      new Map(packages.map(({ owner, tarball }) => [owner.manifest.name, tarball])),
    );
    expect(results).toEqual([
      { name: "good", problems: [] },
      { name: "mistyped", problems: [expect.stringContaining("TS2322")] },
      { name: "throwing", problems: [expect.stringContaining("the example ended with status 1")] },
      { name: "unresolved", problems: [expect.stringContaining("TS2882")] },
      { name: "silent", problems: ["README.md has no ts example"] },
      { name: "command", problems: [expect.stringContaining("the example ended with status 3")] },
    ]);
  });
});
