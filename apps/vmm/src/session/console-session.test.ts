import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { consoleGuest } from "../../test/console-guest.ts";
import { zarch } from "../cli.ts";
import { HostProcess } from "../host/process.ts";

const main = new URL("../main.ts", import.meta.url).pathname;
let folder: string;
let kernel: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zarch-session-"));
  kernel = join(folder, "guest");
  await writeFile(kernel, consoleGuest());
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The command at a terminal that is none: keys go in, what is shown comes out. */
function atTerminal(...args: string[]) {
  const raw: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (mode: boolean) => void raw.push(mode) });
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  let shown = "";
  stdout.on("data", (chunk) => {
    shown += chunk;
  });
  const stderr = new PassThrough();
  let errors = "";
  stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const host = new HostProcess({ stdin, stdout, stderr } as unknown as NodeJS.Process);
  const status = zarch(["boot", "--kernel", kernel, "--memory", "16M", ...args], host);
  return {
    status,
    raw,
    type: (keys: string) => void stdin.write(keys),
    shown: () => shown,
    errors: () => errors,
    async sees(text: string): Promise<void> {
      const end = Date.now() + 10_000;
      while (!shown.includes(text)) {
        if (Date.now() > end) throw new Error(`waited for ${JSON.stringify(text)}, got ${JSON.stringify(shown)}`);
        await delay(5);
      }
    },
  };
}

/** The command as a process of its own, with pipes. */
function piped(...args: string[]) {
  const child = spawn(process.execPath, ["--conditions=@zarch/source", main, "boot", "--kernel", kernel, "--memory", "16M", ...args]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const status = new Promise<number | string | null>((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
  return {
    child,
    status,
    stdout: () => stdout,
    stderr: () => stderr,
    async sees(text: string): Promise<void> {
      const end = Date.now() + 20_000;
      while (!stdout.includes(text)) {
        if (Date.now() > end) throw new Error(`waited for ${JSON.stringify(text)}, got ${JSON.stringify(stdout + stderr)}`);
        await delay(5);
      }
    },
  };
}

describe("a guest's console at a terminal", () => {
  it("keys reach the guest, its output is shown, a power-off ends with status 0, and the terminal is restored", async () => {
    const session = atTerminal();
    await session.sees("ready> ");
    expect(session.raw).toEqual([true]);
    session.type("hello\r");
    await session.sees("hello\r");
    session.type("q");
    expect(await session.status).toBe(0);
    expect(session.raw).toEqual([true, false]);
  });

  it("a disabled wait ends with a clear message and status 3", async () => {
    const session = atTerminal();
    await session.sees("ready> ");
    session.type("c");
    expect(await session.status).toBe(3);
    expect(session.errors()).toContain("zarch: the guest crashed: disabled wait, code 0000000000000bad");
    expect(session.raw).toEqual([true, false]);
  });

  it("Ctrl-A X leaves, Ctrl-A H helps, Ctrl-A A sends Ctrl-A", async () => {
    const session = atTerminal();
    await session.sees("ready> ");
    session.type("\x01h");
    await session.sees("Ctrl-A X  leave");
    session.type("\x01a.");
    await session.sees("\x01.");
    session.type("\x01x");
    expect(await session.status).toBe(0);
    expect(session.raw).toEqual([true, false]);
  });

  it("Ctrl-A C: the machine's command line, with disks plugged in and out", async () => {
    const disk = join(folder, "disk");
    await writeFile(disk, new Uint8Array(4096));
    const session = atTerminal();
    await session.sees("ready> ");
    session.type("\x01c");
    await session.sees("(zarch) ");
    session.type("ingo\x7f\x7ffo\r");
    await session.sees("state   running\r\nmemory  16M\r\ncode    ");
    session.type(`disk add "${disk}",ro\r`);
    await session.sees("disk fe.0.0001 added\r\n");
    session.type("info\r");
    await session.sees(`device  fe.0.0001  disk ${disk} (read-only)\r\n`);
    session.type(`disk add ${disk}\r`);
    await session.sees("error: ");
    session.type("disk remove fe.0.0001\rdisk remove fe.0.0001\r");
    await session.sees("disk fe.0.0001 removed\r\n");
    await session.sees("error: there is no disk fe.0.0001\r\n");
    session.type("disk eject fe.0.0001\rdisk eject fe.0.e000\r");
    await session.sees("error: there is no disk fe.0.e000\r\n");
    session.type(`disk add ${disk},devno=fe.0.0002\r`);
    await session.sees("disk fe.0.0002 added\r\n");
    session.type("disk eject fe.0.0002\r");
    await session.sees("error: a guest cannot be asked to give fe.0.0002 up\r\n");
    session.type("disk add /nonexistent\r");
    await session.sees("error: cannot open the disk /nonexistent");
    session.type("pause\r");
    await session.sees("machine is paused\r\n");
    session.type("resume\rfly\rhelp\r");
    await session.sees('error: unknown command "fly"; try help\r\n');
    await session.sees("ask the guest to shut down");
    session.type("\rback in the guest\r");
    await session.sees("back in the guest\r");
    session.type("\x01creset\r");
    await session.sees("machine is reset");
    session.type("\x01c");
    await delay(20);
    session.type("q");
    expect(await session.status).toBe(0);
  });

  it("line-mode console: lines are edited here, and line ends get their carriage return", async () => {
    const session = atTerminal("--console", "sclp-line");
    session.type("ab\x7fc\r");
    await session.sees("ab\b \bc\r\n");
    session.type("\x01x");
    expect(await session.status).toBe(0);
  });
});

describe("a guest's console on pipes", () => {
  it("prepared input is fed when the guest is ready; its end is Ctrl-D", async () => {
    const session = piped();
    session.child.stdin.end("one\ntwo");
    expect(await session.status).toBe(0);
    expect(session.stdout()).toBe("ready> one\ntwo\neof\n");
    expect(session.stderr()).toBe("");
  });

  it("the end of no input is not the end of the guest, which takes next to no time while it is idle", async () => {
    const session = piped();
    session.child.stdin.end();
    await session.sees("ready> ");
    await delay(500);
    const before = await processorTime(session.child.pid!);
    await delay(3000);
    const used = (await processorTime(session.child.pid!)) - before;
    expect(session.child.exitCode).toBeNull();
    // Of one core; clock ticks are a hundredth of a second.
    expect(used / 3).toBeLessThanOrEqual(0.02);
    session.child.kill("SIGTERM");
    expect(await session.status).toBe(143);
  });

  it.each<[NodeJS.Signals, number]>([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ])("%s ends with status %i", async (signal, status) => {
    const session = piped();
    await session.sees("ready> ");
    session.child.kill(signal);
    expect(await session.status).toBe(status);
    expect(session.stderr()).toBe("");
  });

  it("a reader that goes away ends the session quietly", async () => {
    const session = piped();
    await session.sees("ready> ");
    session.child.stdout.destroy();
    session.child.stdin.write("x\n");
    expect(await session.status).toBe(141);
    expect(session.stderr()).toBe("");
  });

  it("takes commands on a control socket, which is gone afterwards", async () => {
    const path = join(folder, "control");
    const session = piped("--control", path);
    await session.sees("ready> ");
    const socket = connect(path);
    let answers = "";
    socket.on("data", (chunk) => {
      answers += chunk;
    });
    socket.write("pause\nfly\nresume\n");
    while (!answers.includes("machine is running")) await delay(5);
    expect(answers).toBe('machine is paused\n\nerror: unknown command "fly"; try help\n\nmachine is running\n\n');
    socket.write("quit\n");
    expect(await session.status).toBe(0);
    await expect(readFile(path)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

/** Seconds of processor time that a process has used (Linux). */
async function processorTime(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
