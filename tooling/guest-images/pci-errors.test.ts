import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDefaultGuest } from "../../apps/vmm/src/guest/default-guest.ts";
import { BlkDevice } from "../../packages/device-blk/src/index.ts";
import { MemoryDisk } from "../../packages/device-blk/test/memory-disk.ts";
import { createMachine, linux, type Machine, pci } from "../../packages/machine/src/index.ts";
import { hasDefaultGuest } from "./disk-exercise.ts";
import { ConsoleText } from "./rings/console-text.ts";

/** Three disks with translated DMA; the tests follow one another in one guest, which the last one boots again. */
describe.skipIf(!(await hasDefaultGuest()))("Linux and PCI functions whose DMA fails", { timeout: 120_000 }, () => {
  let machine: Machine;
  const text = new ConsoleText();
  const disk = new MemoryDisk(2 ** 22);
  const sum = createHash("md5").update(disk.bytes).digest("hex");
  const failures: string[] = [];

  beforeAll(async () => {
    const guest = await loadDefaultGuest();
    machine = await createMachine({
      memory: 2 ** 29,
      ipl: linux({ kernel: guest.kernel, initrd: guest.initramfs, commandLine: "console=ttysclp0 quiet" }),
      vt220Console: { output: (bytes) => text.add(bytes) },
      logger: { log: (level, message) => void (level === "error" && failures.push(message)) },
      devices: [1, 2, 3].map((uid) => pci(new BlkDevice({ backend: new MemoryDisk(disk.size) }), { uid, accessPlatform: true })),
    });
    void machine.run().finally(() => text.end());
    await text.says("# ");
  }, 60_000);

  afterAll(() => machine.close());

  /** What a command of the guest's shell prints. */
  async function shell(command: string): Promise<string> {
    machine.vt220Console!.input(new TextEncoder().encode(`${command}; echo "<$?>"\r`));
    return text.says("<0>");
  }

  const functionOf = (uid: number) => machine.zpci!.functions.find((one) => one.uid === uid)!;

  /** As a device would whose driver gave it an address that has no translation. */
  function failDma(uid: number): void {
    const { dma } = functionOf(uid);
    expect(dma.loadUint8(dma.limit)).toBe(0);
  }

  it("disks work, through tables that Linux has registered", async () => {
    expect((await shell("md5sum /dev/vda /dev/vdb /dev/vdc")).match(new RegExp(sum, "g"))).toHaveLength(3);
    expect([1, 2, 3].map((uid) => [functionOf(uid).state, functionOf(uid).dma.enabled])).toEqual([1, 2, 3].map(() => ["enabled", true]));
  });

  it("an error in the middle of reads stops that function, and Linux is told; the others work on", async () => {
    await shell("while dd if=/dev/vdb of=/dev/null bs=64k iflag=direct 2>/dev/null; do :; done & sleep 1");
    failDma(2);
    expect(functionOf(2).state).toBe("error");
    const said = await shell("sleep 1; dmesg | grep zpci; md5sum /dev/vda");
    expect(said).toContain("0002:00:00.0: Event 0x7 reports an error for PCI function 0x1");
    expect(said).toContain(sum);
    expect([functionOf(1).state, functionOf(2).state, failures]).toEqual(["enabled", "error", []]);
  });

  it("Linux recovers a function that no driver is bound to, and the driver then finds the disk as it was", async () => {
    await shell("echo 0003:00:00.0 >/sys/bus/pci/drivers/virtio-pci/unbind");
    failDma(3);
    expect(functionOf(3).state).toBe("error");
    const said = await shell("sleep 1; echo 1 >/sys/bus/pci/devices/0003:00:00.0/recover; sleep 1; md5sum /dev/vdc; dmesg | grep zpci");
    expect(said).toContain("0003:00:00.0: Event 0x7 reports an error for PCI function 0x2");
    expect(said).toContain(sum);
    expect([functionOf(3).state, functionOf(3).dma.enabled]).toEqual(["enabled", true]);
  });

  it("a reset of the machine ends every error", async () => {
    await machine.reset();
    expect((await text.says("Linux ")) && (await text.says("# "))).toBeTruthy();
    expect((await shell("md5sum /dev/vda /dev/vdb /dev/vdc")).match(new RegExp(sum, "g"))).toHaveLength(3);
    expect(functionOf(2).state).toBe("enabled");
  });
});
