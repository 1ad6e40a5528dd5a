import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeExt4Disk } from "../../apps/vmm/src/guest/disk-image.ts";
import { hasDefaultGuest } from "./disk-exercise.ts";
import { type CommandResult, startZarch } from "./zarch-command.ts";

const MEBIBYTE = 2 ** 20;

/** One boot of a guest with nothing but PCI, in which a disk is plugged in, given up, plugged in again, and pulled. */
describe.skipIf(!(await hasDefaultGuest()))("PCI functions that come and go while Linux runs", { timeout: 200_000 }, () => {
  let folder: string;
  let result: CommandResult;
  const answers: string[] = [];
  const pattern = randomBytes(16 * MEBIBYTE);
  const sum = createHash("md5").update(pattern).digest("hex");
  const path = (name: string) => join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "zarch-hotplug-"));
    await makeExt4Disk(path("ext4"), 64 * MEBIBYTE, "test");
    await writeFile(path("first"), pattern);
    await writeFile(path("second"), pattern);
    const script = await readFile(fileURLToPath(new URL("scripts/pci-hotplug.sh", import.meta.url)), "utf8");
    const guest = startZarch([
      ...["run", "--timeout", "180", "--virtio", "bus=pci", "--control", path("control"), "--disk", path("ext4")],
      ...["--", "sh", "-c", script],
    ]);
    await guest.says("ready\n");
    const control = connect(path("control"));
    control.setEncoding("utf8");
    // The ext4 disk, the console and the entropy device have UIDs 1 to 3.
    answers.push(await ask(control, `disk add ${path("first")}`));
    await guest.says("eject\n");
    answers.push(await ask(control, "disk eject pci:0004"), await ask(control, "info"));
    await guest.says("again\n");
    answers.push(await ask(control, `disk add ${path("second")},access-platform`));
    await guest.says("pull\n");
    answers.push(await ask(control, "disk remove pci:0004"));
    result = await guest.result;
    control.destroy();
  }, 190_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const lines = (start: string) =>
    result.stdout
      .split("\n")
      .filter((line) => line.startsWith(start))
      .map((line) => line.slice(start.length));
  const functions = (...uids: number[]) => uids.map((uid) => ` 000${uid}:00:00.0`).join("");

  it("the machine's command line answers, and the guest ends well", () => {
    expect(answers).toEqual([
      "disk pci:0004 added",
      "disk pci:0004 ejected",
      expect.not.stringContaining("pci:0004"),
      "disk pci:0004 added",
      "disk pci:0004 removed",
    ]);
    expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("a function that is plugged in works at once: what is copied from it to a file system is in the image", async () => {
    expect(lines("functions after boot:")).toEqual([functions(1, 2, 3)]);
    expect(lines("functions after plugging:")).toEqual([functions(1, 2, 3, 4)]);
    expect(lines("plugged ")).toEqual([`${sum}  - ${sum}  -`]);
    if (!hasE2fsprogs()) return;
    execFileSync("e2fsck", ["-fn", path("ext4")], { stdio: "pipe" });
    execFileSync("debugfs", ["-R", `dump /copy ${path("copy")}`, path("ext4")], { stdio: "pipe" });
    expect((await readFile(path("copy"))).equals(pattern)).toBe(true);
  });

  it("a function that the guest is asked for is given up in good order", () => {
    expect(lines("functions after ejection:")).toEqual([functions(1, 2, 3)]);
    const log = lines("log ").join("\n");
    // Asked for, then reserved: two reports; each plugging is one, and pulling is one.
    expect(log.match(/crw_info : CRW reports .*rsc=B/g)?.length).toBe(5);
    expect(log).toMatch(/pci 0004:00:00\.0: Removing from iommu group/);
  });

  it("the next one at the same place may use the translation tables", () => {
    expect(lines("translated ")).toEqual([`1 ${sum}  -`]);
  });

  it("a function that is pulled is gone; what was flushed is in the image, and other functions work on", async () => {
    expect(lines("pulled; other disk ")).toEqual([`${sum}  -`]);
    const image = await readFile(path("second"));
    expect(image.subarray(0, 4 * 65536).every((byte) => byte === 0)).toBe(true);
    expect(image.subarray(4 * 65536).equals(pattern.subarray(4 * 65536))).toBe(true);
  });

  it("errors in the kernel log are of the disk that was pulled, and only then", () => {
    const complaints = lines("log ").filter((line) => /^<[0-4]>/.test(line) && !/sclp_sd: |ap: The hardware/.test(line));
    for (const complaint of complaints) expect(complaint).toMatch(/vdb/);
  });
});

async function ask(control: Socket, line: string): Promise<string> {
  control.write(`${line}\n`);
  let answer = "";
  while (!answer.endsWith("\n\n")) answer += (await once(control, "data"))[0];
  return answer.trimEnd();
}

function hasE2fsprogs(): boolean {
  try {
    execFileSync("debugfs", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
