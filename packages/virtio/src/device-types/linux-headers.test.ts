import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { ConfigLayout } from "../config-space.ts";
import { FeatureSet } from "../features.ts";
import * as types from "./index.ts";

// The C compiler is asked what the headers of Linux have for the same names. It compiles only, so any target will do.
const compiler = "s390x-linux-gnu-gcc";
const missing = spawnSync(compiler, ["--version"]).status !== 0;

interface Header {
  readonly type: object;
  readonly file: string;
  /** What the header has before our names. */
  readonly prefix: string;
  /** Its names of fields, where they are not ours. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Our names that mean something else there. */
  readonly except?: readonly string[];
}

const { balloon, blk, console, crypto, fs, gpio, gpu, i2c, input, iommu, mem, net, pmem, scmi, scsi, sound, vsock } = types;

const headers: readonly Header[] = [
  { type: net, file: "virtio_net", prefix: "VIRTIO_NET_", fields: { supported_tunnel_types: "" } },
  {
    type: blk,
    file: "virtio_blk",
    prefix: "VIRTIO_BLK_",
    fields: {
      cylinders: "geometry.cylinders",
      heads: "geometry.heads",
      sectors: "geometry.sectors",
      writeback: "wce",
      zone_sectors: "",
      max_open_zones: "",
      max_active_zones: "",
      max_append_sectors: "",
      write_granularity: "",
      model: "",
    },
  },
  { type: console, file: "virtio_console", prefix: "VIRTIO_CONSOLE_" },
  { type: balloon, file: "virtio_balloon", prefix: "VIRTIO_BALLOON_" },
  { type: scsi, file: "virtio_scsi", prefix: "VIRTIO_SCSI_" },
  { type: gpu, file: "virtio_gpu", prefix: "VIRTIO_GPU_", fields: { blob_alignment: "" } },
  { type: input, file: "virtio_input", prefix: "VIRTIO_INPUT_", fields: { data: "u" } },
  // Linux counted DSA, which the specification does not have.
  { type: crypto, file: "virtio_crypto", prefix: "VIRTIO_CRYPTO_", except: ["AKCIPHER_ECDSA"] },
  { type: vsock, file: "virtio_vsock", prefix: "VIRTIO_VSOCK_" },
  { type: fs, file: "virtio_fs", prefix: "VIRTIO_FS_", fields: { notify_buf_size: "" } },
  {
    type: iommu,
    file: "virtio_iommu",
    prefix: "VIRTIO_IOMMU_",
    fields: {
      input_range_start: "input_range.start",
      input_range_end: "input_range.end",
      domain_range_start: "domain_range.start",
      domain_range_end: "domain_range.end",
    },
  },
  { type: sound, file: "virtio_snd", prefix: "VIRTIO_SND_", fields: { controls: "" } },
  { type: mem, file: "virtio_mem", prefix: "VIRTIO_MEM_" },
  { type: i2c, file: "virtio_i2c", prefix: "VIRTIO_I2C_" },
  { type: scmi, file: "virtio_scmi", prefix: "VIRTIO_SCMI_" },
  { type: gpio, file: "virtio_gpio", prefix: "VIRTIO_GPIO_" },
  { type: pmem, file: "virtio_pmem", prefix: "VIRTIO_PMEM_" },
];

/** Bytes that we name, and what they are in the headers. */
const sizes: readonly (readonly [file: string, size: number, expression: string])[] = [
  ["virtio_net", net.headerSize(new FeatureSet(), true), "sizeof(struct virtio_net_hdr)"],
  ["virtio_net", net.headerSize(new FeatureSet()), "sizeof(struct virtio_net_hdr_mrg_rxbuf)"],
  ["virtio_net", net.headerSize(new FeatureSet([net.F_HASH_REPORT])), "sizeof(struct virtio_net_hdr_v1_hash)"],
  ["virtio_net", net.HDR.hash_report, "offsetof(struct virtio_net_hdr_v1_hash, hash_report)"],
  ["virtio_blk", blk.HEADER_SIZE, "sizeof(struct virtio_blk_outhdr)"],
  ["virtio_blk", blk.RANGE_SIZE, "sizeof(struct virtio_blk_discard_write_zeroes)"],
  ["virtio_console", console.CONTROL_SIZE, "sizeof(struct virtio_console_control)"],
  ["virtio_balloon", balloon.STAT_SIZE, "sizeof(struct virtio_balloon_stat)"],
  ["virtio_scsi", scsi.CMD_HEADER_SIZE, "offsetof(struct virtio_scsi_cmd_req, cdb)"],
  ["virtio_scsi", scsi.CMD_ANSWER_HEADER_SIZE, "offsetof(struct virtio_scsi_cmd_resp, sense)"],
  ["virtio_scsi", scsi.EVENT_SIZE, "sizeof(struct virtio_scsi_event)"],
  ["virtio_gpu", gpu.CTRL_HDR_SIZE, "sizeof(struct virtio_gpu_ctrl_hdr)"],
  ["virtio_gpu", gpu.MEM_ENTRY_SIZE, "sizeof(struct virtio_gpu_mem_entry)"],
  ["virtio_input", input.EVENT_SIZE, "sizeof(struct virtio_input_event)"],
  ["virtio_crypto", crypto.CTRL_HEADER_SIZE, "sizeof(struct virtio_crypto_ctrl_header)"],
  ["virtio_crypto", crypto.OP_HEADER_SIZE, "sizeof(struct virtio_crypto_op_header)"],
  ["virtio_vsock", vsock.HDR_SIZE, "sizeof(struct virtio_vsock_hdr)"],
  ["virtio_iommu", iommu.REQ_HEAD_SIZE, "sizeof(struct virtio_iommu_req_head)"],
  ["virtio_iommu", iommu.REQ_TAIL_SIZE, "sizeof(struct virtio_iommu_req_tail)"],
  ["virtio_iommu", iommu.FAULT_SIZE, "sizeof(struct virtio_iommu_fault)"],
  ["virtio_mem", mem.REQ_SIZE, "sizeof(struct virtio_mem_req)"],
  ["virtio_mem", mem.RESP_SIZE, "sizeof(struct virtio_mem_resp)"],
  ["virtio_i2c", i2c.OUT_HDR_SIZE, "sizeof(struct virtio_i2c_out_hdr)"],
  ["virtio_gpio", gpio.REQUEST_SIZE, "sizeof(struct virtio_gpio_request)"],
  ["virtio_gpio", gpio.RESPONSE_SIZE, "sizeof(struct virtio_gpio_response)"],
];

function run(args: readonly string[], source: string): string {
  const { status, stdout, stderr } = spawnSync(compiler, [...args, "-x", "c", "-o", "-", "-"], { input: source, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** The values of constant expressions in C. */
function evaluate(include: string, expressions: readonly string[]): number[] {
  if (expressions.length === 0) return [];
  // Plus one, because a compiler writes zeroes in another way.
  const table = `const long long table[] = { ${expressions.map((expression) => `(long long)(${expression}) + 1`).join(", ")} };`;
  const assembly = run(["-S", "-O0"], `#include <stddef.h>\n${include}\n${table}\n`);
  return [...assembly.matchAll(/^\s+\.quad\s+(-?\d+)$/gm)].map(([, value]) => Number(value) - 1);
}

describe.skipIf(missing && process.env.CI === undefined)("the headers of Linux", () => {
  it("the same sizes of messages", () => {
    const include = [...new Set(sizes.map(([file]) => `#include <linux/${file}.h>`))].join("\n");
    const theirs = evaluate(
      include,
      sizes.map(([, , expression]) => expression),
    );
    expect(
      sizes.map(([, size, expression], index) => [expression, size === theirs[index] ? size : `${size}, not ${theirs[index]}`]),
    ).toEqual(sizes.map(([, size, expression]) => [expression, size]));
  });

  for (const { type, file, prefix, fields = {}, except = [] } of headers) {
    it(`${file}.h: the same numbers under the same names, and fields at the same offsets`, () => {
      const include = `#include <linux/${file}.h>`;
      // Macros and enumerators that the header has itself or from others, comments removed.
      const known = new Set(run(["-E", "-dD"], include).match(/\w+/g));
      const ours = Object.entries(type).filter(
        ([name, value]) => typeof value === "number" && known.has(prefix + name) && !except.includes(name),
      );
      const theirs = evaluate(
        include,
        ours.map(([name]) => prefix + name),
      );
      expect(Object.fromEntries(ours.map(([name], index) => [name, theirs[index]]))).toEqual(Object.fromEntries(ours));

      const layout: ConfigLayout = "CONFIG" in type ? (type.CONFIG as ConfigLayout) : {};
      const compared = Object.keys(layout).filter((name) => fields[name] !== "" && known.has(`${file}_config`));
      expect(ours.length + compared.length).toBeGreaterThan(1);
      const offsets = evaluate(
        include,
        compared.map((name) => `offsetof(struct ${file}_config, ${fields[name] ?? name})`),
      );
      expect(Object.fromEntries(compared.map((name, index) => [name, offsets[index]]))).toEqual(
        Object.fromEntries(compared.map((name) => [name, layout[name]?.offset])),
      );
    });
  }
});
