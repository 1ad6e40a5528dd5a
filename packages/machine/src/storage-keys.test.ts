import { expect, it } from "vitest";
import { storageKeyCheck } from "./storage-keys.ts";

it("PoP chapter 3, key-controlled protection: matching keys, key 0, fetch protection, and the bits that are kept", () => {
  const keys = Uint8Array.from([0x30, 0x38, 0x50]);
  const { permits } = storageKeyCheck(keys);
  expect([permits(0, 8, 3, true), permits(0, 8, 0, true), permits(0, 8, 4, true), permits(0, 8, 4, false)]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  expect([permits(4096, 8, 4, false), permits(4096, 8, 3, false)]).toEqual([false, true]);
  expect([permits(8190, 4, 3, true), permits(8190, 2, 3, true)]).toEqual([false, true]);
  expect([...keys]).toEqual([0x36, 0x3e, 0x50]);
});
