import { describe, expect, test } from "vitest";
import { onlyIn, parseLog } from "./normalise.ts";

describe("kernel log", () => {
  test("level and text, without the time of the message", () => {
    expect(parseLog(["<4>[    0.123456] careful ", "", "<30>[   12.5] systemd: hello", "no form at all"])).toEqual([
      { level: 4, text: "careful" },
      { level: 6, text: "systemd: hello" },
      { level: 6, text: "no form at all" },
    ]);
  });

  test("times and sizes that differ from boot to boot are left out", () => {
    const first = parseLog([
      "<6>[ 1.0] node 0 deferred pages initialised in 4ms",
      "<5>[ 1.1] audit: type=2000 audit(1795.7:1): state",
      "<6>[1] a virtio0: x",
    ]);
    const second = parseLog([
      "<6>[ 2.0] node 0 deferred pages initialised in 12ms",
      "<5>[ 2.1] audit: type=2000 audit(99.1:1): state",
      "<6>[1] a virtio1: x",
    ]);
    expect(first).toEqual(second);
  });

  test("finds what is only in one log, by level and number, whatever the order", () => {
    const one = parseLog(["<6>[1] a", "<6>[2] b", "<6>[3] b", "<4>[4] c"]);
    const other = parseLog(["<6>[1] b", "<6>[2] a", "<6>[3] c"]);
    expect(onlyIn(one, other)).toEqual([
      { level: 6, text: "b" },
      { level: 4, text: "c" },
    ]);
    expect(onlyIn(other, one)).toEqual([{ level: 6, text: "c" }]);
  });
});
