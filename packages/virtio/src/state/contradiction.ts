import { F_SUSPEND } from "../features.ts";
import {
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
  STATUS_SUSPEND,
} from "../status.ts";
import type { VirtioState } from "./virtio-state.ts";

const LEGACY_STATUS = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK | STATUS_FAILED;
const MODERN_STATUS = LEGACY_STATUS | STATUS_FEATURES_OK | STATUS_SUSPEND | STATUS_NEEDS_RESET;

/** What in a saved state no device can have come to, if anything. */
export function contradiction(state: VirtioState): string | undefined {
  return statusContradiction(state) ?? suspensionContradiction(state) ?? queueContradiction(state);
}

function statusContradiction(state: VirtioState): string | undefined {
  const { status, features, broken, active } = state;
  const has = (bit: number): boolean => (status & bit) !== 0;
  const inService = active !== null || broken;
  if (active !== null && broken) return "a device in service that is broken";
  if (state.driverInterface === "legacy") {
    if ((status & ~LEGACY_STATUS) !== 0) return "status bits that a legacy device does not have";
    if ((features !== null) !== inService) return "features and service differ";
    return has(STATUS_DRIVER_OK) && !inService ? "DRIVER_OK without service" : undefined;
  }
  if ((status & ~MODERN_STATUS) !== 0) return "unknown status bits";
  if (has(STATUS_FEATURES_OK) !== (features !== null)) return "FEATURES_OK and features differ";
  if (has(STATUS_FEATURES_OK) && !has(STATUS_DRIVER)) return "FEATURES_OK without DRIVER";
  if (!has(STATUS_DRIVER) && state.driverFeatures.length > 0) return "features without DRIVER";
  if (has(STATUS_DRIVER_OK) && has(STATUS_SUSPEND)) return "DRIVER_OK with SUSPEND";
  const ready = has(STATUS_DRIVER_OK) || has(STATUS_SUSPEND);
  if (ready && !has(STATUS_FEATURES_OK)) return "DRIVER_OK without FEATURES_OK";
  if (ready !== inService) return "status and service differ";
  return has(STATUS_NEEDS_RESET) === broken ? undefined : "DEVICE_NEEDS_RESET without a reason, or not set";
}

function suspensionContradiction({ status, features, active, broken, suspending, config }: VirtioState): string | undefined {
  if (suspending && !features?.includes(F_SUSPEND)) return "suspended without the feature";
  if (suspending && active === null && !broken) return "suspended without service";
  if (config.frozen !== null && !suspending) return "suspended without being asked";
  return (config.frozen !== null) === ((status & STATUS_SUSPEND) !== 0) ? undefined : "SUSPEND and configuration differ";
}

function queueContradiction({ driverInterface, features, active, queues }: VirtioState): string | undefined {
  for (const [index, queue] of queues.entries()) {
    if (queue === null) continue;
    if (driverInterface === "modern" && features === null) return `queue ${index} is set up before FEATURES_OK`;
    if (queue.ring !== null && active === null) return `queue ${index} is in use by a device that is not in service`;
  }
  return undefined;
}
