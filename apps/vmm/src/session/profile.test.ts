import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { consoleGuest, consoleGuestMap } from "../../test/console-guest.ts";
import { zarch } from "../cli.ts";
import { HostProcess } from "../host/process.ts";
import { type MonitorTarget, runMonitorLine } from "../monitor/monitor.ts";

let folder: string;
let kernel: string;
let map: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zarch-profile-"));
  kernel = join(folder, "guest");
  map = join(folder, "System.map");
  await writeFile(kernel, consoleGuest());
  await writeFile(map, consoleGuestMap());
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Boots the guest, which echoes its input and then powers off. */
async function boot(...args: string[]) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  streams.stdin.end("hello");
  const status = await zarch(
    ["boot", "--kernel", kernel, "--memory", "16M", ...args],
    new HostProcess(streams as unknown as NodeJS.Process),
  );
  return { status, stdout: String(streams.stdout.read() ?? ""), stderr: String(streams.stderr.read() ?? "") };
}

describe("zarch boot --profile", () => {
  it("writes a report when the guest has ended", async () => {
    const path = join(folder, "profile.txt");
    expect(await boot("--profile", path, "--symbols", map)).toMatchObject({ status: 0, stderr: "" });
    const report = await readFile(path, "utf8");
    expect(report).toMatch(/^Profile of \d+\.\d+ s, \d+ samples\n/);
    const shares = [...report.matchAll(/^(?:guest code|runtime|devices|compiler|the host|host|idle).* ([\d.]+) %$/gm)].map(([, share]) =>
      Number(share),
    );
    expect(shares.length).toBe(8);
    expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(100, 6);
    // The guest asks the service processor to print, and waits for an answer.
    expect(report).toMatch(/^servc +\d+ /m);
  });

  it("writes it to standard error, apart from what the guest prints", async () => {
    const { status, stdout, stderr } = await boot("--profile", "-");
    expect([status, stdout]).toEqual([0, expect.stringContaining("hello")]);
    expect(stdout).not.toContain("Profile of");
    expect(stderr).toMatch(/^Profile of/);
  });

  it("writes trace events and CPU profiles", async () => {
    const [trace, profile] = [join(folder, "profile.json"), join(folder, "p.cpuprofile")];
    expect(await boot("--profile", trace)).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(await readFile(trace, "utf8")).traceEvents).toContainEqual({
      ph: "M",
      name: "process_name",
      pid: 1,
      tid: 0,
      args: { name: "zarch" },
    });
    expect(await boot("--profile", profile)).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(await readFile(profile, "utf8"))).toMatchObject({
      nodes: expect.any(Array),
      samples: expect.any(Array),
      startTime: 0,
    });
  });

  it("says before the guest starts what it cannot use", async () => {
    const refused = async (args: string[], message: RegExp): Promise<void> => {
      const { status, stdout, stderr } = await boot(...args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(message);
    };
    const profile = ["--profile", join(folder, "unused.txt")];
    await refused(["--profile", join(folder, "none", "p.txt")], /^zarch: cannot write profile .*: there is no such file\n$/);
    await refused([...profile, "--symbols", join(folder, "none")], /^zarch: cannot read symbols .*: there is no such file\n$/);
    await refused([...profile, "--symbols", kernel], /^zarch: cannot use symbols .*guest: the ELF file has no symbols: it is stripped\n$/);
    await refused(
      [...profile, "--symbols", `${map}@1000`],
      /^zarch: cannot use symbols .*System.map: only an ELF program can be given an address\n$/,
    );
  });
});

describe("the machine's command profile reset", () => {
  it("begins the profile anew, if there is one", async () => {
    let resets = 0;
    const target = { profile: { reset: () => void resets++ } } as unknown as MonitorTarget;
    expect(await runMonitorLine(target, "profile reset")).toBe("the profile begins now");
    expect(resets).toBe(1);
    await expect(runMonitorLine(target, "profile")).rejects.toThrow("usage: profile reset");
    await expect(runMonitorLine({} as unknown as MonitorTarget, "profile reset")).rejects.toThrow("without --profile");
  });
});
