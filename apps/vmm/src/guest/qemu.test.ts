import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { canBuild, expectedOutputOfAll, guestProgramFiles } from "../../../../tooling/guest-images/guest-programs.ts";
import { CpioWriter } from "./cpio.ts";
import { type DefaultGuest, loadDefaultGuest } from "./default-guest.ts";
import { makeExt4Disk } from "./disk-image.ts";
import { encodeRunRequest, encodeSignal, RUN_BYE, RUN_PORTS, RunMessageParser, type RunRequest } from "./run-protocol.ts";

/**
 * The guest's half of everything in this folder, under QEMU: it shows that the guest is right when our own machine is in
 * doubt. Runs where qemu-system-s390x is; `ZARCH_QEMU_TESTS=0` leaves it out.
 */
const enabled = process.env.ZARCH_QEMU_TESTS !== "0" && hasQemu();
const hasCompiler = await canBuild();

function hasQemu(): boolean {
  try {
    execFileSync("qemu-system-s390x", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

interface RunOptions {
  readonly request: RunRequest;
  /** Absent: standard input is open and silent. */
  readonly stdin?: Uint8Array;
  readonly arguments?: readonly string[];
  readonly appendedArchive?: Uint8Array;
  /** Called with each portion of standard output. */
  readonly onStdout?: (all: string, sendSignal: (signal: number) => void) => void;
  /** Milliseconds to let pass before the first byte of standard output is taken. */
  readonly stdoutDelay?: number;
}

interface RunResult {
  readonly status: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly console: string;
}

const cleanUps: (() => Promise<void> | void)[] = [];

describe.skipIf(!enabled)("default guest under QEMU", { timeout: 90_000 }, () => {
  let guest: DefaultGuest;

  beforeAll(async () => {
    guest = await loadDefaultGuest();
  }, 120_000);

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  /** The host's half of the protocol, with a Unix socket for each port. */
  async function run(options: RunOptions): Promise<RunResult> {
    const folder = await mkdtemp(join(tmpdir(), "zarch-qemu-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    const kernel = join(folder, "kernel");
    const initrd = join(folder, "initrd");
    await writeFile(kernel, guest.kernel);
    await writeFile(initrd, Buffer.concat([guest.initramfs, options.appendedArchive ?? new Uint8Array(0)]));

    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let status: number | undefined;
    const parser = new RunMessageParser();
    const ended: Promise<unknown>[] = [];
    let controlSocket: Socket | undefined;
    let stdinSocket: Socket | undefined;
    const collect = (into: Buffer[]) => (socket: Socket) => {
      ended.push(new Promise((resolve) => socket.on("end", resolve)));
      const start = () =>
        socket.on("data", (bytes) => {
          into.push(bytes as Buffer);
          if (into === stdout) {
            options.onStdout?.(Buffer.concat(stdout).toString("latin1"), (signal) => controlSocket?.write(encodeSignal(signal)));
          }
        });
      if (into === stdout && options.stdoutDelay) setTimeout(start, options.stdoutDelay);
      else start();
    };
    const handlers: Record<(typeof RUN_PORTS)[number], (socket: Socket) => void> = {
      "org.zarch.stdin": (socket) => {
        stdinSocket = socket;
      },
      "org.zarch.stdout": collect(stdout),
      "org.zarch.stderr": collect(stderr),
      "org.zarch.control": (socket) => {
        controlSocket = socket;
        socket.on("data", (bytes) => {
          for (const message of parser.push(bytes as Buffer)) {
            if (message.type === "ready") {
              socket.write(encodeRunRequest(options.request));
              if (options.stdin) stdinSocket?.end(options.stdin);
            } else {
              status = message.status;
              socket.write(RUN_BYE);
            }
          }
        });
      },
    };
    const devices: string[] = [];
    for (const [index, name] of RUN_PORTS.entries()) {
      const path = join(folder, `port${index}`);
      await listen(path, handlers[name]);
      devices.push("-chardev", `socket,id=c${index},path=${path}`, "-device", `virtserialport,chardev=c${index},name=${name}`);
    }
    const child = qemu([
      ...["-kernel", kernel, "-initrd", initrd, "-append", "console=ttysclp0 zarch.run quiet"],
      ...["-device", "virtio-serial-ccw,max_ports=8", ...devices, ...(options.arguments ?? [])],
    ]);
    const text = await consoleOf(child);
    await Promise.all(ended);
    return { status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), console: text };
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

  it("zarch run: files of an appended archive are there", async () => {
    const appendedArchive = new CpioWriter().file("opt/hello", "#!/bin/sh\necho hello\n", 0o755).finish();
    const result = await run({ request: { argv: ["/opt/hello"] }, appendedArchive });
    expect(result.stdout.toString()).toBe("hello\n");
  });

  it.skipIf(!hasCompiler)("static programs print in the guest what they print in user-mode emulation", async () => {
    const archive = new CpioWriter();
    for (const { path, content, mode } of await guestProgramFiles()) archive.file(path, content, mode);
    const result = await run({ request: { argv: ["/opt/zarch/all"] }, appendedArchive: archive.finish() });
    expect(result.stdout.toString()).toBe(await expectedOutputOfAll());
    expect(result.status).toBe(0);
  });

  it("a disk made here: Linux mounts it without a complaint, fills it, and it is clean afterwards and the second time", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zarch-qemu-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
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
  });

  it("says so on the console when the ports are missing, and powers off", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zarch-qemu-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, "initrd"), guest.initramfs);
    const child = qemu(["-kernel", guest.kernelPath, "-initrd", join(folder, "initrd"), "-append", "console=ttysclp0 zarch.run quiet"]);
    expect(await consoleOf(child)).toContain("zarch run: found no virtio console ports org.zarch.stdin");
  });

  it.each(["poweroff", "exit"])("interactive: a shell on the console that owns its terminal; %s ends the guest", async (word) => {
    const folder = await mkdtemp(join(tmpdir(), "zarch-qemu-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, "initrd"), guest.initramfs);
    const child = qemu([
      "-kernel",
      guest.kernelPath,
      "-initrd",
      join(folder, "initrd"),
      "-append",
      "console=ttysclp0 quiet zarch.size=50x132",
    ]);
    const text = await consoleOf(child, [
      ["zarch:~# ", "echo go; cat\r"],
      ["\ngo\r\n", "\x03"],
      ["^C\r\nzarch:~# ", `tty; stty size; ls -d /sys/bus/ccw; ${word}\r`],
    ]);
    expect(text).toContain("/dev/ttysclp0\r\n");
    expect(text).toContain("50 132\r\n/sys/bus/ccw\r\n");
    expect(text).not.toContain("job control");
    expect(text).not.toContain("SIGTERM");
  });

  function checkFileSystem(path: string): number | null {
    const { status, error } = spawnSync("/usr/sbin/e2fsck", ["-fn", path]);
    return error ? 0 : status;
  }

  function qemu(args: readonly string[]): ChildProcess {
    const child = spawn(
      "qemu-system-s390x",
      ["-accel", "tcg", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio", ...args],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    cleanUps.push(() => void child.kill("SIGKILL"));
    return child;
  }

  async function listen(path: string, handler: (socket: Socket) => void): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {});
      cleanUps.push(() => void socket.destroy());
      handler(socket);
    });
    cleanUps.push(() => void server.close());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return server;
  }

  /** Everything on the console until QEMU ends. Each time `dialogue` is waited for, its answer is typed. */
  function consoleOf(child: ChildProcess, dialogue: readonly (readonly [string, string])[] = []): Promise<string> {
    let text = "";
    let from = 0;
    let next = 0;
    child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      for (let step = dialogue[next]; step && text.indexOf(step[0], from) >= 0; step = dialogue[next]) {
        from = text.indexOf(step[0], from) + step[0].length;
        next++;
        child.stdin?.write(step[1]);
      }
    });
    return new Promise((resolve) => child.on("exit", () => resolve(text.replace(/KASLR disabled.*\r?\n/, ""))));
  }
});
