import { type FunctionBuilder, type I32, i32, i64, ModuleBuilder } from "@zarch/wasm-encoder";
import { FunctionSet } from "../engine/functions.ts";
import { type MemoryLayout, TLB_ENTRIES, TLB_WRITE } from "../engine/layout.ts";

const PAGE = 4096;
/** Most pages that a bank may have open for stores when a region is entered (fewer cost more openings), and most that are copied. */
const MAXIMUM_WRITABLE = 8;
const MAXIMUM_PAGES = 16;

/** The area of copies: the number of pages, then for each where it is and whether it was changed, then two copies of each. */
const COUNT = 0;
const LIST = 64;
const LIST_ENTRY = 8;
const CHANGED = 4;
const SAVED = PAGE;
const RESULT = SAVED + MAXIMUM_PAGES * PAGE;
export const PAGE_COPIES_SIZE = RESULT + MAXIMUM_PAGES * PAGE;

interface Functions {
  saveWritable(bank: number): number;
  coversWritable(bank: number): number;
  save(host: number): number;
  exchange(): void;
  rewind(): void;
  firstDifference(): number;
}

/** A page that differs, by the absolute address of its frame: as one engine left it and as the other did. */
export interface PageDifference {
  readonly frame: number;
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}

/**
 * Copies of the pages that a region may store into, so that two engines can store the same one after the other. Pages are named
 * by the host address of their lowest byte, which is the guest's last; copies lie in the CPU's own memory, for speed.
 */
export class PageCopies {
  readonly #functions: Functions;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #places: MemoryLayout;

  constructor(memory: WebAssembly.Memory, places: MemoryLayout) {
    const module = new WebAssembly.Module(generate(places));
    this.#functions = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Functions;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#places = places;
  }

  /** Forgets all copies and copies every page that a bank has open for stores. @returns false when there are too many */
  saveWritable(bank: number): boolean {
    return this.#functions.saveWritable(bank) >= 0;
  }

  /** Whether all pages that a bank has open for stores are copied. */
  coversWritable(bank: number): boolean {
    return this.#functions.coversWritable(bank) !== 0;
  }

  /** Copies one more page, by the absolute address of its frame. @returns false when there is no room */
  save(frame: number): boolean {
    return this.#functions.save(this.#places.top - frame - (PAGE - 1)) >= 0;
  }

  has(frame: number): boolean {
    const host = this.#places.top - frame - (PAGE - 1);
    return this.#list().includes(host);
  }

  /** Keeps the pages as they are now, as the first result, and makes them what they were when they were saved. */
  exchange(): void {
    this.#functions.exchange();
  }

  /** Makes the pages once more what they were when they were saved. */
  rewind(): void {
    this.#functions.rewind();
  }

  /** Compares the pages with the first result. */
  difference(): PageDifference | undefined {
    const index = this.#functions.firstDifference();
    if (index < 0) return undefined;
    const host = this.#list()[index]!;
    const changed = this.#words[(this.#places.pageCopies + LIST + index * LIST_ENTRY + CHANGED) >>> 2] !== 0;
    const kept = this.#places.pageCopies + (changed ? RESULT : SAVED) + index * PAGE;
    const page = (start: number): Uint8Array => this.#bytes.slice(start, start + PAGE).reverse();
    return { frame: this.#places.top - host - (PAGE - 1), first: page(kept), second: page(host) };
  }

  #list(): number[] {
    const start = this.#places.pageCopies >>> 2;
    const count = this.#words[start + (COUNT >>> 2)]!;
    return Array.from({ length: count }, (_, i) => this.#words[start + ((LIST + i * LIST_ENTRY) >>> 2)]!);
  }
}

function generate({ pageCopies, top, wasmPages }: MemoryLayout): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const functions = new FunctionSet(module);
  module.importMemory("env", "memory", { minimum: wasmPages, maximum: wasmPages });
  functions.declare("saveWritable", ["i32"], "i32");
  functions.declare("coversWritable", ["i32"], "i32");
  functions.declare("indexOf", ["i32"], "i32");
  functions.declare("save", ["i32"], "i32");
  functions.declare("exchange", []);
  functions.declare("rewind", []);
  functions.declare("firstDifference", [], "i32");
  functions.declare("differ", ["i32", "i32"], "i32");
  const count = (): I32 => i32.load(i32.const(pageCopies + COUNT));
  const listed = (index: I32): I32 => i32.add(pageCopies + LIST, i32.mul(index, LIST_ENTRY));
  const copyOf = (index: I32, area: number): I32 => i32.add(pageCopies + area, i32.mul(index, PAGE));
  /** The pages that a bank has open for stores. */
  const forEachWritable = (f: FunctionBuilder, bank: I32, body: (host: I32) => void): void => {
    const index = f.local("i32");
    f.loop((again) => {
      const entry = f.let(i32.add(bank, i32.shl(index.value, 4)));
      const page = f.let(i32.add(i32.load(entry, TLB_WRITE), 1));
      // The tag of an empty entry is that of another place.
      f.if(i32.eq(i32.and(i32.shrU(page, 12), TLB_ENTRIES - 1), index.value), () => {
        // An entry's value is a host address less a constant, plus the page's virtual address.
        const frame = i32.sub(i32.add(i32.const(top - 15), page), i32.load(entry, TLB_WRITE + 8));
        f.scope(() => body(f.let(i32.sub(i32.const(top - (PAGE - 1)), frame))));
      });
      f.set(index, i32.add(index.value, 1));
      f.brIf(again, i32.ltU(index.value, TLB_ENTRIES));
    });
  };
  const forEachPage = (f: FunctionBuilder, body: (index: I32, host: I32) => void): void => {
    const index = f.local("i32");
    f.block((end) =>
      f.loop((again) => {
        f.brIf(end, i32.geU(index.value, count()));
        f.scope(() => body(index.value, f.let(i32.load(listed(index.value)))));
        f.set(index, i32.add(index.value, 1));
        f.br(again);
      }),
    );
  };

  functions.define("saveWritable", ["i32"], "i32", (f) => {
    f.storeI32(i32.const(pageCopies + COUNT), 0);
    forEachWritable(f, f.param(0, "i32").value, (host) => {
      f.if(i32.geU(count(), MAXIMUM_WRITABLE), () => f.return(i32.const(-1)));
      f.drop(functions.callI32("save", host));
    });
    f.push(count());
  });
  functions.define("coversWritable", ["i32"], "i32", (f) => {
    forEachWritable(f, f.param(0, "i32").value, (host) =>
      f.if(i32.ltS(functions.callI32("indexOf", host), 0), () => f.return(i32.const(0))),
    );
    f.push(i32.const(1));
  });
  functions.define("indexOf", ["i32"], "i32", (f) => {
    forEachPage(f, (index, other) => f.if(i32.eq(other, f.param(0, "i32").value), () => f.return(index)));
    f.push(i32.const(-1));
  });
  functions.define("save", ["i32"], "i32", (f) => {
    const host = f.param(0, "i32").value;
    const known = f.let(functions.callI32("indexOf", host));
    f.if(i32.geS(known, 0), () => f.return(known));
    const index = f.let(count());
    f.if(i32.geU(index, MAXIMUM_PAGES), () => f.return(i32.const(-1)));
    f.storeI32(listed(index), host);
    f.storeI32(listed(index), 0, 32, CHANGED);
    f.storeI32(i32.const(pageCopies + COUNT), i32.add(index, 1));
    f.memoryCopy(copyOf(index, SAVED), host, PAGE);
    f.push(index);
  });
  functions.define("differ", ["i32", "i32"], "i32", (f) => {
    const [a, b] = [f.param(0, "i32").value, f.param(1, "i32").value];
    const at = f.local("i32");
    f.loop((again) => {
      const difference = [0, 8, 16, 24]
        .map((offset) => i64.xor(i64.load(i32.add(a, at.value), offset), i64.load(i32.add(b, at.value), offset)))
        .reduce((x, y) => i64.or(x, y));
      f.if(i64.ne(difference, 0), () => f.return(i32.const(1)));
      f.set(at, i32.add(at.value, 32));
      f.brIf(again, i32.ltU(at.value, PAGE));
    });
    f.push(i32.const(0));
  });
  functions.define("exchange", [], undefined, (f) =>
    forEachPage(f, (index, host) => {
      const saved = f.let(copyOf(index, SAVED));
      f.if(functions.callI32("differ", host, saved), () => {
        f.memoryCopy(copyOf(index, RESULT), host, PAGE);
        f.memoryCopy(host, saved, PAGE);
        f.storeI32(listed(index), 1, 32, CHANGED);
      });
    }),
  );
  functions.define("rewind", [], undefined, (f) => forEachPage(f, (index, host) => f.memoryCopy(host, copyOf(index, SAVED), PAGE)));
  functions.define("firstDifference", [], "i32", (f) => {
    forEachPage(f, (index, host) => {
      const changed = i32.load(listed(index), CHANGED);
      const kept = i32.add(copyOf(index, SAVED), i32.mul(changed, RESULT - SAVED));
      f.if(functions.callI32("differ", host, kept), () => f.return(index));
    });
    f.push(i32.const(-1));
  });
  for (const name of ["saveWritable", "coversWritable", "save", "exchange", "rewind", "firstDifference"])
    module.exportFunction(name, functions.index(name));
  return module.toBytes();
}
