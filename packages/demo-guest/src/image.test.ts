import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { imageModule } from "../scripts/image-module.ts";
import { demoDisk, demoGuest } from "./index.ts";

it("the image is that of the sources: else run scripts/assemble.ts", async () => {
  expect(await readFile(new URL("./image.ts", import.meta.url), "utf8")).toBe(imageModule());
});

it("the image leaves the storage that the guest works in alone", () => {
  const { bytes, address } = demoGuest();
  expect([address, bytes.length > 4096, address + bytes.length <= 0x2_0000]).toEqual([0x1_0000, true, true]);
});

it("a disk for it says of each eight bytes where they are", () => {
  const disk = demoDisk(0x10_0200);
  expect(disk.length).toBe(0x10_0200);
  expect(Buffer.from(disk.subarray(0x8_0010, 0x8_0020)).toString("latin1")).toBe("zarch\x01\x00\x02zarch\x01\x00\x03");
});
