/**
 * Where things lie in the one WebAssembly memory that holds a CPU and its guest's storage. All addresses and sizes in
 * bytes. CPU state is little-endian (WebAssembly's order); guest storage is reversed (see ReversedMemory).
 */

/** General registers, 16 x 8, followed by an always-zero doubleword that stands for "no base or index register". */
export const GR = 0x400;
export const ZERO_REGISTER = 16;
/** Access registers, 16 x 4. */
export const AR = 0x4c0;
/** Control registers, 16 x 8. */
export const CR = 0x500;
/** Vector registers, 32 x 16; floating-point register n is the high (leftmost) half of vector register n. */
export const VR = 0x600;
/** Offset of the leftmost doubleword in a vector register. */
export const VR_HIGH = 8;
export const FPC = 0x800;
/** Program-status word: mask (condition code field stale, see CC) and instruction address. */
export const PSW_MASK = 0x808;
export const PSW_ADDRESS = 0x810;
export const CC = 0x818;
/** Prefix register, 32 bits. */
export const PREFIX = 0x81c;
/** Predecoded record of the current instruction. */
export const RECORD = 0x820;
/** Instruction address minus (record address / 8), constant within one page of records. */
export const PC_DELTA = 0x828;
/** Base of the current page of records. */
export const RECORD_PAGE = 0x830;
/** Base of the current translation-lookaside bank. */
export const BANK = 0x834;
/** Mask that wraps an effective address in the current addressing mode. */
export const ADDRESS_MASK = 0x838;
/** Units (taken branches; instructions in the exact engine) left before the engine returns. */
export const BUDGET = 0x840;
/** Why the engine returned, see ExitReason. */
export const EXIT = 0x844;
export const PROGRAM_CODE = 0x848;
/** Length in bytes of the instruction that a program interruption reports. */
export const PROGRAM_LENGTH = 0x84c;
/** Translation-exception identification (real locations 168-175). */
export const TRANSLATION_EXCEPTION = 0x850;
/** Exception access identification (real location 160). */
export const EXCEPTION_ACCESS = 0x858;
/** Data-exception code. */
export const DXC = 0x85c;
/** Nonzero when the CPU should look for something besides the next instruction. */
export const ATTENTION = 0x860;
/** Access key of the PSW, 0 to 15. */
export const ACCESS_KEY = 0x864;
/** Host address base of the current page of instructions: TOP minus the absolute frame address. */
export const CODE_TOP = 0x868;
/** Nonzero when the access list lets the space of the current operand be fetched from only. */
export const FETCH_ONLY = 0x86c;
/** Address and length of the EXECUTE that the record at EXECUTE_RECORD stands for; length 0 outside. */
export const EXECUTE_ADDRESS = 0x870;
export const EXECUTE_LENGTH = 0x878;
/** Address-space-control element of the current instruction and operand space, kept beside the bank. */
export const CURRENT_ASCE = 0x880;
/** Real address that translateParts found, or the address of the table entry whose invalid bit made it fail; 64 bits. */
export const TRANSLATION_RESULT = 0x888;
/** Instructions executed (exact and counting engines only), 64 bits. */
export const INSTRUCTIONS = 0x890;
/** What relative fields of a record outside its page get added, 64 bits: see the target of EXECUTE. */
export const RELATIVE_ADJUST = 0x898;
/** First of the chain of record pages that are free for reuse, or 0. */
export const PAGE_RELEASE = 0x8a0;
/** The page of records that is next to be taken from its frame when there is no other. */
export const RECORD_POOL_HAND = 0x8a4;

/** Value of the TOD clock when the host clock was 0, 64 bits (wrapping). */
export const TOD_EPOCH = 0x8a8;
/** Last value that STORE CLOCK gave out, which must grow with each. */
export const TOD_LAST = 0x8b0;
export const CLOCK_COMPARATOR = 0x8b8;
/** The CPU timer's value plus the TOD clock's, constant while the timer runs. */
export const CPU_TIMER_SUM = 0x8c0;
/** TOD programmable field, 16 bits used. */
export const TOD_PROGRAMMABLE = 0x8c8;
/** Breaking-event address and last taken branch are not recorded; this is what the lowcore field gets. */
export const BREAKING_EVENT = 0x8d0;

/** Nonzero while storage-alteration events are recorded: no store takes the fast path, and the runtime hears of each. */
export const PER_STORES = 0x8d8;

/** Handler number of the last region that declined, for the runtime to look at and clear. */
export const REGION_DECLINED = 0x8dc;

/** First page of records that was never used; the engines share the pool. */
export const RECORD_POOL_NEXT = 0x8e0;

/** How often regions were entered, and how often they handed an instruction back; both modulo 2^32. */
export const REGIONS_ENTERED = 0x8e4;
export const REGIONS_HANDED_BACK = 0x8e8;

/** Nonzero when an interruption other than one of the timers may be pending, whether the masks allow it or not. */
export const INTERRUPTION_PENDING = 0x8ec;

/** Buffer through which accesses that cross a page go, 32 bytes. */
export const CROSSING = 0x900;
/**
 * The last branch to a computed address by which a region was left, 64 bits each: the region's entry (offset in its page, upper
 * half) and the branch's offset from that page (lower half); the virtual address of that page; and where the branch went.
 */
export const INDIRECT_SITE = 0x920;
export const INDIRECT_BASE = 0x928;
export const INDIRECT_TARGET = 0x930;
/** Handler number of the region that last handed an instruction back, for the runtime to look at and clear. */
export const REGION_HANDED_BACK = 0x938;
/** Doubleword that holds instruction text that crosses a page. */
export const TEXT = 0x940;
/** Record of the target of EXECUTE, with page-end records behind it. */
export const EXECUTE_RECORD = 0xa00;
/** Record of an instruction that crosses a page, with page-end records behind it. */
export const CROSSING_RECORD = 0xa80;

/** Observed CPUs only: branches until the engine returns for a sample; counted in regions on the way to each block. */
export const SAMPLE_COUNTDOWN = 0xb00;
/**
 * Observed CPUs only. One visit to a region in so many is timed; how many go by before the next that is; how many were timed, and how
 * long all those took, in ns (f64), without the reading of the clock.
 */
export const REGION_TIMING_INTERVAL = 0xb04;
export const REGION_TIMING_LEFT = 0xb08;
export const REGIONS_TIMED = 0xb0c;
export const REGION_TIME = 0xb10;

/** Decoder tables, see decoder.ts. */
export const DECODER = 0x2000;

/** How often each handler ran in the exact engine, 4 bytes by handler number: the profile that hot.ts is chosen from. */
export const PROFILE = 0x8000;

/** How EXECUTE may perform an instruction, 1 byte by handler number; see execute.ts. */
export const EXECUTE_KINDS = 0x9000;

/** One translation-lookaside bank: read, write and fetch entries of 16 bytes: tag (i64: the page address, less 1 but for fetch entries), value (i32). */
export const TLB_ENTRIES = 1024;
export const FETCH_ENTRIES = 512;
export const TLB_WRITE = TLB_ENTRIES * 16;
export const TLB_FETCH = TLB_WRITE * 2;
export const BANK_SIZE = TLB_FETCH + FETCH_ENTRIES * 16;
export const BANKS = 16;
export const BANK_BASE = 0x10000;
/** One more bank that never holds an entry, for access-register mode. */
export const EMPTY_BANK = BANK_BASE + BANKS * BANK_SIZE;

/** Handler numbers from here on are regions: the record is where one is entered. */
export const REGION_HANDLER = 0x4000;
/** Most regions at a time. */
export const REGION_COUNT = 8192;
/**
 * What is known of each region, 4 bytes: the handler of the instruction at its entry (u16); its mode key (u16), with REGION_RESTING since the runtime
 * asked whether it is still used, and until it is entered.
 */
export const REGIONS = 0xc0000;
export const REGION_KEY = 2;
export const REGION_RESTING = 0x8000;
export const REGION_SIZE = 4;

export const PAGE_TABLES = 0x100000;

/** Bytes of one predecoded record; one record stands for each halfword of code. */
export const RECORD_SIZE = 16;
export const RECORDS_PER_PAGE = 2048;
/** Offsets behind the records of a page: three page-end records, then the page's header. */
export const RECORD_PAGE_END = RECORDS_PER_PAGE * RECORD_SIZE;
/** Absolute address / 4096 of the page of code. */
export const RECORD_PAGE_FRAME = RECORD_PAGE_END + 48;
/** Slow stores since the last decode, i32. */
export const RECORD_PAGE_STORES = RECORD_PAGE_END + 52;
/** Which 64-byte lines of the page hold predecoded instructions, one bit each, i64; bit 0 is the lowest line. */
export const RECORD_PAGE_LINES = RECORD_PAGE_END + 56;
/** Which lines of the page hold code of regions, one bit each, i64. */
export const RECORD_PAGE_REGION_LINES = RECORD_PAGE_END + 64;
/** Nonzero when a bank got the page since it was last looked at for reuse, i32. */
export const RECORD_PAGE_USED = RECORD_PAGE_END + 72;
export const RECORD_PAGE_SIZE = RECORD_PAGE_END + 80;

/** Bytes that a bulk copy moves at a time; they stay in the host's first-level cache. */
export const STAGING_SIZE = 0x4000;

/** Layout of the parts whose place depends on the size of guest storage. */
export interface MemoryLayout {
  /** Bytes of guest storage. */
  readonly size: number;
  /** Table of record pages by frame number, 4 bytes each; 0 when the frame has none. */
  readonly recordPages: number;
  /** Storage keys by frame number, 1 byte each: access control (4 bits), fetch protection, reference, change, 0. */
  readonly storageKeys: number;
  /** First and past-the-end address of the pool of record pages. */
  readonly recordPool: number;
  readonly recordPoolEnd: number;
  /** Buffer through which bulk copies between the host and storage go, STAGING_SIZE bytes. */
  readonly staging: number;
  /** Copies of pages of storage, see PageCopies; only for lockstep. */
  readonly pageCopies: number;
  /** Host address of guest byte 0. */
  readonly top: number;
  /** Size of the WebAssembly memory in pages of 64 KiB. */
  readonly wasmPages: number;
}

const align = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Largest guest storage that fits beside the CPU's own state in a 32-bit WebAssembly memory. */
export const MAXIMUM_STORAGE = 0xf000_0000;

/**
 * @param size bytes of guest storage, a multiple of 1 MiB, at most MAXIMUM_STORAGE
 * @param pageCopiesSize bytes for copies of pages
 */
export function memoryLayout(size: number, pageCopiesSize = 0, recordPoolPages = 2048): MemoryLayout {
  const frames = size / 4096;
  const recordPages = PAGE_TABLES;
  const storageKeys = recordPages + frames * 4;
  const recordPool = align(storageKeys + frames, 64);
  const recordPoolEnd = recordPool + recordPoolPages * RECORD_PAGE_SIZE;
  const staging = align(recordPoolEnd, 64);
  const pageCopies = align(staging + STAGING_SIZE, 4096);
  const storage = align(pageCopies + pageCopiesSize, 65536);
  return {
    size,
    recordPages,
    storageKeys,
    recordPool,
    recordPoolEnd,
    staging,
    pageCopies,
    top: storage + size - 1,
    wasmPages: (storage + size) / 65536 + 1,
  };
}

/** Why the engine came back to its caller. */
export const ExitReason = {
  budget: 1,
  /** A program interruption is to be presented: PROGRAM_CODE and its companions are set. */
  program: 2,
  /** ATTENTION was set. */
  attention: 3,
  /** The CPU entered the wait state. */
  wait: 4,
  /** The CPU stopped or asks something of the machine, see the runtime. */
  stop: 5,
  /** SAMPLE_COUNTDOWN has ended, in an observed CPU. */
  sample: 6,
} as const;
