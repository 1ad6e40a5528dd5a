import type { AccessWidth, PciRegion } from "@zarch/pci";
import type { VirtioFrontend } from "@zarch/virtio";

/** The device-specific configuration (virtio 4.1.4.6). Its bytes are in the order of the interface in use; any width gives the same result. */
export class DeviceConfiguration implements PciRegion {
  readonly #frontend: VirtioFrontend;
  /** By width, so that no access allocates. */
  readonly #bytes = { 1: new Uint8Array(1), 2: new Uint8Array(2), 4: new Uint8Array(4) };

  constructor(frontend: VirtioFrontend) {
    this.#frontend = frontend;
  }

  read(offset: number, width: AccessWidth): number {
    const bytes = this.#bytes[width];
    this.#frontend.readConfig(offset, bytes);
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 0x100 + (bytes[i] as number);
    return value;
  }

  write(offset: number, width: AccessWidth, value: number): void {
    const bytes = this.#bytes[width];
    for (let i = 0; i < width; i++) bytes[i] = value >>> (8 * i);
    this.#frontend.writeConfig(offset, bytes);
  }
}
