import {
  F_ACCESS_PLATFORM,
  F_ANY_LAYOUT,
  F_EVENT_IDX,
  F_IN_ORDER,
  F_INDIRECT_DESC,
  F_NOTIFICATION_DATA,
  F_NOTIFY_ON_EMPTY,
  F_ORDER_PLATFORM,
  F_RING_PACKED,
  F_RING_RESET,
  F_SUSPEND,
  F_VERSION_1,
  type FeatureDependency,
  FeatureSet,
  type ReadonlyFeatureSet,
  unmetDependency,
} from "@zarch/virtio";
import { DriverError } from "./errors.ts";

/** Which features a driver wants. Bits that the device does not offer are never accepted. */
export interface FeatureWishes {
  /** Bits of the device type that the driver understands: accepted where offered. Default: none. */
  readonly features?: Iterable<number>;
  /** Bits without which the driver does not work; of the device type or of the rings. */
  readonly required?: Iterable<number>;
  /** Bits not to accept, for instance `[F_RING_PACKED]` for split rings. */
  readonly without?: Iterable<number>;
  /** Rules between features of the device type: a feature whose prerequisites are not accepted is left out. */
  readonly featureDependencies?: readonly FeatureDependency[];
  /** The last word: takes what could be accepted, gives those of them that shall be. VERSION_1 stays in any case. */
  readonly selectFeatures?: (usable: ReadonlyFeatureSet) => Iterable<number>;
}

/** Reserved feature bits (virtio 6) that this driver works with, whatever the device type is. RING_RESET and SUSPEND are up to the transport. */
const MODERN = [
  F_INDIRECT_DESC,
  F_EVENT_IDX,
  F_VERSION_1,
  F_ACCESS_PLATFORM,
  F_RING_PACKED,
  F_IN_ORDER,
  F_ORDER_PLATFORM,
  F_NOTIFICATION_DATA,
];
const LEGACY = [F_NOTIFY_ON_EMPTY, F_ANY_LAYOUT, F_INDIRECT_DESC, F_EVENT_IDX];

/** Bits that belong to device types (virtio 2.2). */
function isDeviceTypeBit(bit: number): boolean {
  return bit < 24 || (bit >= 50 && bit <= 127);
}

/** What the transport brings into the choice. */
export interface FeatureContext {
  readonly legacy: boolean;
  /** Whether single queues can be reset. */
  readonly queueReset: boolean;
  /** Whether the device can be suspended. */
  readonly suspend: boolean;
}

/**
 * Chooses among the offered features (virtio 2.2, 6).
 * @throws DriverError ERR_DRIVER_FEATURES if something required is missing
 */
export function chooseFeatures(offered: ReadonlyFeatureSet, wishes: FeatureWishes, context: FeatureContext): FeatureSet {
  const { legacy } = context;
  if (!legacy && !offered.has(F_VERSION_1)) {
    throw new DriverError("ERR_DRIVER_FEATURES", "the device does not offer VERSION_1: it is a legacy device");
  }
  const understood = new FeatureSet(legacy ? LEGACY : MODERN);
  if (!legacy && context.queueReset) understood.add(F_RING_RESET);
  if (!legacy && context.suspend) understood.add(F_SUSPEND);
  for (const bit of wishes.features ?? []) if (isDeviceTypeBit(bit) && !(legacy && bit >= 32)) understood.add(bit);
  for (const bit of wishes.without ?? []) if (bit !== F_VERSION_1) understood.delete(bit);

  let features = new FeatureSet();
  for (const bit of understood) if (offered.has(bit)) features.add(bit);
  dropUnmet(features, wishes.featureDependencies ?? []);
  if (wishes.selectFeatures) {
    const usable = features;
    features = new FeatureSet(wishes.selectFeatures(usable));
    if (!legacy) features.add(F_VERSION_1);
    if (!features.isSubsetOf(usable)) throw new DriverError("ERR_DRIVER_FEATURES", "features selected that cannot be used");
    dropUnmet(features, wishes.featureDependencies ?? []);
  }
  for (const bit of wishes.required ?? []) {
    if (!features.has(bit)) throw new DriverError("ERR_DRIVER_FEATURES", `feature ${bit} is required and cannot be had`);
  }
  return features;
}

function dropUnmet(features: FeatureSet, dependencies: readonly FeatureDependency[]): void {
  // What binds only the offer does not bind the driver.
  const rules = dependencies.filter(({ offerOnly }) => !offerOnly);
  for (let unmet = unmetDependency(features, rules); unmet; unmet = unmetDependency(features, rules)) features.delete(unmet.feature);
}
