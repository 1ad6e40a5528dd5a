import {
  F_ACCESS_PLATFORM,
  F_ADMIN_VQ,
  F_ANY_LAYOUT,
  F_RING_PACKED,
  F_RING_RESET,
  F_SR_IOV,
  F_VERSION_1,
  FeatureSet,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
  unmetDependency,
} from "@zarch/virtio";
import { advice, type ConformanceCase, rule } from "../case.ts";
import { featureName } from "../feature-names.ts";
import type { Session } from "../session.ts";
import { demand, needs, same, sameBytes } from "../verdict.ts";

const MODERN = { driverInterface: "modern" } as const;
const LEGACY = { driverInterface: "legacy" } as const;

/** Bits without a meaning in the specification: reserved, or of the time before it. */
const RESERVED = [25, 26, 31, 44, 45, 46, 47, 48, 49];
/** The probe bit of an old QEMU. */
const BAD_FEATURE = 30;

/** Bytes of configuration that the suite looks at. */
const CONFIG_BYTES = 64;

async function accepts(session: Session, features: FeatureSet): Promise<boolean> {
  await session.begin();
  return session.negotiate(features);
}

/** Whether the device accepts what it always accepts: to tell one refused subset from a dead device. */
async function acceptsUsual(session: Session): Promise<boolean> {
  await session.begin();
  return session.negotiate(await session.choose());
}

async function configBytes(session: Session): Promise<Uint8Array> {
  const bytes = new Uint8Array(CONFIG_BYTES);
  for (let offset = 0; offset < CONFIG_BYTES; offset += 4) bytes.set(await session.readConfig(offset, 4), offset);
  return bytes;
}

export const initializationCases: readonly ConformanceCase[] = [
  rule("CORE-STATUS-FACT-DEV-002", "the status is 0 before a driver comes", {}, async (rig) => {
    const session = await rig.open();
    await session.reset();
    same(await session.status(), 0, "status");
  }),

  rule("CORE-STATUS-FACT-DEV-001", "each status bit shows when it is set in its turn", {}, async (rig) => {
    const session = await rig.open();
    await session.reset();
    demand(await session.addStatus(STATUS_ACKNOWLEDGE), "ACKNOWLEDGE does not show");
    same(await session.status(), STATUS_ACKNOWLEDGE, "status");
    demand(await session.addStatus(STATUS_DRIVER), "DRIVER does not show");
    same(await session.status(), STATUS_ACKNOWLEDGE | STATUS_DRIVER, "status");
    demand(await session.negotiate(await session.choose()), "the features are refused");
    await session.setUpQueues();
    demand(await session.addStatus(STATUS_DRIVER_OK), "DRIVER_OK does not show");
    const all = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK | (session.legacy ? 0 : STATUS_FEATURES_OK);
    same(await session.status(), all, "status");
    demand(await session.addStatus(STATUS_FAILED), "FAILED does not show");
  }),

  rule("CORE-RESET-DEV-001 CORE-RESET-FACT-DEV-001", "a reset brings the status back to 0 from every stage", {}, async (rig) => {
    const session = await rig.open();
    const stages = [
      () => session.addStatus(STATUS_ACKNOWLEDGE),
      () => session.begin(),
      () => session.start({ live: false }),
      () => session.start(),
      async () => {
        await session.start();
        await session.addStatus(STATUS_FAILED);
      },
    ];
    for (const [stage, reach] of stages.entries()) {
      session.arena.restart();
      await session.reset();
      await reach();
      await session.reset();
      same(await session.status(), 0, `status after a reset in stage ${stage}`);
    }
  }),

  rule("", "the device type is the one that the target names", {}, async (rig) => {
    const session = await rig.open();
    same(session.transport.deviceId, rig.target.deviceId, "device ID");
    same(session.transport.driverInterface, rig.variant.driverInterface, "interface");
  }),

  rule("CORE-RSVF-DEV-001", "VERSION_1 is offered", MODERN, async (rig) => {
    const session = await rig.open();
    await session.begin();
    demand((await session.offered()).has(F_VERSION_1), "VERSION_1 is not offered");
  }),

  rule("CORE-FEAT-DEV-004 CORE-FEAT-FACT-DEV-003", "no reserved feature bit is offered, whatever word is asked for", {}, async (rig) => {
    const session = await rig.open();
    await session.begin();
    const offered = await session.offered();
    for (const bit of RESERVED) demand(!offered.has(bit), `bit ${bit} is offered`);
    if (session.legacy) return;
    for (const word of [4, 5, 7, 31, 255]) {
      same(await session.deviceFeatures(word), 0, `features from bit ${32 * word} on`);
    }
  }),

  rule("CORE-RSVF-DEV-010", "SR_IOV is not offered off PCI", MODERN, async (rig) => {
    const session = await rig.open();
    needs(!session.transport.name.includes("pci"), "for transports without PCI");
    await session.begin();
    demand(!(await session.offered()).has(F_SR_IOV), "SR_IOV is offered");
  }),

  rule(
    "CCW-RSV-FACT-DEV-001 CCW-RSV-FACT-DEV-002",
    "ADMIN_VQ and RING_RESET are not offered over ccw",
    { ...MODERN, transport: "ccw" },
    async (rig) => {
      const session = await rig.open();
      await session.begin();
      const offered = await session.offered();
      for (const bit of [F_ADMIN_VQ, F_RING_RESET]) demand(!offered.has(bit), `${featureName(bit)} is offered`);
    },
  ),

  rule("MMIO-RSV-FACT-DEV-001", "ADMIN_VQ is not offered over mmio", { ...MODERN, transport: "mmio" }, async (rig) => {
    const session = await rig.open();
    await session.begin();
    demand(!(await session.offered()).has(F_ADMIN_VQ), "ADMIN_VQ is offered");
  }),

  advice("CORE-RSVF-DEV-014", "the old probe bit 30 is not offered", {}, async (rig) => {
    const session = await rig.open();
    await session.begin();
    demand(!(await session.offered()).has(BAD_FEATURE), "bit 30 is offered");
  }),

  rule("CORE-RSVF-DEV-013", "a transitional device offers ANY_LAYOUT to legacy drivers", LEGACY, async (rig) => {
    const session = await rig.open();
    await session.begin();
    demand((await session.offered()).has(F_ANY_LAYOUT), "ANY_LAYOUT is not offered");
  }),

  rule("CORE-FEAT-DEV-001", "no feature is offered without what it depends on", {}, async (rig) => {
    const session = await rig.open();
    const rules = rig.target.featureDependencies ?? [];
    needs(rules.length > 0, "the target names no dependencies");
    await session.begin();
    const unmet = unmetDependency(await session.offered(), rules);
    demand(unmet === undefined, () => `${featureName(unmet?.feature ?? 0)} is offered alone`);
  }),

  rule("CORE-FEAT-DEV-003", "a feature that was not offered keeps FEATURES_OK clear", MODERN, async (rig) => {
    const session = await rig.open();
    await session.begin();
    const offered = await session.offered();
    const usual = await session.choose();
    for (const bit of [0, 23, 25, 44, 49, 63, 100, 127]) {
      if (offered.has(bit)) continue;
      demand(!(await accepts(session, new FeatureSet([...usual, bit]))), `FEATURES_OK stays set with bit ${bit}, which was not offered`);
    }
    demand(await acceptsUsual(session), "after that, what was offered is refused");
  }),

  advice("CORE-FEAT-DEV-002", "every offered feature can be left out", MODERN, async (rig) => {
    const session = await rig.open();
    await session.begin();
    const usual = await session.choose();
    for (const bit of usual) {
      if (bit === F_VERSION_1 || bit === F_ACCESS_PLATFORM || bit === F_RING_PACKED) continue;
      const without = new FeatureSet(usual);
      without.delete(bit);
      session.withoutUnmet(without);
      demand(await accepts(session, without), `refused without ${featureName(bit)}`);
    }
    demand(await accepts(session, new FeatureSet([F_VERSION_1])), "refused with VERSION_1 alone");
  }),

  advice("CORE-FEAT-DEV-005", "what was negotiated once is accepted again after a reset", {}, async (rig) => {
    const session = await rig.start();
    await session.restart();
    await session.restart({ without: [] });
    demand(await session.needsReset().then((broken) => !broken), "the device needs a reset");
  }),

  rule("CORE-FEAT-FACT-DEV-001", "features do not change after FEATURES_OK", MODERN, async (rig) => {
    const session = await rig.start({ live: false });
    await session.writeFeatures(0, 0);
    await session.writeFeatures(1, 0);
    demand(await session.addStatus(STATUS_DRIVER_OK), "DRIVER_OK is refused");
    await session.roundTrip(1);
  }),

  rule("CORE-FEAT-DEV-006 CORE-FEAT-DEV-008", "a driver that knows no VERSION_1 and no FEATURES_OK is served", LEGACY, async (rig) => {
    const session = await rig.start();
    await session.roundTrip(1);
  }),

  rule("CORE-CFG-DEV-001 CORE-CFG-DEV-002", "the configuration can be read in every stage and reads the same", {}, async (rig) => {
    const session = await rig.open();
    await session.reset();
    const first = await configBytes(session);
    await session.begin();
    sameBytes(await configBytes(session), first, "configuration after DRIVER");
    await session.restart();
    sameBytes(await configBytes(session), first, "configuration after DRIVER_OK");
  }),

  rule("", "the configuration can be read byte by byte, and beyond its end", {}, async (rig) => {
    const session = await rig.open();
    await session.begin();
    const all = await configBytes(session);
    for (let offset = 0; offset < CONFIG_BYTES; offset++) {
      sameBytes(await session.readConfig(offset, 1), all.subarray(offset, offset + 1), `configuration byte ${offset}`);
    }
    await session.readConfig(0x400, 4);
  }),

  rule("", "a change of the configuration is notified", {}, async (rig) => {
    const session = await rig.start();
    const { changeConfig } = session.controls;
    needs(changeConfig !== undefined, "the target cannot change the configuration");
    const before = session.configInterrupts;
    const old = await configBytes(session);
    const generation = await session.transport.configGeneration?.();
    await changeConfig.call(session.controls);
    await session.patience.until(() => session.configInterrupts > before, "a configuration change notification");
    demand(
      (await configBytes(session)).some((byte, i) => byte !== old[i]),
      "the configuration reads as before",
    );
    if (generation !== undefined) {
      demand((await session.transport.configGeneration?.()) !== generation, "the generation is the same as before");
    }
    await session.roundTrip(1);
  }),
];
