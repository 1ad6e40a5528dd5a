import { FrontendDoor } from "../doors/frontend-door.ts";
import { deviceTarget } from "../harness/device-run.ts";
import { blkRig } from "../rigs/blk.ts";

/** The block device behind the state machine. */
export const blk = deviceTarget(blkRig, (setting, input) => new FrontendDoor(setting, input));
