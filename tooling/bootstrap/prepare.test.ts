import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { workspaceRoot } from "../workspace/packages.ts";

const PREPARATION_FAILED = 125;
const SCRIPT = "tooling/bootstrap/prepare.js";

let root: string;

function write(path: string, content: string, executable = false): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
  if (executable) chmodSync(join(root, path), 0o755);
}

const log = () => (existsSync(join(root, "log")) ? readFileSync(join(root, "log"), "utf8").trim().split("\n") : []);
const manifest = (extra: object = {}) =>
  JSON.stringify({ name: "w", type: "module", packageManager: "pnpm@1.2.3", dependencies: { a: "1" }, ...extra });
const environment = () => ({ ...process.env, PATH: `${join(root, "fake-bin")}:${process.env.PATH}` });

/** Runs the script in the checkout. Returns its status, output, and what it called since the last run. */
function prepare(...arguments_: string[]) {
  const before = log().length;
  const options = { cwd: root, encoding: "utf8", env: environment() } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...arguments_], options);
  return { status, stdout, stderr, calls: log().slice(before) };
}

beforeEach(() => {
  // A checkout whose npx and compiler only write down how they were called; "installing" creates the workspace's Node.
  root = mkdtempSync(join(tmpdir(), "bootstrap-"));
  cpSync(join(workspaceRoot, SCRIPT), join(root, SCRIPT), { recursive: true });
  write("package.json", manifest());
  write("packages/a/package.json", JSON.stringify({ name: "a" }));
  write("pnpm-lock.yaml", "lock 1");
  write("pnpm-workspace.yaml", "packages: [packages/*]");
  write(
    "fake-bin/npx",
    `#!/bin/sh\necho npx "$@" >> "${root}/log"\necho chatter\ncat\n[ -e "${root}/no-network" ] && exit 3\nmkdir -p "${root}/node_modules/node/bin" "${root}/node_modules/typescript/lib"\nln -sf "${process.execPath}" "${root}/node_modules/node/bin/node"\necho 'export default () => "${root}/fake-bin/tsc"' > "${root}/node_modules/typescript/lib/getExePath.js"\n`,
    true,
  );
  write(
    "fake-bin/tsc",
    `#!/bin/sh\necho tsc "$@" >> "${root}/log"\n[ -e "${root}/broken" ] && { echo "a.ts: error"; exit 2; }\nexit 0\n`,
    true,
  );
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("installing", () => {
  it("happens once, with the pnpm that package.json names, and keeps standard output clean", () => {
    expect(prepare("install")).toMatchObject({
      status: 0,
      stdout: "",
      calls: ["npx --yes pnpm@1.2.3 install --frozen-lockfile --reporter=append-only"],
    });
    expect(prepare("install")).toEqual({ status: 0, stdout: "", stderr: "", calls: [] });
  });

  it("happens again when the lockfile, a dependency, or the installed Node is not as it was", () => {
    prepare("install");
    write("pnpm-lock.yaml", "lock 2");
    expect(prepare("install").calls).toHaveLength(1);
    write("packages/a/package.json", JSON.stringify({ name: "a", dependencies: { b: "1" } }));
    expect(prepare("install").calls).toHaveLength(1);
    rmSync(join(root, "node_modules"), { recursive: true });
    expect(prepare("install").calls).toHaveLength(1);
    write("package.json", manifest({ description: "an edit that has nothing to do with dependencies" }));
    expect(prepare("install").calls).toEqual([]);
  });

  it("that fails is tried again next time, and says how", () => {
    write("no-network", "");
    const failed = prepare("install");
    expect(failed).toMatchObject({ status: PREPARATION_FAILED, stdout: "" });
    expect(failed.stderr).toContain("status 3");
    expect(failed.stderr).toContain("npx pnpm@1.2.3 install");
    rmSync(join(root, "no-network"));
    expect(prepare("install")).toMatchObject({ status: 0, calls: [expect.stringMatching(/^npx/)] });
  });
});

describe("building", () => {
  it("asks the compiler for one project or for all", () => {
    prepare("install");
    expect(prepare("build", "apps/vmm").calls).toEqual(["tsc -b apps/vmm"]);
    expect(prepare("build")).toEqual({ status: 0, stdout: "", stderr: "", calls: ["tsc -b ."] });
  });

  it("that fails shows the compiler's words on standard error and has a status of its own", () => {
    prepare("install");
    write("broken", "");
    const failed = prepare("build");
    expect(failed).toMatchObject({ status: PREPARATION_FAILED, stdout: "" });
    expect(failed.stderr).toContain("a.ts: error");
  });

  it("runs a package's postbuild when its output changed, and only then", () => {
    prepare("install");
    write("packages/a/package.json", JSON.stringify({ name: "a", scripts: { postbuild: `echo postbuild >> "${root}/log"` } }));
    write("packages/a/dist/tsconfig.tsbuildinfo", "1");
    expect(prepare("build").calls).toEqual(["tsc -b .", "postbuild"]);
    expect(prepare("build").calls).toEqual(["tsc -b ."]);
    write("packages/a/dist/tsconfig.tsbuildinfo", "2");
    expect(prepare("build").calls).toEqual(["tsc -b .", "postbuild"]);
  });
});

describe("two at a time", () => {
  it("wait for each other and install once", async () => {
    const run = () =>
      new Promise<number | null>((resolve) => {
        spawn(process.execPath, [SCRIPT, "install"], { cwd: root, stdio: "ignore", env: environment() }).on("exit", resolve);
      });
    expect(await Promise.all([run(), run(), run()])).toEqual([0, 0, 0]);
    expect(log()).toHaveLength(1);
  });

  it("do not wait for one that was killed", () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    write(".cache/bootstrap/lock", String(pid));
    expect(prepare("install").status).toBe(0);
    expect(existsSync(join(root, ".cache/bootstrap/lock"))).toBe(false);
  });
});

it("refuses a task it does not know", () => {
  expect(prepare("instal")).toMatchObject({ status: PREPARATION_FAILED, stdout: "", stderr: "zarch: unknown task instal\n", calls: [] });
});
