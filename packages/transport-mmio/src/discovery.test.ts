import { describe, expect, it } from "vitest";
import { deviceTreeNode, deviceTreeSource, linuxCommandLine } from "./index.ts";

const place = { address: 0x1000_1000, size: 0x200, interrupt: 1 };

describe("4.2.1 discovery", () => {
  it("a parameter of Linux's command line", () => {
    expect(linuxCommandLine(place)).toBe("virtio_mmio.device=0x200@0x10001000:1");
  });

  it("a node of a device tree, in cells", () => {
    expect(deviceTreeNode({ ...place, address: 0x12_3456_7000 })).toEqual({
      name: "virtio_mmio@1234567000",
      properties: { compatible: "virtio,mmio", reg: [0x12, 0x3456_7000, 0, 0x200], interrupts: [1] },
    });
    expect(deviceTreeNode(place, { cells: 1, interruptFlags: [4], interruptParent: 3 }).properties).toEqual({
      compatible: "virtio,mmio",
      reg: [0x1000_1000, 0x200],
      "interrupt-parent": [3],
      interrupts: [1, 4],
    });
  });

  it("the same as source", () => {
    expect(deviceTreeSource(deviceTreeNode(place))).toBe(
      'virtio_mmio@10001000 {\n\tcompatible = "virtio,mmio";\n\treg = <0x0 0x10001000 0x0 0x200>;\n\tinterrupts = <0x1>;\n};\n',
    );
  });

  it("what is no address is refused", () => {
    for (const address of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => linuxCommandLine({ ...place, address })).toThrow(/no place/);
    expect(() => deviceTreeNode({ ...place, address: 2 ** 32 - 0x100 }, { cells: 1 })).toThrow(/one cell/);
  });
});
