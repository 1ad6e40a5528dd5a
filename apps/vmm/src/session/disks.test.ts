import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMachine, formatDeviceAddress, type Machine, rawProgram } from "@zarch/machine";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runMonitorLine } from "../monitor/monitor.ts";
import { DiskSet } from "./disks.ts";

/** A guest that waits, and never looks at what its machine tells it: the test gives functions up in its place. */
describe("disks that the guest is asked for", () => {
  let folder: string;
  let path: string;
  let machine: Machine;
  let disks: DiskSet;
  const address = { uid: 1 };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "zarch-disks-"));
    path = join(folder, "disk");
    await writeFile(path, new Uint8Array(1024));
    machine = await createMachine({ memory: 2 ** 20, ipl: rawProgram({ bytes: Uint8Array.of(0x07, 0xfe), address: 0x1_0000 }), pci: true });
    disks = new DiskSet();
    await disks.open([{ path, readOnly: false, bus: "pci" }]);
    disks.plugInto(machine);
    void machine.run();
  });

  afterEach(async () => {
    vi.useRealTimers();
    await machine.close();
    await disks.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** An open disk is locked. */
  async function isOpen(): Promise<boolean> {
    const other = new DiskSet();
    try {
      await other.open([{ path, readOnly: false }]);
      return false;
    } catch {
      return true;
    } finally {
      await other.close();
    }
  }

  it("stay until the guest has given them up", async () => {
    const ejected = disks.eject(address);
    expect([await isOpen(), disks.describe(address)]).toEqual([true, `disk ${path}`]);
    machine.zpci!.deconfigure(0);
    await ejected;
    expect([await isOpen(), disks.describe(address), machine.devices]).toEqual([false, undefined, []]);
  });

  it("can be removed in the meantime, and the next disk at the address is another", async () => {
    const ejected = disks.eject(address);
    await disks.remove(address);
    const next = await disks.add({ path, readOnly: true, bus: "pci" });
    await ejected;
    expect([formatDeviceAddress(next), disks.describe(next)]).toEqual(["pci:0001", `disk ${path} (read-only)`]);
    expect(await isOpen()).toBe(true);
  });

  it("are closed at the end of the machine", async () => {
    const ejected = disks.eject(address);
    await machine.close();
    await disks.close();
    await ejected;
    expect(await isOpen()).toBe(false);
  });

  it("the machine's command line waits a while for the guest", async () => {
    const target = { machine, disks, quit() {} };
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const late = runMonitorLine(target, "disk eject pci:0001");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await late).toBe("disk pci:0001 still there: the guest was asked to give it up, and has not yet");
    const soon = runMonitorLine(target, "disk eject pci:0001");
    machine.zpci!.deconfigure(0);
    expect(await soon).toBe("disk pci:0001 ejected");
    await expect(runMonitorLine(target, "disk eject pci:0001")).rejects.toThrow("there is no disk pci:0001");
    await expect(runMonitorLine(target, "disk eject")).rejects.toThrow("usage: ");
  });
});
