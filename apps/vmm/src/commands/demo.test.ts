import { PassThrough } from "node:stream";
import type { DemoResult } from "@zarch/demo-guest";
import { describe, expect, it } from "vitest";
import { HostProcess } from "../host/process.ts";
import { judge } from "./demo.ts";

const result: DemoResult = {
  bus: "ccw",
  device: "block",
  state: "ok",
  queueSize: 64,
  interruptions: 0,
  bytes: 0,
  time: 0,
  notifyTime: 0,
  latency: 0,
  ones: 0,
};
const psw = { maskHigh: 0x2_0001, maskLow: 0x8000_0000, addressHigh: 0, addressLow: 0xdead0005 };
const dead = { reason: "disabled-wait", psw, code: "00000000dead0005" } as const;

async function verdict(...[exit, results]: [Parameters<typeof judge>[0], Parameters<typeof judge>[1]]) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const status = await judge(exit, results, new HostProcess(streams as unknown as NodeJS.Process));
  return [status, String(streams.stderr.read() ?? "")];
}

describe("the outcome of zarch demo", () => {
  it("is 0 only if the guest powered off and all devices are in order", async () => {
    expect(await verdict({ reason: "power-off" }, [result, { ...result, bus: "pci" }])).toEqual([0, ""]);
    expect(await verdict({ reason: "power-off" }, [result, { ...result, bus: "pci", state: "missing" }])).toEqual([
      3,
      "zarch: demo: pci block: missing\n",
    ]);
  });

  it("names the devices that do not work", async () => {
    const results = [result, { ...result, state: "io-error" }, { ...result, bus: "page", device: "console", state: "refused" }] as const;
    const exit = { ...dead, code: "0000000000bad101" };
    expect(await verdict(exit, results)).toEqual([3, "zarch: demo: ccw block: io-error\nzarch: demo: page console: refused\n"]);
  });

  it("tells of a crash of the guest", async () => {
    expect(await verdict(dead, [{ ...result, state: "found" }])).toEqual([
      3,
      expect.stringMatching(/^zarch: demo: ccw block: found\nzarch: the guest crashed: .*00000000dead0005/),
    ]);
    expect(await verdict({ reason: "check-stop", psw }, [result])).toEqual([3, expect.stringMatching(/check stop/)]);
  });
});
