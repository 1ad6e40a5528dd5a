/** A compression dictionary and the expansion dictionary that goes with it. */
export interface Dictionaries {
  /** Compression dictionary, and behind it the expansion dictionary. */
  readonly both: Uint8Array;
  readonly expansion: Uint8Array;
  /** What each index stands for; undefined for sibling descriptors and indices out of use. */
  readonly strings: readonly (readonly number[] | undefined)[];
}

interface Node {
  readonly children: Map<number, Node>;
  isString: boolean;
}

interface Entry {
  readonly index: number;
  readonly node: Node;
  /** Characters by which it goes beyond its parent. */
  readonly extension: readonly number[];
  readonly string: readonly number[];
  readonly parent: Entry | undefined;
}

interface Child {
  readonly node: Node;
  readonly extension: readonly number[];
}

function newNode(): Node {
  return { children: new Map(), isString: false };
}

/** Follows a child while it has nothing else to offer, and as far as its entry has room for additional characters. */
function childOf(first: number, start: Node): Child {
  let best: Child = { node: start, extension: [first] };
  let node = start;
  const extension = [first];
  while (!node.isString && node.children.size === 1 && extension.length < 5) {
    const [character, next] = [...node.children][0]!;
    extension.push(character);
    node = next;
    if (node.children.size <= 1 || extension.length <= 2) best = { node, extension: [...extension] };
  }
  return best;
}

/**
 * Makes dictionaries whose indices stand for the strings given and, where they share beginnings, for those. Strings for which
 * there is no room are left out.
 * @param symbolSize 9-13 bits
 */
export function buildDictionaries(strings: readonly (readonly number[])[], symbolSize: number, format1: boolean): Dictionaries {
  const entries = 1 << symbolSize;
  const both = new Uint8Array(entries * 16);
  const expansion = both.subarray(entries * 8);
  const known: (readonly number[] | undefined)[] = new Array(entries).fill(undefined);
  const root = newNode();
  for (let character = 0; character < 256; character++) root.children.set(character, newNode());
  for (const string of strings) {
    let node = root;
    for (const character of string) {
      const next = node.children.get(character) ?? newNode();
      node.children.set(character, next);
      node = next;
    }
    node.isString = true;
  }

  const queue: Entry[] = [];
  for (const [character, node] of root.children) {
    queue.push({ index: character, node, extension: [character], string: [character], parent: undefined });
  }
  const perDescriptor = format1 ? 14 : 7;
  const examined = format1 ? 12 : 5;
  let free = 256;
  for (const entry of queue) {
    const { index, node } = entry;
    known[index] = entry.string;
    describeExpansion(expansion, entry);
    const at = index * 8;
    const additional = entry.parent ? entry.extension.slice(1) : [];
    let children = [...node.children].map(([character, child]) => childOf(character, child));
    const room = 5 - additional.length;
    const siblings = Math.max(0, children.length - room);
    const needed = children.length + Math.ceil(siblings / perDescriptor);
    if (free + needed > entries) children = [];
    both.set(additional, at + 3);
    // A count of up to four (ACT), or with more than one child the bit (D) that one is there: the same place.
    both[at + 1] = additional.length << 5;
    if (children.length === 0) continue;

    const first = free;
    free += needed;
    both[at + 1]! |= first >> 8;
    both[at + 2] = first & 0xff;
    const add = (child: Child, childIndex: number): boolean => {
      queue.push({
        index: childIndex,
        node: child.node,
        extension: child.extension,
        string: [...entry.string, ...child.extension],
        parent: entry,
      });
      return child.extension.length > 1 || child.node.children.size > 0;
    };
    both[at] = Math.min(children.length, room + 1) << 5;
    for (const [i, child] of children.slice(0, room).entries()) {
      both[at + 3 + additional.length + i] = child.extension[0]!;
      if (add(child, first + i)) both[at]! |= 0x10 >> i;
    }
    let descriptor = first + room;
    for (let from = room; from < children.length; from += perDescriptor) {
      const part = children.slice(from, from + perDescriptor);
      const isLast = from + perDescriptor >= children.length;
      const sd = descriptor * 8;
      if (format1) both[sd] = (isLast ? part.length : 15) << 4;
      else both[sd] = (isLast ? part.length : 0) << 5;
      for (const [i, child] of part.entries()) {
        const character = child.extension[0]!;
        if (!format1) both[sd + 1 + i] = character;
        else if (i < 6) both[sd + 2 + i] = character;
        else expansion[sd + i - 6] = character;
        if (!add(child, descriptor + 1 + i)) continue;
        if (i >= examined) {
          if (from === room) both[at + 1]! |= 0x80 >> (i - examined);
        } else if (!format1) both[sd]! |= 0x10 >> i;
        else if (i < 4) both[sd]! |= 8 >> i;
        else both[sd + 1]! |= 0x80 >> (i - 4);
      }
      descriptor += part.length + 1;
    }
  }
  return { both, expansion, strings: known };
}

/** Up to seven characters make an unpreceded entry; else as many of the last five as an ancestor leaves. */
function describeExpansion(expansion: Uint8Array, { index, string, parent }: Entry): void {
  const at = index * 8;
  if (string.length <= 7) {
    expansion[at] = string.length;
    expansion.set(string, at + 1);
    return;
  }
  let ancestor = parent!;
  while (ancestor.parent && string.length - ancestor.parent.string.length <= 5) ancestor = ancestor.parent;
  const offset = ancestor.string.length;
  expansion[at] = ((string.length - offset) << 5) | (ancestor.index >> 8);
  expansion[at + 1] = ancestor.index & 0xff;
  expansion.set(string.slice(offset), at + 2);
  expansion[at + 7] = offset;
}
