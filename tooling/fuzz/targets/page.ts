import { PAGE_DOOR_SPACE, PageDoor } from "../doors/page-door.ts";
import { deviceTarget } from "../harness/device-run.ts";
import { blkRig } from "../rigs/blk.ts";

/** A block device on the s390 descriptor page. */
export const page = deviceTarget(blkRig, (setting, input) => new PageDoor(setting, input), PAGE_DOOR_SPACE);
