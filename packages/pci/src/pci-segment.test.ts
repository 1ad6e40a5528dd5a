import { HostError } from "@zarch/vmm-interface";
import { describe, expect, it } from "vitest";
import { formatPciAddress, PciFunction, PciSegment, RamRegion, routingId } from "./index.ts";

const make = (deviceId: number, interruptPin: 0 | 1 | 2 = 0): PciFunction =>
  new PciFunction({
    identity: { vendorId: 0x1af4, deviceId, revisionId: 0, classCode: 0, subsystemVendorId: 0, subsystemId: 0 },
    bars: [
      { kind: "io", size: 0x20, region: new RamRegion(0x20) },
      { kind: "memory32", size: 0x100, region: new RamRegion(0x100) },
    ],
    interruptPin,
  });

const segmentWith = (lines: [number, boolean][] = []): PciSegment =>
  new PciSegment({ msi: { signal() {} }, interruptLine: (line, asserted) => void lines.push([line, asserted]) });

const at = (device: number, number = 0, bus = 0) => ({ bus, device, function: number });

describe("PciSegment", () => {
  it("finds functions by bus, device and function, and by ECAM offset; nobody is all ones", () => {
    const segment = segmentWith();
    segment.attach(make(0x1041), at(3, 0, 1));
    expect([segment.readConfig(at(3, 0, 1), 2, 2), segment.readConfig(at(3), 2, 2)]).toEqual([0x1041, 0xffff]);
    const offset = routingId(at(3, 0, 1)) * 4096;
    expect([segment.readEcam(offset + 2, 2), segment.readEcam(offset + 4096, 4), segment.readEcam(offset + 256, 4)]).toEqual([
      0x1041, 0xffff_ffff, 0xffff_ffff,
    ]);
    segment.writeEcam(offset + 0x3c, 1, 9);
    segment.writeConfig(at(3, 0, 1), 0x0c, 1, 8);
    expect([segment.readConfig(at(3, 0, 1), 0x3c, 1), segment.readEcam(offset + 0x0c, 1)]).toEqual([9, 8]);
  });

  it("gives out free devices in order, and refuses what is taken or impossible", () => {
    const segment = segmentWith();
    const places = [make(1), make(2), make(3)].map((f) => formatPciAddress(segment.attach(f)));
    expect(places).toEqual(["00:00.0", "00:01.0", "00:02.0"]);
    for (const where of [at(1), at(32), at(0, 8), at(0, 0, 256)]) {
      expect(() => segment.attach(make(4), where)).toThrow(HostError);
    }
    segment.detach(at(1));
    expect([segment.readConfig(at(1), 0, 4), formatPciAddress(segment.attach(make(5)))]).toEqual([0xffff_ffff, "00:01.0"]);
    for (let i = 3; i < 32; i++) segment.attach(make(i));
    expect(() => segment.attach(make(4))).toThrow(HostError);
  });

  it("function 0 says whether there are more functions", () => {
    const segment = segmentWith();
    segment.attach(make(1), at(4));
    expect(segment.readConfig(at(4), 0x0e, 1)).toBe(0);
    segment.attach(make(2), at(4, 5));
    expect(segment.readConfig(at(4), 0x0e, 1)).toBe(0x80);
    segment.detach(at(4, 5));
    expect(segment.readConfig(at(4), 0x0e, 1)).toBe(0);
  });

  it("memory and I/O accesses go to whom the address belongs, once that is switched on", () => {
    const segment = segmentWith();
    const [a, b] = [make(1), make(2)];
    segment.attach(a);
    segment.attach(b);
    for (const [i, f] of [a, b].entries()) {
      f.writeConfig(0x10, 4, 0x1000 + 0x20 * i);
      f.writeConfig(0x14, 4, 0xe000_0000 + 0x100 * i);
    }
    segment.writeMemory(0xe000_0104, 4, 7);
    expect(segment.readMemory(0xe000_0104, 4)).toBe(0xffff_ffff);
    for (const f of [a, b]) f.writeConfig(4, 2, 3);
    segment.writeMemory(0xe000_0104, 4, 7);
    segment.writeIo(0x1004, 2, 9);
    expect([segment.readMemory(0xe000_0104, 4), b.readBar(1, 4, 4), a.readBar(1, 4, 4)]).toEqual([7, 7, 0]);
    expect([segment.readIo(0x1004, 2), a.readBar(0, 4, 2), segment.readIo(0x1040, 1)]).toEqual([9, 9, 0xff]);
    // Across the border of two functions there is nobody.
    expect(segment.readMemory(0xe000_00fe, 4)).toBe(0xffff_ffff);
  });

  it("interrupt lines are shared, and swizzled by device number", () => {
    const lines: [number, boolean][] = [];
    const segment = segmentWith(lines);
    const [a, b, c] = [make(1, 1), make(2, 1), make(3, 2)];
    segment.attach(a, at(0));
    segment.attach(b, at(4));
    segment.attach(c, at(2));
    for (const f of [a, b, c]) f.setInterrupt(true);
    a.setInterrupt(false);
    expect(lines).toEqual([
      [1, true],
      [4, true],
    ]);
    segment.detach(at(4));
    expect(lines[2]).toEqual([1, false]);
  });
});
