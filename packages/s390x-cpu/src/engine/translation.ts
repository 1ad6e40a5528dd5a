import { type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import { ProgramCode } from "./context.ts";
import type { FunctionSet } from "./functions.ts";
import {
  ACCESS_KEY,
  AR,
  BANK,
  CR,
  CURRENT_ASCE,
  EMPTY_BANK,
  EXCEPTION_ACCESS,
  FETCH_ONLY,
  type MemoryLayout,
  PER_STORES,
  PREFIX,
  PROGRAM_CODE,
  PSW_MASK,
  TLB_WRITE,
  TRANSLATION_EXCEPTION,
  TRANSLATION_RESULT,
} from "./layout.ts";

/** Kinds of access for `resolve`; bits 4-5 of its second argument hold the address-space identification (0 to 3). */
export const Access = { read: 0, write: 1, fetch: 2 } as const;

/** Bits of an address-space-control element and of table entries (PoP chapter 3). */
const REAL_SPACE = 0x20n;
const PRIVATE_SPACE = 0x100;
const INVALID_REGION_OR_SEGMENT = 0x20;
const PROTECT = 0x200n;
const COMMON = 0x10;
const FORMAT_CONTROL = 0x400;
const PTE_INVALID = 0x400;
const PTE_ZERO = 0x800;

const CR0_LOW_ADDRESS_PROTECTION = 0x1000_0000;
const CR0_FETCH_PROTECTION_OVERRIDE = 0x0200_0000;
const CR0_STORAGE_PROTECTION_OVERRIDE = 0x0100_0000;
/** CR0 bit 40, in the right half of the register. */
const CR0_EDAT = 0x0080_0000;

/** Bits of a storage key as kept in memory: access control 0xf0, fetch protection 0x08, reference 0x04, change 0x02. */
const KEY_FETCH_PROTECTION = 0x08;
const KEY_REFERENCE = 0x04;
const KEY_CHANGE = 0x02;

/** TEA bits 52-53: 10 fetch, 01 store (access-exception fetch/store indication). */
const TEA_FETCH = 0x800;
const TEA_STORE = 0x400;
/** TEA bit 61: set for DAT protection. */
const TEA_DAT_PROTECTION = 0x4;

const at = (address: number): I32 => i32.const(address);

/**
 * Dynamic address translation and storage protection (PoP chapter 3), and the translation-lookaside banks. All functions
 * answer a refused access by setting PROGRAM_CODE and its companions and returning -1 or 0.
 */
export function declareTranslation(functions: FunctionSet): void {
  functions.declare("realToAbsolute", ["i64"], "i64");
  functions.declare("walk", ["i64", "i64", "i32"], "i64");
  functions.declare("resolve", ["i64", "i32", "i64"], "i64");
  functions.declare("selectAsce", ["i32"], "i64");
  functions.declare("spaceOf", ["i32"], "i32");
  functions.declare("resolveOperand", ["i64", "i32", "i32"], "i64");
  functions.declare("translateParts", ["i32", "i32", "i32", "i32"], "i32");
  functions.declare("install", ["i64", "i64", "i32"]);
}

export function defineTranslation(functions: FunctionSet, layout: MemoryLayout): void {
  defineRealToAbsolute(functions);
  defineWalk(functions, layout);
  defineResolve(functions, layout);
  defineSelectAsce(functions);
  defineTranslateParts(functions);
  defineInstall(functions, layout);
}

/** Prefixing: real 0-8191 and the prefix area change places. */
function defineRealToAbsolute(functions: FunctionSet): void {
  functions.define("realToAbsolute", ["i64"], "i64", (f) => {
    const real = f.param(0, "i64").value;
    const prefix = f.let(i64.load32U(at(PREFIX)));
    const area = f.let(i64.and(real, ~0x1fffn));
    f.push(select(i64.or(real, prefix), select(i64.and(real, 0x1fff), real, i64.eq(area, prefix)), i64.eqz(area)));
  });
}

/** Result of `walk`: page or larger frame address with the page's offset bits, low bit set when protected; -1 when refused. */
function defineWalk(functions: FunctionSet, layout: MemoryLayout): void {
  functions.define("walk", ["i64", "i64", "i32"], "i64", (f) => {
    const va = f.param(0, "i64").value;
    const asce = f.param(1, "i64").value;
    const entry = f.local("i64");
    const address = f.local("i64");
    const protect = f.local("i64");
    const code = f.local("i32");
    const fail = (): void => {
      f.storeI32(at(PROGRAM_CODE), code.value);
      f.return(i64.const(-1));
    };
    const failWith = (value: number): void => {
      f.set(code, i32.const(value));
      fail();
    };
    const failIf = (condition: I32, value: number): void => f.if(condition, () => failWith(value));
    const edat = i32.and(i32.load(at(CR)), CR0_EDAT);

    /** Fails on the invalid bit of the entry at `address`; LOAD REAL ADDRESS tells the program where that entry is. */
    const failIfInvalid = (bit: number, value: number): void =>
      f.if(i32.and(i32.wrap(entry.value), bit), () => {
        f.storeI64(at(TRANSLATION_RESULT), address.value);
        failWith(value);
      });
    /** Reads the table entry at `address`. */
    const fetchEntry = (): void => {
      f.set(address, functions.callI64("realToAbsolute", address.value) as I64);
      failIf(i64.gtU(address.value, layout.size - 8), ProgramCode.addressing);
      f.set(entry, i64.load(i32.sub(i32.const(layout.top - 7), i32.wrap(address.value))));
    };
    const typeOf = (): I32 => i32.and(i32.wrap(i64.shrU(entry.value, 2)), 3);
    /** The two leftmost bits of an 11-bit index, against which table offset and length are compared. */
    const checkBounds = (indexTop: I64, table: I64, exception: number): void => {
      const top = f.let(i32.and(i32.wrap(indexTop), 3));
      failIf(i32.gtU(top, i32.and(i32.wrap(table), 3)), exception);
    };
    const checkOffset = (indexTop: I64, table: I64, exception: number): void => {
      const top = f.let(i32.and(i32.wrap(indexTop), 3));
      failIf(i32.ltU(top, i32.and(i32.wrap(i64.shrU(table, 6)), 3)), exception);
    };

    /** A common segment, or region of 2 GiB, is not allowed in a private space. */
    const refuseCommonInPrivateSpace = (): void =>
      failIf(
        i32.and(i32.ne(i32.and(i32.wrap(entry.value), COMMON), 0), i32.ne(i32.and(i32.wrap(asce), PRIVATE_SPACE), 0)),
        ProgramCode.translationSpecification,
      );

    const type = f.let(i32.and(i32.wrap(i64.shrU(asce, 2)), 3));
    f.set(entry, asce);
    f.block((haveSegmentTable) => {
      f.block((haveThird) => {
        f.block((haveSecond) => {
          f.block((haveFirst) => {
            f.brIf(haveFirst, i32.eq(type, 3));
            failIf(i64.ne(i64.shrU(va, 53), 0), ProgramCode.asceType);
            f.if(i32.eq(type, 2), () => {
              checkBounds(i64.shrU(va, 51), asce, ProgramCode.regionSecondTranslation);
              f.br(haveSecond);
            });
            failIf(i64.ne(i64.shrU(va, 42), 0), ProgramCode.asceType);
            f.if(i32.eq(type, 1), () => {
              checkBounds(i64.shrU(va, 40), asce, ProgramCode.regionThirdTranslation);
              f.br(haveThird);
            });
            failIf(i64.ne(i64.shrU(va, 31), 0), ProgramCode.asceType);
            checkBounds(i64.shrU(va, 29), asce, ProgramCode.segmentTranslation);
            f.br(haveSegmentTable);
          });
          checkBounds(i64.shrU(va, 62), asce, ProgramCode.regionFirstTranslation);
          f.set(address, i64.add(i64.and(entry.value, ~0xfffn), i64.and(i64.shrU(va, 50), 0x3ff8)));
          fetchEntry();
          failIf(i32.and(i32.wrap(entry.value), INVALID_REGION_OR_SEGMENT), ProgramCode.regionFirstTranslation);
          failIf(i32.ne(typeOf(), 3), ProgramCode.translationSpecification);
          f.if(edat, () => f.set(protect, i64.or(protect.value, i64.and(entry.value, PROTECT))));
          checkOffset(i64.shrU(va, 51), entry.value, ProgramCode.regionSecondTranslation);
          checkBounds(i64.shrU(va, 51), entry.value, ProgramCode.regionSecondTranslation);
        });
        f.set(address, i64.add(i64.and(entry.value, ~0xfffn), i64.and(i64.shrU(va, 39), 0x3ff8)));
        fetchEntry();
        failIf(i32.and(i32.wrap(entry.value), INVALID_REGION_OR_SEGMENT), ProgramCode.regionSecondTranslation);
        failIf(i32.ne(typeOf(), 2), ProgramCode.translationSpecification);
        f.if(edat, () => f.set(protect, i64.or(protect.value, i64.and(entry.value, PROTECT))));
        checkOffset(i64.shrU(va, 40), entry.value, ProgramCode.regionThirdTranslation);
        checkBounds(i64.shrU(va, 40), entry.value, ProgramCode.regionThirdTranslation);
      });
      f.set(address, i64.add(i64.and(entry.value, ~0xfffn), i64.and(i64.shrU(va, 28), 0x3ff8)));
      fetchEntry();
      failIf(i32.and(i32.wrap(entry.value), INVALID_REGION_OR_SEGMENT), ProgramCode.regionThirdTranslation);
      failIf(i32.ne(typeOf(), 1), ProgramCode.translationSpecification);
      f.if(edat, () => {
        f.set(protect, i64.or(protect.value, i64.and(entry.value, PROTECT)));
        f.if(i32.and(i32.wrap(entry.value), FORMAT_CONTROL), () => {
          refuseCommonInPrivateSpace();
          f.return(i64.or(i64.or(i64.and(entry.value, ~0x7fff_ffffn), i64.and(va, 0x7fff_fffen)), i64.extendU(i64.ne(protect.value, 0))));
        });
      });
      checkOffset(i64.shrU(va, 29), entry.value, ProgramCode.segmentTranslation);
      checkBounds(i64.shrU(va, 29), entry.value, ProgramCode.segmentTranslation);
    });
    f.set(address, i64.add(i64.and(entry.value, ~0xfffn), i64.and(i64.shrU(va, 17), 0x3ff8)));
    fetchEntry();
    failIfInvalid(INVALID_REGION_OR_SEGMENT, ProgramCode.segmentTranslation);
    failIf(typeOf(), ProgramCode.translationSpecification);
    refuseCommonInPrivateSpace();
    f.set(protect, i64.or(protect.value, i64.and(entry.value, PROTECT)));
    f.if(i32.and(i32.ne(edat, 0), i32.ne(i32.and(i32.wrap(entry.value), FORMAT_CONTROL), 0)), () => {
      f.return(i64.or(i64.or(i64.and(entry.value, ~0xf_ffffn), i64.and(va, 0xf_fffen)), i64.extendU(i64.ne(protect.value, 0))));
    });
    f.set(address, i64.add(i64.and(entry.value, ~0x7ffn), i64.and(i64.shrU(va, 9), 0x7f8)));
    fetchEntry();
    failIfInvalid(PTE_INVALID, ProgramCode.pageTranslation);
    failIf(i32.and(i32.wrap(entry.value), PTE_ZERO), ProgramCode.translationSpecification);
    f.set(protect, i64.or(protect.value, i64.and(entry.value, PROTECT)));
    f.push(i64.or(i64.or(i64.and(entry.value, ~0xfffn), i64.and(va, 0xffe)), i64.extendU(i64.ne(protect.value, 0))));
  });
}

/**
 * resolve(address, access | space << 4, asce): absolute address of one byte that may be accessed, or -1. `address` is
 * already wrapped. Sets the reference and change bits. The caller checks nothing further for the rest of that page,
 * except low-address protection, which applies to part of a page (see `install`).
 */
function defineResolve(functions: FunctionSet, layout: MemoryLayout): void {
  functions.define("resolve", ["i64", "i32", "i64"], "i64", (f) => {
    const va = f.param(0, "i64").value;
    const accessAndSpace = f.param(1, "i32").value;
    const asce = f.param(2, "i64").value;
    const real = f.local("i64");
    const absolute = f.local("i64");
    const key = f.local("i32");
    const keyAddress = f.local("i32");
    const access = f.let(i32.and(accessAndSpace, 3));
    const isWrite = i32.eq(access, Access.write);

    const setTea = (extra: number): void => {
      const storeOrFetch = select(i64.const(TEA_STORE), i64.const(TEA_FETCH), isWrite);
      f.storeI64(
        at(TRANSLATION_EXCEPTION),
        i64.or(i64.or(i64.and(va, ~0xfffn), storeOrFetch), i64.or(i64.extendU(i32.shrU(accessAndSpace, 4)), extra)),
      );
    };
    const refuse = (code: number): void => {
      f.storeI32(at(PROGRAM_CODE), code);
      f.return(i64.const(-1));
    };

    // Low-address protection: effective addresses 0-511 and 4096-4607, unless the space is private.
    f.if(i32.and(isWrite, i64.eqz(i64.and(va, ~0x11ffn))), () => {
      f.if(
        i32.and(i32.ne(i32.and(i32.load(at(CR)), CR0_LOW_ADDRESS_PROTECTION), 0), i32.eqz(i32.and(i32.wrap(asce), PRIVATE_SPACE))),
        () => {
          setTea(0);
          refuse(ProgramCode.protection);
        },
      );
    });
    f.if(
      i64.ne(i64.and(asce, REAL_SPACE), 0),
      () => f.set(real, va),
      () => {
        f.set(real, functions.callI64("walk", va, asce, access) as I64);
        f.if(i64.eq(real.value, -1), () => {
          setTea(0);
          f.return(i64.const(-1));
        });
        f.if(i32.and(isWrite, i32.wrap(i64.and(real.value, 1))), () => {
          setTea(TEA_DAT_PROTECTION);
          refuse(ProgramCode.protection);
        });
        // The low bit carried the protection; the byte's own address has it from the virtual address.
        f.set(real, i64.or(i64.and(real.value, -2), i64.and(va, 1)));
      },
    );
    f.set(absolute, functions.callI64("realToAbsolute", real.value) as I64);
    f.if(i64.geU(absolute.value, layout.size), () => {
      setTea(0);
      refuse(ProgramCode.addressing);
    });
    f.set(keyAddress, i32.add(i32.const(layout.storageKeys), i32.wrap(i64.shrU(absolute.value, 12))));
    f.set(key, i32.load8U(keyAddress.value));
    const accessKey = f.let(i32.load(at(ACCESS_KEY)));
    f.if(i32.and(i32.ne(accessKey, 0), i32.ne(i32.shrU(key.value, 4), accessKey)), () => {
      const control = i32.load(at(CR));
      // With the overrides on, key 9 storage is open to everyone, and effective addresses 0-2047 may be fetched.
      const storageOverride = i32.and(i32.ne(i32.and(control, CR0_STORAGE_PROTECTION_OVERRIDE), 0), i32.eq(i32.shrU(key.value, 4), 9));
      const fetchOverride = i32.and(
        i32.and(i32.ne(i32.and(control, CR0_FETCH_PROTECTION_OVERRIDE), 0), i32.eqz(i32.and(i32.wrap(asce), PRIVATE_SPACE))),
        i64.ltU(va, 2048),
      );
      f.if(i32.eqz(storageOverride), () => {
        f.if(i32.or(isWrite, i32.and(i32.ne(i32.and(key.value, KEY_FETCH_PROTECTION), 0), i32.eqz(fetchOverride))), () => {
          setTea(0);
          refuse(ProgramCode.protection);
        });
      });
    });
    const used = f.let(i32.or(key.value, select(i32.const(KEY_REFERENCE | KEY_CHANGE), i32.const(KEY_REFERENCE), isWrite)));
    f.if(i32.ne(used, key.value), () => f.storeI32(keyAddress.value, used, 8));
    f.push(absolute.value);
  });
}

/** PSW bits 16-17 as a number: 0 primary, 1 access register, 2 secondary, 3 home. */
function addressSpaceControl(): I32 {
  return i32.and(i32.shrU(i32.load(at(PSW_MASK + 4)), 14), 3);
}

function translationOn(): I32 {
  return i32.and(i32.shrU(i32.load(at(PSW_MASK + 4)), 26), 1);
}

/**
 * selectAsce(base register): the element for an operand access; spaceOf: its identification for the TEA. In
 * access-register mode the base register's access register decides: ALET 0 primary, 1 secondary, others by the
 * runtime (`accessRegisterTranslation`, which leaves the element at CURRENT_ASCE or sets an exception).
 */
function defineSelectAsce(functions: FunctionSet): void {
  functions.define("selectAsce", ["i32"], "i64", (f) => {
    const base = f.param(0, "i32").value;
    f.if(i32.and(translationOn(), i32.eq(addressSpaceControl(), 1)), () => {
      f.storeI32(at(EXCEPTION_ACCESS), base);
      f.if(i32.eqz(base), () => f.return(i64.load(at(CR + 8))));
      const alet = f.let(i32.load(i32.add(i32.const(AR), i32.shl(base, 2))));
      f.if(i32.eqz(alet), () => f.return(i64.load(at(CR + 8))));
      f.if(i32.eq(alet, 1), () => f.return(i64.load(at(CR + 56))));
      f.return(functions.callI64("accessRegisterAsce", alet) as I64);
    });
    f.storeI32(at(EXCEPTION_ACCESS), 0);
    f.push(i64.load(at(CURRENT_ASCE)));
  });
  functions.define("spaceOf", ["i32"], "i32", (f) => {
    f.push(select(addressSpaceControl(), i32.const(0), translationOn()));
  });
  functions.define("resolveOperand", ["i64", "i32", "i32"], "i64", (f) => {
    const va = f.param(0, "i64").value;
    const access = f.param(1, "i32").value;
    const base = f.param(2, "i32").value;
    const asce = f.let(functions.callI64("selectAsce", base) as I64);
    // -1 is no valid element: the access-register translation failed and left its exception.
    f.if(i64.eq(asce, -1), () => f.return(i64.const(-1)));
    f.if(i32.load(at(FETCH_ONLY)), () => {
      f.storeI32(at(FETCH_ONLY), 0);
      f.if(i32.eq(access, Access.write), () => {
        // Access-list-controlled protection is reported as DAT protection is.
        f.storeI64(at(TRANSLATION_EXCEPTION), i64.or(i64.and(va, ~0xfffn), TEA_STORE | TEA_DAT_PROTECTION | 1));
        f.storeI32(at(PROGRAM_CODE), ProgramCode.protection);
        f.return(i64.const(-1));
      });
    });
    const absolute = f.let(functions.callI64("resolve", va, i32.or(access, i32.shl(functions.callI32("spaceOf", base), 4)), asce) as I64);
    f.if(i32.load(at(PER_STORES)), () => {
      const allowed = i32.and(i32.eq(access, Access.write), i64.ne(absolute, -1));
      f.if(allowed, () => f.call(functions.index("writeResolved"), i32.wrap(i64.shrU(va, 32)), i32.wrap(va), i32.wrap(absolute)));
    });
    f.push(absolute);
  });
}

/**
 * translateParts(high, low, asce high, asce low): translation alone, without protection, for LOAD REAL ADDRESS. Leaves the
 * real address at TRANSLATION_RESULT and returns 0; or returns -1 with PROGRAM_CODE set and, when a segment- or page-table
 * entry was invalid, its address at TRANSLATION_RESULT (else 0).
 */
function defineTranslateParts(functions: FunctionSet): void {
  functions.define("translateParts", ["i32", "i32", "i32", "i32"], "i32", (f) => {
    const joined = (high: number, low: number): I64 =>
      f.let(i64.or(i64.shl(i64.extendU(f.param(high, "i32").value), 32), i64.extendU(f.param(low, "i32").value)));
    const va = joined(0, 1);
    const asce = joined(2, 3);
    f.storeI64(at(TRANSLATION_RESULT), 0);
    const real = f.local("i64");
    f.set(real, va);
    f.if(i64.eqz(i64.and(asce, REAL_SPACE)), () => {
      f.set(real, functions.callI64("walk", va, asce, i32.const(Access.read)) as I64);
      f.if(i64.eq(real.value, -1), () => f.return(i32.const(-1)));
      f.set(real, i64.or(i64.and(real.value, -2), i64.and(va, 1)));
    });
    f.storeI64(at(TRANSLATION_RESULT), real.value);
    f.push(i32.const(0));
  });
}

/** install(address, absolute, write): remembers the page in the current bank. Pages of code and of low addresses are not writable there. */
function defineInstall(functions: FunctionSet, layout: MemoryLayout): void {
  functions.define("install", ["i64", "i64", "i32"], undefined, (f) => {
    const va = f.param(0, "i64").value;
    const absolute = f.param(1, "i64").value;
    const write = f.param(2, "i32").value;
    const bank = f.let(i32.load(at(BANK)));
    f.if(i32.and(i32.ne(bank, EMPTY_BANK), i32.or(i64.ne(i64.shrU(va, 12), 0), i32.eqz(fetchOverrideOn()))), () => {
      const entry = f.let(i32.add(bank, tlbIndex(i32.wrap(va))));
      const page = f.let(i64.and(va, ~0xfffn));
      const frame = f.let(i32.and(i32.wrap(absolute), ~0xfff));
      const bias = f.let(i32.add(i32.sub(i32.const(layout.top - 15), frame), i32.wrap(page)));
      const tag = f.let(i64.sub(page, 1));
      f.storeI64(entry, tag);
      f.storeI32(entry, bias, 32, 8);
      const hasCode = i32.load(i32.add(i32.const(layout.recordPages), i32.shl(i32.shrU(frame, 12), 2)));
      // Pages 0 and 1 are never writable by the fast path, as low-address protection covers part of them.
      const watched = i32.or(hasCode, i32.load(at(PER_STORES)));
      f.if(i32.and(write, i32.and(i32.eqz(watched), i64.gtU(page, 0x1000))), () => {
        f.storeI64(entry, tag, 64, TLB_WRITE);
        f.storeI32(entry, bias, 32, TLB_WRITE + 8);
      });
    });
  });
}

/** Whether half of page 0 may be open to fetches and the other half not, so that no entry may stand for all of it. */
export function fetchOverrideOn(): I32 {
  return i32.ne(i32.and(i32.load(at(CR)), CR0_FETCH_PROTECTION_OVERRIDE), 0);
}

/** Byte offset of an entry in a table of 1024 entries of 16 bytes, by the right half of the address. */
export function tlbIndex(address: I32): I32 {
  return i32.and(i32.shrU(address, 8), 0x3ff0);
}
