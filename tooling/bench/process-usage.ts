import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

let ticks: number | undefined;

/** Ticks a second in which Linux counts the CPU time of processes. */
function ticksPerSecond(): number {
  ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ticks;
}

/** The fields of a `stat` file behind the name of the program, which may hold blanks and brackets itself. */
function statFields(pid: number | "self"): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** User and system CPU time, in seconds, of a process with all its threads. */
export function cpuTime(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond();
}

/** User and system CPU time, in seconds, of all children that this process has waited for. */
export function cpuTimeOfChildren(): { user: number; system: number } {
  const fields = statFields("self");
  return { user: Number(fields[13]) / ticksPerSecond(), system: Number(fields[14]) / ticksPerSecond() };
}

/** CPU time in seconds, exact to the nanosecond, of the threads that a process has now. */
export function cpuTimeOfThreads(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  return sum / 1e9;
}

/** How often the threads of a process were put on a CPU. */
export function wakesOfThreads(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").trim().split(" ")[2]);
  return sum;
}

/** Largest resident set so far, in bytes; undefined when the process has ended. */
export function peakResidentSet(pid: number): number | undefined {
  return bytesOfStatus(pid, "VmHWM");
}

/** Resident set now, in bytes; undefined when the process has ended. */
export function residentSet(pid: number): number | undefined {
  return bytesOfStatus(pid, "VmRSS");
}

function bytesOfStatus(pid: number, name: string): number | undefined {
  try {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found ? Number(found[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}

/** What else may have disturbed a measurement. */
export function hostDescription(): { cpu: string; cpus: number; load: number; node: string } {
  const all = cpus();
  return { cpu: all[0]?.model ?? "unknown", cpus: all.length, load: Number(loadavg()[0]!.toFixed(2)), node: process.version };
}
