import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ACCESS_PLATFORM,
  DiskExercise,
  EVENT_IDX,
  type ExercisedDisk,
  hasDefaultGuest,
  INDIRECT_DESC,
  RING_PACKED,
  VERSION_1,
} from "./disk-exercise.ts";

const variants: readonly Omit<ExercisedDisk, "address">[] = [
  { properties: "", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1] },
  { properties: ",no-indirect,no-event-index,queue-size=8", features: [VERSION_1], queueSize: 8 },
  { properties: ",packed", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_PACKED] },
  { properties: ",packed,no-indirect,in-order", features: [EVENT_IDX, VERSION_1, RING_PACKED] },
  { properties: ",access-platform", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1, ACCESS_PLATFORM] },
  { properties: ",access-platform,no-indirect", features: [EVENT_IDX, VERSION_1, ACCESS_PLATFORM] },
  { properties: ",access-platform,packed", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1, ACCESS_PLATFORM, RING_PACKED] },
];

/** Functions get their UIDs in the order of attachment: disks, then the console, then the entropy device. */
const domain = (uid: number): string => `${uid.toString(16).padStart(4, "0")}:00:00.0`;
const disks = variants.map((variant, index) => ({ ...variant, address: domain(index + 1) }));
const consoleUid = disks.length + 1;

const look = `
  for device in /sys/bus/ccw/devices/* /sys/bus/pci/devices/*; do
    [ -e $device ] || continue
    name=\${device##*/}
    echo "$name driver $(readlink $device/driver | sed 's/.*.drivers.//')"
    echo "$name identity $(cat $device/vendor) $(cat $device/device)"
    echo "$name command $(hexdump -s 4 -n 2 -e '1/1 "%02x"' $device/config)"
    for irq in $(ls $device/msi_irqs); do
      echo "$name interrupts $(grep "^ *$irq:" /proc/interrupts | awk '{ print $2, $3, $4 }')"
    done
  done
  modprobe -q virtio_rng
  echo "kernel random $(cat /sys/class/misc/hw_random/rng_current) $(dd if=/dev/hwrng bs=64 count=64 iflag=fullblock 2>/dev/null | wc -c)"
  dmesg -r | grep '^<[0-4]>' | sed 's/^/kernel warning /'
  dmesg | grep -iE '(pci|iommu).*(fail|error|warn|refus)' | sed 's/^/kernel complaint /'`;

describe.skipIf(!(await hasDefaultGuest()))("Linux on a machine with nothing but PCI", { timeout: 300_000 }, () => {
  let exercise: DiskExercise;

  beforeAll(async () => {
    exercise = await DiskExercise.run(disks, ["--virtio", "bus=pci"], look);
  }, 290_000);

  afterAll(() => exercise[Symbol.asyncDispose]());

  it("the guest ends well, and its kernel warns of nothing that it does not warn of without PCI", () => {
    exercise.expectGoodEnd();
    const warnings = exercise.said("kernel", "warning").map((words) => words.join(" ").replace(/^<\d>\[ *[\d.]+\] /, ""));
    expect(
      warnings.filter((warning) => !/^(sclp_sd: Store Data request failed|ap: The hardware system does not support AP)/.test(warning)),
    ).toEqual([]);
  });

  it("all devices are PCI functions with virtio-pci for a driver: disks, console, entropy", () => {
    const functions = [...disks.map(() => "0x1042"), "0x1043", "0x1044"];
    for (const [index, device] of functions.entries()) {
      const address = domain(index + 1);
      expect(exercise.said(address, "driver")).toEqual([["virtio-pci"]]);
      expect(exercise.said(address, "identity")).toEqual([["0x1af4", device]]);
      // Memory, bus master, and no interrupt line.
      expect(exercise.said(address, "command")).toEqual([["0604"]]);
    }
    expect(exercise.result.stdout).not.toMatch(/^0\.0\./m);
    expect(exercise.result.stdout).not.toContain(`${domain(functions.length + 1)} driver`);
  });

  it("each queue has an MSI-X vector of its own, and so has the configuration", () => {
    for (const { address } of disks) {
      const interrupts = exercise.said(address, "interrupts");
      expect(interrupts.map(([, kind, name]) => `${kind} ${name!.replace(/^virtio\d+/, "")}`)).toEqual([
        "PCI-MSI -config",
        "PCI-MSI -req.0",
      ]);
      expect(Number(interrupts[1]![0])).toBeGreaterThan(10);
    }
    // Linux does not ask to be interrupted when the console has used its control messages; all nine other queues have a vector.
    expect(exercise.said(domain(consoleUid), "interrupts")).toHaveLength(10);
  });

  it("random bytes come", () => {
    const [[name, count]] = exercise.said("kernel", "random") as [[string, string]];
    expect([name, count]).toEqual([expect.stringMatching(/^virtio_rng/), "4096"]);
  });

  it.each(disks.map(({ properties }, index) => ({ title: properties.slice(1) || "as usual", index })))(
    "disk: $title",
    async ({ index }) => {
      await exercise.expectGoodDisk(index);
      expect.hasAssertions();
    },
  );
});
