import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CpioWriter } from "./cpio.ts";

const ascii = new TextDecoder("latin1");

interface Entry {
  readonly name: string;
  readonly fields: readonly number[];
  readonly body: Uint8Array;
}

/** A reader for the tests, as strict as the format. */
function entriesOf(archive: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; ; ) {
    expect(at % 4).toBe(0);
    expect(ascii.decode(archive.subarray(at, at + 6))).toBe("070701");
    const fields = Array.from({ length: 13 }, (_, index) => {
      const digits = ascii.decode(archive.subarray(at + 6 + index * 8, at + 14 + index * 8));
      expect(digits).toMatch(/^[0-9a-f]{8}$/);
      return Number.parseInt(digits, 16);
    });
    const nameEnd = at + 110 + fields[11]!;
    expect(archive[nameEnd - 1]).toBe(0);
    const name = new TextDecoder().decode(archive.subarray(at + 110, nameEnd - 1));
    const start = (nameEnd + 3) & ~3;
    const body = archive.subarray(start, start + fields[6]!);
    entries.push({ name, fields, body });
    at = (start + body.length + 3) & ~3;
    if (name === "TRAILER!!!") {
      expect(archive.subarray(at).every((byte) => byte === 0)).toBe(true);
      expect(archive.length % 512).toBe(0);
      return entries;
    }
  }
}

it("newc: names, modes, bodies and device numbers, with the parents of each entry before it", () => {
  const archive = new CpioWriter()
    .file("a/b/c", "content", 0o755)
    .symlink("a/l", "b/c")
    .characterDevice("dev/null", 1, 3, 0o666)
    .directory("tmp", 0o1777)
    .finish();
  const entries = entriesOf(archive).slice(0, -1);
  expect(entries.map(({ name, fields }) => [name, fields[1]!.toString(8)])).toEqual([
    ["a", "40755"],
    ["a/b", "40755"],
    ["a/b/c", "100755"],
    ["a/l", "120777"],
    ["dev", "40755"],
    ["dev/null", "20666"],
    ["tmp", "41777"],
  ]);
  expect(ascii.decode(entries[2]!.body)).toBe("content");
  expect(ascii.decode(entries[3]!.body)).toBe("b/c");
  expect(entries[5]!.fields.slice(9, 11)).toEqual([1, 3]);
  expect(new Set(entries.map(({ fields }) => fields[0])).size).toBe(entries.length);
});

it("newc: pads every length of name and body to four bytes, counting bytes and not characters", () => {
  const writer = new CpioWriter();
  for (let length = 0; length < 9; length++) {
    writer.file(`ü${"n".repeat(length)}`, new Uint8Array(length).fill(length));
  }
  const entries = entriesOf(writer.finish());
  expect(entries).toHaveLength(10);
  for (let length = 0; length < 9; length++) {
    expect(entries[length]!.name).toBe(`ü${"n".repeat(length)}`);
    expect([...entries[length]!.body]).toEqual(new Array(length).fill(length));
  }
});

it("newc: refuses absolute names and names twice", () => {
  expect(() => new CpioWriter().file("/etc/passwd", "")).toThrow("not a name");
  expect(() => new CpioWriter().file("a", "").file("a", "")).toThrow("already");
});

it.skipIf(spawnSync("bsdtar", ["--version"]).error)("newc: bsdtar unpacks it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zarch-cpio-"));
  const archive = new CpioWriter().file("x/y", "hello", 0o751).symlink("x/z", "y").finish();
  expect(spawnSync("bsdtar", ["-xf", "-", "-C", folder], { input: archive }).status).toBe(0);
  expect(await readFile(join(folder, "x/y"), "utf8")).toBe("hello");
  expect((await stat(join(folder, "x/y"))).mode & 0o777).toBe(0o751);
  expect(await readlink(join(folder, "x/z"))).toBe("y");
  await rm(folder, { recursive: true });
});
