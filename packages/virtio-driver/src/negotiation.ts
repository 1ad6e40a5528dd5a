import { FeatureSet, type ReadonlyFeatureSet, STATUS_FEATURES_OK } from "@zarch/virtio";
import type { DeviceStatus } from "./device-status.ts";
import { DriverError } from "./errors.ts";
import { chooseFeatures, type FeatureWishes } from "./feature-choice.ts";
import type { DriverTransport } from "./transport.ts";

/** Words of the feature bits that have a meaning. */
const FEATURE_WORDS = 4;

/**
 * Agrees on the features with a device (virtio 2.2, 3.1.1 steps 4 to 6; 3.1.2 without the last two).
 * @param inspect looks at the offer before anything is accepted
 * @throws DriverError ERR_DRIVER_FEATURES or ERR_DRIVER_REFUSED
 */
export async function negotiate(
  transport: DriverTransport,
  status: DeviceStatus,
  wishes: FeatureWishes,
  inspect: (offered: ReadonlyFeatureSet) => Promise<void> | undefined,
): Promise<FeatureSet> {
  const legacy = transport.driverInterface === "legacy";
  const words = legacy ? 1 : FEATURE_WORDS;
  const offered = new FeatureSet();
  for (let word = 0; word < words; word++) offered.setWord(word, await transport.readDeviceFeatures(word));
  await inspect(offered);
  const features = chooseFeatures(offered, wishes, {
    legacy,
    queueReset: transport.resetQueue !== undefined,
    // Its end can be seen in the status alone (3.4.1).
    suspend: !transport.statusUnreadable,
  });
  // From the last word on: QEMU's virtio-mmio takes every word but the first for word 1, so that the true one must come after the others.
  for (let word = words - 1; word >= 0; word--) {
    if (await transport.writeDriverFeatures(word, features.word(word))) continue;
    throw new DriverError("ERR_DRIVER_REFUSED", `the device refuses word ${word} of the features`);
  }
  if (!legacy) await settle(transport, status, features);
  return features;
}

async function settle(transport: DriverTransport, status: DeviceStatus, features: FeatureSet): Promise<void> {
  const next = status.value | STATUS_FEATURES_OK;
  const accepted = await transport.writeStatus(next);
  if (!accepted || ((await transport.readStatus()) & STATUS_FEATURES_OK) === 0) {
    throw new DriverError("ERR_DRIVER_FEATURES", `the device refuses the features ${[...features].join(", ")}`);
  }
  status.value = next;
}
