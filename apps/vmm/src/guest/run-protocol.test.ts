import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRunRequest, encodeSignal, RunMessageParser, type RunRequest } from "./run-protocol.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The shell program of a request, after a check of the length before it. */
function programOf(request: RunRequest): Uint8Array {
  const message = encodeRunRequest(request);
  const newline = message.indexOf(10);
  expect(text(message.subarray(0, newline))).toBe(`run ${message.length - newline - 1}`);
  return message.subarray(newline + 1);
}

describe("encodeRunRequest", () => {
  it("quotes words so that a shell changes nothing", () => {
    const program = programOf({ argv: ["echo", "it's", ""], environment: { A: "$x" }, directory: "/tmp" });
    expect(text(program)).toBe("cd -- '/tmp' || exit 125\nexport A='$x'\nexec -- 'echo' 'it'\\''s' ''\n");
  });

  it("any arguments arrive through a shell of this host", () => {
    const word = fc.uint8Array({ min: 1, max: 255, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        // dash and bash know no `exec --` difference; the program only prints its words here.
        const program = text(programOf({ argv: ["true"] })).replace("'true'", "");
        expect(program).toBe("exec -- \n");
        const bytes = programOf({ argv: ["/usr/bin/printf", "%s\\0", ...words] });
        const { stdout, status } = spawnSync("/bin/bash", ["-s"], { input: Buffer.from(bytes), env: { LC_ALL: "C" } });
        expect(status).toBe(0);
        const expected = words.length === 0 ? [0] : words.flatMap((one) => [...one, 0]);
        expect([...stdout]).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    [{ argv: [] }, "no command"],
    [{ argv: ["a\0b"] }, "zero byte"],
    [{ argv: ["a"], environment: { "A=B": "" } }, "not a name"],
    [{ argv: ["a"], environment: { "X; rm -rf /": "" } }, "not a name"],
    [{ argv: ["a"], directory: "/\0" }, "zero byte"],
  ])("refuses %j", (request, words) => {
    expect(() => encodeRunRequest(request)).toThrow(expect.objectContaining({ code: "ERR_ZARCH_RUN_REQUEST", kind: "host" }));
    expect(() => encodeRunRequest(request)).toThrow(words);
  });
});

describe("RunMessageParser", () => {
  it("finds messages in portions of any size", () => {
    const bytes = new TextEncoder().encode("zarch-guest 1\nexit 139\n");
    const parser = new RunMessageParser();
    const messages = [...bytes].flatMap((byte) => parser.push(Uint8Array.of(byte)));
    expect(messages).toEqual([
      { type: "ready", version: 1 },
      { type: "exit", status: 139 },
    ]);
    expect(new RunMessageParser().push(bytes)).toEqual(messages);
  });

  it.each(["zarch-guest 2\n", "exit\n", "exit -1\n", "exit 300000\n", "\n", "x".repeat(100)])("refuses %j", (line) => {
    const push = () => new RunMessageParser().push(new TextEncoder().encode(line));
    expect(push).toThrow(expect.objectContaining({ code: "ERR_ZARCH_RUN_PROTOCOL", kind: "host" }));
  });

  it("survives any bytes: messages or one error, and a bounded line", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          new RunMessageParser().push(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "ERR_ZARCH_RUN_PROTOCOL" });
        }
      }),
    );
  });
});

it("encodeSignal names the signal by number", () => {
  expect(text(encodeSignal(2))).toBe("signal 2\n");
});
