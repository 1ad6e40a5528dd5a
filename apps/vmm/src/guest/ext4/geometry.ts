import { HostError } from "@zarch/vmm-interface";

/** Bytes in a block of the file systems made here. */
export const BLOCK_SIZE = 4096;
/** Blocks in a group: as many as one block of bitmap has bits. */
export const BLOCKS_PER_GROUP = 8 * BLOCK_SIZE;
export const INODE_SIZE = 256;
const INODES_PER_BLOCK = BLOCK_SIZE / INODE_SIZE;
const DESCRIPTOR_SIZE = 32;
/** One inode for so many bytes of the file system. */
const BYTES_PER_INODE = 16384;
/** Inodes 1 to 10 are reserved; 11 is lost+found. */
export const USED_INODES = 11;
/** Blocks of lost+found, so that a check of a damaged file system need not allocate any. */
export const LOST_AND_FOUND_BLOCKS = 4;

/** Where everything is. Block numbers count from the start of the file system. */
export interface Geometry {
  readonly blocks: number;
  readonly groups: number;
  readonly inodesPerGroup: number;
  readonly inodeTableBlocks: number;
  readonly descriptorBlocks: number;
  readonly journalBlocks: number;
  readonly rootBlock: number;
  readonly lostAndFoundBlock: number;
  readonly journalBlock: number;
  /** The first block of group 0 that no structure or file has. */
  readonly firstFreeBlock: number;
}

/**
 * Divides a file system of `size` bytes.
 * @throws HostError `ERR_ZARCH_EXT4_SIZE` below 1 MiB and above 16 TiB less one block
 */
export function geometryOf(size: number, withJournal: boolean): Geometry {
  let blocks = Math.floor(size / BLOCK_SIZE);
  if (!(blocks >= 256 && blocks < 2 ** 32)) {
    throw new HostError("ERR_ZARCH_EXT4_SIZE", `an ext4 file system of ${size} bytes cannot be made: 1 MiB to 16 TiB`);
  }
  for (;;) {
    const groups = Math.ceil(blocks / BLOCKS_PER_GROUP);
    const perGroup = Math.max(USED_INODES + 5, Math.ceil((blocks * BLOCK_SIZE) / BYTES_PER_INODE / groups));
    const inodeTableBlocks = Math.ceil(perGroup / INODES_PER_BLOCK);
    const descriptorBlocks = Math.ceil((groups * DESCRIPTOR_SIZE) / BLOCK_SIZE);
    const lastGroup = blocks - (groups - 1) * BLOCKS_PER_GROUP;
    if (groups > 1 && lastGroup < 1 + descriptorBlocks + 2 + inodeTableBlocks + 64) {
      // A last group too small for its own structures is left out.
      blocks = (groups - 1) * BLOCKS_PER_GROUP;
      continue;
    }
    const journalBlocks = withJournal ? journalSize(blocks) : 0;
    const rootBlock = 1 + descriptorBlocks + 2 + inodeTableBlocks;
    const lostAndFoundBlock = rootBlock + 1;
    const journalBlock = lostAndFoundBlock + LOST_AND_FOUND_BLOCKS;
    return {
      blocks,
      groups,
      inodesPerGroup: inodeTableBlocks * INODES_PER_BLOCK,
      inodeTableBlocks,
      descriptorBlocks,
      journalBlocks,
      rootBlock,
      lostAndFoundBlock,
      journalBlock,
      firstFreeBlock: journalBlock + journalBlocks,
    };
  }
}

/** Blocks of the journal; at least the 1024 that Linux asks for, and always few enough for one group. None below 8 MiB. */
function journalSize(blocks: number): number {
  if (blocks < 2048) return 0;
  if (blocks < 32768) return 1024;
  if (blocks < 262144) return 4096;
  return blocks < 524288 ? 8192 : 16384;
}

/** Whether a group begins with a copy of the superblock and the descriptors: 0, 1 and the powers of 3, 5 and 7. */
export function hasSuperblock(group: number): boolean {
  if (group <= 1) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}

/** Blocks at the start of a group before its bitmaps. */
export function backupBlocks(geometry: Geometry, group: number): number {
  return hasSuperblock(group) ? 1 + geometry.descriptorBlocks : 0;
}

export function blocksInGroup(geometry: Geometry, group: number): number {
  return Math.min(BLOCKS_PER_GROUP, geometry.blocks - group * BLOCKS_PER_GROUP);
}

/** Blocks at the start of a group that hold structures, and in group 0 also the first files. */
export function usedBlocksInGroup(geometry: Geometry, group: number): number {
  return group === 0 ? geometry.firstFreeBlock : backupBlocks(geometry, group) + 2 + geometry.inodeTableBlocks;
}
