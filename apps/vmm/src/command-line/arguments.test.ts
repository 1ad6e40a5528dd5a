import { describe, expect, it } from "vitest";
import { parseCommandLine } from "./arguments.ts";
import { helpText } from "./help.ts";
import { formatSize, parseSize } from "./size.ts";
import { UsageError } from "./usage-error.ts";
import { joinVirtioOptions } from "./virtio-option.ts";

const run = (...args: string[]) => {
  const parsed = parseCommandLine(["run", ...args]);
  if (parsed.command !== "run") throw new Error(parsed.command);
  return parsed.options;
};

describe("arguments of zarch", () => {
  it("boot: all options", () => {
    const parsed = parseCommandLine(
      "boot --kernel k -i i --append a=1 -a b --memory 1G --disk x.img,ro,devno=fe.0.0010 -d a,,b.img,overlay -d c,overlay=d,,e --console virtio --no-reboot --watchdog --control s --virtio bus=pci --profile p.json --symbols System.map --symbols prog@0x2aa00000000".split(
        " ",
      ),
    );
    expect(parsed).toEqual({
      command: "boot",
      options: {
        kernel: "k",
        initrd: "i",
        append: "a=1 b",
        memory: 2 ** 30,
        disks: [
          { path: "x.img", readOnly: true, address: { cssid: 0xfe, ssid: 0, devno: 0x10 } },
          { path: "a,b.img", readOnly: false, overlay: {} },
          { path: "c", readOnly: false, overlay: { path: "d,e" } },
        ],
        virtio: { bus: "pci" },
        engine: "jit",
        console: "virtio",
        noReboot: true,
        watchdog: true,
        refresh: false,
        control: "s",
        profile: { path: "p.json", format: "trace-events" },
        symbols: [{ path: "System.map" }, { path: "prog", address: 0x2aa_0000_0000 }],
      },
    });
  });

  it("what executes instructions", () => {
    expect(run("--engine", "lockstep", "true").engine).toBe("lockstep");
    expect(() => run("--engine", "qemu", "true")).toThrow('"qemu" is not an engine; known are interpreter, jit and lockstep');
  });

  it("a profile: the ending says what is written", () => {
    const options = (...words: string[]) => run(...words, "true");
    expect(options()).toMatchObject({ profile: undefined, symbols: [] });
    expect(options("--profile", "-").profile).toEqual({ path: undefined, format: "report" });
    expect(options("--profile", "a.txt").profile).toEqual({ path: "a.txt", format: "report" });
    expect(options("--profile", "a.b.cpuprofile").profile).toEqual({ path: "a.b.cpuprofile", format: "cpu-profile" });
    const symbols = ["a@b@1000", "me@work.map", "@12"].flatMap((name) => ["--symbols", name]);
    expect(options("--profile", "-", ...symbols).symbols).toEqual([
      { path: "a@b", address: 0x1000 },
      { path: "me@work.map" },
      { path: "@12" },
    ]);
  });

  it("a disk and all devices: the bus", () => {
    const options = (...words: string[]) => run(...words, "true");
    expect([options().virtio, options("--virtio", "bus=pci").virtio]).toEqual([{}, { bus: "pci" }]);
    expect(options("--virtio", "bus=pci,access-platform").virtio).toEqual({ bus: "pci", accessPlatform: true });
    expect(options("--disk", "a,bus=pci,packed").disks[0]).toEqual({ path: "a", readOnly: false, bus: "pci", ring: { packed: true } });
    for (const words of [
      ["--virtio", "bus=isa"],
      ["--virtio", "access-platform"],
      ["--disk", "a,access-platform,bus=ccw"],
      ["--virtio", "bus=pci,revision=1"],
      ["--disk", "a,bus="],
      ["--disk", "a,bus=pci,devno=fe.0.0001"],
      ["--disk", "a,bus=pci,revision=1"],
      ["--disk", "a,bus=pci,legacy"],
    ]) {
      expect(() => options(...words)).toThrow(UsageError);
    }
  });

  it("a disk: how virtio is spoken", () => {
    const diskOf = (text: string) => run("--disk", text, "true").disks[0];
    expect(diskOf("a,packed,no-indirect,no-event-index,in-order,queue-size=64,revision=1")).toEqual({
      path: "a",
      readOnly: false,
      ring: { packed: true, indirect: false, eventIndex: false, inOrder: true },
      queueSize: 64,
      revision: 1,
    });
    expect(diskOf("a,legacy,ro,no-indirect")).toEqual({ path: "a", readOnly: true, ring: { indirect: false }, legacy: true });
    expect(diskOf("a,revision=0,queue-size=4")).toEqual({ path: "a", readOnly: false, revision: 0, queueSize: 4 });
    expect(diskOf("a,no-event-index,revision=2")).toEqual({ path: "a", readOnly: false, ring: { eventIndex: false }, revision: 2 });
  });

  it("all virtio devices, and a disk on top", () => {
    const { virtio, disks } = run("--virtio", "packed,no-indirect,revision=2", "--disk", "a,no-event-index,revision=1", "true");
    expect(virtio).toEqual({ ring: { packed: true, indirect: false }, revision: 2 });
    expect(joinVirtioOptions(virtio, disks[0]!)).toEqual({
      path: "a",
      readOnly: false,
      ring: { packed: true, indirect: false, eventIndex: false },
      revision: 1,
    });
    expect(joinVirtioOptions({}, { queueSize: 8 })).toEqual({ queueSize: 8 });
    expect(joinVirtioOptions({ bus: "pci" }, { accessPlatform: true })).toEqual({ bus: "pci", accessPlatform: true });
    expect(() => joinVirtioOptions({}, { accessPlatform: true })).toThrow("access-platform needs bus=pci");
    expect(() => joinVirtioOptions({ legacy: true }, { ring: { packed: true } })).toThrow("packed does not fit legacy");
  });

  it("defaults: 512 MiB, SCLP console for boot and virtio console for start", () => {
    const boot = parseCommandLine(["boot"]);
    const start = parseCommandLine(["start"]);
    expect(boot.command === "boot" && [boot.options.memory, boot.options.console]).toEqual([2 ** 29, "sclp"]);
    expect(start.command === "start" && [start.options.console, start.options.defaultDisk]).toEqual(["virtio", true]);
  });

  it("run: the options of zarch end at -- or at the command", () => {
    expect(run("--timeout", "60", "--", "sh", "-c", "exit 7").command).toEqual(["sh", "-c", "exit 7"]);
    expect(run("-t", "1.5", "ls", "-l", "--", "-x")).toMatchObject({ timeout: 1.5, command: ["ls", "-l", "--", "-x"] });
    expect(run("--memory=1G", "-v", "cat", "--version")).toMatchObject({ memory: 2 ** 30, verbose: true, command: ["cat", "--version"] });
    expect(run("--", "--odd").command).toEqual(["--odd"]);
    expect(run("-e", "A=b=c", "-e", "D=", "-w", "/tmp", "env")).toMatchObject({ environment: { A: "b=c", D: "" }, directory: "/tmp" });
  });

  it.each<[string, RegExp]>([
    ["", /command is missing/],
    ["fly", /unknown command "fly"; known are boot, demo, run and start/],
    ["--fly", /unknown option --fly/],
    ["boot --fly", /unknown option '--fly'/],
    ["boot extra", /unexpected argument 'extra'/],
    ["boot --memory", /--memory/],
    ["boot --memory lots", /--memory: "lots" is not a size/],
    ["boot --memory -5M", /memory/],
    ["boot --console tty", /--console: "tty"/],
    ["boot --disk x,rw", /unknown property "rw"/],
    ["boot --disk x,ro,overlay", /cannot be read-only/],
    ["boot --virtio fast", /--virtio: unknown property "fast"; known are bus=BUS, packed, .* and legacy/],
    ["boot --virtio queue-size=4", /--virtio: unknown property "queue-size=4"/],
    ["boot --virtio packed,legacy", /packed does not fit legacy/],
    ["boot --disk x,no-packed", /^--disk x: unknown property "no-packed"; known are ro, .*packed, no-indirect/],
    ["boot --disk x,packed=1", /unknown property "packed=1"/],
    ["boot --disk x,queue-size", /"queue-size": the size can be one of 4, 8,/],
    ["boot --disk x,queue-size=0x40", /"queue-size=0x40"/],
    ["boot --disk x,queue-size=100", /"queue-size=100": .* 1024$/],
    ["boot --disk x,revision=3", /"revision=3": the revisions of virtio-ccw are 0, 1 and 2/],
    ["boot --disk x,revision=1=1", /unknown property/],
    ["boot --disk x,revision=0,packed", /packed does not fit revision=0/],
    ["boot --disk x,in-order,legacy", /in-order does not fit legacy/],
    ["boot --disk x,legacy,revision=2", /revision=2 does not fit/],
    ["boot --disk ,ro", /needs a file name/],
    ["boot --disk x,devno=1", /not a device address/],
    ["boot --profile p", /--profile: "p" ends with none of .txt, .json and .cpuprofile/],
    ["boot --symbols s", /--profile is missing/],
    ["boot --profile - --symbols s@fffffffffffffff0", /no address fffffffffffffff0/],
    ["run", /no command/],
    ["run --", /no command/],
    ["run --timeout 0 -- x", /--timeout/],
    ["run --timeout x -- x", /--timeout/],
    ["run --env =x -- x", /--env/],
    ["run --fly -- x", /'--fly'/],
  ])("refuses: zarch %s", (line, message) => {
    let error: unknown;
    try {
      parseCommandLine(line === "" ? [] : line.split(" "));
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ kind: "host", message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain("\n");
  });

  it("help in every place", () => {
    expect(parseCommandLine(["--help"])).toEqual({ command: "help", topic: undefined });
    for (const topic of ["boot", "demo", "run", "start"] as const) {
      expect(parseCommandLine([topic, "--help"])).toEqual({ command: "help", topic });
      expect(parseCommandLine(["help", topic])).toEqual({ command: "help", topic });
      expect(helpText(topic)).toContain(`Usage: zarch ${topic}`);
    }
    expect(parseCommandLine(["run", "-h", "--", "ls"])).toEqual({ command: "help", topic: "run" });
    expect(parseCommandLine(["--version"])).toEqual({ command: "version" });
  });
});

describe("sizes", () => {
  it.each<[string, number]>([
    ["512M", 2 ** 29],
    ["512", 2 ** 29],
    ["1g", 2 ** 30],
    ["1.5GiB", 1.5 * 2 ** 30],
    ["64K", 65536],
    ["0", 0],
  ])("%s", (text, bytes) => {
    expect(parseSize(text, "--memory")).toBe(bytes);
  });

  it.each(["", "M", "12X", "1e9", "0.0000001K", "99999999T"])("refuses %j", (text) => {
    expect(() => parseSize(text, "--memory")).toThrow("--memory");
  });

  it("formats", () => {
    expect([formatSize(2 ** 29), formatSize(3 * 2 ** 30), formatSize(1000)]).toEqual(["512M", "3G", "1000 bytes"]);
  });
});
