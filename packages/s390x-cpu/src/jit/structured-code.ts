import type { FunctionBuilder, Label } from "@zarch/wasm-encoder";
import type { FlowStructure } from "./flow-graph.ts";

/** Builds what is inside a node, up to its edges: it calls `edge` wherever control goes on to a successor, and never falls off its end. */
export type NodeBuilder = (node: number, edge: (to: number) => void) => void;

/**
 * Builds structured code for a reducible flow graph, by its dominator tree: a node with several forward edges into it follows
 * a block that those edges leave, a loop header opens a loop, and every other node is built where its one edge is. (Ramsey,
 * "Beyond Relooper", 2022.)
 */
export function buildStructuredCode(f: FunctionBuilder, structure: FlowStructure, build: NodeBuilder): void {
  const { position, children, isLoopHeader, isMerge } = structure;
  const starts = new Map<number, Label>();
  const ends = new Map<number, Label>();

  const tree = (node: number): void => {
    const followers = children[node]!.filter((child) => isMerge[child]).reverse();
    if (!isLoopHeader[node]) {
      within(node, followers);
      return;
    }
    f.loop((label) => {
      starts.set(node, label);
      within(node, followers);
    });
  };

  const within = (node: number, followers: readonly number[]): void => {
    const [last, ...earlier] = followers;
    if (last === undefined) {
      build(node, (to) => edge(node, to));
      return;
    }
    f.block((label) => {
      ends.set(last, label);
      within(node, earlier);
    });
    tree(last);
  };

  const edge = (from: number, to: number): void => {
    if (position[to]! <= position[from]!) f.br(starts.get(to)!);
    else if (isMerge[to]) f.br(ends.get(to)!);
    else tree(to);
  };

  tree(0);
}
