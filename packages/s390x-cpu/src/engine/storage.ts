import { type FunctionBuilder, type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { FunctionSet } from "./functions.ts";
import { FixedHandler } from "./handlers.ts";
import {
  ADDRESS_MASK,
  BANK,
  BANK_BASE,
  BANK_SIZE,
  BANKS,
  CR,
  CROSSING,
  CURRENT_ASCE,
  EMPTY_BANK,
  EXCEPTION_ACCESS,
  FETCH_ENTRIES,
  type MemoryLayout,
  PAGE_RELEASE,
  PER_STORES,
  RECORD_PAGE,
  RECORD_PAGE_END,
  RECORD_PAGE_FRAME,
  RECORD_PAGE_LINES,
  RECORD_PAGE_REGION_LINES,
  RECORD_PAGE_SIZE,
  RECORD_PAGE_STORES,
  RECORD_PAGE_USED,
  RECORD_POOL_HAND,
  RECORD_POOL_NEXT,
  RECORD_SIZE,
  TLB_FETCH,
  TLB_WRITE,
} from "./layout.ts";
import { Access, fetchOverrideOn, tlbIndex } from "./translation.ts";

const at = (address: number): I32 => i32.const(address);
/** Accesses go to `biased + 16 - n`, so that one bias in an entry serves every width n up to 16. */
const BIAS = 16;
/** A page of code that was stored to this often since an instruction of it was last decoded is no longer treated as code. */
const STORES_BEFORE_RELEASE = 512;

/**
 * The slow halves of storage access: translation misses, spans that cross a page, stores to pages that hold predecoded
 * instructions; and the pages of records.
 */
export function declareStorage(functions: FunctionSet): void {
  functions.declare("readMiss", ["i64", "i32", "i32"], "i32");
  functions.declare("updateMiss", ["i64", "i32", "i32"], "i32");
  functions.declare("spanMiss", ["i64", "i32", "i32", "i32"], "i32");
  functions.declare("storeMiss", ["i64", "i32", "i64", "i32"], "i32");
  functions.declare("storeBesideCode", ["i64", "i32", "i64", "i32"], "i32");
  functions.declare("storeByte", ["i64", "i32"]);
  functions.declare("invalidateCode", ["i64", "i32"]);
  functions.declare("recordPageFor", ["i32"], "i32");
  functions.declare("fetchMiss", ["i64"], "i32");
  functions.declare("resolveFetch", ["i64"], "i64");
  functions.declare("clearBank", ["i32"]);
  functions.declare("clearFetchEntries", []);
  functions.declare("clearWriteEntries", []);
  functions.declare("clearAllBanks", []);
  functions.declare("forgetCode", []);
  functions.declare("makeRoom", []);
  functions.declare("forgetFrame", ["i32"]);
  functions.declare("forgetPageIndex", ["i32"]);
}

export function defineStorage(functions: FunctionSet, layout: MemoryLayout): void {
  defineReadMiss(functions, layout);
  defineSpanMiss(functions, layout);
  defineStoreMiss(functions, layout);
  defineStoreBesideCode(functions, layout);
  defineInvalidate(functions, layout);
  defineRecordPages(functions, layout);
  defineClearing(functions, layout);
}

/** Host address of one guest byte. */
function byteHost(layout: MemoryLayout, absolute: I64): I32 {
  return i32.sub(i32.const(layout.top), i32.wrap(absolute));
}

function offsetInPage(address: I64): I32 {
  return i32.and(i32.wrap(address), 0xfff);
}

function defineReadMiss(functions: FunctionSet, layout: MemoryLayout): void {
  for (const [name, access] of [
    ["readMiss", Access.read],
    ["updateMiss", Access.write],
  ] as const) {
    functions.define(name, ["i64", "i32", "i32"], "i32", (f) => {
      const va = f.param(0, "i64").value;
      const length = f.param(1, "i32").value;
      const base = f.param(2, "i32").value;
      const first = f.let(functions.callI64("resolveOperand", va, i32.const(access), base) as I64);
      f.if(i64.eq(first, -1), () => f.return(i32.const(0)));
      const room = f.let(i32.sub(4096, offsetInPage(va)));
      f.if(i32.leU(length, room), () => {
        // The fetch-protection override ends within page 0.
        f.if(i32.and(i64.ltU(va, 2048), fetchOverrideOn()), () => {
          const last = i64.add(va, i64.extendU(i32.sub(length, 1)));
          f.if(i64.eq(functions.callI64("resolveOperand", last, i32.const(access), base) as I64, -1), () => f.return(i32.const(0)));
        });
        f.call(functions.index("install"), va, first, i32.const(access === Access.write ? 1 : 0));
        f.return(i32.sub(byteHost(layout, first), BIAS - 1));
      });
      const next = f.let(i64.and(i64.add(va, i64.extendU(room)), i64.load(at(ADDRESS_MASK))));
      const second = f.let(functions.callI64("resolveOperand", next, i32.const(access), base) as I64);
      f.if(i64.eq(second, -1), () => f.return(i32.const(0)));
      // Byte i of the value goes to CROSSING + length - 1 - i, as if the span lay in reversed storage.
      const i = f.local("i32");
      f.loop((again) => {
        const source = f.local("i64");
        f.if(
          i32.ltU(i.value, room),
          () => f.set(source, i64.add(first, i64.extendU(i.value))),
          () => f.set(source, i64.add(second, i64.extendU(i32.sub(i.value, room)))),
        );
        f.storeI32(i32.sub(i32.add(CROSSING - 1, length), i.value), i32.load8U(byteHost(layout, source.value)), 8);
        f.set(i, i32.add(i.value, 1));
        f.brIf(again, i32.ltU(i.value, length));
      });
      f.push(i32.sub(i32.add(CROSSING - BIAS, length), 0));
    });
  }
}

/**
 * spanMiss(address, length, access, base register): host address of the last byte of a span in one page, after its page went
 * into the bank; 0 when the span crosses pages, is refused, or may not be stored to without further ado.
 */
function defineSpanMiss(functions: FunctionSet, layout: MemoryLayout): void {
  functions.define("spanMiss", ["i64", "i32", "i32", "i32"], "i32", (f) => {
    const va = f.param(0, "i64").value;
    const length = f.param(1, "i32").value;
    const access = f.param(2, "i32").value;
    const bank = f.let(i32.load(at(BANK)));
    f.if(i32.gtU(i32.add(offsetInPage(va), length), 4096), () => f.return(i32.const(0)));
    f.if(i32.eq(bank, EMPTY_BANK), () => f.return(i32.const(0)));
    const absolute = f.let(functions.callI64("resolveOperand", va, access, f.param(3, "i32").value) as I64);
    f.if(i64.eq(absolute, -1), () => f.return(i32.const(0)));
    f.call(functions.index("install"), va, absolute, i32.eq(access, Access.write));
    // Pages of code and of low addresses are not entered for stores.
    const entry = i32.add(bank, i32.add(tlbIndex(i32.wrap(va)), i32.mul(i32.eq(access, Access.write), TLB_WRITE)));
    f.if(i64.ne(i64.load(entry), i64.sub(i64.and(va, ~0xfffn), 1)), () => f.return(i32.const(0)));
    f.push(i32.add(i32.sub(byteHost(layout, absolute), length), 1));
  });
}

/** storeMiss(address, length, value, base register): stores the rightmost `length` bytes of the value; 0 when refused. */
function defineStoreMiss(functions: FunctionSet, layout: MemoryLayout): void {
  functions.define("storeByte", ["i64", "i32"], undefined, (f) => {
    const absolute = f.param(0, "i64").value;
    f.storeI32(byteHost(layout, absolute), f.param(1, "i32").value, 8);
    f.call(functions.index("invalidateCode"), absolute, i32.const(1));
  });
  functions.define("storeMiss", ["i64", "i32", "i64", "i32"], "i32", (f) => {
    const va = f.param(0, "i64").value;
    const length = f.param(1, "i32").value;
    const value = f.param(2, "i64").value;
    const base = f.param(3, "i32").value;
    const first = f.let(functions.callI64("resolveOperand", va, i32.const(Access.write), base) as I64);
    f.if(i64.eq(first, -1), () => f.return(i32.const(0)));
    const room = f.let(i32.sub(4096, offsetInPage(va)));
    f.if(i32.leU(length, room), () => {
      // Low-address protection reaches into a page: the span's other end may lie inside the protected part.
      const last = f.let(i64.add(va, i64.extendU(i32.sub(length, 1))));
      f.if(i64.eq(functions.callI64("resolveOperand", last, i32.const(Access.write), base) as I64, -1), () => f.return(i32.const(0)));
      f.call(functions.index("install"), va, first, i32.const(1));
      const host = f.let(i32.add(i32.sub(byteHost(layout, first), length), 1));
      f.if(i32.eq(length, 8), () => f.storeI64(host, value));
      f.if(i32.eq(length, 4), () => f.storeI64(host, value, 32));
      f.if(i32.eq(length, 2), () => f.storeI64(host, value, 16));
      f.if(i32.eq(length, 1), () => f.storeI64(host, value, 8));
      f.call(functions.index("invalidateCode"), first, length);
      f.return(i32.const(1));
    });
    const next = f.let(i64.and(i64.add(va, i64.extendU(room)), i64.load(at(ADDRESS_MASK))));
    const second = f.let(functions.callI64("resolveOperand", next, i32.const(Access.write), base) as I64);
    f.if(i64.eq(second, -1), () => f.return(i32.const(0)));
    const i = f.local("i32");
    f.loop((again) => {
      const target = f.local("i64");
      f.if(
        i32.ltU(i.value, room),
        () => f.set(target, i64.add(first, i64.extendU(i.value))),
        () => f.set(target, i64.add(second, i64.extendU(i32.sub(i.value, room)))),
      );
      const shift = i64.extendU(i32.shl(i32.sub(i32.sub(length, 1), i.value), 3));
      f.call(functions.index("storeByte"), target.value, i32.wrap(i64.shrU(value, shift)));
      f.set(i, i32.add(i.value, 1));
      f.brIf(again, i32.ltU(i.value, length));
    });
    f.push(i32.const(1));
  });
}

/**
 * storeBesideCode(address, length, value, base register): as storeMiss, for regions, which cannot go on where instructions
 * change. 0 when the store is refused or may hit any, and is the interpreter's therefore; nothing is stored then.
 */
function defineStoreBesideCode(functions: FunctionSet, layout: MemoryLayout): void {
  functions.define("storeBesideCode", ["i64", "i32", "i64", "i32"], "i32", (f) => {
    const va = f.param(0, "i64").value;
    const length = f.param(1, "i32").value;
    const base = f.param(3, "i32").value;
    f.if(i32.gtU(i32.add(offsetInPage(va), length), 4096), () => f.return(i32.const(0)));
    const absolute = f.let(functions.callI64("resolveOperand", va, i32.const(Access.write), base) as I64);
    f.if(i64.eq(absolute, -1), () => f.return(i32.const(0)));
    f.if(i32.load(recordPageSlot(layout, absolute)), () => {
      const page = f.let(i32.load(recordPageSlot(layout, absolute)));
      const offset = f.let(offsetInPage(absolute));
      // As in invalidateCode: the line of the byte four before, to that of the last.
      const first = f.let(i32.shrU(select(i32.sub(offset, 4), i32.const(0), i32.geU(offset, 4)), 6));
      const last = f.let(i32.shrU(i32.add(offset, i32.sub(length, 1)), 6));
      const lines = i64.shrU(i64.load(page, RECORD_PAGE_LINES), i64.extendU(first));
      const span = i64.sub(i64.shl(2, i64.extendU(i32.sub(last, first))), 1);
      f.if(i64.ne(i64.and(lines, span), 0), () => f.return(i32.const(0)));
    });
    f.push(functions.callI32("storeMiss", va, length, f.param(2, "i64").value, base));
  });
}

function recordPageSlot(layout: MemoryLayout, absolute: I64): I32 {
  return i32.add(i32.const(layout.recordPages), i32.shl(i32.wrap(i64.shrU(absolute, 12)), 2));
}

/**
 * invalidateCode(absolute, length within one page): forgets predecoded instructions that overlap the span, by lines of
 * 64 bytes. Bytes of an instruction reach at most 4 bytes behind the halfword where its record is.
 */
function defineInvalidate(functions: FunctionSet, layout: MemoryLayout): void {
  functions.define("invalidateCode", ["i64", "i32"], undefined, (f) => {
    const absolute = f.param(0, "i64").value;
    const length = f.param(1, "i32").value;
    f.if(i32.load(at(PER_STORES)), () => f.call(functions.index("stored"), i32.wrap(absolute), length));
    const slot = f.let(recordPageSlot(layout, absolute));
    const page = f.let(i32.load(slot));
    f.if(i32.eqz(page), () => f.return());
    const offset = f.let(offsetInPage(absolute));
    const line = f.local("i32");
    const lines = f.local("i64");
    f.set(lines, i64.load(page, RECORD_PAGE_LINES));
    const last = f.let(i32.shrU(i32.add(offset, i32.sub(length, 1)), 6));
    f.if(i32.geU(offset, 4), () => f.set(line, i32.shrU(i32.sub(offset, 4), 6)));
    const hit = f.local("i32");
    f.loop((again) => {
      const bit = f.let(i64.shl(1, i64.extendU(line.value)));
      f.if(i64.ne(i64.and(lines.value, bit), 0), () => {
        f.set(hit, i32.const(1));
        f.set(lines, i64.xor(lines.value, bit));
        // Only the handler number goes: an instruction that has just stored over itself still needs its length.
        const records = f.let(i32.add(page, i32.mul(line.value, 32 * RECORD_SIZE)));
        for (let i = 0; i < 32; i++) f.storeI32(records, FixedHandler.decode, 16, i * RECORD_SIZE);
      });
      f.set(line, i32.add(line.value, 1));
      f.brIf(again, i32.leU(line.value, last));
    });
    f.if(hit.value, () => {
      // What was set in the page and no longer is in `lines` was hit.
      const compiled = f.let(i64.load(page, RECORD_PAGE_REGION_LINES));
      const changed = f.let(i64.and(compiled, i64.xor(lines.value, i64.load(page, RECORD_PAGE_LINES))));
      f.storeI64(page, lines.value, 64, RECORD_PAGE_LINES);
      f.if(i64.ne(changed, 0), () => {
        f.storeI64(page, i64.xor(compiled, changed), 64, RECORD_PAGE_REGION_LINES);
        const halves = [i32.wrap(changed), i32.wrap(i64.shrU(changed, 32))];
        f.call(functions.index("codeChanged"), i32.load(page, RECORD_PAGE_FRAME), ...halves);
      });
      f.return();
    });
    // A page with regions stays one of code: their lines must be watched.
    f.if(i64.ne(i64.load(page, RECORD_PAGE_REGION_LINES), 0), () => f.return());
    const stores = f.let(i32.add(i32.load(page, RECORD_PAGE_STORES), 1));
    f.storeI32(page, stores, 32, RECORD_PAGE_STORES);
    f.if(i32.and(i32.gtU(stores, STORES_BEFORE_RELEASE), i32.ne(page, i32.load(at(RECORD_PAGE)))), () => {
      f.storeI32(slot, 0);
      // The page joins the chain of free ones; its header's frame word links it.
      f.storeI32(page, i32.load(at(PAGE_RELEASE)), 32, RECORD_PAGE_FRAME);
      f.storeI32(at(PAGE_RELEASE), page);
      f.call(functions.index("clearFetchEntries"));
    });
  });
}

function defineRecordPages(functions: FunctionSet, layout: MemoryLayout): void {
  const getNext = (): I32 => i32.load(at(RECORD_POOL_NEXT));

  functions.define("forgetCode", [], undefined, (f) => {
    f.call(functions.index("codeForgotten"));
    f.memoryFill(at(layout.recordPages), 0, (layout.size / 4096) * 4);
    f.storeI32(at(PAGE_RELEASE), 0);
    f.storeI32(at(RECORD_POOL_NEXT), layout.recordPool);
    f.storeI32(at(RECORD_POOL_HAND), layout.recordPool);
    f.call(functions.index("clearFetchEntries"));
  });

  // makeRoom(): takes an eighth of all pages of records from their frames, in turn, but for those that were used since the last turn.
  functions.define("makeRoom", [], undefined, (f) => {
    const batch = Math.ceil((layout.recordPoolEnd - layout.recordPool) / RECORD_PAGE_SIZE / 8);
    const left = f.local("i32");
    const page = f.local("i32");
    f.set(left, i32.const(batch));
    f.set(page, i32.load(at(RECORD_POOL_HAND)));
    f.loop((again) => {
      f.if(i32.gtU(i32.add(page.value, RECORD_PAGE_SIZE), layout.recordPoolEnd), () => f.set(page, i32.const(layout.recordPool)));
      // The instruction that needs the room may lie in the current page.
      f.if(
        i32.or(i32.eq(page.value, i32.load(at(RECORD_PAGE))), i32.load(page.value, RECORD_PAGE_USED)),
        () => f.storeI32(page.value, 0, 32, RECORD_PAGE_USED),
        () => {
          const frame = f.let(i32.load(page.value, RECORD_PAGE_FRAME));
          f.call(functions.index("recordsForgotten"), frame, page.value);
          f.storeI32(i32.add(i32.const(layout.recordPages), i32.shl(frame, 2)), 0);
          f.storeI32(page.value, i32.load(at(PAGE_RELEASE)), 32, RECORD_PAGE_FRAME);
          f.storeI32(at(PAGE_RELEASE), page.value);
          // The hand may come by again before there is room enough, and must not take the page once more.
          f.storeI32(page.value, 1, 32, RECORD_PAGE_USED);
          f.set(left, i32.sub(left.value, 1));
        },
      );
      f.set(page, i32.add(page.value, RECORD_PAGE_SIZE));
      f.brIf(again, left.value);
    });
    f.storeI32(at(RECORD_POOL_HAND), page.value);
    f.call(functions.index("clearFetchEntries"));
  });

  // recordPageFor(frame number): the frame's page of records, made if need be.
  functions.define("recordPageFor", ["i32"], "i32", (f) => {
    const frame = f.param(0, "i32").value;
    const slot = f.let(i32.add(i32.const(layout.recordPages), i32.shl(frame, 2)));
    const page = f.local("i32");
    f.set(page, i32.load(slot));
    f.if(page.value, () => f.return(page.value));
    const isPoolUsed = i32.gtU(i32.add(getNext(), RECORD_PAGE_SIZE), layout.recordPoolEnd);
    f.if(i32.and(i32.eqz(i32.load(at(PAGE_RELEASE))), isPoolUsed), () => f.call(functions.index("makeRoom")));
    f.set(page, i32.load(at(PAGE_RELEASE)));
    f.if(
      page.value,
      () => f.storeI32(at(PAGE_RELEASE), i32.load(page.value, RECORD_PAGE_FRAME)),
      () => {
        f.set(page, getNext());
        f.storeI32(at(RECORD_POOL_NEXT), i32.add(page.value, RECORD_PAGE_SIZE));
      },
    );
    f.memoryFill(page.value, 0, RECORD_PAGE_SIZE);
    for (let end = 0; end < 3; end++) f.storeI32(page.value, FixedHandler.pageEnd, 16, RECORD_PAGE_END + end * RECORD_SIZE);
    f.storeI32(page.value, frame, 32, RECORD_PAGE_FRAME);
    f.storeI32(slot, page.value);
    // Stores to the frame must no longer take the fast path.
    f.call(functions.index("clearWriteEntries"));
    f.push(page.value);
  });

  // fetchMiss(address): the page of records for an instruction address, remembered in the bank; 0 when refused.
  functions.define("fetchMiss", ["i64"], "i32", (f) => {
    const va = f.param(0, "i64").value;
    const absolute = f.let(functions.callI64("resolveFetch", va) as I64);
    f.if(i64.eq(absolute, -1), () => f.return(i32.const(0)));
    const page = f.let(functions.callI32("recordPageFor", i32.wrap(i64.shrU(absolute, 12))));
    const bank = f.let(i32.load(at(BANK)));
    f.if(i32.and(i32.ne(bank, EMPTY_BANK), i32.or(i64.ne(i64.shrU(va, 12), 0), i32.eqz(fetchOverrideOn()))), () => {
      const entry = f.let(i32.add(bank, fetchIndex(va)));
      f.storeI64(entry, i64.and(va, ~0xfffn), 64, TLB_FETCH);
      f.storeI32(entry, page, 32, TLB_FETCH + 8);
      f.storeI32(page, 1, 32, RECORD_PAGE_USED);
    });
    f.push(page);
  });

  // resolveFetch(address): absolute address of an instruction byte, or -1.
  functions.define("resolveFetch", ["i64"], "i64", (f) => {
    const va = f.param(0, "i64").value;
    const asce = f.local("i64");
    const space = f.let(functions.callI32("spaceOf", i32.const(0)));
    f.storeI32(at(EXCEPTION_ACCESS), 0);
    f.set(asce, i64.load(at(CURRENT_ASCE)));
    // In access-register and secondary-space mode instructions come from the primary space (CR1).
    f.if(i32.or(i32.eq(space, 1), i32.eq(space, 2)), () => f.set(asce, i64.load(at(PRIMARY_ASCE))));
    const identification = i32.and(space, i32.sub(0, i32.eq(space, 3)));
    f.push(functions.callI64("resolve", va, i32.or(Access.fetch, i32.shl(identification, 4)), asce.value) as I64);
  });
}

const PRIMARY_ASCE = CR + 8;

/** Byte offset of an address's entry in the table of fetch entries. */
export function fetchIndex(address: I64): I32 {
  return i32.and(i32.wrap(i64.shrU(address, 8)), (FETCH_ENTRIES - 1) * 16);
}

/**
 * The tables of a bank, and the tags of their empty entries, which match no address that selects them: such an entry has the tag of page 0,
 * and that in place 0 the tag of page 1.
 */
const tables = [
  { start: 0, size: TLB_WRITE, empty: -1, emptyFirst: 0xfff },
  { start: TLB_WRITE, size: TLB_WRITE, empty: -1, emptyFirst: 0xfff },
  { start: TLB_FETCH, size: FETCH_ENTRIES * 16, empty: 0, emptyFirst: 0x1000 },
] as const;
const [readTable, writeTable, fetchTable] = tables;
type BankTable = (typeof tables)[number];

function defineClearing(functions: FunctionSet, layout: MemoryLayout): void {
  const clear = (f: FunctionBuilder, bank: I32, cleared: readonly BankTable[]): void => {
    for (const { start, size, empty, emptyFirst } of cleared) {
      f.memoryFill(i32.add(bank, start), empty & 0xff, size);
      f.storeI64(bank, emptyFirst, 64, start);
    }
  };
  const forEachBank = (f: FunctionBuilder, body: (bank: I32) => void): void => {
    const bank = f.local("i32");
    f.set(bank, at(BANK_BASE));
    f.loop((again) => {
      body(bank.value);
      f.set(bank, i32.add(bank.value, BANK_SIZE));
      f.brIf(again, i32.leU(bank.value, BANK_BASE + BANKS * BANK_SIZE));
    });
  };
  // forgetFrame(absolute address of a frame): forgets the entries of that frame, in all banks.
  functions.define("forgetFrame", ["i32"], undefined, (f) => {
    const frame = f.param(0, "i32").value;
    const records = f.let(i32.load(i32.add(i32.const(layout.recordPages), i32.shl(i32.shrU(frame, 12), 2))));
    forEachBank(f, (bank) => {
      const entry = f.local("i32");
      const end = f.let(i32.add(bank, TLB_FETCH));
      f.set(entry, bank);
      f.loop((again) => {
        // An entry's value is the host address of the frame plus the page's virtual address, less a constant; its tag that address less 1.
        const value = i32.sub(i32.load(entry.value, 8), i32.wrap(i64.load(entry.value)));
        f.if(i32.eq(value, i32.sub(layout.top - 14, frame)), () => {
          const isFirst = i32.eqz(i32.and(i32.sub(entry.value, bank), TLB_WRITE - 1));
          f.storeI64(entry.value, select(i64.const(readTable.emptyFirst), i64.const(readTable.empty), isFirst));
        });
        f.set(entry, i32.add(entry.value, 16));
        f.brIf(again, i32.ltU(entry.value, end));
      });
      f.if(records, () => {
        const fetchEnd = f.let(i32.add(end, FETCH_ENTRIES * 16));
        f.loop((again) => {
          f.if(i32.eq(i32.load(entry.value, 8), records), () => {
            f.storeI64(entry.value, select(i64.const(fetchTable.emptyFirst), i64.const(fetchTable.empty), i32.eq(entry.value, end)));
          });
          f.set(entry, i32.add(entry.value, 16));
          f.brIf(again, i32.ltU(entry.value, fetchEnd));
        });
      });
    });
  });
  // forgetPageIndex(address): forgets, in all banks, every page whose index in a page table (bits 44-51 of the address) is
  // that of the address. IPTE names a page table and an index, not the segment or the space.
  functions.define("forgetPageIndex", ["i32"], undefined, (f) => {
    const index = f.let(i32.and(i32.shrU(f.param(0, "i32").value, 8), 0xff0));
    forEachBank(f, (bank) => {
      const first = f.let(i32.add(bank, index));
      for (const { start, size, empty, emptyFirst } of tables) {
        f.storeI64(first, select(i64.const(emptyFirst), i64.const(empty), i32.eqz(index)), 64, start);
        for (let offset = 4096; offset < size; offset += 4096) f.storeI64(first, empty, 64, start + offset);
      }
    });
  });
  functions.define("clearBank", ["i32"], undefined, (f) => clear(f, f.param(0, "i32").value, tables));
  functions.define("clearFetchEntries", [], undefined, (f) => forEachBank(f, (bank) => clear(f, bank, [fetchTable])));
  functions.define("clearWriteEntries", [], undefined, (f) => forEachBank(f, (bank) => clear(f, bank, [writeTable])));
  functions.define("clearAllBanks", [], undefined, (f) => forEachBank(f, (bank) => clear(f, bank, tables)));
}
