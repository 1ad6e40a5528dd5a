import { VirtioStateError } from "@zarch/virtio";
import { blk } from "@zarch/virtio/device-types";
import { connect, type DirectTransport, type VirtioDriver } from "@zarch/virtio-driver";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryDisk, settle } from "../test/memory-disk.ts";
import { BlkDevice } from "./blk-device.ts";

const SIZE = 64 * blk.SECTOR_SIZE;

class Rig {
  readonly disk: MemoryDisk;
  readonly driver: VirtioDriver<DirectTransport>;

  private constructor(disk: MemoryDisk, driver: VirtioDriver<DirectTransport>) {
    this.disk = disk;
    this.driver = driver;
  }

  static async open(disk = new MemoryDisk(SIZE)): Promise<Rig> {
    return new Rig(disk, await connect(new BlkDevice({ backend: disk })));
  }

  get frontend() {
    return this.driver.transport.frontend;
  }

  /** Goes on with another device over a disk. */
  move(disk: MemoryDisk): void {
    this.driver.transport.replaceDevice(new BlkDevice({ backend: disk }));
  }

  /** The status of a request for one sector. */
  async request(type: number, sector: number, fill = 0): Promise<number | undefined> {
    const header = new Uint8Array(blk.HEADER_SIZE);
    const view = new DataView(header.buffer);
    view.setUint32(0, type, true);
    view.setBigUint64(8, BigInt(sector), true);
    const out = type === blk.T_OUT ? [header, new Uint8Array(blk.SECTOR_SIZE).fill(fill)] : [header];
    const { data } = await this.driver.request(0, out, [type === blk.T_IN ? blk.SECTOR_SIZE + 1 : 1]);
    return data.at(-1);
  }
}

describe("block device: save and restore", () => {
  it("a pause waits for the requests in work, and holds the others back", async () => {
    const rig = await Rig.open();
    rig.disk.hold = true;
    const first = rig.request(blk.T_OUT, 1, 1);
    const pause = rig.frontend.pause();
    const second = rig.request(blk.T_OUT, 2, 2);
    await settle();
    expect(rig.disk.calls).toEqual(["write 512 512"]);
    await rig.disk.finish();
    await pause;
    expect(await first).toBe(blk.S_OK);
    expect(rig.disk.calls).toHaveLength(1);
    rig.disk.hold = false;
    rig.frontend.resume();
    expect(await second).toBe(blk.S_OK);
  });

  it("without a pause, requests in work are done again by the restored device", async () => {
    const rig = await Rig.open();
    rig.disk.hold = true;
    const requests = [rig.request(blk.T_OUT, 1, 0x11), rig.request(blk.T_IN, 0), rig.request(blk.T_FLUSH, 0)];
    await settle();
    const copy = new MemoryDisk(SIZE);
    rig.move(copy);
    await settle();
    expect(copy.calls).toEqual([]); // paused
    rig.frontend.resume();
    expect(await Promise.all(requests)).toEqual([blk.S_OK, blk.S_OK, blk.S_OK]);
    expect(copy.calls).toEqual(["write 512 512", "read 0 512", "flush"]);
    expect(copy.bytes[512]).toBe(0x11);
    for (let i = 0; i < 3; i++) await rig.disk.finish(); // the old device ends without anybody noticing
    expect(await rig.request(blk.T_OUT, 2, 1)).toBe(blk.S_OK);
  });

  it("the cache mode that the driver chose stays; the size is that of the new disk, and the driver hears of it", async () => {
    const rig = await Rig.open();
    await rig.driver.writeConfig(blk.CONFIG.writeback.offset, 1, 0);
    rig.move(new MemoryDisk(SIZE));
    expect((await rig.driver.readConfig(blk.CONFIG.writeback.offset, 1)).getUint8(0)).toBe(0);
    let changes = 0;
    rig.driver.transport.listen({ queueInterrupt: () => {}, configInterrupt: () => void changes++ });
    rig.frontend.resume();
    expect(changes).toBe(0);
    rig.move(new MemoryDisk(2 * SIZE));
    rig.frontend.resume();
    expect([changes, (await rig.driver.readConfig(0, 8)).getBigUint64(0, true)]).toEqual([1, 128n]);
  });

  it("a state that is none, or of a disk with other features, is refused and leaves the device at its beginning", async () => {
    const rig = await Rig.open();
    const state = rig.frontend.save();
    const device = new BlkDevice({ backend: new MemoryDisk(SIZE), writeCache: true });
    for (const bad of [null, {}, { writeback: 256 }, { writeback: "1" }]) expect(() => device.restore(bad)).toThrow(VirtioStateError);
    expect(device.config.get("writeback")).toBe(1);
    expect(state.features).toContain(blk.F_DISCARD);
    expect(() => rig.move(new MemoryDisk(SIZE, true))).toThrow(VirtioStateError);
    expect(await rig.request(blk.T_IN, 0)).toBe(blk.S_OK); // the old one goes on
  });

  it("survived: every request is answered once, with every write on the disk, whenever the device moves", async () => {
    const steps = fc.array(fc.constantFrom("write", "finish", "move", "pause", "resume"), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const rig = await Rig.open();
        let { disk } = rig;
        disk.hold = true;
        const answers: Promise<number | undefined>[] = [];
        for (const step of list) {
          if (step === "write") answers.push(rig.request(blk.T_OUT, answers.length, answers.length + 1));
          else if (step === "finish") await disk.finish();
          else if (step === "pause") void rig.frontend.pause();
          else if (step === "resume") rig.frontend.resume();
          else {
            const next = new MemoryDisk(SIZE);
            next.bytes.set(disk.bytes);
            next.hold = true;
            rig.move(next);
            disk = next;
          }
          await settle();
        }
        disk.hold = false;
        rig.frontend.resume();
        while (disk.waiting.length > 0) await disk.finish();
        expect(await Promise.all(answers)).toEqual(answers.map(() => blk.S_OK));
        for (let i = 0; i < answers.length; i++) expect(disk.bytes[i * blk.SECTOR_SIZE]).toBe(i + 1);
      }),
      { numRuns: 50 },
    );
  });
});
