import { HostError } from "@zarch/vmm-interface";

/** Where a machine has put a device: MMIO has no discovery, so the guest must be told (virtio 4.2.1). */
export interface VirtioMmioPlace {
  /** Guest physical address of the region, bytes. */
  readonly address: number;
  /** Bytes of the region; see `VirtioMmioDevice.size`. */
  readonly size: number;
  /** Number of the interrupt, as the guest's interrupt controller counts it. */
  readonly interrupt: number;
}

function check({ address, size, interrupt }: VirtioMmioPlace): void {
  if (![address, size, interrupt].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    throw new HostError("ERR_MMIO_PLACE", `no place for a device: address ${address}, size ${size}, interrupt ${interrupt}`);
  }
}

/**
 * The parameter of Linux's command line that makes it look for the device; needs CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES.
 * @returns for instance `virtio_mmio.device=0x200@0x10001000:1`
 * @throws HostError with code ERR_MMIO_PLACE for numbers that are no addresses
 */
export function linuxCommandLine(place: VirtioMmioPlace): string {
  check(place);
  return `virtio_mmio.device=0x${place.size.toString(16)}@0x${place.address.toString(16)}:${place.interrupt}`;
}

/** A node of a device tree. Numbers are cells of 32 bits. */
export interface DeviceTreeNode {
  readonly name: string;
  readonly properties: Readonly<Record<string, string | readonly number[]>>;
}

export interface DeviceTreeOptions {
  /** #address-cells and #size-cells of the parent node. Default 2. */
  readonly cells?: 1 | 2;
  /** What follows the interrupt's number where the controller has more than one cell for an interrupt: its type, its trigger. */
  readonly interruptFlags?: readonly number[];
  /** Phandle of the interrupt controller, where the parent node does not name it. */
  readonly interruptParent?: number;
}

/**
 * The device's node in a device tree.
 * @throws HostError with code ERR_MMIO_PLACE for numbers that are no addresses, or too large for their cells
 */
export function deviceTreeNode(place: VirtioMmioPlace, options: DeviceTreeOptions = {}): DeviceTreeNode {
  check(place);
  const { cells = 2, interruptFlags = [], interruptParent } = options;
  if (cells === 1 && place.address + place.size > 2 ** 32) throw new HostError("ERR_MMIO_PLACE", "one cell is too short for the address");
  const split = (value: number): number[] => (cells === 1 ? [value] : [Math.floor(value / 2 ** 32), value % 2 ** 32]);
  return {
    name: `virtio_mmio@${place.address.toString(16)}`,
    properties: {
      compatible: "virtio,mmio",
      reg: [...split(place.address), ...split(place.size)],
      ...(interruptParent === undefined ? {} : { "interrupt-parent": [interruptParent] }),
      interrupts: [place.interrupt, ...interruptFlags],
    },
  };
}

/** A node as device tree source. */
export function deviceTreeSource(node: DeviceTreeNode): string {
  const lines = Object.entries(node.properties).map(([name, value]) => {
    const text = typeof value === "string" ? JSON.stringify(value) : `<${value.map((cell) => `0x${cell.toString(16)}`).join(" ")}>`;
    return `\t${name} = ${text};\n`;
  });
  return `${node.name} {\n${lines.join("")}};\n`;
}
