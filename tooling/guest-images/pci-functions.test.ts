import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDefaultGuest } from "../../apps/vmm/src/guest/default-guest.ts";
import { hasDefaultGuest } from "./disk-exercise.ts";
import { hasQemu, QemuGuest } from "./qemu-guest.ts";
import { zarch } from "./zarch-command.ts";

const DISK_SIZE = 2 ** 20;
const POINTER = 0x34;
const PIN = 0x3d;
const CAPABILITIES = 0x40;
const MSIX = 0x11;
const VENDOR = 0x09;
const DEVICE_CONFIGURATION = 4;

/** In the order of their UIDs. */
const functions = ["disk", "disk with packed rings", "console", "entropy device"] as const;
const domain = (index: number): string => `000${index + 1}:00:00.0`;

interface Capability {
  readonly offset: number;
  /** Behind ID and next pointer. */
  readonly body: string;
}

/** A machine as a guest sees it. Lines of the script by function or "kernel", and by word. */
class Seen {
  readonly #lines: readonly (readonly string[])[];

  constructor(text: string) {
    this.#lines = text
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" "));
  }

  values(name: string, word: string): string[] {
    return this.#lines.filter(([first, second]) => first === name && second === word).map((line) => line.slice(2).join(" "));
  }

  /** All words of a function but for its configuration space. */
  attributes(name: string): Record<string, string> {
    const words = this.#lines.filter(([first, word]) => first === name && word !== "config");
    return Object.fromEntries(words.map(([, word, ...values]) => [word, values.join(" ")]));
  }

  config(name: string): Uint8Array {
    return new Uint8Array(Buffer.from(this.values(name, "config")[0]!, "hex"));
  }

  /** By ID, and for those of virtio also by type. */
  capabilities(name: string): Map<string, Capability> {
    const config = this.config(name);
    const found = new Map<string, Capability>();
    for (let offset = config[POINTER]!; offset !== 0; offset = config[offset + 1]!) {
      const id = config[offset]!;
      const length = id === VENDOR ? config[offset + 2]! : 12;
      found.set(id === VENDOR ? `virtio ${config[offset + 3]}` : String(id), {
        offset,
        body: Buffer.from(config.subarray(offset + 2, offset + length)).toString("hex"),
      });
    }
    return found;
  }
}

/** docs/pci.md says why the differences are there. */
describe.skipIf(!hasQemu() || !(await hasDefaultGuest()))(
  "PCI functions as Linux finds them, here and on QEMU",
  { timeout: 120_000 },
  () => {
    let folder: string;
    let ours: Seen;
    let qemu: Seen;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "zarch-pci-"));
      const disks = ["first", "second"].map((name) => join(folder, name));
      for (const disk of disks) await writeFile(disk, new Uint8Array(DISK_SIZE));
      const command = ["sh", "-c", await readFile(fileURLToPath(new URL("scripts/pci-functions.sh", import.meta.url)), "utf8")];
      const options = disks.flatMap((disk, index) => ["--disk", index === 0 ? disk : `${disk},packed`]);
      ours = new Seen((await zarch(["run", "--timeout", "100", "--virtio", "bus=pci", ...options, "--", ...command])).stdout);

      const devices = [
        "virtio-blk-pci,drive=d0,id=f0",
        "virtio-blk-pci,drive=d1,id=f1,packed=on",
        "virtio-serial-pci,id=f2,max_ports=4",
        "virtio-rng-pci,id=f3",
      ];
      const drives = disks.flatMap((disk, index) => ["-drive", `if=none,id=d${index},file=${disk},format=raw`]);
      const arguments_ = devices.flatMap((device, index) => [
        ...["-device", `zpci,uid=${index + 1},fid=${index},target=f${index}`],
        ...["-device", `${device},disable-legacy=on`],
      ]);
      await using guest = new QemuGuest(await loadDefaultGuest());
      const { stdout } = await guest.run({ request: { argv: command, environment: {} }, arguments: [...drives, ...arguments_] });
      qemu = new Seen(stdout.toString());
    }, 110_000);

    afterAll(() => rm(folder, { recursive: true, force: true }));

    it("the kernel says the same of them", () => {
      const said = ours.values("kernel", "said").toSorted();
      expect(said.filter((line) => line.startsWith("pci ")).length).toBeGreaterThan(4 * functions.length - 1);
      expect(said).toEqual(qemu.values("kernel", "said").toSorted());
    });

    it.each(functions.map((name, index) => ({ name, index })))(
      "$name: all attributes, but for the handle and the vectors",
      ({ name, index }) => {
        const expected = qemu.attributes(domain(index));
        expect(Object.keys(expected).length).toBeGreaterThan(20);
        expect(ours.attributes(domain(index))).toEqual({
          ...expected,
          function_handle: `0x8002000${index + 1}`,
          // Each queue of ours has a vector, if Linux wants to hear of it.
          vectors: name === "console" ? "10" : "2",
        });
      },
    );

    it.each(functions.map((name, index) => ({ name, index })))(
      "$name: the header, but for capability pointer and interrupt pin",
      ({ index }) => {
        const expected = qemu.config(domain(index)).slice(0, CAPABILITIES);
        expect([expected[POINTER], expected[PIN]]).toEqual([0x98, 1]);
        expected[POINTER] = CAPABILITIES;
        expected[PIN] = 0;
        expect(ours.config(domain(index)).slice(0, CAPABILITIES)).toEqual(expected);
      },
    );

    it.each(functions.map((name, index) => ({ name, index })))("$name: the capabilities", ({ name, index }) => {
      const expected = qemu.capabilities(domain(index));
      const found = ours.capabilities(domain(index));
      const order = (capabilities: Map<string, Capability>) => [...capabilities.keys()];
      if (name === "entropy device") {
        // It has no configuration, so we do not say where that is; what follows lies in its place.
        expect(found.has(`virtio ${DEVICE_CONFIGURATION}`)).toBe(false);
        expected.delete(`virtio ${DEVICE_CONFIGURATION}`);
        for (const [key, { offset, body }] of expected) if (offset > 0x60) expected.set(key, { offset: offset - 16, body });
      }
      if (name === "console") {
        const { offset, body } = expected.get(String(MSIX))!;
        // Two vectors there; ten queues and the configuration here. The low byte of the control register is the last vector.
        expect([body.slice(0, 4), found.get(String(MSIX))!.body.slice(0, 4)]).toEqual(["0180", "0a80"]);
        expected.set(String(MSIX), { offset, body: `0a${body.slice(2)}` });
      }
      expect(found).toEqual(expected);
      // We add capabilities at the end of the list, QEMU at its head.
      expect(order(found)).toEqual(order(expected).toReversed());
    });
  },
);
