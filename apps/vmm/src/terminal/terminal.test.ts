import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { consoleGuest } from "../../test/console-guest.ts";

/** The command at a real terminal: a pseudo-terminal of script(1), of util-linux. */
const main = new URL("../main.ts", import.meta.url).pathname;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zarch-terminal-"));
  await writeFile(join(folder, "guest"), consoleGuest());
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function hasScript(): boolean {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    return false;
  }
}

/** Starts zarch in a shell that afterwards prints the exit status and the settings of the terminal. */
function atTerminal(options = "") {
  const pidFile = join(folder, `pid-${Math.random()}`);
  const zarch = `'${process.execPath}' --conditions=@zarch/source '${main}' boot --kernel '${folder}/guest' --memory 16M ${options}`;
  const command = `stty rows 31 cols 97; sh -c 'echo $$ >"${pidFile}"; exec ${zarch.replaceAll("'", "")}'; echo "STATUS $?"; stty -a`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  let shown = "";
  child.stdout.on("data", (chunk) => {
    shown += chunk;
  });
  const ended = new Promise<string>((resolve) => child.on("close", () => resolve(shown)));
  return {
    ended,
    type: (keys: string) => void child.stdin.write(keys),
    kill: async (signal: NodeJS.Signals) => void process.kill(Number(await readFile(pidFile, "utf8")), signal),
    async sees(text: string): Promise<void> {
      const end = Date.now() + 20_000;
      while (!shown.includes(text)) {
        if (Date.now() > end) throw new Error(`waited for ${JSON.stringify(text)}, got ${JSON.stringify(shown)}`);
        await delay(10);
      }
    },
  };
}

const restored = /(?<!-)\bicanon\b[\s\S]*(?<!-)\becho\b/;

describe.skipIf(!hasScript())("zarch at a terminal", () => {
  it.each<[string, string, number]>([
    ["a power-off", "q", 0],
    ["Ctrl-A X", "\x01x", 0],
    ["a crash", "c", 3],
  ])("%s restores it", async (_, keys, status) => {
    const session = atTerminal();
    await session.sees("ready> ");
    session.type(keys);
    const shown = await session.ended;
    expect(shown).toContain(`STATUS ${status}`);
    expect(shown).toMatch(restored);
  });

  it.each<[NodeJS.Signals, number]>([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ])("%s restores it", async (signal, status) => {
    const session = atTerminal();
    await session.sees("ready> ");
    await session.kill(signal);
    const shown = await session.ended;
    expect(shown).toContain(`STATUS ${status}`);
    expect(shown).toMatch(restored);
  });

  it("Ctrl-C and Ctrl-Z are the guest's", async () => {
    const session = atTerminal();
    await session.sees("ready> ");
    session.type("\x03\x1a.");
    await session.sees("\x03\x1a.");
    session.type("q");
    expect(await session.ended).toContain("STATUS 0");
  });

  it("it is raw again after the process was stopped and continued", async () => {
    const session = atTerminal();
    await session.sees("ready> ");
    await session.kill("SIGSTOP");
    await delay(100);
    await session.kill("SIGCONT");
    await delay(200);
    session.type("\x03!");
    await session.sees("\x03!");
    session.type("q");
    expect(await session.ended).toContain("STATUS 0");
  });
});
