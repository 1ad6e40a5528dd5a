import { HostError } from "@zarch/vmm-interface";
import { crc32c, crc32cOfUint32 } from "./crc32c.ts";
import {
  BLOCK_SIZE,
  BLOCKS_PER_GROUP,
  backupBlocks,
  blocksInGroup,
  type Geometry,
  geometryOf,
  hasSuperblock,
  INODE_SIZE,
  LOST_AND_FOUND_BLOCKS,
  USED_INODES,
  usedBlocksInGroup,
} from "./geometry.ts";
import { EXTRA_SIZE, encodeDirectoryBlock, encodeInode, extentTree, inodeSeed } from "./inode.ts";

export interface Ext4Options {
  /** Bytes of the device. What does not fill a block at its end is not used. */
  readonly size: number;
  /** 16 bytes that identify the file system. */
  readonly uuid: Uint8Array;
  /** 16 random bytes for the hashes of names in large directories. */
  readonly hashSeed: Uint8Array;
  /** Time of making, in seconds since 1970. */
  readonly time: number;
  /** Up to 16 bytes of UTF-8. */
  readonly label?: string;
  /** With a journal, if the device has at least 8 MiB; true when absent. */
  readonly journal?: boolean;
}

/** Bytes at an offset of the device. */
export interface ImagePart {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * An empty ext4 file system: the root directory and lost+found, extents, metadata checksums and a journal. Gives the parts
 * of the device that are not zero, in ascending order and a block or a few at a time; all other bytes must be zero, so a new
 * sparse file is the place for it.
 *
 * Layout as the Linux kernel documents it in Documentation/filesystems/ext4. Each group holds its own bitmaps and inode
 * table. The bitmaps of groups without files are declared uninitialised, so the cost is that of the group descriptors.
 *
 * @throws HostError `ERR_ZARCH_EXT4_SIZE`, `ERR_ZARCH_EXT4_LABEL`
 */
export function* ext4Image(options: Ext4Options): Generator<ImagePart, void, undefined> {
  const label = new TextEncoder().encode(options.label ?? "");
  if (label.length > 16) throw new HostError("ERR_ZARCH_EXT4_LABEL", `the label "${options.label}" has more than 16 bytes`);
  const geometry = geometryOf(options.size, options.journal ?? true);
  const seed = crc32c(0xffffffff, options.uuid);
  const blockBitmaps = new Map<number, Uint8Array>();
  for (const group of new Set([0, geometry.groups - 1])) blockBitmaps.set(group, blockBitmap(geometry, group));
  const inodes = inodeBitmap(geometry);
  const descriptors = encodeDescriptors(geometry, seed, blockBitmaps, inodes);

  for (let group = 0; group < geometry.groups; group++) {
    const start = group * BLOCKS_PER_GROUP;
    if (hasSuperblock(group)) {
      const superblock = encodeSuperblock(geometry, options, label, group);
      // In group 0 the first 1024 bytes of the device are left for a boot loader.
      yield { offset: start * BLOCK_SIZE + (group === 0 ? 1024 : 0), bytes: superblock };
      yield { offset: (start + 1) * BLOCK_SIZE, bytes: descriptors };
    }
    const bitmap = blockBitmaps.get(group);
    const bitmapBlock = start + backupBlocks(geometry, group);
    if (bitmap) yield { offset: bitmapBlock * BLOCK_SIZE, bytes: bitmap };
    if (group === 0) yield* firstFiles(geometry, bitmapBlock + 1, inodes, seed, options);
  }
}

function* firstFiles(
  geometry: Geometry,
  bitmapBlock: number,
  inodes: Uint8Array,
  seed: number,
  options: Ext4Options,
): Generator<ImagePart> {
  const { time } = options;
  const { rootBlock, lostAndFoundBlock, journalBlock, journalBlocks } = geometry;
  yield { offset: bitmapBlock * BLOCK_SIZE, bytes: inodes };
  const table = new Uint8Array(BLOCK_SIZE);
  const put = (number: number, mode: number, links: number, firstBlock: number, blocks: number) =>
    table.set(encodeInode({ number, mode, links, firstBlock, blocks, time }, seed), (number - 1) * INODE_SIZE);
  put(ROOT_INODE, 0o040755, 3, rootBlock, 1);
  if (journalBlocks > 0) put(JOURNAL_INODE, 0o100600, 1, journalBlock, journalBlocks);
  put(LOST_AND_FOUND_INODE, 0o040700, 2, lostAndFoundBlock, LOST_AND_FOUND_BLOCKS);
  yield { offset: (bitmapBlock + 1) * BLOCK_SIZE, bytes: table };

  const rootEntries = [
    [".", ROOT_INODE],
    ["..", ROOT_INODE],
    ["lost+found", LOST_AND_FOUND_INODE],
  ] as const;
  yield { offset: rootBlock * BLOCK_SIZE, bytes: encodeDirectoryBlock(rootEntries, inodeSeed(seed, ROOT_INODE)) };
  const lostEntries = [
    [".", LOST_AND_FOUND_INODE],
    ["..", ROOT_INODE],
  ] as const;
  for (let block = 0; block < LOST_AND_FOUND_BLOCKS; block++) {
    const bytes = encodeDirectoryBlock(block === 0 ? lostEntries : [], inodeSeed(seed, LOST_AND_FOUND_INODE));
    yield { offset: (lostAndFoundBlock + block) * BLOCK_SIZE, bytes };
  }
  if (journalBlocks > 0) yield { offset: journalBlock * BLOCK_SIZE, bytes: encodeJournalSuperblock(journalBlocks, options.uuid) };
}

/** A set bit is a block in use; bits behind the end of the file system are set. */
function blockBitmap(geometry: Geometry, group: number): Uint8Array {
  const bitmap = new Uint8Array(BLOCK_SIZE);
  setBits(bitmap, 0, usedBlocksInGroup(geometry, group));
  setBits(bitmap, blocksInGroup(geometry, group), BLOCKS_PER_GROUP);
  return bitmap;
}

function inodeBitmap(geometry: Geometry): Uint8Array {
  const bitmap = new Uint8Array(BLOCK_SIZE);
  setBits(bitmap, 0, USED_INODES);
  setBits(bitmap, geometry.inodesPerGroup, BLOCK_SIZE * 8);
  return bitmap;
}

function setBits(bitmap: Uint8Array, from: number, to: number): void {
  for (let bit = from; bit < to; ) {
    if ((bit & 7) === 0 && to - bit >= 8) {
      bitmap[bit >>> 3] = 0xff;
      bit += 8;
    } else {
      bitmap[bit >>> 3]! |= 1 << (bit & 7);
      bit++;
    }
  }
}

/** The group descriptors, 32 bytes each, little-endian. */
function encodeDescriptors(geometry: Geometry, seed: number, bitmaps: ReadonlyMap<number, Uint8Array>, inodes: Uint8Array): Uint8Array {
  const table = new Uint8Array(geometry.descriptorBlocks * BLOCK_SIZE);
  const view = new DataView(table.buffer);
  for (let group = 0; group < geometry.groups; group++) {
    const at = group * 32;
    const first = group === 0;
    const bitmapBlock = group * BLOCKS_PER_GROUP + backupBlocks(geometry, group);
    const freeInodes = geometry.inodesPerGroup - (first ? USED_INODES : 0);
    const bitmap = bitmaps.get(group);
    view.setUint32(at, bitmapBlock, true);
    view.setUint32(at + 4, bitmapBlock + 1, true);
    view.setUint32(at + 8, bitmapBlock + 2, true);
    view.setUint16(at + 0x0c, blocksInGroup(geometry, group) - usedBlocksInGroup(geometry, group), true);
    view.setUint16(at + 0x0e, freeInodes, true);
    view.setUint16(at + 0x10, first ? 2 : 0, true); // directories
    view.setUint16(at + 0x12, INODE_TABLE_ZEROED | (first ? 0 : INODES_UNINITIALISED) | (bitmap ? 0 : BLOCKS_UNINITIALISED), true);
    if (bitmap) view.setUint16(at + 0x18, crc32c(seed, bitmap) & 0xffff, true);
    if (first) view.setUint16(at + 0x1a, crc32c(seed, inodes.subarray(0, geometry.inodesPerGroup / 8)) & 0xffff, true);
    view.setUint16(at + 0x1c, freeInodes, true); // never used ones, at the end of the table
    const checksum = crc32c(crc32cOfUint32(seed, group), table.subarray(at, at + 32));
    view.setUint16(at + 0x1e, checksum & 0xffff, true);
  }
  return table;
}

/** The superblock of 1024 bytes, little-endian, as it stands in `group`. */
function encodeSuperblock(geometry: Geometry, options: Ext4Options, label: Uint8Array, group: number): Uint8Array {
  const superblock = new Uint8Array(1024);
  const view = new DataView(superblock.buffer);
  const inodes = geometry.inodesPerGroup * geometry.groups;
  let freeBlocks = 0;
  for (let index = 0; index < geometry.groups; index++) {
    freeBlocks += blocksInGroup(geometry, index) - usedBlocksInGroup(geometry, index);
  }
  const hasJournal = geometry.journalBlocks > 0;
  view.setUint32(0x00, inodes, true);
  view.setUint32(0x04, geometry.blocks, true);
  view.setUint32(0x0c, freeBlocks, true);
  view.setUint32(0x10, inodes - USED_INODES, true);
  view.setUint32(0x18, 2, true); // block size: 1024 << 2
  view.setUint32(0x1c, 2, true); // cluster size, the same
  view.setUint32(0x20, BLOCKS_PER_GROUP, true);
  view.setUint32(0x24, BLOCKS_PER_GROUP, true);
  view.setUint32(0x28, geometry.inodesPerGroup, true);
  view.setUint32(0x30, options.time, true); // written
  view.setUint16(0x36, 0xffff, true); // no check after a number of mounts
  view.setUint16(0x38, 0xef53, true);
  view.setUint16(0x3a, 1, true); // cleanly unmounted
  view.setUint16(0x3c, 1, true); // go on after errors
  view.setUint32(0x40, options.time, true); // checked
  view.setUint32(0x4c, 1, true); // revision with variable inode size
  view.setUint32(0x54, USED_INODES, true); // first inode not reserved
  view.setUint16(0x58, INODE_SIZE, true);
  view.setUint16(0x5a, group, true);
  view.setUint32(0x5c, EXT_ATTR | DIR_INDEX | (hasJournal ? HAS_JOURNAL : 0), true);
  view.setUint32(0x60, FILETYPE | EXTENTS, true);
  view.setUint32(0x64, SPARSE_SUPER | LARGE_FILE | HUGE_FILE | DIR_NLINK | EXTRA_ISIZE | METADATA_CSUM, true);
  superblock.set(options.uuid.subarray(0, 16), 0x68);
  superblock.set(label, 0x78);
  superblock.set(options.hashSeed.subarray(0, 16), 0xec);
  superblock[0xfc] = 1; // half-MD4 hashes
  view.setUint32(0x100, 0x000c, true); // default mount options: user_xattr, acl
  view.setUint32(0x108, options.time, true); // made
  if (hasJournal) {
    view.setUint32(0xe0, JOURNAL_INODE, true);
    superblock[0xfd] = 1; // a copy of the journal's block map and size follows
    superblock.set(extentTree(geometry.journalBlock, geometry.journalBlocks), 0x10c);
    view.setUint32(0x14c, geometry.journalBlocks * BLOCK_SIZE, true);
  }
  view.setUint16(0x15c, EXTRA_SIZE, true);
  view.setUint16(0x15e, EXTRA_SIZE, true);
  view.setUint32(0x160, 1, true); // hashes of names take characters as signed
  superblock[0x175] = 1; // checksums are CRC-32C
  view.setUint32(0x3fc, crc32c(0xffffffff, superblock.subarray(0, 0x3fc)), true);
  return superblock;
}

/** The first block of an empty journal, big-endian (JBD2 superblock version 2). */
function encodeJournalSuperblock(blocks: number, uuid: Uint8Array): Uint8Array {
  const superblock = new Uint8Array(1024);
  const view = new DataView(superblock.buffer);
  view.setUint32(0x00, 0xc03b3998);
  view.setUint32(0x04, 4);
  view.setUint32(0x0c, BLOCK_SIZE);
  view.setUint32(0x10, blocks);
  view.setUint32(0x14, 1); // first block of the log
  view.setUint32(0x18, 1); // first commit expected
  superblock.set(uuid.subarray(0, 16), 0x30);
  view.setUint32(0x40, 1); // users
  return superblock;
}

const ROOT_INODE = 2;
const JOURNAL_INODE = 8;
const LOST_AND_FOUND_INODE = 11;

/* Flags of a group descriptor. */
const INODES_UNINITIALISED = 1;
const BLOCKS_UNINITIALISED = 2;
const INODE_TABLE_ZEROED = 4;

/* Compatible features. */
const HAS_JOURNAL = 0x04;
const EXT_ATTR = 0x08;
const DIR_INDEX = 0x20;
/* Incompatible features. */
const FILETYPE = 0x02;
const EXTENTS = 0x40;
/* Features that allow reading without knowing them. */
const SPARSE_SUPER = 0x01;
const LARGE_FILE = 0x02;
const HUGE_FILE = 0x08;
const DIR_NLINK = 0x20;
const EXTRA_ISIZE = 0x40;
const METADATA_CSUM = 0x400;
