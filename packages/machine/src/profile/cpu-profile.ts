import { nameOf } from "./hot-places.ts";
import type { Profile, ProfileSample } from "./profile.ts";
import { SymbolTable } from "./symbols.ts";

/** A node of the call tree: {@link CpuProfile}. */
export interface CpuProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly scriptId: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  hitCount: number;
  readonly children: number[];
}

/** `Profiler.Profile` of the Chrome DevTools Protocol: what Chrome and Node write as .cpuprofile. Times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly CpuProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  /** Ids of nodes. */
  readonly samples: readonly number[];
  /** From the sample before to each sample, in microseconds. */
  readonly timeDeltas: readonly number[];
}

/**
 * A profile for viewers of call trees: the DevTools of Chrome (Performance), speedscope. The root's children are the tiers, and theirs are
 * functions; what is outside the guest's program has no functions.
 */
export function cpuProfile(profile: Profile, symbols = new SymbolTable()): CpuProfile {
  const nodes: CpuProfileNode[] = [];
  const byPath = new Map<string, CpuProfileNode>();
  const node = (parent: CpuProfileNode | undefined, functionName: string, url: string): CpuProfileNode => {
    const path = `${parent?.id} ${url} ${functionName}`;
    let known = byPath.get(path);
    if (known === undefined) {
      const callFrame = { functionName, scriptId: "0", url, lineNumber: -1, columnNumber: -1 };
      known = { id: nodes.length + 1, callFrame, hitCount: 0, children: [] };
      nodes.push(known);
      byPath.set(path, known);
      parent?.children.push(known.id);
    }
    return known;
  };
  const root = node(undefined, "(root)", "");
  const leaf = ({ tier, place }: ProfileSample): CpuProfileNode => {
    if (tier === "idle") return node(root, "(idle)", "");
    const outer = node(root, `(${tier})`, "");
    return place === undefined ? outer : node(outer, nameOf(place, symbols).name, place.isUser ? "user" : "kernel");
  };
  const samples: number[] = [];
  const timeDeltas: number[] = [];
  // A sample of that format stands for the time until the next one; ours for the time since the one before.
  let [begin, before] = [0, 0];
  for (const sample of profile.samples) {
    const at = leaf(sample);
    at.hitCount++;
    samples.push(at.id);
    timeDeltas.push(begin - before);
    before = begin;
    begin = Math.round(sample.time / 1000);
  }
  return { nodes, startTime: 0, endTime: Math.round(profile.duration / 1000), samples, timeDeltas };
}
