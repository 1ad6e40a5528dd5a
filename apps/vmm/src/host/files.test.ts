import { execFileSync } from "node:child_process";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWholeFile } from "./files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zarch-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a file that is read at each load", () => {
  test("is the same one when another has taken its name", async () => {
    const path = join(folder, "initrd");
    await writeFile(path, "first");
    const read = await openWholeFile(path, "initrd");
    expect(Buffer.from(read()).toString()).toBe("first");
    await writeFile(join(folder, "new"), "second");
    await rename(join(folder, "new"), path);
    expect(Buffer.from(read()).toString()).toBe("first");
  });

  test("is read but once and kept when it is a pipe", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const [read] = await Promise.all([openWholeFile(path, "initrd"), writeFile(path, "through a pipe")]);
    for (let time = 0; time < 2; time++) expect(Buffer.from(read()).toString()).toBe("through a pipe");
  });

  test("is refused when it is not there, or a directory", async () => {
    await expect(openWholeFile(join(folder, "absent"), "initrd")).rejects.toMatchObject({
      code: "ERR_ZARCH_FILE",
      message: expect.stringContaining("there is no such file"),
    });
    await expect(openWholeFile(folder, "initrd")).rejects.toMatchObject({
      code: "ERR_ZARCH_FILE",
      message: expect.stringContaining("it is a directory"),
    });
  });
});
