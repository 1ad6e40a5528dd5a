import { describe, expect, it } from "vitest";
import { BugError, GuestError, HostError, ZarchError } from "./index.ts";

describe("errors", () => {
  it.each([
    ["guest", new GuestError("ERR_A", "a"), GuestError, "ERR_A"],
    ["host", new HostError("ERR_B", "b"), HostError, "ERR_B"],
    ["bug", new BugError("c"), BugError, "ERR_ZARCH_BUG"],
  ] as const)("of the kind %s have a stable code and are no other kind", (kind, error, type, code) => {
    expect(error).toMatchObject({ kind, code, name: type.name });
    expect(error).toBeInstanceOf(ZarchError);
    expect([GuestError, HostError, BugError].filter((other) => error instanceof other)).toEqual([type]);
  });

  it("keep their cause", () => {
    const cause = new Error("ENOSPC");
    expect(new HostError("ERR_DISK", "no space", { cause }).cause).toBe(cause);
  });

  it("of derived classes have the name of that class", () => {
    class RingError extends GuestError {}
    expect(new RingError("ERR_RING", "bad").name).toBe("RingError");
  });
});
