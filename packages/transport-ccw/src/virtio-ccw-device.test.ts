import { CcwFlags, DeviceStatus, FunctionControl, StatusControl, SubchannelStatus } from "@zarch/channel-subsystem";
import { FeatureSet } from "@zarch/virtio";
import { legacyAreas } from "@zarch/vring";
import { describe, expect, it } from "vitest";
import { bytes, CcwGuest, ReverseDevice } from "./ccw-guest.test-support.ts";
import { VirtioCcwCommand } from "./index.ts";

const ended = DeviceStatus.channelEnd | DeviceStatus.deviceEnd;
const done = { conditionCode: 0, deviceStatus: ended, subchannelStatus: 0 };
const sli = { flags: CcwFlags.suppressLengthIndication };
const il = SubchannelStatus.incorrectLength;

/** Unit check with command reject in the concurrent sense data. */
function expectReject(response: { deviceStatus: number; sense: Uint8Array }): void {
  expect(response.deviceStatus & DeviceStatus.unitCheck).toBe(DeviceStatus.unitCheck);
  expect(response.sense[0]).toBe(0x80);
}

describe("4.3.1 basic concepts", () => {
  it("CCW-FACT-DEV-002..007: SENSE ID shows control unit 3832, model = device id, and zeroes", () => {
    const guest = new CcwGuest();
    const { data, count } = guest.command(0xe4, new Uint8Array(256).fill(0xaa));
    expect(count).toBe(0);
    expect([...data]).toEqual([0xff, 0x38, 0x32, 2, ...new Array<number>(252).fill(0)]);
    expect(guest.command(0xe4, new Uint8Array(7), sli)).toMatchObject(done);
  });

  it("CCW-FACT-DEV-003: no-operation, basic sense and transfer in channel work without a revision", () => {
    const guest = new CcwGuest({ personality: "modern" });
    expect(guest.command(0x03)).toMatchObject(done);
    guest.driver.modify((schib) => schib.setUint32(24, 0));
    expect(guest.command(0x5d, [0])).toMatchObject({ deviceStatus: DeviceStatus.unitCheck });
    expect(guest.command(0x04, new Uint8Array(32)).data[0]).toBe(0x80);
    const program = [{ command: 0x03, flags: CcwFlags.chainCommand }, { command: 0x08, address: 0x1010 }, { command: 0x03 }];
    expect(guest.driver.run(0x1000, program)).toMatchObject({ ...done, ccwAddress: 0x1018 });
    expect(guest.transport.revision).toBe(undefined);
  });

  it.each([0x01, 0x02, 0x14, 0x93, 0xa3, 0xf4])("CCW-DEV-001: command reject for the unsupported command %i", (command) => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    expectReject(guest.command(command, new Uint8Array(64)));
  });

  const { command: c } = { command: VirtioCcwCommand };
  const lengths: [string, number, number][] = [
    ["SET_VIRTIO_REV", c.setRevision, 4],
    ["SET_VQ", c.setVirtqueue, 32],
    ["SET_IND", c.setIndicators, 8],
    ["SET_CONF_IND", c.setConfigIndicators, 8],
    ["SET_IND_ADAPTER", c.setAdapterIndicators, 25],
    ["READ_FEAT", c.readFeatures, 5],
    ["WRITE_FEAT", c.writeFeatures, 5],
    ["WRITE_STATUS", c.writeStatus, 1],
    ["READ_STATUS", c.readStatus, 1],
    ["READ_VQ_CONF", c.readVirtqueueConfig, 4],
  ];
  /** A payload that each command accepts, of the given length. */
  const prepared = (command: number, length: number) => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    guest.writeStatus(1);
    guest.writeStatus(3);
    if (command === c.setVirtqueue) {
      guest.writeFeatures(1, 1);
      guest.writeStatus(0x0b);
    }
    const payload = new Uint8Array(length);
    const good = {
      [c.setRevision]: bytes("HH", 2, 0),
      [c.setVirtqueue]: bytes("QIHHQQ", 0x1_0000, 0, 0, 64, 0x1_1000, 0x1_2000),
      [c.setIndicators]: bytes("Q", 0x3000),
      [c.setConfigIndicators]: bytes("Q", 0x3000),
      [c.setAdapterIndicators]: bytes("QQQB", 0x3000, 0x3008, 0, 1),
      [c.writeStatus]: bytes("B", command === c.setVirtqueue ? 0x0b : 3),
    }[command];
    if (good) payload.set(good.subarray(0, length));
    return { guest, payload };
  };

  it.each(lengths)("CCW-DEV-002: %s with a wrong length and no suppression is incorrect length", (_, command, length) => {
    const long = prepared(command, length + 1);
    expect(long.guest.command(command, long.payload)).toMatchObject({ subchannelStatus: il, count: 1 });
    const short = prepared(command, length - 1);
    if (length > 1) expect(short.guest.command(command, short.payload)).toMatchObject({ subchannelStatus: il });
  });

  it.each(lengths)("CCW-DEV-003: %s that is too short is a unit check when length checks are suppressed", (_, command, length) => {
    const { guest, payload } = prepared(command, length - 1);
    const response = guest.command(command, payload, sli);
    expectReject(response);
    expect(response.subchannelStatus).toBe(0);
  });

  it.each(lengths)(
    "CCW-DEV-004, CCW-FEAT-FACT-DEV-001, CCW-IND-FACT-DEV-005: %s takes its exact length, and a longer one when suppressed",
    (_, command, length) => {
      const exact = prepared(command, length);
      expect(exact.guest.command(command, exact.payload)).toMatchObject({ ...done, count: 0 });
      const long = prepared(command, length + 7);
      expect(long.guest.command(command, long.payload, sli)).toMatchObject({ ...done, count: 7 });
    },
  );

  it("CCW-CMD-FACT-DEV-001..013: the command codes", () => {
    expect(VirtioCcwCommand).toEqual({
      setVirtqueue: 0x13,
      reset: 0x33,
      setIndicators: 0x43,
      setConfigIndicators: 0x53,
      setAdapterIndicators: 0x73,
      readFeatures: 0x12,
      writeFeatures: 0x11,
      readConfig: 0x22,
      writeConfig: 0x21,
      writeStatus: 0x31,
      readVirtqueueConfig: 0x32,
      setRevision: 0x83,
      readStatus: 0x72,
    });
  });
});

describe("4.3.2.1 revision", () => {
  it("CCW-REV-FACT-DEV-001/002: revisions 0, 1 and 2 are big-endian halfwords with length 0", () => {
    for (const revision of [0, 1, 2]) {
      const guest = new CcwGuest();
      expect(guest.setRevision(revision)).toMatchObject(done);
      expect(guest.transport.revision).toBe(revision);
      expect(guest.transport.frontend.driverInterface).toBe(revision === 0 ? "legacy" : "modern");
    }
  });

  it("CCW-REV-DEV-001: unsupported revisions are rejected, and one below can be tried", () => {
    const guest = new CcwGuest({ maxRevision: 1 });
    for (const revision of [0xffff, 3, 2]) expectReject(guest.setRevision(revision));
    expect(guest.setRevision(1)).toMatchObject(done);
  });

  it("CCW-REV-DEV-001, CCW-REV-DEV-006: a device limited to revision 0 rejects the others, and then serves a legacy driver", () => {
    const guest = new CcwGuest({ maxRevision: 0, ring: { packed: true } });
    for (const revision of [2, 1]) expectReject(guest.setRevision(revision));
    expect(guest.setRevision(0)).toMatchObject(done);
    expect(guest.transport.frontend.driverInterface).toBe("legacy");
    expect(() => new CcwGuest({ maxRevision: 0, personality: "modern" })).toThrow(/revision 0/);
  });

  it("CCW-REV-DEV-002: a length that does not fit the revision is rejected", () => {
    const guest = new CcwGuest();
    expectReject(guest.setRevision(1, 4));
    expectReject(guest.command(VirtioCcwCommand.setRevision, bytes("HHI", 2, 4, 0)));
    expect(guest.transport.revision).toBe(undefined);
  });

  it("CCW-REV-DEV-003: a non-transitional device rejects revision 0", () => {
    const guest = new CcwGuest({ personality: "modern" });
    expectReject(guest.setRevision(0));
    expect(guest.setRevision(1)).toMatchObject(done);
  });

  it("CCW-REV-DEV-004: READ_STATUS is not contained in revisions 0 and 1", () => {
    for (const revision of [0, 1]) {
      const guest = new CcwGuest();
      guest.setRevision(revision);
      expectReject(guest.command(VirtioCcwCommand.readStatus, [0]));
    }
  });

  it("CCW-REV-DEV-005: a different revision is rejected once one is set, the same one is not", () => {
    const guest = new CcwGuest();
    guest.setRevision(1);
    expectReject(guest.setRevision(2));
    expectReject(guest.setRevision(0));
    expect(guest.setRevision(1)).toMatchObject(done);
    expect(guest.transport.revision).toBe(1);
  });

  it("CCW-REV-DEV-006: a rejected revision leaves it unset", () => {
    const guest = new CcwGuest({ personality: "modern" });
    expectReject(guest.setRevision(7));
    expectReject(guest.command(VirtioCcwCommand.readFeatures, [0, 0, 0, 0, 0]));
    expect(guest.setRevision(2)).toMatchObject(done);
  });

  it("CCW-REV-DEV-007: the revision does not survive disabling and enabling the subchannel", () => {
    const guest = new CcwGuest();
    guest.setRevision(1);
    guest.driver.enable(false);
    guest.driver.enable();
    expect(guest.transport.revision).toBe(undefined);
    expect(guest.setRevision(2)).toMatchObject(done);
  });

  it("CCW-REV-DEV-007: nor a subsystem reset", () => {
    const guest = new CcwGuest();
    guest.initialize(2);
    guest.driverOk(2);
    guest.channel.reset();
    expect(guest.transport.revision).toBe(undefined);
    expect(guest.device.resets).toBe(1);
    expect(guest.transport.frontend.status).toBe(0);
  });

  it("the first command after a subsystem reset waits for I/O in flight from before it", async () => {
    const guest = new CcwGuest();
    guest.initialize(2);
    guest.driverOk(2);
    let release = () => {};
    guest.device.resetGate = new Promise((resolve) => {
      release = resolve;
    });
    guest.channel.reset();
    guest.driver.enable();
    expect(guest.setRevision(2).conditionCode).toBe(1);
    expect(guest.transport.revision).toBe(undefined);
    release();
    await guest.channel.idle();
    expect(guest.driver.test()).toMatchObject(done);
    expect(guest.readStatus()).toBe(0);
  });

  it("a driver of the other interface resets a device that was left in service", async () => {
    const guest = new CcwGuest();
    guest.initialize(2);
    guest.driverOk(2);
    guest.driver.enable(false);
    guest.driver.enable();
    let release = () => {};
    guest.device.resetGate = new Promise((resolve) => {
      release = resolve;
    });
    expect(guest.setRevision(0).conditionCode).toBe(1);
    release();
    await guest.channel.idle();
    expect(guest.driver.test()).toMatchObject(done);
    expect(guest.transport.frontend.driverInterface).toBe("legacy");
    expect(guest.transport.frontend.status).toBe(0);
  });
});

describe("4.3.2.1.3 legacy revision", () => {
  it("CCW-LEGACY-FACT-DEV-001: a legacy device rejects SET_VIRTIO_REV", () => {
    const guest = new CcwGuest({ personality: "legacy" });
    for (const revision of [0, 1]) expectReject(guest.setRevision(revision));
    expect(guest.writeStatus(1)).toMatchObject(done);
  });

  it("CCW-LEGACY-DEV-001: a non-transitional device rejects virtio commands before the revision is set", () => {
    for (const command of Object.values(VirtioCcwCommand).filter((code) => code !== VirtioCcwCommand.setRevision)) {
      const guest = new CcwGuest({ personality: "modern" });
      expectReject(guest.command(command, new Uint8Array(64), sli));
      expect(guest.transport.frontend.status).toBe(0);
    }
  });

  it("CCW-LEGACY-DEV-002: the first command without SET_VIRTIO_REV means revision 0", () => {
    const guest = new CcwGuest();
    expect(guest.writeStatus(1)).toMatchObject(done);
    expect(guest.transport.revision).toBe(0);
    expect(guest.transport.frontend.driverInterface).toBe("legacy");
  });

  it("CCW-LEGACY-DEV-003: after that, commands of other revisions are rejected, and so is a late SET_VIRTIO_REV", () => {
    const guest = new CcwGuest();
    expectReject(guest.command(VirtioCcwCommand.readStatus, [0]));
    for (const revision of [0, 1, 2]) expectReject(guest.setRevision(revision));
    expect(guest.transport.revision).toBe(0);
  });

  it("CCW-LEGACY-FACT-DEV-002/003: SET_VQ has 16 bytes and names one contiguous, big-endian ring", () => {
    const guest = new CcwGuest();
    const ring = guest.initialize(0);
    expect(guest.driverOk(0)).toMatchObject(done);
    guest.offer(ring);
    expect(guest.transport.notify(0)).toBe(0);
    expect(ring.getBuf()).toEqual({ token: 0, written: 3 });
    expect(guest.answer()).toEqual([3, 2, 1]);
    expect(guest.device.context).toMatchObject({ legacy: true, endian: "big" });
  });

  it("S003-048, S003-049, D-007: the 12 bytes of firmware that has a ring address of 32 bits are too short", () => {
    const guest = new CcwGuest();
    guest.setRevision(0);
    const short = bytes("IIHH", 0x1_0000, 4096, 0, 64);
    expectReject(guest.command(VirtioCcwCommand.setVirtqueue, short, sli));
    expect(guest.command(VirtioCcwCommand.setVirtqueue, short)).toMatchObject({ subchannelStatus: il });
    expect(guest.command(VirtioCcwCommand.setVirtqueue, bytes("QIHH", 0x1_0000, 4096, 0, 64))).toMatchObject(done);
  });

  it("CCW-LEGACY-FACT-DEV-003: the used ring follows the alignment that the driver gives", () => {
    const guest = new CcwGuest();
    guest.setRevision(0);
    expect(guest.command(VirtioCcwCommand.setVirtqueue, bytes("QIHH", 0x1_0000, 256, 1, 128))).toMatchObject(done);
    expectReject(guest.command(VirtioCcwCommand.setVirtqueue, bytes("QIHH", 0x1_0000, 3, 0, 64)));
    expectReject(guest.command(VirtioCcwCommand.setVirtqueue, bytes("QIHH", 0x1_0000, 0, 0, 64)));
  });

  it("CCW-LEGACY-FACT-DEV-004..006: a legacy driver may use classic or adapter indicators", () => {
    for (const command of [VirtioCcwCommand.setIndicators, VirtioCcwCommand.setAdapterIndicators]) {
      const guest = new CcwGuest();
      guest.setRevision(0);
      const payload = command === VirtioCcwCommand.setIndicators ? bytes("Q", 0x3000) : bytes("QQQB", 0x3000, 0x3008, 0, 3);
      expect(guest.command(command, payload)).toMatchObject(done);
    }
  });

  it("CCW-LEGACY-FACT-DEV-004: a device may know classic indicators only", () => {
    const guest = new CcwGuest({ adapterIndicators: false });
    guest.setRevision(0);
    expectReject(guest.command(VirtioCcwCommand.setAdapterIndicators, bytes("QQQB", 0x3000, 0x3008, 0, 3)));
    expect(guest.command(VirtioCcwCommand.setIndicators, bytes("Q", 0x3000))).toMatchObject(done);
  });

  it("configuration is big-endian for revision 0 and little-endian after it", () => {
    const guest = new CcwGuest();
    guest.setRevision(0);
    expect([...guest.command(VirtioCcwCommand.readConfig, new Uint8Array(10)).data]).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 0, 7]);
    const modern = new CcwGuest();
    modern.setRevision(1);
    expect([...modern.command(VirtioCcwCommand.readConfig, new Uint8Array(10)).data]).toEqual([4, 3, 2, 1, 0, 0, 0, 0, 7, 0]);
  });
});

describe("4.3.2.2 virtqueues", () => {
  const ready = () => {
    const guest = new CcwGuest();
    guest.setRevision(1);
    guest.writeStatus(3);
    guest.writeFeatures(1, 1);
    guest.writeStatus(0x0b);
    return guest;
  };

  it("CCW-VQ-FACT-DEV-001: READ_VQ_CONF gives the largest size, and 0 for a queue that does not exist", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    const sizes = [0, 1, 2, 3, 0xffff].map((index) => {
      const { data } = guest.command(VirtioCcwCommand.readVirtqueueConfig, bytes("HH", index, 0xeeee));
      return (data[2]! << 8) | data[3]!;
    });
    expect(sizes).toEqual([64, 128, 0, 0, 0]);
  });

  it("CCW-VQ-FACT-DEV-002: SET_VQ has three separate areas", () => {
    const guest = ready();
    expect(guest.setVirtqueue(1, 32, { descriptor: 0x5_0010, driver: 0x4_0002, device: 0x3_0004 })).toMatchObject(done);
    expect(guest.transport.frontend.queueSize(1)).toBe(32);
  });

  it("CCW-VQ-DEV-001: the reserved word is ignored", () => {
    const guest = ready();
    expect(guest.setVirtqueue(0, 64, legacyAreas(0x1_0000, 64, 4096), 0xffff_ffff)).toMatchObject(done);
  });

  it.each([
    ["a queue that does not exist", 3, 16, 0x1_0000],
    ["a queue of size 0", 2, 16, 0x1_0000],
    ["an index far out of range", 0xffff, 16, 0x1_0000],
    ["more entries than the maximum", 0, 128, 0x1_0000],
    ["a size that is no power of two", 0, 48, 0x1_0000],
    ["rings outside memory", 0, 64, 0x10_0000],
    ["rings beyond all memory", 0, 64, 2 ** 52],
  ])("SET_VQ for %s is rejected", (_, index, size, descriptor) => {
    const guest = ready();
    const areas = { ...legacyAreas(0x1_0000, 64, 4096), descriptor };
    expectReject(guest.setVirtqueue(index, size, areas));
    expect(guest.transport.frontend.queueEnabled(0)).toBe(false);
  });

  it("SET_VQ with a descriptor area at 0 takes the queue back, before DRIVER_OK", () => {
    const guest = ready();
    guest.setVirtqueue(0, 64, legacyAreas(0x1_0000, 64, 4096));
    expect(guest.setVirtqueue(0, 0, { descriptor: 0, driver: 0, device: 0 })).toMatchObject(done);
    expect(guest.transport.frontend.queueEnabled(0)).toBe(false);
  });
});

describe("4.3.2.3 status", () => {
  it("CCW-STATUS-DEV-001/002/004: a refused FEATURES_OK is a command reject and leaves the status", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    guest.writeStatus(3);
    guest.writeFeatures(0, 1 << 30);
    guest.writeFeatures(1, 1);
    expectReject(guest.writeStatus(0x0b));
    expect(guest.readStatus()).toBe(3);
    guest.writeFeatures(0, 0);
    guest.device.acceptable = false;
    expectReject(guest.writeStatus(0x0b));
    guest.device.acceptable = true;
    expect(guest.writeStatus(0x0b)).toMatchObject(done);
  });

  it("CCW-STATUS-DEV-001: status bits cannot be cleared but by a reset", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    guest.writeStatus(3);
    expectReject(guest.writeStatus(1));
    expect(guest.readStatus()).toBe(3);
    expect(guest.writeStatus(0)).toMatchObject(done);
    expect(guest.readStatus()).toBe(0);
  });

  it("CCW-STATUS-DEV-003: READ_STATUS shows NEEDS_RESET", () => {
    const guest = new CcwGuest();
    guest.initialize(2);
    guest.driverOk(2);
    expect(guest.readStatus()).toBe(0x0f);
    guest.device.context!.fail("test");
    expect(guest.readStatus()).toBe(0x4f);
  });
});

describe("4.3.2.4 features, 4.3.4 reserved features", () => {
  it("CCW-FACT-DEV-001, CCW-FEAT-FACT-DEV-002/003: feature words are little-endian, chosen by the index behind them", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    expect(guest.readFeatures(0)).toBe(((1 << 5) | (1 << 23) | (1 << 28) | (1 << 29)) >>> 0);
    expect(guest.readFeatures(1)).toBe((1 << 0) | (1 << 3));
    for (const index of [2, 127, 255]) expect(guest.readFeatures(index)).toBe(0);
  });

  it("READ_FEAT leaves the index in place, and stores nothing when it is too short", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    expect([...guest.command(VirtioCcwCommand.readFeatures, [9, 9, 9, 9, 1]).data]).toEqual([9, 0, 0, 0, 1]);
    expect([...guest.command(VirtioCcwCommand.readFeatures, [9, 9, 9, 9], sli).data]).toEqual([9, 9, 9, 9]);
  });

  it("a legacy driver sees the legacy offer, without bits from 32 on", () => {
    const guest = new CcwGuest();
    guest.setRevision(0);
    expect(guest.readFeatures(0) & (1 << 5)).not.toBe(0);
    expect(guest.readFeatures(1)).toBe(0);
  });

  it("WRITE_FEAT after FEATURES_OK is rejected", () => {
    const guest = new CcwGuest();
    guest.initialize(2);
    expectReject(guest.writeFeatures(0, 1 << 5));
  });

  it("CCW-RSV-FACT-DEV-001..003: no ADMIN_VQ and no RING_RESET are offered, whatever the device has, nor anything of shared memory", () => {
    class Ambitious extends ReverseDevice {
      override readonly features = new FeatureSet([5, 40, 41]);
    }
    const guest = new CcwGuest({}, new Ambitious());
    guest.setRevision(2);
    expect(guest.readFeatures(1)).toBe(1);
    class Pmem extends ReverseDevice {
      override readonly deviceId = 27;
      override readonly features = new FeatureSet([0]);
    }
    const pmem = new CcwGuest({}, new Pmem());
    pmem.setRevision(2);
    expect(pmem.readFeatures(0) & 1).toBe(0);
  });
});

describe("4.3.2.5 configuration", () => {
  it("CCW-CONF-FACT-DEV-001: moves from the start of the space; a shorter count is not a wrong length", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    expect(guest.command(VirtioCcwCommand.readConfig, new Uint8Array(2))).toMatchObject({ ...done, count: 0 });
    expect(guest.command(VirtioCcwCommand.readConfig, new Uint8Array(12))).toMatchObject({ subchannelStatus: il, count: 2 });
    expect(guest.command(VirtioCcwCommand.readConfig, new Uint8Array(12), sli)).toMatchObject({ ...done, count: 2 });
    expect(guest.command(VirtioCcwCommand.writeConfig, [9, 9, 9, 9, 9, 9, 9, 9, 0x34, 0x12])).toMatchObject(done);
    expect(guest.device.config.get("level")).toBe(0x1234);
    expect(guest.device.config.get("capacity")).toBe(0x0102_0304);
    expect(guest.command(VirtioCcwCommand.writeConfig, [9, 9])).toMatchObject(done);
    expect(guest.command(VirtioCcwCommand.writeConfig, new Uint8Array(12))).toMatchObject({ subchannelStatus: il, count: 2 });
  });

  it("a configuration write that runs out of storage changes nothing", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    const irb = guest.driver.run(0x1000, [
      { command: VirtioCcwCommand.writeConfig, flags: CcwFlags.chainData, count: 9, address: 0x2000 },
      { count: 1, address: 0x10_0000 },
    ]);
    expect(irb.subchannelStatus).toBe(SubchannelStatus.programCheck);
    expect(guest.device.config.get("level")).toBe(7);
  });
});

describe("4.3.3.3 reset", () => {
  it("CCW-RESET-FACT-DEV-001: VDEV_RESET has no payload", () => {
    const guest = new CcwGuest();
    guest.setRevision(2);
    guest.writeStatus(3);
    expect(guest.command(VirtioCcwCommand.reset)).toMatchObject({ ...done, count: 0 });
    expect(guest.readStatus()).toBe(0);
    expect(guest.transport.revision).toBe(2);
  });

  it("CCW-RESET-DEV-001: VDEV_RESET ends only when the reset is finished and the status is 0", async () => {
    const guest = new CcwGuest();
    guest.initialize(2);
    guest.driverOk(2);
    let release = () => {};
    guest.device.resetGate = new Promise((resolve) => {
      release = resolve;
    });
    expect(guest.start(VirtioCcwCommand.reset)).toBe(0);
    await Promise.resolve();
    expect(guest.driver.test()).toMatchObject({ conditionCode: 1 });
    expect(guest.transport.frontend.status).not.toBe(0);
    expect(guest.start(VirtioCcwCommand.reset)).toBe(2);
    release();
    await guest.channel.idle();
    expect(guest.driver.test()).toMatchObject({
      ...done,
      control: FunctionControl.start | StatusControl.primary | StatusControl.secondary | StatusControl.pending,
    });
    expect(guest.transport.frontend.status).toBe(0);
  });

  it("CCW-RESET-DEV-002: after VDEV_RESET nothing is notified and no queue is touched", () => {
    const guest = new CcwGuest();
    const ring = guest.initialize(2);
    guest.command(VirtioCcwCommand.setIndicators, bytes("Q", 0x3000));
    guest.command(VirtioCcwCommand.setConfigIndicators, bytes("Q", 0x3008));
    guest.driverOk(2);
    guest.command(VirtioCcwCommand.reset);
    guest.offer(ring);
    expect(guest.transport.notify(0)).toBe(-22);
    guest.device.config.set({ level: 9 });
    expect([...guest.memory.view(0x3000, 16)]).toEqual(new Array<number>(16).fill(0));
    expect(guest.channel.pendingInterruptionSubclasses()).toBe(0);
    expect(ring.getBuf()).toBe(undefined);
  });

  it("HSCH in the middle of a reset: the operation ends, the next one waits for the device", async () => {
    const guest = new CcwGuest();
    guest.initialize(2);
    guest.driverOk(2);
    let release = () => {};
    guest.device.resetGate = new Promise((resolve) => {
      release = resolve;
    });
    guest.start(VirtioCcwCommand.reset);
    expect(guest.channel.haltSubchannel(guest.driver.subsystemId)).toBe(0);
    expect(guest.driver.test()).toMatchObject({
      conditionCode: 0,
      control: expect.toSatisfy((value: number) => (value & FunctionControl.halt) !== 0),
    });
    guest.memory.storeUint8(0x2000, 0x0f);
    guest.driver.writeProgram(0x1000, [Uint8Array.of(VirtioCcwCommand.writeStatus, 0, 0, 1, 0, 0, 0x20, 0)]);
    expect(guest.driver.start({ channelProgram: 0x1000 })).toBe(0);
    expect(guest.driver.test().conditionCode).toBe(1);
    expect(guest.channel.cancelSubchannel(guest.driver.subsystemId)).toBe(0);
    expect(guest.start(VirtioCcwCommand.reset)).toBe(0);
    expect(guest.channel.clearSubchannel(guest.driver.subsystemId)).toBe(0);
    expect(guest.driver.test().control).toBe(FunctionControl.clear | StatusControl.pending);
    release();
    await guest.channel.idle();
    expect(guest.setRevision(2)).toMatchObject(done);
    expect(guest.transport.frontend.status).toBe(0);
  });
});
