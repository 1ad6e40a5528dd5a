import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDefaultGuest } from "../../apps/vmm/src/guest/default-guest.ts";
import { makeExt4Disk } from "../../apps/vmm/src/guest/disk-image.ts";
import { buildGuestProgram, canBuild, expectedOutputOfAll } from "./guest-programs.ts";
import { loadTestGuest, writeGuest } from "./test-guest.ts";
import { control, ZarchCommand, zarch } from "./zarch-command.ts";

const hasCompiler = await canBuild();

/** Debian's unmodified kernel on our own machine, by the command as a user runs it. */
describe("zarch: Debian's Linux", { timeout: 300_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "zarch-test-"));
    await loadDefaultGuest();
  }, 180_000);

  afterAll(() => rm(folder, { recursive: true }));

  it("start: commands from a pipe, the kernel's own words, an orderly end", async () => {
    const { status, stdout } = await zarch(
      ["start", "--disk", `${await freshDisk("start")}`],
      "uname -a; cat /proc/cpuinfo; ls /sys/bus/ccw/devices; poweroff\n",
    );
    expect(stdout).toMatch(/Linux zarch 6\.\d+.* s390x GNU\/Linux/);
    expect(stdout).toMatch(/vendor_id {7}: IBM\/S390/);
    expect(stdout).toMatch(/processor 0: version = FF, {2}identification = 000000, {2}machine = 2817/);
    expect(stdout).toContain("0.0.0001");
    expect(status).toBe(0);
  });

  it("run: streams apart, exit status, standard input, and a sum that is computed here as well", async () => {
    const guest = await loadDefaultGuest();
    const sum = createHash("sha256")
      .update(await readFile(guest.busyboxPath))
      .digest("hex");
    const script = "sha256sum /bin/busybox; wc -c; echo to stderr >&2; exit 7";
    const { status, stdout, stderr } = await zarch(["run", "--", "sh", "-c", script], Buffer.alloc(300_000, "x"));
    expect(stdout).toBe(`${sum}  /bin/busybox\n300000\n`);
    expect(stderr).toBe("to stderr\n");
    expect(status).toBe(7);
  });

  it("run: a command that takes too long ends with status 124", async () => {
    expect((await zarch(["run", "--timeout", "12", "--", "sleep", "1000"])).status).toBe(124);
  });

  it.skipIf(!hasCompiler)("static programs (floating point, threads, signals, fork ...) print what qemu-s390x prints", async () => {
    const { kernel, initrd } = await writeGuest(await loadTestGuest({ programs: true }), join(folder, "guest"));
    const { stdout } = await zarch(
      ["boot", "--kernel", kernel, "--initrd", initrd, "--append", "quiet", "--console", "sclp"],
      "/opt/zarch/all\npoweroff\n",
    );
    const lines = stdout.replaceAll("\r", "");
    const expected = await expectedOutputOfAll();
    expect(lines.slice(lines.indexOf("== "))).toContain(expected.trimEnd());
  });

  it.skipIf(!hasCompiler)("PoP chapter 4, program-event recording: a debugger single-steps a program", async () => {
    const program = await readFile(await buildGuestProgram("single-step"));
    const { stdout } = await zarch(["run", "--", "sh", "-c", "cat >/tmp/step && chmod +x /tmp/step && /tmp/step"], program);
    expect(stdout).toBe("exited 1 with 45, enough steps 1, steps without progress 0, other stops 0\n");
  });

  it("an ext4 disk: 64 MiB written, powered off, booted again: the sum is equal, and the file system is clean", async () => {
    const disk = await freshDisk("ext4", 200 << 20);
    // The data comes from a second disk, which the host filled.
    const source = join(folder, "source.img");
    const data = randomBytes(64 << 20);
    await writeFile(source, data);
    const sum = createHash("sha256").update(data).digest("hex");
    const write = "mount /dev/vda /mnt && dd if=/dev/vdb of=/mnt/data bs=1M 2>/dev/null && umount /mnt";
    expect(await zarch(["run", "--disk", disk, "--disk", `${source},ro`, "--", "sh", "-c", write])).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(isClean(disk)).toBe(true);
    const second = await zarch(["run", "--disk", disk, "--", "sh", "-c", "mount /dev/vda /mnt && sha256sum /mnt/data"]);
    expect(second.stdout).toBe(`${sum}  /mnt/data\n`);
    expect(isClean(disk)).toBe(true);
  });

  it("a read-only disk refuses writes and stays as it is", async () => {
    const disk = await freshDisk("read-only");
    const before = await readFile(disk);
    const script = "cat /sys/block/vda/ro; dd if=/dev/zero of=/dev/vda bs=4k count=1 2>&1; mount /dev/vda /mnt; touch /mnt/x";
    const { stdout, stderr, status } = await zarch(["run", "--disk", `${disk},ro`, "--", "sh", "-c", script]);
    expect(stdout).toMatch(/^1\n/);
    expect(stdout + stderr).toMatch(/not permitted|[Rr]ead-only/);
    expect(status).not.toBe(0);
    expect(before.equals(await readFile(disk))).toBe(true);
  });

  it("a disk plugged in and pulled out while the guest runs is seen in its log", async () => {
    const disk = await freshDisk("hot-plug");
    const socket = join(folder, "control");
    const script =
      "echo ready; until [ -b /dev/vda ]; do usleep 100000; done; mount /dev/vda /mnt && umount /mnt && echo mounted; while [ -b /dev/vda ]; do usleep 100000; done; echo gone; dmesg | grep virtio_blk";
    const command = new ZarchCommand(["run", "--control", socket, "--", "sh", "-c", script], "");
    await command.until("ready");
    expect(await control(socket, `disk add ${disk},devno=fe.0.1234`)).toContain("fe.0.1234 added");
    await command.until("mounted");
    expect(await control(socket, "disk remove fe.0.1234")).toContain("removed");
    const { stdout, status } = await command.end();
    expect(stdout).toMatch(/gone\n.*virtio_blk virtio\d+: \[vda\]/s);
    expect(status).toBe(0);
    expect(isClean(disk)).toBe(true);
  });

  it("SIGTERM in the middle of disk writes loses nothing that the guest had flushed", async () => {
    const disk = await freshDisk("sigterm", 200 << 20);
    const script =
      "mount /dev/vda /mnt; i=0; while :; do dd if=/dev/urandom of=/mnt/f$i bs=64k count=4 2>/dev/null; sync; sha256sum /mnt/f$i; i=$((i+1)); done";
    const command = new ZarchCommand(["run", "--disk", disk, "--", "sh", "-c", script], "");
    await command.until("/mnt/f5\n");
    command.process.kill("SIGTERM");
    const sums = (await command.end()).stdout.split("\n").filter((line) => /^[0-9a-f]{64} {2}/.test(line));
    expect(sums.length).toBeGreaterThan(5);
    const check = "mount /dev/vda /mnt && sha256sum -c";
    const { stdout, status } = await zarch(["run", "--disk", disk, "--", "sh", "-c", check], `${sums.join("\n")}\n`);
    expect(stdout.split("\n").filter((line) => line.endsWith(": OK")).length).toBe(sums.length);
    expect(status).toBe(0);
  });

  async function freshDisk(name: string, size = 16 << 20): Promise<string> {
    const path = join(folder, `${name}.img`);
    await makeExt4Disk(path, size, name.slice(0, 16));
    return path;
  }
});

/** Whether e2fsck finds nothing to do. */
function isClean(image: string): boolean {
  return spawnSync("e2fsck", ["-fn", image], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } }).status === 0;
}
