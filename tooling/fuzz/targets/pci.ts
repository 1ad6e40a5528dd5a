import { PciDoor } from "../doors/pci-door.ts";
import { deviceTarget } from "../harness/device-run.ts";
import { blkRig } from "../rigs/blk.ts";

/** A block device behind a PCI function. */
export const pci = deviceTarget(blkRig, (setting, input) => new PciDoor(setting, input));
