import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ACCESS_PLATFORM, EVENT_IDX, hasDefaultGuest, INDIRECT_DESC, RING_PACKED, VERSION_1 } from "./disk-exercise.ts";
import { zarch } from "./zarch-command.ts";

const FEATURES = [INDIRECT_DESC, EVENT_IDX, VERSION_1, ACCESS_PLATFORM, RING_PACKED];

/**
 * Linux's drivers of console ports and entropy devices: queues that the driver fills in advance, and a control queue. Disks are in
 * virtio-disks.test.ts.
 */
describe.skipIf(!(await hasDefaultGuest()))("Linux's console and entropy drivers on other rings", { timeout: 300_000 }, () => {
  it.each([
    { virtio: "packed,no-indirect", features: [EVENT_IDX, VERSION_1, RING_PACKED] },
    { virtio: "bus=pci,access-platform", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1, ACCESS_PLATFORM] },
    { virtio: "legacy,no-indirect,no-event-index", features: [] },
  ])("--virtio $virtio: bulk data through the ports both ways, and random bytes", async ({ virtio, features }) => {
    const data = randomBytes(300_000).toString("base64");
    // Standard error has the features of both devices and whether random bytes are; standard output what came in.
    const script = `cat /sys/bus/virtio/devices/*/features >&2
      modprobe -q virtio_rng; cat /sys/class/misc/hw_random/rng_current >&2
      dd if=/dev/hwrng bs=64 count=64 iflag=fullblock 2>/dev/null | wc -c >&2
      cat`;
    const result = await zarch(["run", "--timeout", "280", "--virtio", virtio, "--", "sh", "-c", script], data);
    const lines = result.stderr.trimEnd().split("\n");
    const bits = lines.filter((line) => /^[01]{64}$/.test(line));
    expect(bits).toHaveLength(2);
    for (const each of bits) expect(FEATURES.filter((bit) => each[bit] === "1")).toEqual(features);
    expect(lines.slice(2)).toEqual([expect.stringMatching(/^virtio_rng/), "4096"]);
    expect(result.stdout).toBe(data);
    expect(result.status).toBe(0);
  });
});
