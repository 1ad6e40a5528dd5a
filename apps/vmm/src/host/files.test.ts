import { execFileSync } from "node:child_process";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openImageFile } from "./files.ts";

function textOf(file: Awaited<ReturnType<typeof openImageFile>>): string {
  const pieces = file instanceof Uint8Array ? [file] : file.pieces();
  return Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))).toString();
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zarch-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a file that is read at each load", () => {
  test("is the same one when another has taken its name", async () => {
    const path = join(folder, "initrd");
    await writeFile(path, "first");
    const file = await openImageFile(path, "initrd");
    expect(textOf(file)).toBe("first");
    await writeFile(join(folder, "new"), "second");
    await rename(join(folder, "new"), path);
    expect(textOf(file)).toBe("first");
  });

  test("comes in pieces, however long it is", async () => {
    const path = join(folder, "long");
    const text = "0123456789".repeat(30_000);
    await writeFile(path, text);
    const file = await openImageFile(path, "initrd");
    expect(file).toHaveProperty("size", text.length);
    for (let time = 0; time < 2; time++) expect(textOf(file)).toBe(text);
  });

  test("is read but once and kept when it is a pipe", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const [file] = await Promise.all([openImageFile(path, "initrd"), writeFile(path, "through a pipe")]);
    for (let time = 0; time < 2; time++) expect(textOf(file)).toBe("through a pipe");
  });

  test("is refused when it is not there, or a directory", async () => {
    await expect(openImageFile(join(folder, "absent"), "initrd")).rejects.toMatchObject({
      code: "ERR_ZARCH_FILE",
      message: expect.stringContaining("there is no such file"),
    });
    await expect(openImageFile(folder, "initrd")).rejects.toMatchObject({
      code: "ERR_ZARCH_FILE",
      message: expect.stringContaining("it is a directory"),
    });
  });
});
