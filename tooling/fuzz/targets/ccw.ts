import { CcwDoor } from "../doors/ccw-door.ts";
import { deviceTarget } from "../harness/device-run.ts";
import { blkRig } from "../rigs/blk.ts";

/** A block device behind a subchannel. */
export const ccw = deviceTarget(blkRig, (setting, input) => new CcwDoor(setting, input));
