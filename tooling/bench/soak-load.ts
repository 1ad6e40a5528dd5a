import { programs, shellWorkloads } from "./program-list.ts";
import type { GuestMachine } from "./program-machine.ts";

/** Something that a guest does at its prompt; it throws if the guest does it wrongly. */
export interface Work {
  readonly name: string;
  run(guest: GuestMachine): Promise<void>;
}

/** Where the guest has a disk for the load. */
const disk = "/dev/vda";
/** Size of that disk. */
export const diskMebibytes = 64;

/** One of the compiled programs or shell workloads, with a share of its usual amount of work. Its result must be the same each time. */
function benchmarkWork(name: string, share: number): Work {
  const program = programs.find((each) => each.name === name);
  const workload = shellWorkloads.find((each) => each.name === name);
  if (!program && !workload) throw new Error(`there is no "${name}" among the programs`);
  let expected: string | undefined;
  return {
    name,
    async run(guest) {
      const amount = Math.max(1, Math.round((program ?? workload!).amount * share));
      const { checksum } = await (program ? guest.runProgram(program, amount) : guest.runWorkload(workload!, amount));
      expected ??= checksum;
      if (checksum !== expected) throw new Error(`${name} gave ${checksum}, and before ${expected}`);
    },
  };
}

/** A line for the shell that must print `output` last. */
function shellWork(name: string, line: string, output: string): Work {
  return {
    name,
    async run(guest) {
      const printed = (await guest.command(line)).output.trim();
      if (!printed.endsWith(output)) throw new Error(`${name} printed ${JSON.stringify(printed)}`);
    },
  };
}

/** Writes a file to the disk, drops what the guest keeps of it, reads it again and compares. */
const diskWork = (mebibytes: number): Work => {
  const file = "/tmp/disk-work";
  const count = `bs=1M count=${mebibytes}`;
  const write = `dd if=/dev/urandom of=${file} ${count} 2>/dev/null && dd if=${file} of=${disk} ${count} conv=fsync 2>/dev/null`;
  const read = `echo 3 >/proc/sys/vm/drop_caches && dd if=${disk} ${count} 2>/dev/null | cmp - ${file}`;
  return shellWork(
    `disk of ${mebibytes} MiB`,
    `${write} && ${read} && rm ${file} && echo same $((${mebibytes} * 2))`,
    `same ${mebibytes * 2}`,
  );
};

/** The round whose time is taken: always the same, a little of everything. */
export const fixedRound: readonly Work[] = [
  benchmarkWork("shell-loop", 0.25),
  benchmarkWork("fork-exec", 0.2),
  ...["bytecode", "json", "regex", "sort", "strings", "n-body"].map((name) => benchmarkWork(name, 0.2)),
  benchmarkWork("gzip", 0.1),
  diskWork(8),
];

/** What the guest does between the rounds, in this order and over again. */
export const mixedLoad: readonly Work[] = [
  ...programs.map(({ name }) => benchmarkWork(name, 0.1)),
  ...shellWorkloads.map(({ name }) => benchmarkWork(name, 0.1)),
  diskWork(24),
  shellWork(
    "pipes",
    "i=0; while [ $i -lt 30 ]; do dmesg | sort -r | awk '{ n += NF } END { print n > 0 }' | grep -c 1; i=$((i + 1)); done | wc -l",
    "30",
  ),
  shellWork(
    "files",
    "cp -r /bin /tmp/bin && find /tmp/bin -type f | xargs md5sum | wc -l >/tmp/n && rm -r /tmp/bin && echo removed $((6 * 7))",
    "removed 42",
  ),
  shellWork(
    "modules",
    "for m in $(lsmod | awk 'NR > 1 { print $1 }'); do modinfo $m >/dev/null 2>&1; done; echo looked $((6 * 7))",
    "looked 42",
  ),
];
