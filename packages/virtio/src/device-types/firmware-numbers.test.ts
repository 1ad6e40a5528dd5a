import { describe, expect, it } from "vitest";
import { F_VERSION_1 } from "../features.ts";
import * as status from "../status.ts";
import { balloon, blk, console, net, scsi } from "./index.ts";

/** The numbers that the firmware of s390 machines has in its header. */
describe("numbers of the firmware", () => {
  it("S003-013..018: status bits and VERSION_1", () => {
    const { STATUS_ACKNOWLEDGE, STATUS_DRIVER, STATUS_DRIVER_OK, STATUS_FEATURES_OK, STATUS_FAILED } = status;
    expect([STATUS_ACKNOWLEDGE, STATUS_DRIVER, STATUS_DRIVER_OK, STATUS_FEATURES_OK, STATUS_FAILED]).toEqual([1, 2, 4, 8, 0x80]);
    expect(F_VERSION_1).toBe(32);
  });

  it("S003-040..045: device types", () => {
    expect([net, blk, console, balloon, scsi].map(({ ID }) => ID)).toEqual([1, 2, 3, 5, 8]);
  });

  it("S003-066, S003-067, S003-069, S003-084: block requests", () => {
    expect([blk.T_IN, blk.T_OUT, blk.T_SCSI_CMD, blk.T_FLUSH, blk.T_BARRIER]).toEqual([0, 1, 2, 4, 0x8000_0000]);
    expect(blk.SECTOR_SIZE).toBe(512);
  });

  it("S003-073..082: block configuration", () => {
    const fields = Object.entries(blk.CONFIG).map(([name, { offset, width }]) => [name, offset, width]);
    expect(fields.slice(0, 12)).toEqual([
      ["capacity", 0, 8],
      ["size_max", 8, 4],
      ["seg_max", 12, 4],
      ["cylinders", 16, 2],
      ["heads", 18, 1],
      ["sectors", 19, 1],
      ["blk_size", 20, 4],
      ["physical_block_exp", 24, 1],
      ["alignment_offset", 25, 1],
      ["min_io_size", 26, 2],
      ["opt_io_size", 28, 4],
      ["writeback", 32, 1],
    ]);
    const { F_SIZE_MAX, F_SEG_MAX, F_GEOMETRY, F_BLK_SIZE, F_TOPOLOGY, F_CONFIG_WCE } = blk;
    expect([F_SIZE_MAX, F_SEG_MAX, F_GEOMETRY, F_BLK_SIZE, F_TOPOLOGY, F_CONFIG_WCE]).toEqual([1, 2, 4, 6, 10, 11]);
  });

  it("S003-087: SCSI configuration", () => {
    const offsets = Object.values(scsi.CONFIG).map(({ offset }) => offset);
    expect(offsets).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 30, 32]);
    expect(Object.keys(scsi.CONFIG).slice(4, 7)).toEqual(["event_info_size", "sense_size", "cdb_size"]);
  });
});
