import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MemoryBackend } from "../index.ts";
import { openFileBackend, openFileOverlay } from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zarch-block-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs a program in another process with the functions of this package in scope; resolves with it at its first output. */
function otherProcess(program: string) {
  const index = fileURLToPath(new URL("./index.ts", import.meta.url));
  const memory = fileURLToPath(new URL("../index.ts", import.meta.url));
  const source = `const { openFileBackend, openFileOverlay } = await import(${JSON.stringify(index)});
    const { MemoryBackend } = await import(${JSON.stringify(memory)});
    ${program}`;
  const child = spawn(process.execPath, ["--no-warnings", "--conditions=@zarch/source", "--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (bytes: Buffer) => {
    output += bytes.toString();
  });
  return {
    child,
    output: () => output,
    spoke: new Promise<void>((resolve) => child.stdout.once("data", () => resolve())),
    ended: new Promise<void>((resolve) => child.once("close", () => resolve())),
  };
}

describe("raw file", () => {
  it("reads and writes at positions, keeps its size, and is there after closing", async () => {
    const path = join(folder, "disk");
    await writeFile(path, new Uint8Array(1 << 20));
    {
      await using backend = await openFileBackend(path);
      expect(backend).toMatchObject({ size: 1 << 20, readOnly: false, identity: "disk" });
      await Promise.all(Array.from({ length: 64 }, (_, index) => backend.write(index * 5000, new Uint8Array(5000).fill(index))));
      await backend.flush();
    }
    const bytes = await readFile(path);
    expect(bytes.length).toBe(1 << 20);
    for (let index = 0; index < 64; index++) expect(bytes[index * 5000 + 4999]).toBe(index);
  });

  it.each([
    ["missing", async () => {}, "ERR_ZARCH_BLOCK_OPEN", "there is no such file"],
    ["odd", (path: string) => writeFile(path, new Uint8Array(1000)), "ERR_ZARCH_BLOCK_SIZE", "not a multiple of 512"],
    ["pipe", async (path: string) => void execFileSync("mkfifo", [path]), "ERR_ZARCH_BLOCK_OPEN", "neither a file nor a block device"],
  ])("refuses a disk that is %s in one line", async (name, prepare, code, words) => {
    const path = join(folder, name);
    await prepare(path);
    for (const readOnly of [true, false]) {
      const error = await openFileBackend(path, { readOnly }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code, kind: "host" });
      expect((error as Error).message).toContain(words);
      expect((error as Error).message).not.toContain("\n");
    }
  });

  it("refuses a directory", async () => {
    await expect(openFileBackend(folder)).rejects.toThrow("it is a directory");
    await expect(openFileBackend(folder, { readOnly: true })).rejects.toThrow("it is a directory");
  });

  it("read-only: refuses changes and leaves the file alone", async () => {
    const path = join(folder, "disk");
    await writeFile(path, new Uint8Array(512));
    await using backend = await openFileBackend(path, { readOnly: true });
    await expect(backend.write(0, Uint8Array.of(1))).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_READ_ONLY" });
    expect((await readFile(path))[0]).toBe(0);
  });

  it("rejects calls after closing, and a file that has become shorter", async () => {
    const path = join(folder, "disk");
    await writeFile(path, new Uint8Array(1024));
    const backend = await openFileBackend(path);
    await writeFile(path, new Uint8Array(512));
    await expect(backend.read(512, new Uint8Array(512))).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_IO" });
    await backend.read(0, new Uint8Array(512));
    await backend.close();
    await backend.close();
    await expect(backend.read(0, new Uint8Array(1))).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_CLOSED" });
  });
});

describe("lock", () => {
  it("lets one writer or many readers have a file, by whatever name", async () => {
    const path = join(folder, "disk");
    const link = join(folder, "link");
    await writeFile(path, new Uint8Array(512));
    await symlink(path, link);
    const locked = { code: "ERR_ZARCH_BLOCK_LOCKED", kind: "host" };
    const writer = await openFileBackend(path);
    await expect(openFileBackend(link)).rejects.toMatchObject(locked);
    await expect(openFileBackend(link, { readOnly: true })).rejects.toMatchObject(locked);
    await writer.close();
    const readers = await Promise.all([path, link, path].map((name) => openFileBackend(name, { readOnly: true })));
    await expect(openFileBackend(path)).rejects.toMatchObject(locked);
    for (const reader of readers) await reader.close();
    await (await openFileBackend(path)).close();
  });

  it("holds against another process, and ends with it even when it is killed", async () => {
    const path = join(folder, "disk");
    await writeFile(path, new Uint8Array(512));
    const other = otherProcess(`await openFileBackend(${JSON.stringify(path)}); console.log("open"); setInterval(() => {}, 1000);`);
    await other.spoke;
    await expect(openFileBackend(path)).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_LOCKED" });
    other.child.kill("SIGKILL");
    await other.ended;
    await (await openFileBackend(path)).close();
  });

  it("does not keep a process alive", async () => {
    const path = join(folder, "disk");
    await writeFile(path, new Uint8Array(512));
    const other = otherProcess(`await openFileBackend(${JSON.stringify(path)}); console.log("open");`);
    await other.ended;
    expect(other.output()).toBe("open\n");
  });

  it("of many that want to write at one moment, at most one gets the file", async () => {
    const path = join(folder, "disk");
    await writeFile(path, new Uint8Array(512));
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => openFileBackend(path, { readOnly: index % 3 === 0 })),
    );
    const open = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const writers = open.filter((backend) => !backend.readOnly).length;
    expect(writers === 0 || open.length === 1).toBe(true);
    for (const backend of open) await backend.close();
  });
});

describe("overlay file", () => {
  it("is made, kept sparse, opened again and locked; the backing file is not changed", async () => {
    const base = join(folder, "base");
    const path = join(folder, "overlay");
    await writeFile(base, new Uint8Array(1 << 20).fill(0x11));
    await using backing = await openFileBackend(base, { readOnly: true });
    const first = await openFileOverlay(path, backing);
    await first.write((1 << 20) - 600, new Uint8Array(600).fill(0x22));
    await expect(openFileOverlay(path, backing)).rejects.toMatchObject({ code: "ERR_ZARCH_BLOCK_LOCKED" });
    await first.close();
    expect((await stat(path)).blocks * 512).toBeLessThan(64 << 10);
    await using second = await openFileOverlay(path, backing);
    const target = new Uint8Array(1200);
    await second.read((1 << 20) - 1200, target);
    expect(target).toEqual(new Uint8Array(1200).fill(0x11, 0, 600).fill(0x22, 600));
    expect((await readFile(base)).every((byte) => byte === 0x11)).toBe(true);
  });

  it("refuses a file that is not an overlay, and lets it go", async () => {
    const path = join(folder, "letter");
    await writeFile(path, "Dear Sir or Madam,\n".repeat(1000));
    const before = await readFile(path);
    for (let turn = 0; turn < 2; turn++) {
      await expect(openFileOverlay(path, new MemoryBackend(4096))).rejects.toMatchObject({ code: "ERR_ZARCH_OVERLAY_FORMAT" });
    }
    expect(await readFile(path)).toEqual(before);
  });

  it.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)(
    "loses nothing flushed when the process is ended by %s in the middle of writes",
    async (signal) => {
      const path = join(folder, "overlay");
      const size = 4 << 20;
      // Counter n goes to a place of its own; it is told only after its flush.
      const other = otherProcess(`const disk = await openFileOverlay(${JSON.stringify(path)}, new MemoryBackend(${size}));
      for (let n = 1; ; n++) {
        const data = new Uint8Array(1536).fill(n & 0xff);
        await disk.write((n * 7919 * 512) % (${size / 2} - 1536), data);
        disk.write(${size / 2} + (n * 104729 * 512) % (${size / 2} - 1536), data).catch(() => {});
        await disk.flush();
        console.log(n, (n * 7919 * 512) % (${size / 2} - 1536));
      }`);
      await other.spoke;
      await new Promise((resolve) => setTimeout(resolve, 300));
      other.child.kill(signal);
      await other.ended;
      const told = other.output().split("\n").slice(0, -1);
      expect(told.length).toBeGreaterThan(0);
      await using disk = await openFileOverlay(path, new MemoryBackend(size));
      const last = told.at(-1)?.split(" ").map(Number) ?? [];
      const target = new Uint8Array(1536);
      await disk.read(last[1]!, target);
      expect(target.every((byte) => byte === (last[0]! & 0xff))).toBe(true);
    },
  );
});
