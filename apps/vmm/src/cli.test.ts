import { spawn } from "node:child_process";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { openFileBackend } from "@zarch/block-backends/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { zarch } from "./cli.ts";
import { HostProcess } from "./host/process.ts";

const main = new URL("main.ts", import.meta.url).pathname;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zarch-cli-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs the command in this process. */
async function zarchHere(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const before = { ...process.env };
  Object.assign(process.env, { ZARCH_CACHE: join(folder, "cache") }, environment);
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  try {
    const status = await zarch(args, new HostProcess(streams as unknown as NodeJS.Process));
    return { status, stdout: String(streams.stdout.read() ?? ""), stderr: String(streams.stderr.read() ?? "") };
  } finally {
    process.env = before;
  }
}

/** Runs the command as a process of its own. */
async function spawnZarch(args: readonly string[]) {
  const child = spawn(process.execPath, ["--conditions=@zarch/source", main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, stdout, stderr };
}

/** A Linux image as far as a loader looks at it. */
function image(): Uint8Array {
  const bytes = new Uint8Array(0x2_0000);
  bytes.set([0x00, 0x08, 0x00, 0x00, 0x80, 0x00, 0x02, 0x00]);
  bytes.set(new TextEncoder().encode("S390EP"), 0x1_0008);
  return bytes;
}

async function file(name: string, content: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe("zarch, the command: help", () => {
  it("help and version go to standard output, status 0", async () => {
    const help = await spawnZarch(["--help"]);
    expect(help).toMatchObject({ status: 0, stderr: "" });
    expect(help.stdout).toContain("Usage: zarch COMMAND");
    expect((await zarchHere(["run", "--help"])).stdout).toContain("Exit status: that of COMMAND");
    expect((await zarchHere(["--version"])).stdout).toMatch(/^zarch \d+\.\d+\.\d+/);
  });
});

describe("zarch demo", () => {
  it("drives all devices, shows them, and ends with status 0, also as a process", async () => {
    for (const { status, stdout, stderr } of [await zarchHere(["demo"]), await spawnZarch(["demo"])]) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      for (const bus of ["page", "ccw", "pci"]) {
        for (const device of ["console", "entropy", "block"]) expect(stdout).toMatch(new RegExp(`^${bus} +${device} .* ok `, "m"));
      }
      expect(stdout.match(/^Hello over /gm)).toHaveLength(3);
    }
  });

  it("takes the place of the default guest of zarch start where that cannot be fetched", async () => {
    const { status, stdout, stderr } = await zarchHere(["start"], { PATH: join(folder, "none") });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^pci +block .* ok /m);
    const [why, instead] = stderr.trimEnd().split("\n").slice(-2);
    expect(why).toMatch(/^zarch: cannot get the default guest: /);
    expect(instead).toBe("zarch: running the demo guest instead (zarch demo)");
  });

  it("does not take the place of a guest of which the user brings a part", async () => {
    const initrd = await file("own-initrd", "");
    const { status, stdout, stderr } = await zarchHere(["start", "--initrd", initrd], { PATH: join(folder, "none") });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/cannot get the default guest/);
  });
});

describe("zarch, the command: bad input gives one clear line and status 2", () => {
  async function refused(args: readonly string[], message: RegExp, environment?: Readonly<Record<string, string>>) {
    const { status, stdout, stderr } = await zarchHere(args, environment);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^zarch: [^\n]*\n$/);
    expect(stderr).toMatch(message);
  }

  it("as a process", async () => {
    expect(await spawnZarch(["boot", "--fly"])).toEqual({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(/^zarch: unknown option '--fly' \(see zarch boot --help\)\n$/),
    });
  });

  it("an unknown command, an unknown option, a missing value", async () => {
    await refused([], /a command is missing/);
    await refused(["fly"], /unknown command "fly".*see zarch --help/);
    await refused(["boot", "--fly"], /unknown option '--fly'.*see zarch boot --help/);
    await refused(["run", "--timeout"], /timeout/);
    await refused(["run"], /no command/);
    await refused(["demo", "--disk", "x"], /unknown option '--disk'.*see zarch demo --help/);
    await refused(["demo", "x"], /unexpected argument 'x'/);
  });

  it.each<[string, RegExp]>([
    ["0", /some memory/],
    ["513K", /multiple of 1M/],
    ["1021M", /multiple of 2M/],
    ["100G", /limit/],
    ["1.7M", /multiple|not a size/],
    ["-1", /memory/],
    ["many", /not a size/],
  ])("memory of %s", async (size, message) => {
    await refused(["boot", `--memory=${size}`], message);
    await refused(["run", `--memory=${size}`, "--", "true"], message);
  });

  it("a kernel that is missing, a directory, truncated, or for another machine", async () => {
    await refused(["boot", "--kernel", join(folder, "none")], /cannot read kernel .*: there is no such file/);
    await refused(["boot", "--kernel", folder], /it is a directory/);
    await refused(["boot", "--kernel", process.execPath], /not for s390x: it is an ELF program for/);
    await refused(["boot", "--kernel", await file("short", image().subarray(0, 0x1_0100))], /truncated/);
    await refused(["boot", "--kernel", await file("empty", "")], /empty/);
    await refused(["boot", "--kernel", await file("text", "hello\n".repeat(20_000))], /not a Linux image for s390x/);
  });

  it("an initrd that is missing or larger than memory, a command line too long", async () => {
    const kernel = await file("image", image());
    await refused(["boot", "--kernel", kernel, "--initrd", join(folder, "none")], /cannot read initrd/);
    const initrd = await file("initrd", "");
    await truncate(initrd, 64 * 2 ** 20);
    await refused(["boot", "--kernel", kernel, "--initrd", initrd, "--memory", "64M"], /initrd \(64 MiB\) does not fit/);
    await refused(["boot", "--kernel", kernel, "--append", "x".repeat(1000)], /command line has \d+ characters, and this kernel takes 895/);
    await refused(["boot", "--kernel", kernel, "--append", "name=Grüße"], /ASCII/);
  });

  it("a disk that is missing, a directory, not a multiple of 512 bytes, twice the same, at a taken address, or in use", async () => {
    const kernel = await file("image2", image());
    const boot = (...disks: string[]) => ["boot", "--kernel", kernel, "--memory", "16M", ...disks.flatMap((disk) => ["--disk", disk])];
    await refused(boot(join(folder, "none")), /disk .*none: there is no such file/);
    await refused(boot(folder), /it is a directory/);
    await refused(boot(await file("odd", "x".repeat(513))), /512/);
    const good = await file("disk", new Uint8Array(4096));
    await refused(boot(good, good), /is locked/);
    const other = await file("other", new Uint8Array(4096));
    await refused(boot(`${good},devno=fe.0.0005`, `${other},devno=fe.0.0005`), /0005/);
    await refused(boot(`${good},devno=fe.0.c000`, "--console=virtio").toSpliced(-2, 1), /c000/);
    await using _held = await openFileBackend(good);
    await refused(boot(good), /is locked/);
    await refused(["run", "--disk", good, "--", "true"], /is locked/);
  });

  it("a control socket that cannot be made", async () => {
    const kernel = await file("image3", image());
    await refused(["boot", "--kernel", kernel, "--memory", "16M", "--control", join(folder, "none", "socket")], /control socket/);
  });

  it("no default guest without apt: the message says what to pass instead", async () => {
    for (const args of [["boot"], ["run", "--", "true"]]) {
      const { status, stdout, stderr } = await zarchHere(args, { PATH: join(folder, "none") });
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      // Progress comes before it.
      expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^zarch: cannot get the default guest: .*--kernel FILE --initrd FILE/);
    }
  });
});
