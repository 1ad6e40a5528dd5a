import type { VirtioDevice } from "./device.ts";
import {
  F_ADMIN_VQ,
  F_ANY_LAYOUT,
  F_EVENT_IDX,
  F_INDIRECT_DESC,
  F_NOTIFY_ON_EMPTY,
  F_RING_RESET,
  F_VERSION_1,
  type FeatureDependency,
  FeatureSet,
  type ReadonlyFeatureSet,
  unmetDependency,
} from "./features.ts";

const MODERN_FEATURES = [F_VERSION_1, F_INDIRECT_DESC, F_EVENT_IDX];
const LEGACY_FEATURES = [F_ANY_LAYOUT, F_NOTIFY_ON_EMPTY, F_INDIRECT_DESC, F_EVENT_IDX];

/** Most 32-bit words of driver features that are kept: more than any driver has a use for, bounded for the others. */
const MAX_FEATURE_WORDS = 256;

/** Feature negotiation (virtio 2.2): what is offered, what the driver wrote, and what both agreed on. */
export class Negotiation {
  readonly modernOffer: ReadonlyFeatureSet;
  readonly legacyOffer: ReadonlyFeatureSet;
  readonly #device: VirtioDevice;
  /** The dependencies that bind a driver. */
  readonly #driverRules: readonly FeatureDependency[];
  /** What a virtio 1.x driver has to accept beside VERSION_1. */
  readonly #required: readonly number[];
  #driver = new FeatureSet();
  #agreed: ReadonlyFeatureSet | undefined;

  constructor(device: VirtioDevice, extra: Iterable<number>, without: Iterable<number>, required: Iterable<number> = []) {
    this.#device = device;
    this.#required = [...required];
    this.#driverRules = (device.featureDependencies ?? []).filter(({ offerOnly }) => !offerOnly);
    const hidden = new FeatureSet(without);
    hidden.add(F_ADMIN_VQ);
    if (!device.queueReset) hidden.add(F_RING_RESET);
    this.modernOffer = this.#offer([...device.features, ...MODERN_FEATURES, ...extra, ...this.#required], hidden);
    const legacyFeatures = device.legacyFeatures ?? [...device.features].filter((bit) => bit < 24);
    this.legacyOffer = this.#offer([...legacyFeatures, ...LEGACY_FEATURES], hidden);
  }

  /** Drops what is not to be offered, and every feature whose prerequisites are not offered (2.2.2). */
  #offer(bits: Iterable<number>, hidden: ReadonlyFeatureSet): ReadonlyFeatureSet {
    const features = new FeatureSet();
    for (const bit of bits) if (!hidden.has(bit)) features.add(bit);
    return withoutUnmet(features, this.#device.featureDependencies ?? []);
  }

  /** The driver's features as it last wrote them. */
  get driver(): ReadonlyFeatureSet {
    return this.#driver;
  }

  /** Whether negotiation is over. */
  get settled(): boolean {
    return this.#agreed !== undefined;
  }

  /** The negotiated features; empty until negotiation is over. */
  get agreed(): ReadonlyFeatureSet {
    return this.#agreed ?? new FeatureSet();
  }

  /** What {@link agreed} is, for a saved state; null before negotiation is over. */
  get outcome(): readonly number[] | null {
    return this.#agreed ? [...this.#agreed] : null;
  }

  /**
   * Puts the negotiation of a saved device back.
   * @returns why this device would not have come to the same result, if so
   */
  restore(driver: Iterable<number>, outcome: readonly number[] | null, legacy: boolean): string | undefined {
    this.#driver = new FeatureSet(driver);
    if (outcome === null) return undefined;
    const objection = legacy ? undefined : this.objection();
    if (objection !== undefined) return objection;
    this.settle(legacy);
    const saved = new FeatureSet(outcome);
    return saved.isSubsetOf(this.agreed) && saved.size === this.agreed.size ? undefined : "other features were agreed on";
  }

  /** Returns false if there is no room for the word. */
  setDriverWord(word: number, value: number): boolean {
    if (value !== 0 && this.#driver.word(word) === 0 && this.#driver.wordCount >= MAX_FEATURE_WORDS) return false;
    this.#driver.setWord(word, value);
    return true;
  }

  /** Why a modern driver cannot have the features that it wrote, if so. */
  objection(): string | undefined {
    const features = this.#driver;
    if (!features.isSubsetOf(this.modernOffer)) return "features accepted that were not offered";
    if (!features.has(F_VERSION_1)) return "VERSION_1 not accepted";
    const missing = this.#required.find((bit) => !features.has(bit));
    if (missing !== undefined) return `feature ${missing} not accepted`;
    const unmet = unmetDependency(features, this.#driverRules);
    if (unmet) return `feature ${unmet.feature} accepted without what it depends on`;
    return (this.#device.acceptFeatures?.(features) ?? true) ? undefined : "features refused by the device";
  }

  /** Ends negotiation. A legacy driver gets what it may have of what it wrote. */
  settle(legacy: boolean): void {
    const features = new FeatureSet(this.#driver);
    if (legacy) {
      for (const bit of this.#driver) if (!this.legacyOffer.has(bit)) features.delete(bit);
      withoutUnmet(features, this.#driverRules);
    }
    this.#agreed = features;
    this.#device.negotiated?.(features, legacy);
  }

  reset(): void {
    this.#driver = new FeatureSet();
    this.#agreed = undefined;
  }
}

function withoutUnmet(features: FeatureSet, dependencies: readonly FeatureDependency[]): FeatureSet {
  for (let unmet = unmetDependency(features, dependencies); unmet; unmet = unmetDependency(features, dependencies)) {
    features.delete(unmet.feature);
  }
  return features;
}
