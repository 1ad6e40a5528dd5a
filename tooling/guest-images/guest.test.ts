import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type DefaultGuest, loadDefaultGuest } from "../../apps/vmm/src/guest/default-guest.ts";
import { makeExt4Disk } from "../../apps/vmm/src/guest/disk-image.ts";
import { canBuild, expectedOutputOfAll } from "./guest-programs.ts";
import { hasQemu, QemuGuest, type QemuRunOptions, VIRTIO_CONSOLE } from "./qemu-guest.ts";
import { loadTestGuest } from "./test-guest.ts";

const hasCompiler = await canBuild();

/** The guest's half of apps/vmm/src/guest, on QEMU: it shows that the guest is right when our own machine is in doubt. */
describe.skipIf(!hasQemu())("default guest under QEMU", { timeout: 90_000 }, () => {
  let guest: DefaultGuest;
  let machine: QemuGuest;

  beforeAll(async () => {
    guest = await loadDefaultGuest();
  }, 120_000);

  afterEach(() => machine?.[Symbol.asyncDispose]());

  function run(options: QemuRunOptions) {
    machine = new QemuGuest(guest);
    return machine.run(options);
  }

  it("zarch run: status, streams apart, and output of the last moment", async () => {
    const result = await run({ request: { argv: ["sh", "-c", "echo out; echo err >&2; exit 7"] } });
    expect(result).toMatchObject({ status: 7, console: "" });
    expect(result.stdout.toString()).toBe("out\n");
    expect(result.stderr.toString()).toBe("err\n");
  });

  it("zarch run: arguments, environment and directory of any bytes", async () => {
    const all = Uint8Array.from({ length: 255 }, (_, index) => index + 1);
    const argv = ["printf", "%s\\0", "a b", "", "new\nline\n", "'quoted' $HOME `x` \\", "-n", "tab\t*", "\u{1f600}", all];
    const script = 'pwd; printf "%s|" "$MULTI" "$HOME" "$BYTES"; exec "$@"';
    const result = await run({
      request: {
        argv: ["sh", "-c", script, "sh", ...argv],
        environment: { MULTI: "two\nlines ", BYTES: all },
        directory: "/usr/bin",
      },
    });
    const bytes = Buffer.from(all);
    const expected = Buffer.concat([
      Buffer.from("/usr/bin\ntwo\nlines |/root|"),
      bytes,
      Buffer.from("|"),
      ...argv.slice(2).flatMap((argument) => [Buffer.from(argument as string), Buffer.from([0])]),
    ]);
    expect(result.stderr.toString()).toBe("");
    expect(result.stdout.equals(expected)).toBe(true);
    expect(result.status).toBe(0);
  });

  it("zarch run: megabytes through standard input and output, binary clean, with end of file", async () => {
    const data = Buffer.alloc(3_000_001);
    for (let index = 0; index < data.length; index++) data[index] = (index * 2654435761) >>> 24;
    const result = await run({ request: { argv: ["sh", "-c", "tee /dev/stderr; echo end"] }, stdin: data, stdoutDelay: 6_000 });
    expect(result.status).toBe(0);
    expect(result.stdout.equals(Buffer.concat([data, Buffer.from("end\n")]))).toBe(true);
    expect(result.stderr.equals(data)).toBe(true);
  });

  it("zarch run: a sum computed in the guest is the sum computed here", async () => {
    const result = await run({ request: { argv: ["sha256sum", "/bin/busybox"] }, stdin: new Uint8Array(0) });
    const sum = createHash("sha256")
      .update(await readFile(guest.busyboxPath))
      .digest("hex");
    expect(result.stdout.toString()).toBe(`${sum}  /bin/busybox\n`);
  });

  it("zarch run: end by a signal is 128 + signal, and background processes end with the command", async () => {
    const script = '(sleep 1000; echo never) & setsid sleep 1000 & echo "$(readlink /proc/self/exe)"; kill -SEGV $$';
    const result = await run({ request: { argv: ["sh", "-c", script] } });
    expect(result.status).toBe(139);
    expect(result.stdout.toString()).toBe("/bin/busybox\n");
    expect(result.stderr.toString()).toBe("");
  });

  it("zarch run: a signal from the host reaches the command, which inherits no ignored signal", async () => {
    const script = 'grep SigIgn /proc/self/status; trap "echo caught; exit 3" INT; echo ready; while :; do usleep 10000; done';
    let sent = false;
    const result = await run({
      request: { argv: ["sh", "-c", script] },
      onStdout: (all, sendSignal) => {
        if (all.includes("ready\n") && !sent) sendSignal(2);
        sent ||= all.includes("ready\n");
      },
    });
    expect(result.stdout.toString()).toBe("SigIgn:\t0000000000000000\nready\ncaught\n");
    expect(result.status).toBe(3);
  });

  it("zarch run: a command that is not there, one that cannot be run, and a directory that is not there", async () => {
    const missing = await run({ request: { argv: ["no-such-command"] } });
    expect(missing.status).toBe(127);
    expect(missing.stderr.toString()).toMatch(/^zarch: .*no-such-command: not found\n$/);
    const forbidden = await run({ request: { argv: ["/etc/passwd"] } });
    expect(forbidden.status).toBe(126);
    const lost = await run({ request: { argv: ["true"], directory: "/nowhere" } });
    expect(lost.status).toBe(125);
  });

  it.skipIf(!hasCompiler)("static programs print in the guest what they print in user-mode emulation", async () => {
    machine = new QemuGuest(await loadTestGuest({ programs: true }));
    const result = await machine.run({ request: { argv: ["/opt/zarch/all"] } });
    expect(result.stdout.toString()).toBe(await expectedOutputOfAll());
    expect(result.status).toBe(0);
  });

  it("a disk made here: Linux mounts it without a complaint, fills it, and it is clean afterwards and the second time", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zarch-disk-"));
    const disk = join(folder, "disk");
    await makeExt4Disk(disk, 300 << 20, "zarch");
    const drive = ["-drive", `file=${disk},if=none,format=raw,id=d0`, "-device", "virtio-blk-ccw,drive=d0"];
    const fill = "mount /dev/vda /mnt && dd if=/dev/urandom of=/mnt/big bs=1M count=16 2>/dev/null && mkdir /mnt/many &&";
    const script = `${fill} cd /mnt/many && seq 2000 | xargs touch && ls | wc -l && sha256sum /mnt/big; dmesg | grep -iE 'ext4|jbd2|error|warn'`;
    const first = await run({ request: { argv: ["sh", "-c", script] }, arguments: drive });
    const [count, sum, ...log] = first.stdout.toString().trimEnd().split("\n");
    expect(first.stderr.toString()).toBe("");
    expect(count).toBe("2000");
    expect(log.map((line) => line.replace(/^\[[ 0-9.]+\] /, ""))).toEqual([
      "EXT4-fs (vda): mounted filesystem with ordered data mode. Quota mode: none.",
    ]);
    expect(checkFileSystem(disk)).toBe(0);
    const again = "mount -o ro /dev/vda /mnt && sha256sum /mnt/big && findfs LABEL=zarch; touch /mnt/x";
    const second = await run({ request: { argv: ["sh", "-c", again] }, arguments: drive });
    expect(second.stdout.toString().split("\n")[0]).toBe(sum);
    expect(second.stdout.toString()).toContain("\n/dev/vda\n");
    expect(second.status).toBe(1);
    expect(checkFileSystem(disk)).toBe(0);
    await rm(folder, { recursive: true });
  });

  it("says so on the console when the ports are missing, and powers off", async () => {
    machine = new QemuGuest(guest);
    const text = await machine.boot("console=ttysclp0 zarch.run quiet");
    expect(text).toContain("zarch run: found no virtio console ports org.zarch.stdin");
  });

  it.each(["poweroff", "exit"])("interactive: a shell on the console that owns its terminal; %s ends the guest", async (word) => {
    machine = new QemuGuest(guest);
    const text = await machine.boot("console=ttysclp0 quiet zarch.size=50x132", [
      // The inner shell is in the foreground when it speaks.
      ["zarch:~# ", "sh -c 'echo go; exec cat'\r"],
      ["\ngo\r\n", "\x03"],
      ["^C\r\nzarch:~# ", `tty; stty size; ls -d /sys/bus/ccw; ${word}\r`],
    ]);
    expect(text).toContain("/dev/ttysclp0\r\n");
    expect(text).toContain("50 132\r\n/sys/bus/ccw\r\n");
    expect(text).not.toContain("job control");
    expect(text).not.toContain("SIGTERM");
  });

  it.each(["console=ttysclp0 console=hvc0", "console=hvc0"])("interactive on a virtio console: %s", async (parameters) => {
    machine = new QemuGuest(guest);
    const text = await machine.boot(parameters, [["zarch:~# ", "tty; exit\n"]], VIRTIO_CONSOLE);
    expect(text).toContain("/dev/hvc0\r\n");
  });

  function checkFileSystem(path: string): number | null {
    const { status, error } = spawnSync("/usr/sbin/e2fsck", ["-fn", path]);
    return error ? 0 : status;
  }
});
