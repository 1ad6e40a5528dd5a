import { MmioDoor } from "../doors/mmio-door.ts";
import { deviceTarget } from "../harness/device-run.ts";
import { blkRig } from "../rigs/blk.ts";

/** A block device behind memory-mapped registers. */
export const mmio = deviceTarget(blkRig, (setting, input) => new MmioDoor(setting, input));
