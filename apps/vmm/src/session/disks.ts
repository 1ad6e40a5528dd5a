import { memoryOverlay } from "@zarch/block-backends";
import { openFileBackend, openFileOverlay } from "@zarch/block-backends/node";
import { BlkDevice } from "@zarch/device-blk";
import { type CcwAddress, ccw, type DeviceAddress, formatDeviceAddress, type Machine, pci } from "@zarch/machine";
import { type BlockBackend, HostError } from "@zarch/vmm-interface";
import type { DiskOption } from "../command-line/disk-option.ts";
import { ccwOptionsOf, joinVirtioOptions, pciOptionsOf, type VirtioOption } from "../command-line/virtio-option.ts";

/** A disk whose files are open. */
interface Disk {
  readonly option: DiskOption;
  readonly backend: BlockBackend;
  /** Flushes, and closes the files. Nothing may be in flight. */
  close(): Promise<void>;
}

/**
 * The disks of a machine, plugged in and pulled out also while it runs. Files are opened, and thereby checked and locked,
 * before there is a machine, and closed after it.
 */
export class DiskSet {
  readonly #virtio: VirtioOption;
  readonly #attached = new Map<string, Disk>();
  #waiting: Disk[] = [];
  #machine: Machine | undefined;
  readonly #closing = new Set<Promise<void>>();

  /** @param virtio what holds for all disks, apart from what is said for each */
  constructor(virtio: VirtioOption = {}) {
    this.#virtio = virtio;
  }

  /**
   * Opens disks that {@link plugInto} will put into the machine.
   * @throws {HostError} when a file is missing, not usable as a disk, or in use by another process, or an option does not fit the others
   */
  async open(options: readonly DiskOption[]): Promise<void> {
    for (const option of options) this.#waiting.push(await this.#open(option));
  }

  /** Puts all open disks into a machine: those that name their address first, then the others in order. */
  plugInto(machine: Machine): void {
    this.#machine = machine;
    const reserved = new Set(this.#waiting.flatMap(({ option }) => option.address?.devno ?? []));
    while (this.#waiting.length > 0) {
      this.#attach(this.#waiting[0]!, machine, reserved);
      this.#waiting.shift();
    }
  }

  /** What a device is, for people; undefined if it is no disk. */
  describe(address: DeviceAddress): string | undefined {
    const disk = this.#attached.get(formatDeviceAddress(address));
    if (disk === undefined) return undefined;
    const { path, readOnly, overlay } = disk.option;
    return `disk ${path}${readOnly ? " (read-only)" : ""}${overlay ? " (overlay)" : ""}`;
  }

  /** Opens a disk and plugs it in. */
  async add(option: DiskOption): Promise<DeviceAddress> {
    const machine = this.#machine;
    if (machine === undefined) throw new HostError("ERR_ZARCH_NO_DISK", "there is no machine yet");
    const disk = await this.#open(option);
    try {
      return this.#attach(disk, machine, new Set());
    } catch (error) {
      await disk.close();
      throw error;
    }
  }

  /**
   * Pulls a disk out and closes its files.
   * @throws {HostError} ERR_ZARCH_NO_DISK when there is none at the address
   */
  async remove(address: DeviceAddress): Promise<void> {
    const disk = this.#find(address);
    this.#attached.delete(formatDeviceAddress(address));
    await this.#machine?.detach(address);
    await this.#closeDetached(disk);
  }

  /**
   * Asks the guest to give a disk up, and closes its files when it has. The guest chooses the time; {@link remove} does not wait for it.
   * @throws {HostError} ERR_ZARCH_NO_DISK, or ERR_DEVICE_REQUEST when the guest cannot be asked
   */
  async eject(address: DeviceAddress): Promise<void> {
    const disk = this.#find(address);
    await this.#machine?.requestDetach(address);
    const key = formatDeviceAddress(address);
    // Unless it was removed in the meantime.
    if (this.#attached.get(key) !== disk) return;
    this.#attached.delete(key);
    await this.#closeDetached(disk);
  }

  #find(address: DeviceAddress): Disk {
    const key = formatDeviceAddress(address);
    const disk = this.#attached.get(key);
    if (disk === undefined) throw new HostError("ERR_ZARCH_NO_DISK", `there is no disk ${key}`);
    return disk;
  }

  /** {@link close} waits for it, too. */
  async #closeDetached(disk: Disk): Promise<void> {
    const closing = disk.close();
    this.#closing.add(closing);
    await closing.finally(() => this.#closing.delete(closing));
  }

  /** Flushes and closes all files. The machine must be closed: nothing is in flight any more. */
  async close(): Promise<void> {
    const disks = [...this.#attached.values(), ...this.#waiting];
    this.#attached.clear();
    this.#waiting = [];
    const results = await Promise.allSettled([...disks.map((disk) => disk.close()), ...this.#closing]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  #open(option: DiskOption): Promise<Disk> {
    // A device number says that the disk is channel-attached.
    return openDisk(joinVirtioOptions(this.#virtio, option.address ? { ...option, bus: "ccw" } : option));
  }

  #attach(disk: Disk, machine: Machine, reserved: ReadonlySet<number>): DeviceAddress {
    const { address: wish, queueSize, bus } = disk.option;
    const device = new BlkDevice({ backend: disk.backend, ...(queueSize !== undefined && { queueSize }) });
    const address: DeviceAddress =
      bus === "pci"
        ? machine.attach(pci(device, pciOptionsOf(disk.option)))
        : machine.attach(ccw(device, { ...ccwOptionsOf(disk.option), devno: wish ?? freeAddress(machine, reserved) }));
    this.#attached.set(formatDeviceAddress(address), disk);
    return address;
  }
}

async function openDisk(option: DiskOption): Promise<Disk> {
  const { overlay } = option;
  const file = await openFileBackend(option.path, { readOnly: option.readOnly || overlay !== undefined });
  if (overlay === undefined) return { option, backend: file, close: () => file.close() };
  if (overlay.path === undefined) return { option, backend: memoryOverlay(file), close: () => file.close() };
  try {
    const layer = await openFileOverlay(overlay.path, file);
    return { option, backend: layer, close: () => layer.close().finally(() => file.close()) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** From 1 on, as device numbers of disks are in most examples; other devices of zarch are far above. */
function freeAddress(machine: Machine, reserved: ReadonlySet<number>): CcwAddress {
  const taken = new Set(machine.devices.flatMap((address) => ("devno" in address && address.ssid === 0 ? address.devno : [])));
  let devno = 1;
  while (taken.has(devno) || reserved.has(devno)) devno++;
  return { cssid: 0xfe, ssid: 0, devno };
}
