import { setTimeout as delay } from "node:timers/promises";
import { FaultInjectingBackend, MemoryBackend } from "@zarch/block-backends";
import { type DemoBus, demoDisk } from "@zarch/demo-guest";
import { BlkDevice } from "@zarch/device-blk";
import { ConsoleDevice } from "@zarch/device-console";
import { RngDevice } from "@zarch/device-rng";
import { emptyConfig, FeatureSet, type VirtioDevice } from "@zarch/virtio";
import { describe, expect, it } from "vitest";
import { pseudoRandom, runDemo } from "../test/demo-machine.ts";
import { ccw, pci, s390Legacy } from "./index.ts";

const buses: readonly DemoBus[] = ["page", "ccw", "pci"];

/** The rows of the table, blanks made single. */
function table(text: string | undefined): string[] {
  const lines = (text ?? "").split("\n");
  const heading = lines.findIndex((line) => line.startsWith("bus "));
  return lines.slice(heading + 1, heading + 10).map((line) => line.trimEnd().replaceAll(/ +/g, " "));
}

/** Fails reads that begin at or behind an offset. */
function broken(from: number): FaultInjectingBackend {
  return new FaultInjectingBackend(new MemoryBackend(demoDisk(1 << 20)), {
    fault: ({ operation, offset }) => (operation === "read" && offset >= from ? "reject" : undefined),
  });
}

describe("the demo guest", () => {
  it("drives nine devices on three buses, and powers off", async () => {
    const { exit, results, printed } = await runDemo();
    expect(exit).toEqual({ reason: "power-off" });
    expect(results.map(({ bus, device, state }) => `${bus} ${device} ${state}`)).toEqual(
      buses.flatMap((bus) => ["console", "entropy", "block"].map((device) => `${bus} ${device} ok`)),
    );
    for (const { bus, device, queueSize, bytes, time, notifyTime, latency, ones, interruptions } of results) {
      // The page has its rings ready-made; elsewhere the driver takes no more than 64 entries.
      expect(queueSize).toBe(bus === "page" && device !== "console" ? 128 : 64);
      expect([time > 0, notifyTime > 0, latency > 0]).toEqual([true, true, device === "block"]);
      if (device === "console") expect(bytes).toBe((printed[bus] ?? "").indexOf("\n") + 1);
      else expect(bytes).toBe(device === "block" ? 1 << 20 : 1 << 16);
      if (device === "entropy") expect([Math.abs(ones - 500) <= 5, interruptions]).toEqual([true, 64]);
      // Each single read is waited for; several reads at once may share interruptions.
      if (device === "block") expect(interruptions).toBeGreaterThanOrEqual(4 * 64 + 4);
    }
  });

  it("greets on every console, and prints the table on that of channel I/O", async () => {
    const { printed } = await runDemo();
    expect(printed.page).toMatch(/^Hello over the descriptor page: [^\n]*\n$/);
    expect(printed.pci).toMatch(/^Hello over PCI: [^\n]*\n$/);
    expect(printed.ccw).toMatch(/^Hello over channel I\/O: [^\n]*\n\nbus {2}device /);
    expect(printed.sclp).toBeUndefined();
    const number = String.raw`\d+\.\d`;
    const patterns = [
      `page console entry 0 64 BE 1 external ${number} us ok 87 bytes, ${number} us`,
      String.raw`page entropy entry 1 128 BE 64 external ${number} us ok \d+ MB/s, (49|50)\.\d % ones`,
      String.raw`page block entry 2 128 BE \d+ external ${number} us ok \d+ MB/s, ${number} us/4K`,
      `ccw console 0.0.0000 64 LE 1 I/O ${number} us ok 86 bytes, ${number} us`,
      String.raw`ccw entropy 0.0.0001 64 LE 64 I/O ${number} us ok \d+ MB/s, (49|50)\.\d % ones`,
      String.raw`ccw block 0.0.0002 64 LE \d+ I/O ${number} us ok \d+ MB/s, ${number} us/4K`,
      `pci console 0001:00:00.0 64 LE 1 adapter ${number} us ok 88 bytes, ${number} us`,
      String.raw`pci entropy 0002:00:00.0 64 LE 64 adapter ${number} us ok \d+ MB/s, (49|50)\.\d % ones`,
      String.raw`pci block 0003:00:00.0 64 LE \d+ adapter ${number} us ok \d+ MB/s, ${number} us/4K`,
    ];
    const rows = table(printed.ccw);
    for (const [i, pattern] of patterns.entries()) expect(rows[i]).toMatch(new RegExp(`^${pattern}$`));
    expect(printed.ccw).toMatch(/\n1 MiB of storage\. The devices took \d+ ms\.\n$/);
    // It fits a terminal of 80 columns.
    expect(Math.max(...(printed.ccw?.split("\n").slice(1) ?? []).map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it.each(buses)("with devices on one bus only: %s", async (bus) => {
    const { exit, states, printed } = await runDemo({ buses: [bus] });
    expect(exit).toEqual({ reason: "power-off" });
    expect(states).toEqual({ [`${bus} console`]: "ok", [`${bus} entropy`]: "ok", [`${bus} block`]: "ok" });
    const rows = table(printed[bus]);
    expect(rows.filter((row) => row.endsWith(" -"))).toHaveLength(6);
    expect(rows.filter((row) => row.startsWith(`${bus} `) && row.includes(" ok "))).toHaveLength(3);
  });

  it.each(["console", "entropy", "block"] as const)("with one type of device only: %s", async (type) => {
    const { exit, states } = await runDemo({ types: [type] });
    expect(exit).toEqual({ reason: "power-off" });
    expect(states).toEqual({ [`page ${type}`]: "ok", [`ccw ${type}`]: "ok", [`pci ${type}`]: "ok" });
  });

  it("without a device: the table comes out on the console of the SCLP, or nowhere", async () => {
    const { exit, states, printed } = await runDemo({ buses: [] });
    expect([exit, states, Object.keys(printed)]).toEqual([{ reason: "power-off" }, {}, ["sclp"]]);
    expect(table(printed.sclp)).toEqual(buses.flatMap((bus) => ["console", "entropy", "block"].map((device) => `${bus} ${device} -`)));
    const mute = await runDemo({ buses: [], sclpConsole: false });
    expect([mute.exit, mute.printed]).toEqual([{ reason: "power-off" }, {}]);
  });

  it.each(buses)("a disk on %s that fails: an I/O error, a disabled wait that names it; the others are in order", async (bus) => {
    const { exit, states, printed } = await runDemo({ disk: (each) => (each === bus ? broken(0) : new MemoryBackend(demoDisk(65536))) });
    const bit = 0x100 >> (3 * buses.indexOf(bus) + 2);
    expect(exit).toMatchObject({ reason: "disabled-wait", code: (0xbad000 | bit).toString(16).padStart(16, "0") });
    expect(Object.entries(states).filter(([, state]) => state !== "ok")).toEqual([[`${bus} block`, "io-error"]]);
    expect(table(printed.ccw)[3 * buses.indexOf(bus) + 2]).toMatch(/ I\/O error$/);
  });

  it("a disk that fails in one of several requests", async () => {
    const { states } = await runDemo({ buses: ["ccw"], types: ["block"], disk: () => broken(0xf_0000) });
    expect(states).toEqual({ "ccw block": "io-error" });
  });

  it.each([8, 0x4_0000 + 1, 0xf_ffff])("a disk with a wrong bit at byte %i", async (at) => {
    const bytes = demoDisk(1 << 20);
    bytes[at]! ^= 0x10;
    const { exit, states, printed } = await runDemo({ buses: ["pci"], disk: () => new MemoryBackend(bytes) });
    expect(exit).toMatchObject({ reason: "disabled-wait", code: "0000000000bad001" });
    expect(states).toEqual({ "pci console": "ok", "pci entropy": "ok", "pci block": "wrong-data" });
    expect(printed.pci).toContain("wrong data");
  });

  it("disks and queues of all sizes", async () => {
    for (const [sectors, queueSize] of [
      [1, 256],
      [7, 4],
      [129, 4],
      [1025, 8],
      [1033, 1024],
    ] as const) {
      const disk = () => new BlkDevice({ backend: new MemoryBackend(demoDisk(512 * sectors)), queueSize });
      const { exit, results } = await runDemo({ buses: [], devices: [s390Legacy(disk()), ccw(disk()), pci(disk())] });
      const blocks = results.filter(({ device }) => device === "block");
      expect([exit.reason, ...blocks.map(({ bytes }) => bytes)]).toEqual(["power-off", 512 * sectors, 512 * sectors, 512 * sectors]);
    }
  });

  it("a device that does not answer: the guest goes on after five seconds of its clock", async () => {
    // Reads are answered in the end, so that the machine can be closed.
    const disk = () => new FaultInjectingBackend(new MemoryBackend(demoDisk(65536)), { before: () => delay(1200) });
    const { exit, states } = await runDemo({ types: ["block", "console"], disk, haste: 20 });
    expect(exit).toMatchObject({ reason: "disabled-wait", code: "0000000000bad049" });
    expect(states).toEqual({
      "page console": "ok",
      "page block": "no-answer",
      "ccw console": "ok",
      "ccw block": "no-answer",
      "pci console": "ok",
      "pci block": "no-answer",
    });
  });

  it("entropy that is none, or that comes in small portions", async () => {
    const zeroes = await runDemo({ buses: ["ccw"], types: ["entropy"], entropy: { fill: (bytes) => void bytes.fill(0) } });
    expect([zeroes.states, zeroes.results[4]?.ones]).toEqual([{ "ccw entropy": "wrong-data" }, 0]);
    const device = new RngDevice({ source: pseudoRandom(), maxBytesPerBuffer: 1000 });
    const { results } = await runDemo({ buses: [], devices: [pci(device)] });
    expect(results[7]).toMatchObject({ state: "ok", bytes: 65536, interruptions: 4 * 66 });
  });

  it("devices that are no use: a second of a kind, another type, a driver interface that the guest does not speak, a function without queues", async () => {
    const balloon = (): VirtioDevice => ({
      deviceId: 5,
      features: new FeatureSet(),
      queueMaxSizes: [8],
      config: emptyConfig(),
      activate: () => ({ notify() {}, reset() {} }),
    });
    const withoutQueues = (): VirtioDevice => ({ ...balloon(), deviceId: 4, queueMaxSizes: [] });
    const { exit, states } = await runDemo({
      types: ["console"],
      devices: [
        s390Legacy(balloon()),
        ccw(balloon()),
        pci(balloon()),
        s390Legacy(new ConsoleDevice()),
        ccw(new ConsoleDevice()),
        pci(new ConsoleDevice()),
        s390Legacy(withoutQueues()),
        pci(withoutQueues()),
        ccw(new RngDevice({ source: pseudoRandom() }), { maxRevision: 1 }),
        pci(new BlkDevice({ backend: new MemoryBackend(512) }), { personality: "legacy" }),
      ],
    });
    expect(states).toEqual({
      "page console": "ok",
      "page entropy": "refused",
      "ccw console": "ok",
      "ccw entropy": "refused",
      "pci console": "ok",
      "pci entropy": "refused",
    });
    expect(exit).toMatchObject({ reason: "disabled-wait", code: "0000000000bad092" });
  });
});
