import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { readPackages, workspaceRoot } from "../workspace/packages.ts";
import { cycles } from "./graph.ts";
import { importsOf } from "./imports.ts";
import { checkLayers, unusedDependencies } from "./rules.ts";
import { turboBoundaries } from "./turbo.ts";

interface Fixture {
  tags: string[];
  dependencies?: string[];
  devDependencies?: string[];
  files?: Record<string, string>;
}

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** Writes a small workspace that is under this repository's own turbo.json. */
function workspace(packages: Record<string, Fixture>): string {
  const root = mkdtempSync(join(tmpdir(), "layers-"));
  roots.push(root);
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const json = (path: string, content: unknown) => write(path, JSON.stringify(content));
  copyFileSync(join(workspaceRoot, "turbo.json"), join(root, "turbo.json"));
  json("package.json", { name: "fixture", private: true, packageManager: "pnpm@12.21.0" });
  write("pnpm-workspace.yaml", "packages:\n  - packages/*\npmOnFail: ignore\n");
  const ranges = (names: string[] = []) => Object.fromEntries(names.map((name) => [name, "workspace:^"]));
  for (const [folder, { tags, dependencies, devDependencies, files }] of Object.entries(packages)) {
    json(`packages/${folder}/package.json`, {
      name: `@zarch/${folder}`,
      version: "0.0.0",
      type: "module",
      dependencies: ranges(dependencies),
      devDependencies: ranges(devDependencies),
    });
    json(`packages/${folder}/turbo.json`, { extends: ["//"], tags });
    for (const [path, content] of Object.entries({ "src/index.ts": "export {};\n", ...files }))
      write(`packages/${folder}/${path}`, content);
  }
  return root;
}

const rules = (packages: Record<string, Fixture>) =>
  checkLayers(readPackages(workspace(packages))).map(({ rule, where }) => `${rule} ${where}`);

describe("turbo boundaries with the rules of the root turbo.json", () => {
  const tagged = {
    memory: { tags: ["layer-0", "memory"] },
    vring: { tags: ["layer-1", "ring"] },
    virtio: { tags: ["layer-2", "virtio"] },
    cpu: { tags: ["layer-2", "cpu"] },
    bus: { tags: ["layer-2", "bus"] },
    device: { tags: ["layer-3", "device"] },
    transport: { tags: ["layer-3", "transport"] },
    backend: { tags: ["layer-4", "backend"] },
    machine: { tags: ["layer-5", "compose"] },
  } satisfies Record<string, Fixture>;
  const outcome = (from: string, to: string) =>
    turboBoundaries(
      workspace({
        [from]: { ...tagged[from as keyof typeof tagged], dependencies: [`@zarch/${to}`] },
        [to]: tagged[to as keyof typeof tagged],
      }),
    );

  it.each([
    ["vring", "memory"],
    ["virtio", "vring"],
    ["device", "virtio"],
    ["transport", "bus"],
    ["machine", "device"],
    ["machine", "cpu"],
  ])("lets %s use %s", (from, to) => {
    const { ok, output } = outcome(from, to);
    expect(ok, output).toBe(true);
  });

  it.each([
    ["memory", "vring"],
    ["vring", "virtio"],
    ["virtio", "device"],
    ["bus", "virtio"],
    ["bus", "cpu"],
    ["cpu", "bus"],
    ["cpu", "virtio"],
    ["virtio", "bus"],
    ["device", "transport"],
    ["device", "bus"],
    ["transport", "device"],
    ["transport", "cpu"],
    ["transport", "backend"],
    ["backend", "machine"],
  ])("refuses that %s uses %s", (from, to) => {
    const { ok, output } = outcome(from, to);
    expect(ok).toBe(false);
    expect(output).toMatch(/denylist|allowlist/);
  });

  it("refuses an import of a package that is not declared, type-only too", () => {
    const source = 'import type { Ring } from "@zarch/vring";\nexport type Alias = Ring;\n';
    const { ok, output } = turboBoundaries(workspace({ ...tagged, virtio: { ...tagged.virtio, files: { "src/index.ts": source } } }));
    expect(ok).toBe(false);
    expect(output).toContain("@zarch/vring");
  });

  it("refuses a relative import that leaves its package", () => {
    const source = 'export * from "../../vring/src/index.ts";\n';
    const { ok, output } = turboBoundaries(workspace({ ...tagged, virtio: { ...tagged.virtio, files: { "src/index.ts": source } } }));
    expect(ok).toBe(false);
    expect(output).toContain("leaves the package");
  });
});

describe("the rules beside turbo", () => {
  it("finds nothing in a clean package", () => {
    expect(rules({ vring: { tags: ["layer-1", "ring"], files: { "src/a.test.ts": 'import "node:fs";\nimport "vitest";\n' } } })).toEqual(
      [],
    );
  });

  it("wants exactly one layer tag and a role", () => {
    expect(rules({ a: { tags: [] }, b: { tags: ["layer-1", "layer-2", "ring"] }, c: { tags: ["layer-1"] } })).toEqual([
      "tags packages/a/turbo.json",
      "tags packages/b/turbo.json",
      "tags packages/c/turbo.json",
    ]);
  });

  it("refuses packages called utils, common, shared or helpers", () => {
    expect(rules({ "ring-utils": { tags: ["layer-1", "ring"] } })).toEqual(["name packages/ring-utils"]);
  });

  it.each([
    "import { readFileSync } from 'node:fs';",
    "import 'fs';",
    "await import('node:fs');",
    "export type X = import('node:fs').Stats;",
  ])("refuses Node builtins below the backends: %s", (source) => {
    expect(rules({ vring: { tags: ["layer-1", "ring"], files: { "src/file.ts": source } } })).toEqual([
      "node-builtin packages/vring/src/file.ts:1",
    ]);
  });

  it("lets backends use Node builtins behind a subpath export only", () => {
    const files = { "src/node.ts": 'import "node:fs";\n', "src/memory.ts": "export {};\n" };
    const backend = (index: string) => ({ backend: { tags: ["layer-4", "backend"], files: { ...files, "src/index.ts": index } } });
    expect(rules(backend('export * from "./memory.ts";\n'))).toEqual([]);
    expect(rules(backend('export * from "./memory.ts";\nexport * from "./node.ts";\n'))).toEqual([
      "node-builtin packages/backend/src/node.ts:1",
    ]);
  });

  it("wants what is published to rest on dependencies, not devDependencies", () => {
    const files = { "src/index.ts": 'export * from "@zarch/memory";\n', "src/index.test.ts": 'import "@zarch/memory";\n' };
    expect(rules({ vring: { tags: ["layer-1", "ring"], devDependencies: ["@zarch/memory"], files } })).toEqual([
      "undeclared packages/vring/src/index.ts:1",
    ]);
  });

  it("keeps test-only packages out of dependencies", () => {
    const driver = { tags: ["test-only"] };
    expect(rules({ driver, virtio: { tags: ["layer-2", "virtio"], devDependencies: ["@zarch/driver"] } })).toEqual([]);
    expect(rules({ driver, virtio: { tags: ["layer-2", "virtio"], dependencies: ["@zarch/driver"] } })).toEqual([
      "test-only packages/virtio/package.json",
    ]);
  });

  it("finds dependencies that nothing imports", () => {
    const files = { "src/index.ts": 'export * from "@zarch/memory";\n', "src/a.test.ts": 'import "@zarch/driver";\n' };
    const vring = { tags: ["layer-1", "ring"], dependencies: ["@zarch/memory", "@zarch/isa"], devDependencies: ["@zarch/driver"], files };
    expect(unusedDependencies(readPackages(workspace({ vring })))).toEqual([{ path: "packages/vring", name: "@zarch/isa" }]);
  });

  it("refuses published files that import tests", () => {
    const files = { "src/index.ts": 'export * from "./a.test.ts";\n', "src/a.test.ts": "export {};\n" };
    expect(rules({ vring: { tags: ["layer-1", "ring"], files } })).toEqual(["imports-test packages/vring/src/index.ts:1"]);
  });

  it("refuses import cycles between files, type-only ones too", () => {
    const files = {
      "src/a.ts": 'import type { B } from "./b.ts";\nexport type A = B;\n',
      "src/b.ts": 'export type { A as B } from "./a.ts";\n',
    };
    expect(rules({ vring: { tags: ["layer-1", "ring"], files } })).toEqual(["file-cycle packages/vring"]);
  });

  it("refuses dependency cycles between packages", () => {
    expect(
      rules({
        pci: { tags: ["layer-2", "bus"], dependencies: ["@zarch/zpci"] },
        zpci: { tags: ["layer-2", "bus"], dependencies: ["@zarch/pci"] },
      }),
    ).toEqual(["package-cycle @zarch/pci"]);
  });
});

describe("importsOf", () => {
  it("sees every form of import and no text in comments or strings", () => {
    const source = [
      'import a from "./a.ts";',
      'import type { B } from "./b.ts";',
      'export * from "./c.ts";',
      'export type { D } from "./d.ts";',
      'import "./e.ts";',
      'const f = await import("./f.ts");',
      'let g: import("./g.ts").G;',
      '// import x from "./comment.ts"',
      'const text = `import y from "./string.ts"`;',
    ].join("\n");
    const found = importsOf("x.ts", source).map(({ specifier, line }) => `${specifier}:${line}`);
    expect(found.sort()).toEqual(["./a.ts:1", "./b.ts:2", "./c.ts:3", "./d.ts:4", "./e.ts:5", "./f.ts:6", "./g.ts:7"]);
  });

  it("reports a file that does not parse", () => {
    expect(() => importsOf("x.ts", "import {")).toThrow(SyntaxError);
  });
});

describe("cycles", () => {
  it("finds each strongly connected component once, and self-loops", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["a", "d"]],
      ["d", ["d"]],
      ["e", ["a"]],
    ]);
    expect(cycles(graph).sort()).toEqual([["a", "b", "c"], ["d"]]);
  });
});
