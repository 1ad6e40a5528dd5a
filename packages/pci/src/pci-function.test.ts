import { HostError } from "@zarch/vmm-interface";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { PciCommand, PciFunction, type PciFunctionOptions, PciRegister, PciStatus, RamRegion } from "./index.ts";

const identity = {
  vendorId: 0x1af4,
  deviceId: 0x1042,
  revisionId: 1,
  classCode: 0x01_80_00,
  subsystemVendorId: 0x1af4,
  subsystemId: 0x1100,
};

const messages: [number, number, number][] = [];
const lines: boolean[] = [];
const host = {
  msi: { signal: (...message: [number, number, number]) => void messages.push(message) },
  setInterruptLine: (asserted: boolean) => void lines.push(asserted),
};

beforeEach(() => {
  messages.length = 0;
  lines.length = 0;
});

function make(options: Partial<PciFunctionOptions> = {}): PciFunction {
  const made = new PciFunction({ identity, ...options });
  made.connect(host);
  lines.length = 0;
  return made;
}

const withVectors = (vectors = 4): PciFunction =>
  make({
    bars: [undefined, { kind: "memory32", size: 0x1000, region: new RamRegion(0x1000) }],
    msix: { vectors, tableBar: 1, tableOffset: 0, pendingBar: 1, pendingOffset: 0x800 },
  });

function codeOf(action: () => unknown): string {
  try {
    action();
    return "no error";
  } catch (error) {
    return error instanceof HostError ? error.code : String(error);
  }
}

/** Offsets of the capabilities, by the list as a host walks it. */
function capabilities(pciFunction: PciFunction): { id: number; at: number }[] {
  const found: { id: number; at: number }[] = [];
  if ((pciFunction.readConfig(PciRegister.status, 2) & PciStatus.capabilities) === 0) return found;
  for (let at = pciFunction.readConfig(PciRegister.capabilities, 1); at !== 0; at = pciFunction.readConfig(at + 1, 1)) {
    found.push({ id: pciFunction.readConfig(at, 1), at });
  }
  return found;
}

describe("configuration space", () => {
  it("shows the identity, read by any width", () => {
    const f = make();
    expect([f.readConfig(0, 4), f.readConfig(0, 2), f.readConfig(2, 2), f.readConfig(8, 4)]).toEqual([
      0x1042_1af4, 0x1af4, 0x1042, 0x0180_0001,
    ]);
    expect([f.readConfig(0x2c, 2), f.readConfig(0x2e, 2), f.readConfig(0x0e, 1)]).toEqual([0x1af4, 0x1100, 0]);
    expect(f.readConfig(3, 1)).toBe(0x10);
  });

  it("what is read-only stays, whatever is written", () => {
    const f = make();
    const before = Array.from({ length: 64 }, (_, i) => f.readConfig(4 * i, 4));
    for (let i = 0; i < 64; i++) f.writeConfig(4 * i, 4, 0);
    const after = Array.from({ length: 64 }, (_, i) => f.readConfig(4 * i, 4));
    expect(after).toEqual(before);
  });

  it("the command register has the bits that mean something; I/O only with an I/O register", () => {
    const command = (bars: PciFunctionOptions["bars"]): number => {
      const f = make({ ...(bars && { bars }) });
      f.writeConfig(PciRegister.command, 2, 0xffff);
      return f.readConfig(PciRegister.command, 2);
    };
    expect(command([])).toBe(0x0546);
    expect(command([{ kind: "io", size: 32, region: new RamRegion(32) }])).toBe(0x0547);
  });

  it("beyond its end there are all ones", () => {
    const f = make();
    f.writeConfig(256, 4, 1);
    expect([f.readConfig(256, 4), f.readConfig(254, 4), f.readConfig(4096, 1), f.readConfig(-4, 2)]).toEqual([
      0xffff_ffff, 0xffff_ffff, 0xff, 0xffff,
    ]);
    expect(make({ configSize: 4096 }).readConfig(4092, 4)).toBe(0);
  });

  it("accesses of any width do what their bytes would", () => {
    const widths = fc.constantFrom<1 | 2 | 4>(1, 2, 4);
    fc.assert(
      fc.property(fc.array(fc.record({ offset: fc.nat(0x43), width: widths, value: fc.nat(0xffff_ffff) })), (writes) => {
        const whole = withVectors();
        const bytes = withVectors();
        for (const { offset, width, value } of writes) {
          const fits = width === 4 ? value : value % 2 ** (8 * width);
          whole.writeConfig(offset, width, fits);
          for (let i = 0; i < width; i++) bytes.writeConfig(offset + i, 1, (fits >>> (8 * i)) & 0xff);
        }
        for (let i = 0; i < 256; i++) expect(whole.readConfig(i, 1)).toBe(bytes.readConfig(i, 1));
      }),
    );
  });
});

describe("base address registers", () => {
  it("all ones written give the size; the type stays in the low bits", () => {
    const f = make({
      bars: [
        { kind: "io", size: 0x40, region: new RamRegion(0x40) },
        { kind: "memory32", size: 0x1000, region: new RamRegion(0x1000) },
        { kind: "memory64", size: 0x4000, prefetchable: true, region: new RamRegion(0x4000) },
        undefined,
        { kind: "memory64", size: 2 ** 33, region: new RamRegion(16) },
      ],
    });
    for (let i = 0; i < 6; i++) f.writeConfig(0x10 + 4 * i, 4, 0xffff_ffff);
    expect(Array.from({ length: 6 }, (_, i) => f.readConfig(0x10 + 4 * i, 4))).toEqual([
      0xffff_ffc1, 0xffff_f000, 0xffff_c00c, 0xffff_ffff, 0x0000_0004, 0xffff_fffe,
    ]);
  });

  it("an address is kept, and forgotten at reset", () => {
    const f = make({ bars: [{ kind: "memory64", size: 0x1000, region: new RamRegion(0x1000) }] });
    f.writeConfig(0x10, 4, 0x8000_1234);
    f.writeConfig(0x14, 4, 0x12);
    expect([f.readConfig(0x10, 4), f.readConfig(0x14, 4), f.bars[0]?.address]).toEqual([0x8000_1004, 0x12, 0x12_8000_1000]);
    f.reset();
    expect([f.readConfig(0x10, 4), f.bars[0]?.address]).toEqual([4, 0]);
  });

  it("accesses go to the region, and nowhere beyond its end", () => {
    const f = make({ bars: [{ kind: "memory32", size: 0x10, region: new RamRegion(0x10) }] });
    f.writeBar(0, 4, 4, 0x1122_3344);
    expect([f.readBar(0, 4, 4), f.readBar(0, 6, 2), f.readBar(0, 7, 1)]).toEqual([0x1122_3344, 0x1122, 0x11]);
    f.writeBar(0, 14, 4, 1);
    expect([f.readBar(0, 14, 4), f.readBar(0, -1, 1), f.readBar(1, 0, 4), f.readBar(7, 0, 1)]).toEqual([
      0xffff_ffff, 0xff, 0xffff_ffff, 0xff,
    ]);
    expect(f.readBar(0, 12, 4)).toBe(0);
  });

  it("impossible ones are refused", () => {
    const region = new RamRegion(16);
    const bars = (bars: PciFunctionOptions["bars"]) => codeOf(() => make({ ...(bars && { bars }) }));
    expect(bars([{ kind: "memory32", size: 24, region }])).toBe("ERR_PCI_BAR");
    expect(bars([{ kind: "memory32", size: 8, region }])).toBe("ERR_PCI_BAR");
    expect(bars([{ kind: "memory32", size: 2 ** 32, region }])).toBe("ERR_PCI_BAR");
    expect(bars([{ kind: "io", size: 512, region }])).toBe("ERR_PCI_BAR");
    expect(bars([undefined, undefined, undefined, undefined, undefined, { kind: "memory64", size: 16, region }])).toBe("ERR_PCI_BAR");
    expect(
      bars([
        { kind: "memory64", size: 16, region },
        { kind: "memory32", size: 16, region },
      ]),
    ).toBe("ERR_PCI_BAR");
  });
});

describe("capabilities", () => {
  it("form a list in their order, each at a multiple of 4, with what the host may write", () => {
    const f = make({
      capabilities: [
        { id: 9, body: Uint8Array.of(5, 1, 2) },
        { id: 1, body: Uint8Array.of(0x11, 0x22, 0x33, 0x44, 0x55), writable: Uint8Array.of(0, 0, 0x0f) },
      ],
    });
    expect(capabilities(f)).toEqual([
      { id: 9, at: 0x40 },
      { id: 1, at: 0x48 },
    ]);
    f.writeConfig(0x48, 4, 0xffff_ffff);
    f.writeConfig(0x4c, 4, 0xffff_ffff);
    expect([f.readConfig(0x48, 4), f.readConfig(0x4c, 4)]).toEqual([0x2211_0001, 0x0055_443f]);
    f.reset();
    expect(f.readConfig(0x4c, 4)).toBe(0x0055_4433);
  });

  it("no list, no bit in the status register; too much of it is refused", () => {
    expect(make().readConfig(PciRegister.status, 2)).toBe(0);
    expect(codeOf(() => make({ capabilities: [{ id: 9, body: new Uint8Array(191) }] }))).toBe("ERR_PCI_CONFIG");
    expect(codeOf(() => make({ capabilities: [{ id: 9, body: new Uint8Array(190) }] }))).toBe("no error");
  });
});

describe("MSI-X", () => {
  const enable = (f: PciFunction, control = 0x8000): void => {
    f.writeConfig(PciRegister.command, 2, PciCommand.busMaster | PciCommand.memory);
    f.writeConfig(0x42, 2, control);
  };
  const program = (f: PciFunction, vector: number, control = 0): void => {
    for (const [i, value] of [0xfee0_0003 + 16 * vector, 0x12, 0x100 + vector, control].entries())
      f.writeBar(1, 16 * vector + 4 * i, 4, value);
  };

  it("the capability gives the number of vectors and where table and pending bits are", () => {
    const f = withVectors(33);
    expect(capabilities(f)).toEqual([{ id: 0x11, at: 0x40 }]);
    expect([f.readConfig(0x42, 2), f.readConfig(0x44, 4), f.readConfig(0x48, 4)]).toEqual([32, 1, 0x801]);
    enable(f, 0xffff);
    expect(f.readConfig(0x42, 2)).toBe(0xc020);
  });

  it("an event becomes a message, with the two lowest address bits as 0", () => {
    const f = withVectors();
    enable(f);
    program(f, 2);
    f.msix?.trigger(2);
    f.msix?.trigger(4);
    expect(messages).toEqual([[0x12, 0xfee0_0020, 0x102]]);
  });

  it("nothing happens while MSI-X is off; nothing leaves without bus mastering", () => {
    const f = withVectors();
    program(f, 0);
    f.msix?.trigger(0);
    f.writeConfig(0x42, 2, 0x8000);
    f.msix?.trigger(0);
    expect([messages, f.readBar(1, 0x800, 4)]).toEqual([[], 0]);
  });

  it("a masked vector is pending until it is unmasked: by itself or with the whole function; all are masked at first", () => {
    const f = withVectors();
    enable(f);
    f.msix?.trigger(1);
    expect([messages.length, f.readBar(1, 0x800, 4)]).toEqual([0, 2]);
    program(f, 1);
    expect([messages, f.readBar(1, 0x800, 4)]).toEqual([[[0x12, 0xfee0_0010, 0x101]], 0]);
    f.writeConfig(0x42, 2, 0xc000);
    f.msix?.trigger(1);
    f.msix?.trigger(1);
    expect([messages.length, f.readBar(1, 0x800, 1)]).toEqual([1, 2]);
    f.writeConfig(0x42, 2, 0x8000);
    expect([messages.length, f.readBar(1, 0x800, 1)]).toEqual([2, 0]);
  });

  it("the table is accessed by 4 bytes, the pending bits only read", () => {
    const f = withVectors();
    program(f, 0, 0xffff_ffff);
    expect([f.readBar(1, 8, 4), f.readBar(1, 8, 2), f.readBar(1, 12, 4)]).toEqual([0x100, 0x100, 1]);
    f.writeBar(1, 8, 2, 7);
    f.writeBar(1, 0x800, 4, 0xffff_ffff);
    expect([f.readBar(1, 8, 4), f.readBar(1, 0x800, 4)]).toEqual([0x100, 0]);
    // Around them is what the register maps.
    f.writeBar(1, 0x40, 4, 77);
    expect(f.readBar(1, 0x40, 4)).toBe(77);
  });

  it("reset masks all vectors and forgets what is pending", () => {
    const f = withVectors();
    enable(f);
    program(f, 0);
    f.msix?.trigger(1);
    f.reset();
    expect([f.readBar(1, 0, 4), f.readBar(1, 12, 4), f.readBar(1, 0x800, 4), f.readConfig(0x42, 2)]).toEqual([0, 1, 0, 3]);
    enable(f);
    program(f, 1);
    expect(messages).toEqual([]);
  });

  it("1 to 2048 vectors, which lie inside a register that exists", () => {
    const refused = (vectors: number, tableOffset = 0, tableBar = 1): string =>
      codeOf(() =>
        make({
          bars: [undefined, { kind: "memory32", size: 0x1_0000, region: new RamRegion(16) }],
          msix: { vectors, tableBar, tableOffset, pendingBar: 1, pendingOffset: 0x8000 },
        }),
      );
    expect([1, 2048].map((n) => refused(n))).toEqual(["no error", "no error"]);
    expect([0, 2049, 1.5].map((n) => refused(n))).toEqual(["ERR_PCI_MSIX", "ERR_PCI_MSIX", "ERR_PCI_MSIX"]);
    expect([refused(2, 0xfff8), refused(2, 4), refused(2, 0, 2)]).toEqual(["ERR_PCI_MSIX", "ERR_PCI_MSIX", "ERR_PCI_MSIX"]);
  });
});

describe("INTx", () => {
  it("the condition shows in the status register; the line follows unless it is disabled", () => {
    const f = make({ interruptPin: 1 });
    expect(f.readConfig(PciRegister.interruptPin, 1)).toBe(1);
    f.setInterrupt(true);
    f.writeConfig(PciRegister.command, 2, PciCommand.interruptDisable);
    expect(f.readConfig(PciRegister.status, 2)).toBe(PciStatus.interrupt);
    f.writeConfig(PciRegister.command, 2, 0);
    f.setInterrupt(false);
    expect([lines, f.readConfig(PciRegister.status, 2)]).toEqual([[true, false, true, false], 0]);
  });
});
