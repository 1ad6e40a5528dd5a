import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { PacedInput } from "./paced-input.ts";

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

function setUp(endKey: "always" | "after-input" = "always") {
  const fed: string[] = [];
  const guest = { idle: 0 };
  const input = new PacedInput(
    { write: async (bytes) => void fed.push(String.fromCharCode(...bytes)), end: () => void fed.push("END") },
    { idleTime: () => guest.idle },
    endKey,
  );
  return { input, fed, guest };
}

describe("prepared input", () => {
  it("waits for a prompt of a guest that is idle", async () => {
    const { input, fed, guest } = setUp();
    const writing = input.write(ascii("uname -a\n"));
    input.observeOutput(ascii("[    0.0] Linux version 6.1\n"));
    guest.idle = 100;
    await delay(20);
    expect(fed).toEqual([]);
    guest.idle = 0;
    input.observeOutput(ascii("zarch:~# "));
    await delay(20);
    expect(fed).toEqual([]);
    guest.idle = 20;
    await writing;
    expect(fed).toEqual(["uname -a\n"]);
  });

  it("takes long silence for readiness too", async () => {
    const { input, fed, guest } = setUp();
    guest.idle = 3000;
    await input.write(ascii("x\n"));
    expect(fed).toEqual(["x\n"]);
  });

  it("feeds portions of whole lines, each when the guest is through with the last", async () => {
    const { input, fed, guest } = setUp();
    const line = `${"x".repeat(299)}\n`;
    guest.idle = 3000;
    await input.write(ascii(line.repeat(4)));
    expect(fed).toEqual([line.repeat(3), line]);
    await input.write(ascii("y".repeat(1500)));
    expect(fed.slice(2).map((portion) => portion.length)).toEqual([1024, 476]);
  });

  it("does not wait for ever for a guest that always works", async () => {
    const { input, fed, guest } = setUp();
    guest.idle = 3000;
    await input.write(ascii("a\n"));
    guest.idle = 0;
    await input.write(ascii("b\n"));
    expect(fed).toEqual(["a\n", "b\n"]);
  });

  it("waits for a prompt again when the guest boots again", async () => {
    const { input, fed, guest } = setUp();
    guest.idle = 20;
    input.observeOutput(ascii("# "));
    await input.write(ascii("reboot\n"));
    input.restart();
    const writing = input.write(ascii("uname\n"));
    await delay(30);
    expect(fed).toEqual(["reboot\n"]);
    input.observeOutput(ascii("booting\n# "));
    await writing;
    expect(fed).toEqual(["reboot\n", "uname\n"]);
  });

  it("passes the end on as Ctrl-D at the next prompt, after a line end", async () => {
    const { input, fed, guest } = setUp();
    guest.idle = 20;
    input.observeOutput(ascii("# "));
    await input.write(ascii("exit"));
    const ending = input.end();
    await delay(30);
    expect(fed).toEqual(["exit", "\n"]);
    input.observeOutput(ascii("\n# "));
    await ending;
    expect(fed).toEqual(["exit", "\n", "\x04", "END"]);
  });

  it("passes the end of no input on only if told to", async () => {
    const quiet = setUp("after-input");
    quiet.guest.idle = 3000;
    await quiet.input.end();
    expect(quiet.fed).toEqual([]);
    const loud = setUp("always");
    loud.guest.idle = 3000;
    await loud.input.end();
    expect(loud.fed).toEqual(["\x04", "END"]);
  });

  it("stops when asked to", async () => {
    const { input, fed } = setUp();
    const writing = input.write(ascii("x\n"));
    input.stop();
    await expect(writing).rejects.toThrow();
    expect(fed).toEqual([]);
  });
});
