import { describe, expect, it } from "vitest";
import { facts } from "../../test/facts.ts";
import { type ConfigLayout, ConfigSpace, configLayoutSize } from "../config-space.ts";
import { deviceTypeName } from "../device-type-name.ts";
import { type FeatureDependency, FeatureSet, unmetDependency } from "../features.ts";
import * as types from "./index.ts";

interface DeviceType {
  readonly ID: number;
  readonly NAME: string;
  readonly CONFIG?: ConfigLayout;
  readonly CONFIG_SIZE?: number;
  readonly FEATURE_DEPENDENCIES?: readonly FeatureDependency[];
}

const all = Object.entries(types as Readonly<Record<string, DeviceType>>);
const { balloon, blk, console, crypto, fs, gpu, input, iommu, mem, net, pmem, scsi, vsock } = types;

/** The numbers of a namespace whose names begin so, without that beginning. */
function numbers(type: object, prefix: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, value] of Object.entries(type)) {
    if (name.startsWith(prefix) && typeof value === "number") found[name.slice(prefix.length)] = value;
  }
  return found;
}

/** Offsets of fields by name. */
function offsets(layout: ConfigLayout): Record<string, number> {
  return Object.fromEntries(Object.entries(layout).map(([name, { offset }]) => [name, offset]));
}

describe("every device type", () => {
  it("5: has the number and the name of the list of device types", () => {
    expect(all).toHaveLength(23);
    expect(new Set(all.map(([, { ID }]) => ID)).size).toBe(23);
    for (const [, { ID, NAME }] of all) expect(deviceTypeName(ID)).toBe(NAME);
  });

  it("CORE-FEAT-FACT-DEV-002: has features at places for device types only, each at its own", () => {
    for (const [name, type] of all) {
      const bits = Object.values(numbers(type, "F_"));
      expect(new Set(bits).size, name).toBe(bits.length);
      for (const bit of bits) expect(bit < 24 || bit === 41 || bit === 42 || (bit >= 50 && bit < 128), `${name} ${bit}`).toBe(true);
    }
  });

  it("2.2: requires only features that it has, and can offer all it has together", () => {
    for (const [name, type] of all) {
      const bits = new FeatureSet(Object.values(numbers(type, "F_")));
      const rules = type.FEATURE_DEPENDENCIES ?? [];
      for (const { feature, anyOf } of rules)
        expect(
          [feature, ...anyOf].every((bit) => bits.has(bit)),
          `${name} ${feature}`,
        ).toBe(true);
      expect(unmetDependency(bits, rules)).toBeUndefined();
    }
  });

  it("2.5: has configuration fields that are naturally aligned and do not overlap", () => {
    for (const [name, type] of all) {
      if (!type.CONFIG) continue;
      let end = 0;
      for (const [field, { offset, width, count = 1 }] of Object.entries(type.CONFIG)) {
        expect(offset % width, `${name}.${field}`).toBe(0);
        expect(offset, `${name}.${field}`).toBeGreaterThanOrEqual(end);
        end = offset + width * count;
      }
      expect(type.CONFIG_SIZE ?? end, name).toBeGreaterThanOrEqual(end);
      expect(new ConfigSpace(type.CONFIG, type.CONFIG_SIZE).size).toBe(type.CONFIG_SIZE ?? end);
    }
  });

  it("2.5: has the size of the structure as a C compiler lays it out, with the padding that the specification writes out", () => {
    const sizes = { net: 28, blk: 96, console: 12, balloon: 16, scsi: 36, gpu: 20, input: 136, crypto: 56, vsock: 8, fs: 44, rpmb: 3 };
    const others = { iommu: 40, sound: 16, mem: 56, gpio: 8, pmem: 16, can: 2, spi: 32, media: 40 };
    const actual = all.flatMap(([name, { CONFIG, CONFIG_SIZE }]) => (CONFIG ? [[name, CONFIG_SIZE ?? configLayoutSize(CONFIG)]] : []));
    expect(Object.fromEntries(actual)).toEqual({ ...sizes, ...others });
  });

  it("2.5: lets the driver write what the specification says that it writes, and nothing else", () => {
    const writable = all.flatMap(([name, { CONFIG = {} }]) =>
      Object.entries(CONFIG).flatMap(([field, { writable }]) => (writable === true ? [`${name}.${field}`] : [])),
    );
    expect(writable).toEqual([
      "balloon.actual",
      "balloon.poison_val",
      "blk.writeback",
      "console.emerg_wr",
      "gpu.events_clear",
      "input.select",
      "input.subsel",
      "iommu.bypass",
      "scsi.sense_size",
      "scsi.cdb_size",
    ]);
  });
});

describe("the facts of the requirements", () => {
  // Rows that list features or constants as NAME number; prefixes of their names here, tried in turn.
  const rows: readonly (readonly [id: string, type: object, ...prefixes: string[]])[] = [
    ["NET-FEAT-FACT-DEV-003", net, "F_"],
    ["NET-FEAT-FACT-DEV-004", net, "F_"],
    ["NET-FEAT-FACT-DEV-005", net, "F_"],
    ["NET-FEAT-FACT-DEV-006", net, "F_"],
    ["NET-TX-FACT-DEV-002", net, "HDR_F_", "HDR_GSO_"],
    ["NET-CTRL-FACT-DEV-001", net, ""],
    ["NET-CTRL-FACT-DEV-002", net, "CTRL_"],
    ["BLK-FEAT-FACT-DEV-001", blk, "F_"],
    ["BLK-FEAT-FACT-DEV-002", blk, "F_"],
    ["BLK-REQ-FACT-DEV-002", blk, "T_"],
    ["CONSOLE-FACT-DEV-002", console, "F_"],
    ["BALLOON-FEAT-FACT-DEV-002", balloon, "F_"],
    ["BALLOON-HINT-FACT-DEV-001", balloon, "CMD_ID_"],
    ["SCSI-FEAT-FACT-DEV-002", scsi, "F_"],
    ["GPU-FACT-DEV-002", gpu, "F_"],
    ["IOMMU-CFG-FACT-DEV-001", iommu, "F_"],
    ["IOMMU-REQ-FACT-DEV-001", iommu, "T_"],
    ["IOMMU-REQ-FACT-DEV-002", iommu, "S_"],
    ["VSOCK-FEAT-FACT-DEV-001", vsock, "F_"],
    ["VSOCK-FACT-DEV-003", vsock, "OP_"],
    ["FS-FACT-DEV-001", fs, "F_"],
    ["MEM-CFG-FACT-DEV-001", mem, "F_"],
    ["MEM-CFG-FACT-DEV-003", mem, "REQ_", "RESP_"],
    ["MEM-CFG-FACT-DEV-004", mem, "STATE_"],
    ["PMEM-FACT-DEV-001", pmem, "F_"],
    ["PMEM-FACT-DEV-002", pmem, "REQ_TYPE_"],
  ];
  for (const [id, type, ...prefixes] of rows) {
    it(`${id}: numbers as listed`, () => {
      const listed = [...facts(id).matchAll(/\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*) (0x[0-9a-f]+|\d+)\b/g)];
      expect(listed.length).toBeGreaterThan(0);
      for (const [, name = "", value] of listed) {
        const known = prefixes.flatMap((prefix) => numbers(type, prefix)[name] ?? []);
        expect(known, name).toContain(Number(value));
      }
    });
  }

  // Rows that list offsets of configuration fields as name number.
  const layouts: readonly (readonly [id: string, layout: ConfigLayout])[] = [
    ["BLK-CFG-FACT-DEV-001", blk.CONFIG],
    ["CONSOLE-FACT-DEV-002", console.CONFIG],
    ["BALLOON-FEAT-FACT-DEV-003", balloon.CONFIG],
    ["GPU-FACT-DEV-003", gpu.CONFIG],
    ["MEM-CFG-FACT-DEV-002", mem.CONFIG],
    ["IOMMU-CFG-FACT-DEV-002", iommu.CONFIG],
    ["PMEM-FACT-DEV-001", pmem.CONFIG],
  ];
  // What a row calls a structure or shortens.
  const aliases: Readonly<Record<string, string>> = {
    geometry: "cylinders",
    topology: "physical_block_exp",
    queues: "num_queues",
    input_range: "input_range_start",
    domain_range: "domain_range_start",
  };
  for (const [id, layout] of layouts) {
    it(`${id}: configuration offsets as listed`, () => {
      const [, config = ""] = facts(id).split(/onfig(?: offsets)?: /);
      const listed = [...config.matchAll(/\b([a-z][a-z0-9_]*) (\d+)\b/g)];
      expect(listed.length).toBeGreaterThan(1);
      for (const [, name = "", value] of listed) expect(offsets(layout)[aliases[name] ?? name], name).toBe(Number(value));
    });
  }

  it("NET-CFG-FACT-DEV-001, NET-CFG-FACT-DEV-002: configuration of a network device", () => {
    expect(Object.values(offsets(net.CONFIG))).toEqual(facts("NET-CFG-FACT-DEV-001").match(/\d+/g)?.map(Number));
    expect([net.S_LINK_UP, net.S_ANNOUNCE]).toEqual([1, 2]);
  });

  it("SCSI-CFG-FACT-DEV-001: configuration of a SCSI host", () => {
    expect(Object.values(offsets(scsi.CONFIG))).toEqual(facts("SCSI-CFG-FACT-DEV-001").match(/\d+/g)?.map(Number));
  });

  it("INPUT-FACT-DEV-001, INPUT-FACT-DEV-002: configuration and events of an input device", () => {
    expect(offsets(input.CONFIG)).toEqual({ select: 0, subsel: 1, size: 2, data: 8 });
    expect(input.CONFIG.data.count).toBe(128);
    expect(Object.values(numbers(input, "CFG_"))).toEqual([0, 1, 2, 3, 0x10, 0x11, 0x12]);
    expect(input.EVENT_SIZE).toBe(8);
  });

  it("FS-FACT-DEV-001: configuration and queues of a file system", () => {
    expect(offsets(fs.CONFIG)).toEqual({ tag: 0, num_request_queues: 36, notify_buf_size: 40 });
    expect([fs.firstRequestQueue(new FeatureSet()), fs.firstRequestQueue(new FeatureSet([fs.F_NOTIFICATION]))]).toEqual([1, 2]);
  });

  it("NET-FEAT-FACT-DEV-001, NET-FEAT-FACT-DEV-002: queues of a network device", () => {
    expect([0, 1, 7].map((pair) => [net.receiveQueue(pair), net.transmitQueue(pair)])).toEqual([
      [0, 1],
      [2, 3],
      [14, 15],
    ]);
    const control = (features: number[], pairs: number) => net.controlQueue(new FeatureSet(features), pairs);
    expect(control([net.F_CTRL_VQ], 8)).toBe(2);
    expect(control([net.F_CTRL_VQ, net.F_MQ], 8)).toBe(16);
    expect(control([net.F_CTRL_VQ, net.F_RSS], 8)).toBe(16);
    expect(control([], 8)).toBeUndefined();
  });

  it("NET-FEAT-FACT-DEV-007: features of a network device beyond bit 63", () => {
    const { F_RSS_CONTEXT, F_GUEST_UDP_TUNNEL_GSO, F_GUEST_UDP_TUNNEL_GSO_CSUM, F_HOST_UDP_TUNNEL_GSO } = net;
    expect([F_RSS_CONTEXT, F_GUEST_UDP_TUNNEL_GSO, F_GUEST_UDP_TUNNEL_GSO_CSUM, F_HOST_UDP_TUNNEL_GSO]).toEqual([64, 65, 66, 67]);
    expect([net.F_HOST_UDP_TUNNEL_GSO_CSUM, net.F_OUT_NET_HEADER, net.F_IPSEC]).toEqual([68, 69, 70]);
  });

  const dependencies: readonly (readonly [id: string, features: readonly number[], groups: readonly (readonly number[])[]])[] = [
    [
      "NET-FEAT-FACT-DEV-008",
      [net.F_GUEST_TSO4, net.F_GUEST_TSO6, net.F_GUEST_UFO, net.F_GUEST_USO4, net.F_GUEST_USO6],
      [[net.F_GUEST_CSUM]],
    ],
    ["NET-FEAT-FACT-DEV-009", [net.F_GUEST_ECN], [[net.F_GUEST_TSO4, net.F_GUEST_TSO6]]],
    ["NET-FEAT-FACT-DEV-010", [net.F_HOST_TSO4, net.F_HOST_TSO6, net.F_HOST_UFO, net.F_HOST_USO], [[net.F_CSUM]]],
    ["NET-FEAT-FACT-DEV-011", [net.F_HOST_ECN], [[net.F_HOST_TSO4, net.F_HOST_TSO6]]],
    [
      "NET-FEAT-FACT-DEV-012",
      [net.F_GUEST_UDP_TUNNEL_GSO],
      [[net.F_GUEST_TSO4], [net.F_GUEST_TSO6], [net.F_GUEST_USO4], [net.F_GUEST_USO6]],
    ],
    ["NET-FEAT-FACT-DEV-012", [net.F_GUEST_UDP_TUNNEL_GSO_CSUM], [[net.F_GUEST_UDP_TUNNEL_GSO]]],
    ["NET-FEAT-FACT-DEV-013", [net.F_HOST_UDP_TUNNEL_GSO], [[net.F_HOST_TSO4], [net.F_HOST_TSO6], [net.F_HOST_USO]]],
    ["NET-FEAT-FACT-DEV-013", [net.F_HOST_UDP_TUNNEL_GSO_CSUM], [[net.F_HOST_UDP_TUNNEL_GSO]]],
    [
      "NET-FEAT-FACT-DEV-014",
      [net.F_CTRL_RX, net.F_CTRL_VLAN, net.F_GUEST_ANNOUNCE, net.F_MQ, net.F_CTRL_MAC_ADDR, net.F_NOTF_COAL, net.F_VQ_NOTF_COAL, net.F_RSS],
      [[net.F_CTRL_VQ]],
    ],
    ["NET-FEAT-FACT-DEV-015", [net.F_RSC_EXT], [[net.F_HOST_TSO4, net.F_HOST_TSO6]]],
    ["NET-FEAT-FACT-DEV-016", [net.F_HASH_TUNNEL], [[net.F_CTRL_VQ], [net.F_RSS, net.F_HASH_REPORT]]],
    ["NET-FEAT-FACT-DEV-016", [net.F_RSS_CONTEXT], [[net.F_CTRL_VQ], [net.F_RSS]]],
    [
      "CRYPTO-FEAT-FACT-DEV-001",
      [1, 2, 3, 4, 5], // all STATELESS_MODE features
      [[crypto.F_REVISION_1]],
    ],
  ];
  for (const [id, features, groups] of dependencies) {
    it(`${id}: ${features.length} feature${features.length > 1 ? "s" : ""} with ${groups.length} prerequisite${groups.length > 1 ? "s" : ""}`, () => {
      const rules = (id.startsWith("NET") ? net : crypto).FEATURE_DEPENDENCIES;
      for (const bit of features) {
        const own = rules.filter(({ feature }) => feature === bit).map(({ anyOf }) => anyOf);
        expect(own, String(bit)).toEqual(groups);
      }
    });
  }

  it("NET-TX-FACT-DEV-001, NET-LEGACY-FACT-DEV-001: bytes of a packet's header", () => {
    const size = (features: number[], legacy = false) => net.headerSize(new FeatureSet(features), legacy);
    expect([size([]), size([], true), size([net.F_MRG_RXBUF]), size([net.F_MRG_RXBUF], true)]).toEqual([12, 10, 12, 12]);
    expect([size([net.F_HASH_REPORT]), size([net.F_HOST_UDP_TUNNEL_GSO]), size([net.F_GUEST_UDP_TUNNEL_GSO])]).toEqual([20, 24, 24]);
    expect([size([net.F_OUT_NET_HEADER]), size([net.F_IPSEC])]).toEqual([32, 32]);
    expect(net.HDR).toMatchObject({ hdr_len: 2, gso_size: 4, csum_start: 6, csum_offset: 8, num_buffers: 10, hash_value: 12 });
  });

  it("BLK-REQ-FACT-DEV-001, BLK-REQ-FACT-DEV-003, BLK-REQ-FACT-DEV-004: requests of a block device", () => {
    expect([blk.HEADER_SIZE, blk.ID_BYTES, blk.SECTOR_SIZE]).toEqual([16, 20, 512]);
    expect(numbers(blk, "S_")).toEqual({
      OK: 0,
      IOERR: 1,
      UNSUPP: 2,
      ZONE_INVALID_CMD: 3,
      ZONE_UNALIGNED_WP: 4,
      ZONE_OPEN_RESOURCE: 5,
      ZONE_ACTIVE_RESOURCE: 6,
    });
  });

  it("BLK-CFG-FACT-DEV-003: queues of a block device", () => {
    expect([blk.queueCount(new FeatureSet(), 4), blk.queueCount(new FeatureSet([blk.F_MQ]), 4)]).toEqual([1, 4]);
  });

  it("CONSOLE-FACT-DEV-001, CONSOLE-FACT-DEV-004: queues and events of a console", () => {
    expect([0, 1, 2, 9].map((port) => [console.receiveQueue(port), console.transmitQueue(port)])).toEqual([
      [0, 1],
      [4, 5],
      [6, 7],
      [20, 21],
    ]);
    expect([0, 1, 4, 5, 21].map(console.portOfQueue)).toEqual([0, 0, 1, 1, 9]);
    expect([console.queueCount(1, false), console.queueCount(1, true), console.queueCount(4, true)]).toEqual([2, 4, 10]);
    const { DEVICE_READY, DEVICE_ADD, DEVICE_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME } = console;
    expect([DEVICE_READY, DEVICE_ADD, DEVICE_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME]).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
  });

  it("BALLOON-FEAT-FACT-DEV-001, BALLOON-STATS-FACT-DEV-001: queues and statistics of a balloon", () => {
    const { F_STATS_VQ, F_FREE_PAGE_HINT, F_PAGE_REPORTING } = balloon;
    const queues = (...features: number[]) => balloon.optionalQueues(new FeatureSet(features));
    expect(queues(F_STATS_VQ, F_FREE_PAGE_HINT, F_PAGE_REPORTING)).toEqual({ stats: 2, freePage: 3, reporting: 4 });
    expect(queues(F_PAGE_REPORTING)).toEqual({ stats: undefined, freePage: undefined, reporting: 2 });
    expect([balloon.QUEUE_INFLATE, balloon.QUEUE_DEFLATE, balloon.STAT_SIZE]).toEqual([0, 1, 10]);
    expect(Object.values<{ endian: string }>(balloon.CONFIG).every(({ endian }) => endian === "little")).toBe(true);
  });

  it("SCSI-FEAT-FACT-DEV-001, GPU-FACT-DEV-001, VSOCK-FEAT-FACT-DEV-001: fixed queues", () => {
    expect([scsi.QUEUE_CONTROL, scsi.QUEUE_EVENT, scsi.QUEUE_REQUEST, scsi.queueCount(4)]).toEqual([0, 1, 2, 6]);
    expect([gpu.QUEUE_CONTROL, gpu.QUEUE_CURSOR]).toEqual([0, 1]);
    expect([vsock.QUEUE_RX, vsock.QUEUE_TX, vsock.QUEUE_EVENT]).toEqual([0, 1, 2]);
  });

  it("GPU-FACT-DEV-005, GPU-FACT-DEV-006, GPU-FACT-DEV-007, GPU-FACT-DEV-012: commands, scanouts and formats of a GPU", () => {
    const { CMD_GET_DISPLAY_INFO, CMD_GET_EDID, CMD_UPDATE_CURSOR, CMD_MOVE_CURSOR, RESP_OK_NODATA, RESP_ERR_UNSPEC } = gpu;
    expect([CMD_GET_DISPLAY_INFO, CMD_GET_EDID, CMD_UPDATE_CURSOR, CMD_MOVE_CURSOR]).toEqual([0x100, 0x10a, 0x300, 0x301]);
    expect([RESP_OK_NODATA, gpu.RESP_OK_MAP_INFO, RESP_ERR_UNSPEC, gpu.RESP_ERR_INVALID_PARAMETER]).toEqual([
      0x1100, 0x1106, 0x1200, 0x1205,
    ]);
    expect([gpu.MAX_SCANOUTS, gpu.MEM_ENTRY_SIZE]).toEqual([16, 16]);
    expect(Object.values(numbers(gpu, "FORMAT_")).map(String)).toEqual(
      [...facts("GPU-FACT-DEV-007").matchAll(/(\d+) [A-Z]{4}/g)].map(([, n]) => n),
    );
  });

  it("VSOCK-FACT-DEV-001, VSOCK-FACT-DEV-002, VSOCK-FACT-DEV-009: header and numbers of a socket device", () => {
    expect([vsock.CID_HOST, vsock.HDR_SIZE, vsock.HDR.fwd_cnt]).toEqual([2, 44, 40]);
    expect([vsock.SEQ_EOM, vsock.SEQ_EOR, vsock.SHUTDOWN_RECEIVE, vsock.SHUTDOWN_SEND]).toEqual([1, 2, 1, 2]);
  });
});

describe("types without a list of requirements", () => {
  // Values as the headers of Linux have them.
  it("5.12, 5.14, 5.16, 5.17, 5.18: RPMB, sound, I2C, SCMI, GPIO", () => {
    const { rpmb, sound, i2c, scmi, gpio } = types;
    expect([rpmb.ID, sound.ID, i2c.ID, scmi.ID, gpio.ID]).toEqual([28, 25, 34, 32, 41]);
    expect([rpmb.FRAME.req_resp + 2, rpmb.REQ_RESULT_READ, rpmb.RES_WRITE_COUNTER_EXPIRED]).toEqual([rpmb.FRAME_SIZE, 5, 0x80]);
    expect([sound.R_CTL_TLV_COMMAND, sound.EVT_PCM_XRUN, sound.S_IO_ERR, sound.PCM_FMT_IEC958_SUBFRAME]).toEqual([
      0x306, 0x1101, 0x8003, 24,
    ]);
    expect([sound.PCM_RATE_384000, sound.PCM_RATE_24000, sound.CHMAP_BRC, sound.CTL_EVT_MASK_TLV]).toEqual([13, 15, 36, 2]);
    expect([i2c.FLAGS_FAIL_NEXT, i2c.FLAGS_M_RD, i2c.MSG_ERR, i2c.F_ZERO_LENGTH_REQUEST]).toEqual([1, 2, 1, 0]);
    expect([scmi.F_P2A_CHANNELS, scmi.F_SHARED_MEMORY]).toEqual([0, 1]);
    expect([gpio.MSG_SET_IRQ_TYPE, gpio.IRQ_TYPE_EDGE_BOTH, gpio.IRQ_TYPE_LEVEL_LOW, gpio.IRQ_STATUS_VALID]).toEqual([6, 3, 8, 1]);
  });

  it("5.20 to 5.23: CAN, SPI, media, RTC", () => {
    const { can, spi, media, rtc } = types;
    expect([can.ID, spi.ID, media.ID, rtc.ID]).toEqual([36, 45, 48, 17]);
    expect([can.TX, can.RX, can.SET_CTRL_MODE_STOP, can.FLAGS_RTR, can.FLAGS_FD, can.FLAGS_EXTENDED]).toEqual([
      1, 0x101, 0x202, 0x2000, 0x4000, 0x8000,
    ]);
    expect([spi.TRANSFER_HEAD.cs_change_delay_inactive_ns + 4, spi.TRANS_OK, spi.PARAM_ERR, spi.TRANS_ERR]).toEqual([
      spi.TRANSFER_HEAD_SIZE,
      0,
      1,
      2,
    ]);
    expect([media.CMD_MUNMAP, media.OBJECT, media.EVT_EVENT, media.MAX_PLANES]).toEqual([5, 4, 2, 8]);
    expect([rtc.REQ_READ_CROSS, rtc.REQ_SET_ALARM_ENABLED, rtc.NOTIF_ALARM, rtc.S_EIO, rtc.COUNTER_INVALID]).toEqual([
      2, 0x1005, 0x2000, 5, 0xff,
    ]);
  });

  it("5.6, 5.9, 5.13: other numbers of SCSI, crypto and IOMMU", () => {
    expect([scsi.S_FUNCTION_REJECTED, scsi.S_INCORRECT_LUN, scsi.T_EVENTS_MISSED, scsi.EVT_ASYNC_DEVICE_BUSY]).toEqual([
      11, 12, 0x8000_0000, 64,
    ]);
    expect([crypto.AKCIPHER_DESTROY_SESSION, crypto.IPSEC_INBOUND, crypto.HASH, crypto.MAC_ZUC_EIA3]).toEqual([0x405, 0x501, 0x100, 54]);
    expect([crypto.controlQueue(1), crypto.OK, crypto.KEY_REJECTED]).toEqual([1, 0, 6]);
    expect([iommu.FAULT_R_MAPPING, iommu.FAULT_F_ADDRESS, iommu.MAP_F_MMIO, iommu.RESV_MEM_T_MSI]).toEqual([2, 0x100, 4, 1]);
  });
});
