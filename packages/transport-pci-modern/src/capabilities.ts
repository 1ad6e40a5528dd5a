import { type AccessWidth, type PciCapability, PciCapabilityId, type PciConfigSpace, type PciFunction } from "@zarch/pci";
import { HostError } from "@zarch/vmm-interface";
import { VIRTIO_PCI_VENDOR_ID, VirtioPciCapability } from "./constants.ts";

/** Where a structure is: offset and length in bytes inside a base address register. */
export interface StructureLocation {
  readonly bar: number;
  readonly offset: number;
  readonly length: number;
}

/** Fields of a virtio capability, from the start of its body, that is behind ID and next pointer. */
const LENGTH = 0;
const TYPE = 1;
const BAR = 2;
const ID = 3;
const OFFSET = 6;
const STRUCTURE_LENGTH = 10;
const BASIC_BODY = 14;

/** A virtio capability (virtio 4.1.4). `extra`: what a type appends. */
export function virtioCapability(
  type: number,
  { bar, offset, length }: StructureLocation,
  extra: readonly number[] = [],
  id = 0,
): PciCapability {
  const body = new Uint8Array(BASIC_BODY + 4 * extra.length);
  const view = new DataView(body.buffer);
  view.setUint8(LENGTH, body.length + 2);
  view.setUint8(TYPE, type);
  view.setUint8(BAR, bar);
  view.setUint8(ID, id);
  view.setUint32(OFFSET, offset % 2 ** 32, true);
  view.setUint32(STRUCTURE_LENGTH, length % 2 ** 32, true);
  for (const [i, word] of extra.entries()) view.setUint32(BASIC_BODY + 4 * i, word, true);
  return { id: PciCapabilityId.vendor, body };
}

/** The notification capability (4.1.4.4). `multiplier`: bytes from one queue's place to the next. */
export function notifyCapability(location: StructureLocation, multiplier: number): PciCapability {
  return virtioCapability(VirtioPciCapability.notify, location, [multiplier]);
}

/** A shared memory capability (4.1.4.7), whose offset and length have 64 bits. */
export function sharedMemoryCapability(location: StructureLocation, id: number): PciCapability {
  const high = [Math.floor(location.offset / 2 ** 32), Math.floor(location.length / 2 ** 32)];
  return virtioCapability(VirtioPciCapability.sharedMemory, location, high, id);
}

/**
 * The window for configuration access (4.1.4.9): the driver writes bar, offset and length; accesses of the data field then are accesses of that
 * base address register, with all their effects. Anything but 1, 2 or 4 bytes at a multiple of that does nothing.
 */
export function configAccessCapability(pciFunction: () => PciFunction | undefined): PciCapability {
  const { body, id } = virtioCapability(VirtioPciCapability.configAccess, { bar: 0, offset: 0, length: 0 }, [0]);
  const writable = new Uint8Array(body.length);
  writable.fill(0xff, BAR, BAR + 1);
  writable.fill(0xff, OFFSET, body.length);
  return {
    id,
    body,
    writable,
    placed(config: PciConfigSpace, at: number) {
      const start = at + 2;
      const data = start + BASIC_BODY;
      const window = (access: (bar: number, offset: number, width: AccessWidth) => void): void => {
        const offset = config.view.getUint32(start + OFFSET, true);
        const length = config.view.getUint32(start + STRUCTURE_LENGTH, true);
        if ((length === 1 || length === 2 || length === 4) && offset % length === 0)
          access(config.view.getUint8(start + BAR), offset, length);
      };
      config.watch(data, 1, {
        beforeRead: () =>
          window((bar, offset, width) => config.view.setUint32(data, pciFunction()?.readBar(bar, offset, width) ?? 0, true)),
        afterWrite: () =>
          window((bar, offset, width) => {
            const value = config.view.getUint32(data, true);
            pciFunction()?.writeBar(bar, offset, width, width === 4 ? value : value % 2 ** (8 * width));
          }),
      });
    },
  };
}

/**
 * A vendor's data (4.1.4.8), to be read without effects.
 * @param vendorId any but that of virtio itself
 * @param data bytes; filled up with zeroes to a multiple of 4
 * @throws HostError ERR_VIRTIO_PCI_OPTIONS
 */
export function vendorCapability(vendorId: number, data: Uint8Array): PciCapability {
  if (vendorId === VIRTIO_PCI_VENDOR_ID) throw new HostError("ERR_VIRTIO_PCI_OPTIONS", "vendor data of 0x1af4 is reserved");
  const length = Math.ceil((6 + data.length) / 4) * 4;
  const body = new Uint8Array(length - 2);
  const view = new DataView(body.buffer);
  view.setUint8(LENGTH, length);
  view.setUint8(TYPE, VirtioPciCapability.vendor);
  view.setUint16(2, vendorId, true);
  body.set(data, 4);
  return { id: PciCapabilityId.vendor, body };
}
