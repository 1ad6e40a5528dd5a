import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { ACK, DRIVER, FEATURES_OK, legacyRig, Rig } from "../test/rig.ts";
import { net } from "./device-types/index.ts";
import { F_VERSION_1, FeatureSet, type ReadonlyFeatureSet, unmetDependency } from "./features.ts";

const NET_FEATURES = Object.entries(net)
  .flatMap(([name, value]) => (name.startsWith("F_") && typeof value === "number" ? [value] : []))
  // Of legacy devices; the first has the place of ADMIN_VQ.
  .filter((bit) => bit !== net.F_GUEST_RSC4 && bit !== net.F_GUEST_RSC6);
const HIGH = [net.F_RSS_CONTEXT, net.F_GUEST_UDP_TUNNEL_GSO, net.F_HOST_UDP_TUNNEL_GSO, net.F_OUT_NET_HEADER, net.F_IPSEC];

/** A device with the features of a network device, the type with the most of them, up to bit 70. */
function networkDevice(features: Iterable<number> = NET_FEATURES): EchoDevice {
  const device = new EchoDevice();
  device.features = new FeatureSet(features);
  device.featureDependencies = net.FEATURE_DEPENDENCIES;
  return device;
}

function offered(rig: Rig): ReadonlyFeatureSet {
  const features = new FeatureSet();
  for (let word = 0; word < 8; word++) features.setWord(word, rig.frontend.deviceFeatures(word));
  return features;
}

describe("features beyond bit 63, and what they require", () => {
  it("CORE-FEAT-FACT-DEV-002: are offered, written, negotiated and refused like all others", () => {
    const rig = new Rig(networkDevice());
    for (const bit of HIGH) expect(offered(rig).has(bit), String(bit)).toBe(true);
    expect(rig.frontend.deviceFeatures(2)).toBe(0b111_1111);
    expect(rig.negotiate([...NET_FEATURES, F_VERSION_1])).toBe(true);
    for (const bit of HIGH) expect(rig.frontend.features.has(bit), String(bit)).toBe(true);
    expect(new Rig(networkDevice(NET_FEATURES.filter((bit) => bit !== net.F_IPSEC))).negotiate([net.F_IPSEC, F_VERSION_1])).toBe(false);
    expect(new Rig(networkDevice([...NET_FEATURES, 127])).negotiate([127, F_VERSION_1])).toBe(true);
    expect(new Rig(networkDevice()).negotiate([127, F_VERSION_1])).toBe(false);
    expect(new Rig(networkDevice()).negotiate([net.F_RSS_CONTEXT, F_VERSION_1])).toBe(false); // requires RSS
  });

  it("CORE-FEAT-DEV-002, CORE-FEAT-DEV-003: FEATURES_OK stays for exactly those sets that meet all requirements", () => {
    // Mostly whole sets with a few left out, because few random sets meet all of them.
    const left = fc.uniqueArray(fc.constantFrom(...NET_FEATURES), { maxLength: 12 });
    const subset = fc.oneof(
      left.map((gone) => NET_FEATURES.filter((bit) => !gone.includes(bit))),
      fc.subarray(NET_FEATURES),
    );
    fc.assert(
      fc.property(subset, (bits) => {
        const rig = new Rig(networkDevice());
        const valid = unmetDependency(new FeatureSet(bits), net.FEATURE_DEPENDENCIES) === undefined;
        expect(rig.negotiate([...bits, F_VERSION_1])).toBe(valid);
        expect(rig.frontend.status).toBe(valid ? ACK | DRIVER | FEATURES_OK : ACK | DRIVER);
      }),
    );
  });

  it("CORE-FEAT-DEV-001: what a transport cannot offer takes all with it that requires it, over several steps", () => {
    const withoutControl = offered(new Rig(networkDevice(), { withoutFeatures: [net.F_CTRL_VQ] }));
    for (const bit of [net.F_MQ, net.F_RSS, net.F_RSS_CONTEXT, net.F_HASH_TUNNEL]) expect(withoutControl.has(bit), String(bit)).toBe(false);
    expect(withoutControl.has(net.F_HASH_REPORT)).toBe(true);
    fc.assert(
      fc.property(fc.subarray(NET_FEATURES), (hidden) => {
        const offer = offered(new Rig(networkDevice(), { withoutFeatures: hidden }));
        expect(unmetDependency(offer, net.FEATURE_DEPENDENCIES)).toBeUndefined();
        expect(hidden.some((bit) => offer.has(bit))).toBe(false);
      }),
    );
  });

  it("CORE-FEAT-DEV-006, CORE-FEAT-DEV-008: a legacy driver is offered none above 31, and gets what it may have of what it wrote", () => {
    const rig = legacyRig(networkDevice());
    expect([...offered(rig)].filter((bit) => bit >= 24)).toEqual([24, 27, 28, 29]);
    for (let word = 0; word < 3; word++)
      rig.frontend.setDriverFeatures(word, word === 0 ? (1 << net.F_MQ) | (1 << net.F_MAC) : 0xffff_ffff);
    rig.frontend.writeStatus(ACK | DRIVER | 4);
    expect([...rig.frontend.features]).toEqual([net.F_MAC]); // MQ requires CTRL_VQ
  });
});
