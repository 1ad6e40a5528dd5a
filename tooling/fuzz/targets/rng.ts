import { FrontendDoor } from "../doors/frontend-door.ts";
import { deviceTarget } from "../harness/device-run.ts";
import { rngRig } from "../rigs/rng.ts";

/** The entropy device behind the state machine. */
export const rng = deviceTarget(rngRig, (setting, input) => new FrontendDoor(setting, input));
