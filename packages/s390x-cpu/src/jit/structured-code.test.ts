import { FunctionBuilder, i32, ModuleBuilder } from "@zarch/wasm-encoder";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analyseFlow, type FlowGraph, makeReducible } from "./flow-graph.ts";
import { buildStructuredCode } from "./structured-code.ts";

/** Graphs in which node 0 leads to node 1 and no edge leads to node 0. A node has up to three successors; none ends the walk. */
const graphs = fc
  .integer({ min: 2, max: 14 })
  .chain((size) =>
    fc.tuple(
      ...Array.from({ length: size }, (_, node) =>
        node === 0 ? fc.constant([1]) : fc.array(fc.integer({ min: 1, max: size - 1 }), { maxLength: 3 }),
      ),
    ),
  );

const STEPS = 60;

/** The nodes on a walk that picks successors by the digits of a generator. */
function walk(graph: FlowGraph, seed: number): number[] {
  const visited: number[] = [];
  let random = seed;
  let node = 1;
  while (visited.length < STEPS) {
    visited.push(node);
    const successors = graph[node]!;
    if (successors.length === 0) break;
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    node = successors[(random >>> 16) % successors.length]!;
  }
  return visited;
}

/** Compiles a graph to a function that takes the same walk and leaves the visited nodes in memory. */
function compile(given: FlowGraph): (seed: number) => number[] {
  const { structure, entries, isRedirected } = makeReducible(given);
  const module = new ModuleBuilder();
  module.memory({ minimum: 1 });
  module.exportMemory("memory");
  const f = new FunctionBuilder({ params: ["i32"], results: ["i32"] });
  const random = f.local("i32");
  const count = f.local("i32");
  const next = f.local("i32");
  f.set(random, f.param(0, "i32").value);
  f.set(next, i32.const(1));
  buildStructuredCode(f, structure, (node, edge) => {
    if (node === 0) {
      for (const entry of entries) f.if(i32.eq(next.value, entry), () => edge(entry));
      f.unreachable();
      return;
    }
    f.storeI32(i32.shl(count.value, 2), node);
    f.set(count, i32.add(count.value, 1));
    f.if(i32.geU(count.value, STEPS), () => f.return(count.value));
    const successors = given[node]!;
    if (successors.length === 0) {
      f.return(count.value);
      return;
    }
    f.set(random, i32.add(i32.mul(random.value, 1103515245), 12345));
    const choice = f.let(i32.remU(i32.shrU(random.value, 16), i32.const(successors.length)));
    for (const [index, to] of successors.entries())
      f.if(i32.eq(choice, index), () => {
        f.set(next, i32.const(to));
        edge(isRedirected(node, to) ? 0 : to);
      });
    f.unreachable();
  });
  f.unreachable();
  const index = module.declare(f.type);
  module.define(index, f.locals, f.code);
  module.exportFunction("walk", index);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  const memory = new Int32Array((instance.exports.memory as WebAssembly.Memory).buffer);
  return (seed) => [...memory.subarray(0, (instance.exports.walk as (seed: number) => number)(seed))];
}

describe("structured control flow from any flow graph", () => {
  it("visits the nodes of a random walk in its order, loops with several entries among them", () => {
    let irreducible = 0;
    fc.assert(
      fc.property(graphs, fc.array(fc.nat(), { minLength: 4, maxLength: 8 }), (graph, seeds) => {
        if (analyseFlow(graph).irreducible.length > 0) irreducible++;
        const run = compile(graph);
        for (const seed of seeds) expect(run(seed)).toEqual(walk(graph, seed));
      }),
      { numRuns: 300 },
    );
    expect(irreducible).toBeGreaterThan(10);
  });

  it("finds dominators, loop headers and merges", () => {
    // 1 is the header of a loop with a diamond (2, 3 -> 4) in it; 5 is behind it.
    const { dominator, isLoopHeader, isMerge, irreducible } = analyseFlow([[1], [2, 3], [4], [4], [1, 5], []]);
    expect([...dominator]).toEqual([0, 0, 1, 1, 1, 4]);
    expect(isLoopHeader).toEqual([false, true, false, false, false, false]);
    expect(isMerge).toEqual([false, false, false, false, true, false]);
    expect(irreducible).toEqual([]);
  });

  it("sends an edge into the middle of a loop through the entry", () => {
    // 1 leads to both 2 and 3, which lead to each other.
    const { entries, isRedirected, structure } = makeReducible([[1], [2, 3], [3], [2]]);
    expect(structure.irreducible).toEqual([]);
    expect(entries.length).toBe(2);
    expect(isRedirected(2, 3) || isRedirected(3, 2)).toBe(true);
  });
});
