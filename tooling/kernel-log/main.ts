// Compares what the same kernel says on our machine and on QEMU's s390-ccw-virtio, with QEMU's own CPU model and with its z196.
//
//   npm run kernel-log [-- --details]
//
// Status 1: our log has a warning or an error that QEMU's has not, or a difference that explanations.ts does not explain.
// With --details also files of /proc and /sys are compared. docs/kernel-log.md explains the differences.

import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Emulator, qemu, qemuVersion, zarch } from "../bench/emulators.ts";
import { benchmarkGuest, type GuestFiles } from "../bench/guest.ts";
import { workspaceRoot } from "../workspace/packages.ts";
import { type Capture, capture } from "./capture.ts";
import { explain } from "./explanations.ts";
import { type Message, onlyIn, parseLog, warning } from "./normalise.ts";

const folder = join(workspaceRoot, ".cache/kernel-log");
const diskSize = 16 << 20;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { details: { type: "boolean", default: false } } });
  if (qemuVersion() === undefined) throw new Error("there is no qemu-system-s390x to compare with (Debian: apt install qemu-system-misc)");
  const guest = await benchmarkGuest();
  await mkdir(folder, { recursive: true });
  const disk = join(folder, "disk");
  await writeFile(disk, new Uint8Array(diskSize));

  const ours = await captured(withArguments(zarch(guest), ["--disk", `${disk},devno=fe.0.0001`]));
  const drive = ["-drive", `file=${disk},if=none,id=disk,format=raw`, "-device", "virtio-blk-ccw,drive=disk,devno=fe.0.0001"];
  const theirs = [
    await captured({ ...withArguments(qemu(guest), drive), name: "QEMU" }),
    await captured({ ...withArguments(qemu(guest, { cpu: z196(guest) }), drive), name: "QEMU, z196" }),
  ];
  let failed = false;
  for (const other of theirs) failed = reportLogs(ours, other) || failed;
  failed = reportWarnings(ours, theirs) || failed;
  if (values.details) for (const other of theirs) reportAnswers(ours, other);
  return failed ? 1 : 0;
}

function withArguments(emulator: Emulator, more: readonly string[]): Emulator {
  return { ...emulator, arguments: [...emulator.arguments, ...more] };
}

async function captured(emulator: Emulator): Promise<Capture> {
  process.stderr.write(`booting: ${emulator.name}\n`);
  const result = await capture(emulator);
  const answers = [...result.answers].map(([title, answer]) => `== ${title}\n${answer}\n`);
  await writeFile(join(folder, `${emulator.name.replaceAll(/\W+/g, "-")}.txt`), `${result.log.join("\n")}\n${answers.join("")}`);
  return result;
}

/** QEMU's z196 with those of its features that QEMU can emulate: it names the others when it refuses. */
function z196(guest: GuestFiles): string {
  const { command, arguments: args } = qemu(guest, { cpu: "z196" });
  const { stderr } = spawnSync(command, args, { encoding: "utf8", timeout: 10_000 });
  const [, missing = ""] = /not available in the configuration: (.*)/.exec(stderr) ?? [];
  const off = missing.split(/\s+/).filter(Boolean);
  return ["z196", ...off.map((feature) => `${feature}=off`)].join(",");
}

function reportLogs(ours: Capture, theirs: Capture): boolean {
  const [own, other] = [parseLog(ours.log), parseLog(theirs.log)];
  process.stdout.write(`\n${ours.name} and ${theirs.name}: ${own.length} and ${other.length} messages\n`);
  let unexplained = false;
  const report = (sign: string, messages: readonly Message[]): void => {
    for (const message of messages) {
      const why = explain(message);
      unexplained ||= why === undefined;
      process.stdout.write(`  ${sign} <${message.level}> ${message.text}\n      ${why ?? "UNEXPLAINED"}\n`);
    }
  };
  report("+", onlyIn(own, other));
  report("-", onlyIn(other, own));
  return unexplained;
}

function reportWarnings(ours: Capture, theirs: readonly Capture[]): boolean {
  const known = new Set(theirs.flatMap(({ log }) => parseLog(log)).map(({ text }) => text));
  const warnings = parseLog(ours.log).filter(({ level }) => level <= warning);
  const alone = warnings.filter(({ text }) => !known.has(text));
  process.stdout.write(`\n${warnings.length} warnings and errors on ${ours.name}, ${alone.length} of them not on QEMU\n`);
  for (const { level, text } of warnings) process.stdout.write(`  <${level}> ${text}${known.has(text) ? "" : "   NOT ON QEMU"}\n`);
  return alone.length > 0;
}

function reportAnswers(ours: Capture, theirs: Capture): void {
  for (const [title, answer] of ours.answers) {
    const [own, other] = [answer.split("\n"), (theirs.answers.get(title) ?? "").split("\n")];
    const added = own.filter((line) => !other.includes(line));
    const missing = other.filter((line) => !own.includes(line));
    if (added.length + missing.length === 0) continue;
    process.stdout.write(`\n${title}: ${ours.name} (+) and ${theirs.name} (-)\n`);
    for (const line of added) process.stdout.write(`  + ${line}\n`);
    for (const line of missing) process.stdout.write(`  - ${line}\n`);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`kernel-log: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
