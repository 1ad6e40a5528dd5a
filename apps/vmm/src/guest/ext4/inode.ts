import { crc32c, crc32cOfUint32 } from "./crc32c.ts";
import { BLOCK_SIZE, INODE_SIZE } from "./geometry.ts";

/** A file or directory that is one run of blocks. */
export interface InodeFields {
  /** Number, from 1. */
  readonly number: number;
  /** File type and permissions, as in stat(2). */
  readonly mode: number;
  readonly links: number;
  readonly firstBlock: number;
  readonly blocks: number;
  /** Seconds since 1970. */
  readonly time: number;
}

/** The 60 bytes of an inode that map its blocks: an extent tree of depth 0 with one extent. */
export function extentTree(firstBlock: number, blocks: number): Uint8Array {
  const tree = new Uint8Array(60);
  const view = new DataView(tree.buffer);
  view.setUint16(0, 0xf30a, true);
  view.setUint16(2, 1, true); // entries
  view.setUint16(4, 4, true); // room for entries
  view.setUint16(16, blocks, true);
  view.setUint32(20, firstBlock, true);
  return tree;
}

/** The inode as it lies in the inode table, little-endian, with its checksum. `seed`: see {@link inodeSeed}. */
export function encodeInode(fields: InodeFields, seed: number): Uint8Array {
  const inode = new Uint8Array(INODE_SIZE);
  const view = new DataView(inode.buffer);
  const size = fields.blocks * BLOCK_SIZE;
  view.setUint16(0x00, fields.mode, true);
  view.setUint32(0x04, size, true);
  for (const at of [0x08, 0x0c, 0x10, 0x90]) view.setUint32(at, fields.time, true); // access, change, modification, creation
  view.setUint16(0x1a, fields.links, true);
  view.setUint32(0x1c, size / 512, true);
  view.setUint32(0x20, EXTENTS_FLAG, true);
  inode.set(extentTree(fields.firstBlock, fields.blocks), 0x28);
  view.setUint16(0x80, EXTRA_SIZE, true);
  const checksum = crc32c(inodeSeed(seed, fields.number), inode);
  view.setUint16(0x7c, checksum & 0xffff, true);
  view.setUint16(0x82, checksum >>> 16, true);
  return inode;
}

/** Where the checksums of an inode and of its directory blocks begin: the file system's seed, the number, generation 0. */
export function inodeSeed(seed: number, number: number): number {
  return crc32cOfUint32(crc32cOfUint32(seed, number), 0);
}

/** One block of a directory, of the names given (all of directories), with the checksum in its tail. */
export function encodeDirectoryBlock(entries: readonly (readonly [name: string, inode: number])[], seed: number): Uint8Array {
  const block = new Uint8Array(BLOCK_SIZE);
  const view = new DataView(block.buffer);
  const tail = BLOCK_SIZE - 12;
  let at = 0;
  for (const [index, [name, inode]] of entries.entries()) {
    const needed = 8 + ((name.length + 3) & ~3);
    view.setUint32(at, inode, true);
    // The last entry reaches to the tail.
    view.setUint16(at + 4, index === entries.length - 1 ? tail - at : needed, true);
    block[at + 6] = name.length;
    block[at + 7] = DIRECTORY_TYPE;
    for (let letter = 0; letter < name.length; letter++) block[at + 8 + letter] = name.charCodeAt(letter);
    at += needed;
  }
  if (entries.length === 0) view.setUint16(4, tail, true);
  view.setUint16(tail + 4, 12, true);
  block[tail + 7] = CHECKSUM_TYPE;
  view.setUint32(tail + 8, crc32c(seed, block.subarray(0, tail)), true);
  return block;
}

const EXTENTS_FLAG = 0x80000;
/** Bytes of the inode in use after the first 128. */
export const EXTRA_SIZE = 32;
const DIRECTORY_TYPE = 2;
const CHECKSUM_TYPE = 0xde;
