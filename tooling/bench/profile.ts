import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { hotHandlers } from "../../packages/s390x-cpu/src/definitions/hot.ts";
import { canBuild } from "../guest-images/guest-programs.ts";
import { prompt } from "./emulators.ts";
import { ExactMachine } from "./exact-machine.ts";
import { benchmarkGuest, cacheFolder } from "./guest.ts";
import { coverage, hottest, type Phase, shares } from "./hot-list.ts";

/** What people do at a prompt: sums, compression, text, directories, many small processes. */
const userland: readonly string[] = [
  "sha256sum /bin/busybox",
  "gzip -c /bin/busybox | gunzip | cksum",
  "find /sys /proc/self /bin | sort -r | md5sum",
  "seq 20000 | awk '{ s += $1 * 1.5 } END { print s }'",
  "dd if=/dev/zero of=/tmp/zeros bs=64k count=256 2>/dev/null; grep -c . /proc/kallsyms; sed 's/[aeiou]/./g' /proc/kallsyms | tail -1",
  "i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done; for i in 1 2 3 4 5 6 7 8 9 10; do /bin/busybox true; ls -l /bin >/tmp/list; done",
];

/** `npm run bench -- profile`: how often each handler runs, and the list of the hottest for the CPU's main loop. */
export async function printProfile(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { size: { type: "string", default: "240" }, list: { type: "boolean", default: false } },
  });
  const phases = await profile();
  const file = join(cacheFolder, "profile.json");
  const tables = phases.map(({ name, counts }) => [name, Object.fromEntries(counts)] as const);
  await writeFile(file, `${JSON.stringify(Object.fromEntries(tables), null, 1)}\n`);
  process.stderr.write(`counts in ${file}\n`);
  const proposed = hottest(phases, Number(values.size));
  if (values.list) {
    process.stdout.write(`${proposed.map((name) => `  "${name}",`).join("\n")}\n`);
    return;
  }
  const lines = ["handlers by their mean share of the phases, in percent", ["", "mean", ...phases.map(({ name }) => name)].join("\t")];
  const byPhase = phases.map(({ counts }) => shares(counts));
  const percent = (share: number): string => (share * 100).toFixed(2);
  for (const name of proposed.slice(0, 60)) {
    const each = byPhase.map((phase) => phase.get(name) ?? 0);
    const present = hotHandlers.includes(name) ? "" : "  (not in the present list)";
    lines.push([name, percent(each.reduce((sum, share) => sum + share, 0) / each.length), ...each.map(percent)].join("\t") + present);
  }
  lines.push("", "share of instructions that run in the main loop, in percent", ["", ...phases.map(({ name }) => name)].join("\t"));
  for (const [what, list] of [
    [`present list, ${hotHandlers.length} names`, hotHandlers],
    [`proposed list, ${proposed.length} names`, proposed],
  ] as const)
    lines.push([what, ...phases.map(({ counts }) => percent(coverage(counts, list)))].join("\t"));
  const dropped = hotHandlers.filter((name) => !proposed.includes(name));
  const added = proposed.filter((name) => !hotHandlers.includes(name));
  lines.push("", `only in the proposed list: ${added.join(" ")}`, `only in the present list: ${dropped.join(" ")}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function profile(): Promise<Phase[]> {
  const programs = await canBuild();
  if (!programs) process.stderr.write("without a cross compiler there is no phase of compiled programs\n");
  const guest = await benchmarkGuest({ programs });
  const exact = await ExactMachine.create(guest);
  const phases: Phase[] = [];
  let before: ReadonlyMap<string, number> = new Map();
  const endOfPhase = (name: string): void => {
    const now = exact.profile;
    // The counters have 32 bits.
    phases.push({ name, counts: new Map([...now].map(([handler, count]) => [handler, (count - (before.get(handler) ?? 0)) >>> 0])) });
    before = now;
    process.stderr.write(`${name}: ${(exact.instructions / 1e6).toFixed(0)} million instructions so far\n`);
  };
  const unpacked = exact.seen("Linux version", 0).then(() => endOfPhase("unpacking"));
  const ready = exact.seen(prompt, 0).then(() => endOfPhase("kernel and init"));
  const ended = exact.machine.run().then(({ reason }) => {
    throw new Error(`the guest ended: ${reason}`);
  });
  ended.catch(() => {});
  await Promise.race([Promise.all([unpacked, ready]), ended]);
  const atPrompt = async (line: string): Promise<void> => {
    const answered = exact.seen(`\n${prompt}`);
    exact.type(`${line}\r`);
    await Promise.race([answered, ended]);
  };
  for (const line of userland) await atPrompt(line);
  endOfPhase("userland");
  if (programs) {
    await atPrompt("/opt/zarch/compute; /opt/zarch/floating-point; /opt/zarch/strings");
    endOfPhase("compiled programs");
  }
  await exact.machine.close();
  return phases;
}
