import { FrontendDoor } from "../doors/frontend-door.ts";
import { deviceTarget } from "../harness/device-run.ts";
import { consoleRig } from "../rigs/console.ts";

/** The console device behind the state machine. */
export const console = deviceTarget(consoleRig, (setting, input) => new FrontendDoor(setting, input));
