/** A control-flow graph: successors by node. Node 0 is the entry; an edge may occur twice. */
export type FlowGraph = readonly (readonly number[])[];

/** What structured code needs to know about a graph. */
export interface FlowStructure {
  /** Reachable nodes in reverse postorder. */
  readonly order: readonly number[];
  /** Place in `order`; -1 for a node that cannot be reached. */
  readonly position: Int32Array;
  /** Immediate dominator; that of node 0 is 0. */
  readonly dominator: Int32Array;
  /** Children in the dominator tree, in reverse postorder. */
  readonly children: readonly (readonly number[])[];
  /** Nodes that an edge leads back to. */
  readonly isLoopHeader: readonly boolean[];
  /** Nodes with two or more forward edges into them. */
  readonly isMerge: readonly boolean[];
  /** Edges that lead back to a node that does not dominate their origin. */
  readonly irreducible: readonly (readonly [from: number, to: number])[];
}

function reversePostorder(graph: FlowGraph): number[] {
  const seen = new Uint8Array(graph.length);
  const postorder: number[] = [];
  const stack: { node: number; next: number }[] = [{ node: 0, next: 0 }];
  seen[0] = 1;
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const successor = graph[top.node]![top.next++];
    if (successor === undefined) {
      postorder.push(top.node);
      stack.pop();
    } else if (!seen[successor]) {
      seen[successor] = 1;
      stack.push({ node: successor, next: 0 });
    }
  }
  return postorder.reverse();
}

/** Immediate dominators by the iterative method of Cooper, Harvey and Kennedy. */
function dominators(graph: FlowGraph, order: readonly number[], position: Int32Array): Int32Array {
  const predecessors: number[][] = graph.map(() => []);
  for (const node of order) for (const successor of graph[node]!) predecessors[successor]!.push(node);
  const dominator = new Int32Array(graph.length).fill(-1);
  dominator[0] = 0;
  const common = (a: number, b: number): number => {
    let x = a;
    let y = b;
    while (x !== y) {
      while (position[x]! > position[y]!) x = dominator[x]!;
      while (position[y]! > position[x]!) y = dominator[y]!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of order) {
      if (node === 0) continue;
      let found = -1;
      for (const predecessor of predecessors[node]!) {
        if (dominator[predecessor] === -1) continue;
        found = found === -1 ? predecessor : common(predecessor, found);
      }
      if (dominator[node] !== found) {
        dominator[node] = found;
        changed = true;
      }
    }
  }
  return dominator;
}

export function analyseFlow(graph: FlowGraph): FlowStructure {
  const order = reversePostorder(graph);
  const position = new Int32Array(graph.length).fill(-1);
  for (const [index, node] of order.entries()) position[node] = index;
  const dominator = dominators(graph, order, position);
  const children: number[][] = graph.map(() => []);
  for (const node of order) if (node !== 0) children[dominator[node]!]!.push(node);
  const dominates = (a: number, b: number): boolean => {
    let node = b;
    while (position[node]! > position[a]!) node = dominator[node]!;
    return node === a;
  };
  const isLoopHeader = graph.map(() => false);
  const forwardEdges = new Int32Array(graph.length);
  const irreducible: [number, number][] = [];
  for (const node of order) {
    for (const successor of graph[node]!) {
      if (position[successor]! > position[node]!) forwardEdges[successor]!++;
      else {
        isLoopHeader[successor] = true;
        if (!dominates(successor, node)) irreducible.push([node, successor]);
      }
    }
  }
  return { order, position, dominator, children, isLoopHeader, isMerge: graph.map((_, node) => forwardEdges[node]! > 1), irreducible };
}

/** A graph whose loops all have one entry, made from any graph by sending some edges through node 0. */
export interface ReducibleFlow {
  readonly graph: FlowGraph;
  readonly structure: FlowStructure;
  /** Nodes that node 0 leads to, in the order of its successors. */
  readonly entries: readonly number[];
  /** Whether the edge goes to node 0 instead, which goes on to the edge's target. */
  isRedirected(from: number, to: number): boolean;
}

/**
 * Makes a graph reducible. Node 0 becomes a dispatcher: an edge into the middle of a loop goes to it, and it goes on to the
 * edge's target. All other edges stay as they are.
 */
export function makeReducible(given: FlowGraph): ReducibleFlow {
  const graph = given.map((successors) => [...successors]);
  const redirected = new Set<number>();
  const key = (from: number, to: number): number => from * graph.length + to;
  for (;;) {
    const structure = analyseFlow(graph);
    if (structure.irreducible.length === 0)
      return { graph, structure, entries: graph[0]!, isRedirected: (from, to) => redirected.has(key(from, to)) };
    for (const [from, to] of structure.irreducible) {
      redirected.add(key(from, to));
      graph[from] = graph[from]!.map((successor) => (successor === to ? 0 : successor));
      if (!graph[0]!.includes(to)) graph[0]!.push(to);
    }
  }
}
