// Benchmarks. Nothing here is a test with a time limit: they tell ratios, and warn where a ratio became worse than stored.
//
//   npm run bench -- boot [--repetitions 3] [--idle 20] [--recount] [--save]
//       our command and qemu-system-s390x boot the same guest; --save stores the ratios as the baseline
//   npm run bench -- cpu [--save]
//       loops of one kind of instruction each
//   npm run bench -- ring [--repetitions 5] [--save]
//       virtqueues: device side, also against the same in C; driver side; bulk data
//   npm run bench -- disk [--repetitions 3] [--save]
//       a program in the guest reads a disk, over ccw and PCI, on our machine and on QEMU's; costs of notifications and interruptions
//   npm run bench -- programs [--only a,b] [--runs 3] [--scale 1] [--json FILE] [--node PATH]... [--zarch-options="..."]...
//                             [--qemu-cpu qemu] [--no-qemu] [--save]
//       compiled programs and the shell in the guest, on our machine, on QEMU's and natively; each --node and each --zarch-options
//       is one more machine of ours
//   npm run bench -- programs --build-only DIR
//       leaves that guest (kernel, initrd) and the programs (s390x/, native/) in a folder
//   npm run bench -- soak [--minutes 60] [--json FILE] [--zarch-options="..."] [--node-options="..."]
//       mixed work in our guest for a long time: does a round of it take longer, does the process grow?
//   npm run bench -- profile [--userland] [--list N]
//       how often each handler runs in a boot, and the list of the hottest

const benchmarks: Readonly<Record<string, () => Promise<(args: readonly string[]) => Promise<void>>>> = {
  boot: async () => (await import("./boot.ts")).benchmarkBoot,
  cpu: async () => (await import("./cpu.ts")).benchmarkCpu,
  ring: async () => (await import("./ring.ts")).benchmarkRing,
  disk: async () => (await import("./disk.ts")).benchmarkDisk,
  programs: async () => (await import("./programs.ts")).benchmarkPrograms,
  soak: async () => (await import("./soak.ts")).benchmarkSoak,
  profile: async () => (await import("./profile.ts")).printProfile,
};

const [name = "", ...args] = process.argv.slice(2);
try {
  const benchmark = benchmarks[name];
  if (benchmark === undefined) throw new Error(`say which benchmark: ${Object.keys(benchmarks).join(", ")}`);
  await (await benchmark())(args);
  process.exit(0);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
