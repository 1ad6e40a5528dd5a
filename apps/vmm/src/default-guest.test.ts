import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DefaultGuest, loadDefaultGuest } from "./guest/default-guest.ts";
import { makeExt4Disk } from "./guest/disk-image.ts";

/**
 * Debian's kernel on our machine, through the command. Needs the default guest: from the cache, or fetched.
 * `ZARCH_GUEST_TESTS=0` leaves it out.
 */
const main = new URL("main.ts", import.meta.url).pathname;
const { ZARCH_GUEST_TESTS: wanted } = process.env;
const guest: DefaultGuest | undefined = wanted === "0" ? undefined : await loadDefaultGuest().catch(() => undefined);
const mebibyte = 2 ** 20;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zarch-guest-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Finished {
  readonly status: number | string | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

function start(args: readonly string[]) {
  const child = spawn(process.execPath, ["--conditions=@zarch/source", main, ...args]);
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const finished = new Promise<Finished>((resolve) => {
    child.on("close", (code, signal) => resolve({ status: code ?? signal, stdout: Buffer.concat(stdout), stderr }));
  });
  return {
    child,
    finished,
    async says(text: string): Promise<void> {
      while (!Buffer.concat(stdout).includes(text)) {
        if (child.exitCode !== null) throw new Error(`ended without ${JSON.stringify(text)}: ${Buffer.concat(stdout)}${stderr}`);
        await delay(20);
      }
    },
  };
}

function zarch(args: readonly string[], input: Uint8Array | string = ""): Promise<Finished> {
  const { child, finished } = start(args);
  child.stdin.end(input);
  return finished;
}

describe.skipIf(guest === undefined)("Debian's kernel in zarch", { timeout: 180_000 }, () => {
  it("a prepared session on a virtio console shows the kernel's own words and ends by itself", async () => {
    const { status, stdout, stderr } = await zarch(
      ["start", "--no-disk"],
      "uname -a; cat /proc/cpuinfo; lscss || ls /sys/bus/ccw/devices; cat /sys/class/tty/hvc0/dev; poweroff\n",
    );
    const text = stdout.toString();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(text).toContain(`Linux version ${guest!.release}`);
    expect(text).toMatch(/\nLinux zarch \S+-s390x #1 SMP .* s390x GNU\/Linux\r\n/);
    expect(text).toContain("vendor_id       : IBM/S390");
    expect(text).toMatch(/0\.0\.c000\s+0\.0\.e000/);
    expect(text).toContain("229:0");
    expect(text).not.toMatch(/Call Trace|kernel BUG|WARNING:/);
  });

  it("zarch run: status, streams apart, and a checksum that agrees", async () => {
    const { status, stdout, stderr } = await zarch(["run", "--", "sh", "-c", "sha256sum /bin/busybox; echo err >&2; exit 7"]);
    const sum = createHash("sha256").update(await readFile(guest!.busyboxPath));
    expect({ status, stdout: stdout.toString(), stderr }).toEqual({
      status: 7,
      stdout: `${sum.digest("hex")}  /bin/busybox\n`,
      stderr: "err\n",
    });
  });

  it("zarch run through pipes is exact to the byte", async () => {
    const data = randomBytes(1_234_567);
    const { status, stdout } = await zarch(["run", "-t", "170", "--", "cat"], data);
    expect(status).toBe(0);
    expect(stdout.equals(data)).toBe(true);
  });

  it("a profile names functions of the kernel, and all its shares add up", async () => {
    const [map, profile] = [join(folder, "kernel.map"), join(folder, "profile.txt")];
    const symbols = await zarch(["run", "--", "cat", "/proc/kallsyms"]);
    await writeFile(map, symbols.stdout);
    const loop = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
    const { status, stderr } = await zarch(["run", "--profile", profile, "--symbols", map, "--", "sh", "-c", loop]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const report = await readFile(profile, "utf8");
    const [, shares = "", , places = ""] = report.split(/\n\n/);
    const first = shares.split("\n").map((line) => Number(/([\d.]+) %$/.exec(line)?.[1]));
    expect(first.pop()).toBe(100);
    expect(first.reduce((a, b) => a + b, 0)).toBeCloseTo(100, 6);
    const rows = places.split("\n").slice(1);
    expect(rows.reduce((sum, row) => sum + Number.parseFloat(row), 0)).toBeCloseTo(100, 6);
    const names = rows.flatMap((row) => /kernel {2}([a-z_]\w+) /.exec(row)?.[1] ?? []);
    const known = new Set(
      symbols.stdout
        .toString()
        .split("\n")
        .map((line) => line.split(/\s/)[2]),
    );
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    expect(rows.some((row) => row.includes("  user    0x"))).toBe(true);
  });

  it("a time limit ends it with status 124", async () => {
    const { status, stderr } = await zarch(["run", "--timeout", "1", "--", "true"]);
    expect({ status, stderr }).toEqual({ status: 124, stderr: "zarch: run: the time limit of 1 s has passed\n" });
  });

  it("64 MiB on an ext4 disk are there after a power-off; disks are plugged in and out; a read-only disk refuses writes", async () => {
    const disk = join(folder, "ext4.img");
    const pattern = join(folder, "pattern.img");
    await makeExt4Disk(disk, 128 * mebibyte, "test");
    await writeFile(pattern, randomBytes(64 * mebibyte));

    const first = await zarch([
      ...["run", "--disk", `${disk},devno=fe.0.0041`, "--disk", `${pattern},ro,devno=fe.0.0042`, "--", "sh", "-ec"],
      // Linux brings virtio-ccw devices online in no order, so that their names tell nothing.
      `disk() { echo /dev/$(ls /sys/bus/ccw/devices/0.0.$1/virtio*/block); }
       mount -t ext4 $(disk 0041) /mnt; cat $(disk 0042) >/mnt/copy; umount /mnt; ls /sys/bus/ccw/devices; ! echo x >$(disk 0042)`,
    ]);
    expect(first).toMatchObject({ status: 0, stderr: "sh: write error: Operation not permitted\n" });
    expect(first.stdout.toString()).toContain("0.0.0042");
    if (hasFsck()) execFileSync("e2fsck", ["-fn", disk], { stdio: "pipe" });

    const socket = join(folder, "control");
    const second = start([
      ...["run", "--control", socket, "--disk", `${disk},ro`, "--", "sh", "-ec"],
      `mount -t ext4 -o ro /dev/vda /mnt; echo ready; until [ -b /dev/vdb ]; do usleep 20000; done
       cmp /dev/vdb /mnt/copy; echo same; while [ -b /dev/vdb ]; do usleep 20000; done; dmesg`,
    ]);
    await second.says("ready\n");
    const control = connect(socket);
    control.on("error", () => {});
    control.write(`disk add ${pattern},overlay,devno=fe.0.0099\n`);
    await second.says("same\n");
    control.write("disk remove fe.0.0099\n");
    const { status, stdout } = await second.finished;
    expect(status).toBe(0);
    const log = stdout.toString();
    expect(log.match(/crw_info : CRW reports .*rsc=3/g)!.length).toBeGreaterThanOrEqual(2);
    expect(log).toMatch(/virtio_blk virtio\d+: \[vdb\]/);
  });

  it("a signal in the middle of writes loses nothing that the guest had flushed", async () => {
    const disk = join(folder, "raw.img");
    await writeFile(disk, "");
    await truncate(disk, 16 * mebibyte);
    const session = start([
      ...["run", "--disk", disk, "--", "sh", "-c"],
      `trap "" TERM; yes flushed | head -c 4194304 | dd of=/dev/vda bs=64k conv=fsync 2>/dev/null; echo flushed
       while :; do yes later | dd of=/dev/vda bs=64k seek=64 count=128 conv=fsync 2>/dev/null; done`,
    ]);
    await session.says("flushed\n");
    session.child.kill("SIGTERM");
    await delay(200);
    session.child.kill("SIGTERM");
    expect((await session.finished).status).toBe(143);
    const file = await open(disk);
    const bytes = Buffer.alloc(4 * mebibyte);
    await file.read(bytes, 0, bytes.length, 0);
    await file.close();
    expect(bytes.equals(Buffer.alloc(bytes.length, "flushed\n"))).toBe(true);
  });
});

function hasFsck(): boolean {
  try {
    execFileSync("e2fsck", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
